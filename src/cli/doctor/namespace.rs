//! Is the namespace there, and how long does it keep closed workflows.

use std::time::Duration;

use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::NamespaceState;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeNamespaceRequest, DescribeNamespaceResponse, ListNamespacesRequest,
};

use super::Site;
use super::finding::{Finding, failed, ok, skipped, warning};
use crate::dsl::nearest;

/// The sweep looks back so far, and a later attempt reads how an earlier child ended.
const RETENTION_MIN: Duration = Duration::from_hours(24);

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let Some(client) = site.client() else { return Vec::new() };
    let name = client.namespace();
    let finding = match describe(client).await {
        Ok(described) => match described.namespace_info.map(|info| info.state()) {
            Some(NamespaceState::Deprecated | NamespaceState::Deleted) => {
                failed(format!("`{name}` is being removed"), "set TEMPORAL_NAMESPACE to another one")
            }
            _ => ok(format!("`{name}` is there")),
        },
        Err(status) if status.code() == Code::NotFound => missing(client, &name).await,
        Err(status) => failed(
            format!("`{name}` cannot be looked at: {:?}: {}", status.code(), status.message()),
            "the key or certificate needs at least the permission to read this namespace",
        ),
    };
    vec![finding]
}

/// Whether the server says so; one that says nothing within the time limit does not.
pub(super) async fn is_missing(client: &Client, limit: Duration) -> bool {
    let described = tokio::time::timeout(limit, describe(client)).await;
    matches!(described, Ok(Err(status)) if status.code() == Code::NotFound)
}

async fn missing(client: &Client, name: &str) -> Finding {
    let create = format!("temporal operator namespace create --namespace {name} --retention 72h");
    let request = ListNamespacesRequest { page_size: 100, ..Default::default() };
    let known = WorkflowService::list_namespaces(&mut client.clone(), request.into_request()).await;
    let known: Vec<String> = known
        .map(|answer| answer.into_inner().namespaces)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|n| Some(n.namespace_info?.name))
        .collect();
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => failed(
            format!("there is no namespace `{name}`; did you mean `{near}`?"),
            format!("set TEMPORAL_NAMESPACE={near}, or create it: {create}"),
        ),
        None => failed(
            format!("there is no namespace `{name}`"),
            format!("set TEMPORAL_NAMESPACE to one that is there, or create it: {create}"),
        ),
    }
}

pub(super) async fn retention(site: &Site) -> Vec<Finding> {
    let Some(client) = site.client() else { return Vec::new() };
    let Ok(described) = describe(client).await else { return vec![skipped("not checked: the namespace cannot be looked at")] };
    let kept = described.config.and_then(|c| c.workflow_execution_retention_ttl).and_then(|ttl| Duration::try_from(ttl).ok());
    vec![match kept {
        Some(kept) if kept < RETENTION_MIN => warning(
            format!(
                "closed workflows are kept for {}, less than a day: what ended at night is gone in the morning, for the sweep too",
                days(kept)
            ),
            format!("temporal operator namespace update --namespace {} --retention 72h", client.namespace()),
        ),
        Some(kept) => ok(format!("closed workflows are kept for {}", days(kept))),
        None => skipped("the server does not say how long closed workflows are kept"),
    }]
}

/// # Errors
/// Those of the rpc.
pub(super) async fn describe(client: &Client) -> Result<DescribeNamespaceResponse, Status> {
    let request = DescribeNamespaceRequest { namespace: client.namespace(), ..Default::default() };
    Ok(WorkflowService::describe_namespace(&mut client.clone(), request.into_request()).await?.into_inner())
}

fn days(kept: Duration) -> String {
    let hours = kept.as_secs() / 3_600;
    if hours > 0 && hours.is_multiple_of(24) { format!("{} d", hours / 24) } else { format!("{hours} h") }
}
