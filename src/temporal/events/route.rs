//! From an event to the runs that listen for it.
//!
//! Runs are found by what they listen to, so any process finds the runs of all. A run gets an event by a signal whose request id is made of the
//! event's source and id: an event that is sent again reaches no run twice.

use futures::{StreamExt, stream};
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient, grpc::WorkflowService};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::{ListWorkflowExecutionsRequest, SignalWorkflowExecutionRequest};

use super::EVENT_SIGNAL;
use crate::activities::digest;
use crate::activities::payload::json_payload;
use crate::expr::Data;
use crate::handshake::{listens, payload};

const PAGE_SIZE: i32 = 1_000;
/// One event must not keep the server from everything else.
const SIGNALS_AT_A_TIME: usize = 16;

/// Signals each run that listens to the event's type; gives how many there were.
///
/// # Errors
/// Not all runs could be found or told. Sending the event again tells the others.
pub async fn deliver(client: &Client, event: &Data) -> Result<usize, Status> {
    let text = |name: &str| event.get(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let request_id = digest(&[&text("source"), &text("id")]);
    let input = payload::encode(client, json_payload(event)).await?;
    let (query, mut next_page_token, mut told) = (listens::query(&text("type")), vec![], 0);
    loop {
        let request =
            ListWorkflowExecutionsRequest { namespace: client.namespace(), page_size: PAGE_SIZE, next_page_token, query: query.clone() };
        let page = WorkflowService::list_workflow_executions(&mut client.clone(), request.into_request()).await?.into_inner();
        let runs = page.executions.into_iter().filter_map(|info| info.execution);
        let requests = runs.map(|run| SignalWorkflowExecutionRequest {
            namespace: client.namespace(),
            // Without its run id: a run that has been continued is the same run to its events.
            workflow_execution: Some(WorkflowExecution { workflow_id: run.workflow_id, run_id: String::new() }),
            signal_name: EVENT_SIGNAL.to_owned(),
            input: Some(input.clone()),
            identity: client.identity(),
            request_id: request_id.clone(),
            ..Default::default()
        });
        let results: Vec<_> =
            stream::iter(requests.map(|request| signal(client, request))).buffer_unordered(SIGNALS_AT_A_TIME).collect().await;
        for result in results {
            told += usize::from(result?);
        }
        next_page_token = page.next_page_token;
        if next_page_token.is_empty() {
            return Ok(told);
        }
    }
}

/// False for a run that has closed in between.
async fn signal(client: &Client, request: SignalWorkflowExecutionRequest) -> Result<bool, Status> {
    match WorkflowService::signal_workflow_execution(&mut client.clone(), request.into_request()).await {
        Ok(_) => Ok(true),
        Err(status) if status.code() == Code::NotFound => Ok(false),
        Err(status) => Err(status),
    }
}
