//! The search attribute `WorkflowExecutionID`, ensured at start like a migration.
//!
//! A start that sets an attribute that the namespace does not have is refused, so it is set only when this said that it is there.

use temporalio_client::grpc::OperatorService;
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::{AddSearchAttributesRequest, ListSearchAttributesRequest};

use crate::handshake::child::EXECUTION_ID_ATTRIBUTE;

/// Whether runs may set the attribute. Every failure is a warning: the attribute is a convenience.
pub async fn ensure(client: &Client) -> bool {
    match try_ensure(client).await {
        Ok(Known::There) => true,
        Ok(Known::OtherType(found)) => {
            tracing::warn!(attribute = EXECUTION_ID_ATTRIBUTE, found = ?found, "the search attribute has another type; runs will not set it");
            false
        }
        Err(status) => {
            tracing::warn!(attribute = EXECUTION_ID_ATTRIBUTE, code = ?status.code(), error = status.message(),
                "cannot ensure the search attribute; runs will not set it (an operator can add it: `temporal operator search-attribute create --name {EXECUTION_ID_ATTRIBUTE} --type Text`)");
            false
        }
    }
}

enum Known {
    There,
    OtherType(IndexedValueType),
}

async fn try_ensure(client: &Client) -> Result<Known, Status> {
    if let Some(found) = find(client).await? {
        // The platform's own servers make it Text; Keyword answers the same queries.
        let usable = matches!(found, IndexedValueType::Text | IndexedValueType::Keyword);
        return Ok(if usable { Known::There } else { Known::OtherType(found) });
    }
    let request = AddSearchAttributesRequest {
        search_attributes: [(EXECUTION_ID_ATTRIBUTE.to_owned(), IndexedValueType::Text as i32)].into(),
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

async fn find(client: &Client) -> Result<Option<IndexedValueType>, Status> {
    let request = ListSearchAttributesRequest { namespace: client.namespace() };
    let mut service = client.clone();
    let known = OperatorService::list_search_attributes(&mut service, request.into_request()).await?.into_inner();
    Ok(known.custom_attributes.get(EXECUTION_ID_ATTRIBUTE).and_then(|t| IndexedValueType::try_from(*t).ok()))
}
