//! The search attributes that runs set. Without them a worker works, and sets none.

use temporalio_client::NamespacedClient;
use temporalio_client::tonic::Code;

use super::Site;
use super::finding::{Finding, ok, warning};
use crate::temporal::search_attribute::{Attribute, EXECUTION_ID, LISTENS, Look};

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let execution = one(site, &EXECUTION_ID, "executions are not found by it in Temporal's pages");
    let listens = one(site, &LISTENS, "posted events find no run that listens");
    let (execution, listens) = futures::join!(execution, listens);
    [execution, listens].into_iter().flatten().collect()
}

async fn one(site: &Site, attribute: &Attribute, without: &str) -> Option<Finding> {
    let client = site.client()?;
    let (name, made) = (attribute.name(), attribute.made());
    let create = format!("temporal operator search-attribute create --namespace {} --name {name} --type {made}", client.namespace());
    Some(match attribute.look(client).await {
        Ok(Look::Usable(found)) => ok(format!("`{name}` is there ({found})")),
        Ok(Look::Missing) => warning(format!("`{name}` is missing: {without}"), create),
        Ok(Look::OtherType(found)) => warning(
            format!("`{name}` is {found}, and {made} is needed: {without}"),
            format!("temporal operator search-attribute remove --namespace {} --name {name}, then {create}", client.namespace()),
        ),
        Err(status) => warning(
            format!("whether `{name}` is there cannot be told: {:?}: {}", status.code(), status.message()),
            match status.code() {
                Code::PermissionDenied | Code::Unauthenticated => {
                    "the operator service is not open to this key; `temporal operator search-attribute list` as an administrator shows them"
                }
                _ => "run this again; the server may be busy",
            },
        ),
    })
}
