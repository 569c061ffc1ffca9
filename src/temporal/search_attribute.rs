//! The search attributes of runs, ensured at start like a migration.
//!
//! A start that sets an attribute that the namespace does not have is refused, so one is set only when this said that it is there.

use temporalio_client::grpc::OperatorService;
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::{AddSearchAttributesRequest, ListSearchAttributesRequest};

use crate::handshake::child::EXECUTION_ID_ATTRIBUTE;
use crate::handshake::listens;

/// A search attribute of ours.
#[derive(Debug)]
pub struct Attribute {
    name: &'static str,
    /// The type that it is made with.
    made: IndexedValueType,
    /// Types that serve as well.
    usable: &'static [IndexedValueType],
}

/// The platform's own servers make it Text; Keyword answers the same queries.
pub const EXECUTION_ID: Attribute =
    Attribute { name: EXECUTION_ID_ATTRIBUTE, made: IndexedValueType::Text, usable: &[IndexedValueType::Text, IndexedValueType::Keyword] };

/// Without it no event that is posted finds its run.
pub const LISTENS: Attribute =
    Attribute { name: listens::ATTRIBUTE, made: IndexedValueType::KeywordList, usable: &[IndexedValueType::KeywordList] };

impl Attribute {
    /// Whether runs may set it. Every failure is a warning: the attribute is a convenience.
    pub async fn ensure(&self, client: &Client) -> bool {
        let attribute = self.name;
        match self.try_ensure(client).await {
            Ok(Known::There) => true,
            Ok(Known::OtherType(found)) => {
                tracing::warn!(attribute, found = ?found, "the search attribute has another type; runs will not set it");
                false
            }
            Err(status) => {
                let made = self.made;
                tracing::warn!(attribute, code = ?status.code(), error = status.message(),
                    "cannot ensure the search attribute; runs will not set it (an operator can add it: `temporal operator search-attribute create --name {attribute} --type {made:?}`)");
                false
            }
        }
    }

    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The type that it is made with, as `temporal operator search-attribute create --type` takes it.
    #[must_use]
    pub fn made(&self) -> String {
        format!("{:?}", self.made)
    }

    /// What the namespace has, changing nothing.
    ///
    /// # Errors
    /// The server cannot be asked, or does not allow the question.
    pub async fn look(&self, client: &Client) -> Result<Look, Status> {
        Ok(match self.find(client).await? {
            None => Look::Missing,
            Some(found) if self.usable.contains(&found) => Look::Usable(format!("{found:?}")),
            Some(found) => Look::OtherType(format!("{found:?}")),
        })
    }

    async fn try_ensure(&self, client: &Client) -> Result<Known, Status> {
        if let Some(found) = self.find(client).await? {
            return Ok(if self.usable.contains(&found) { Known::There } else { Known::OtherType(found) });
        }
        let request = AddSearchAttributesRequest {
            search_attributes: [(self.name.to_owned(), self.made as i32)].into(),
            namespace: client.namespace(),
        };
        let mut service = client.clone();
        match OperatorService::add_search_attributes(&mut service, request.into_request()).await {
            Ok(_) => Ok(Known::There),
            // Another worker was quicker.
            Err(status) if status.code() == Code::AlreadyExists || status.message().contains("already") => Ok(Known::There),
            Err(status) => Err(status),
        }
    }

    async fn find(&self, client: &Client) -> Result<Option<IndexedValueType>, Status> {
        let request = ListSearchAttributesRequest { namespace: client.namespace() };
        let mut service = client.clone();
        let known = OperatorService::list_search_attributes(&mut service, request.into_request()).await?.into_inner();
        Ok(known.custom_attributes.get(self.name).and_then(|t| IndexedValueType::try_from(*t).ok()))
    }
}

/// A namespace's search attribute of that name, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    Missing,
    Usable(String),
    OtherType(String),
}

enum Known {
    There,
    OtherType(IndexedValueType),
}
