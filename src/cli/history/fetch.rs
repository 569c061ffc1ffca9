//! Histories from the server: page by page, and run by run where one continues another.

use jiff::Timestamp;
use prost::Message as _;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, IntoRequest as _, Status};
use temporalio_client::{Client, NamespacedClient as _};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::{DescribeWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest};

use crate::cli::service::StartError;

/// Runs of a chain that are read at most, the latest ones.
const MOST_RUNS: usize = 1_000;
/// All of a chain together: it is held in memory.
const MOST_BYTES: usize = 1 << 30;

/// The runs of a chain, the first one first.
#[derive(Debug, Default)]
pub struct Fetched {
    pub histories: Vec<History>,
    pub pending: Vec<PendingActivityInfo>,
    /// None for what was saved.
    pub asked_at: Option<Timestamp>,
    /// Runs before these that the server has forgotten, or that were too many.
    pub cut: bool,
}

/// The chain that a run belongs to; an empty `run_id` is the latest.
///
/// # Errors
/// There is no such workflow, or the server does not answer.
pub async fn fetch(client: &Client, workflow_id: &str, run_id: &str) -> Result<Fetched, StartError> {
    let (first, pending) = describe(client, workflow_id, run_id).await.map_err(|status| failed(&status, workflow_id, run_id))?;
    let mut fetched = Fetched { pending, asked_at: Some(Timestamp::now()), ..Fetched::default() };
    let history = history(client, workflow_id, &first).await.map_err(|status| failed(&status, workflow_id, &first))?;
    let mut bytes = history.encoded_len();
    let (mut back, mut on) = (previous(&history), next(&history));
    fetched.histories.push(history);
    while let Some(id) = on {
        let (_, pending) = describe(client, workflow_id, &id).await.map_err(|status| failed(&status, workflow_id, &id))?;
        let history = self::history(client, workflow_id, &id).await.map_err(|status| failed(&status, workflow_id, &id))?;
        bytes += history.encoded_len();
        on = next(&history).filter(|_| fetched.histories.len() < MOST_RUNS && bytes < MOST_BYTES);
        fetched.pending = pending;
        fetched.histories.push(history);
    }
    while let Some(id) = back.take() {
        if fetched.histories.len() == MOST_RUNS || bytes > MOST_BYTES {
            fetched.cut = true;
            break;
        }
        match self::history(client, workflow_id, &id).await {
            Ok(history) => {
                bytes += history.encoded_len();
                back = previous(&history);
                fetched.histories.insert(0, history);
            }
            // Kept no longer than the namespace's retention.
            Err(status) if status.code() == Code::NotFound => fetched.cut = true,
            Err(status) => return Err(failed(&status, workflow_id, &id)),
        }
    }
    Ok(fetched)
}

fn failed(status: &Status, workflow_id: &str, run_id: &str) -> StartError {
    let run = if run_id.is_empty() { String::new() } else { format!(" with run {run_id}") };
    match status.code() {
        Code::NotFound => StartError::usage(format!("there is no workflow {workflow_id}{run} in this namespace")),
        Code::InvalidArgument => StartError::usage(format!("{workflow_id}{run}: {}", status.message())),
        _ => StartError::unreachable(format!("the history of {workflow_id}{run} cannot be read: {}", status.message())),
    }
}

fn execution(workflow_id: &str, run_id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: run_id.to_owned() }
}

/// The run's id, and what is pending in it.
async fn describe(client: &Client, workflow_id: &str, run_id: &str) -> Result<(String, Vec<PendingActivityInfo>), Status> {
    let request = DescribeWorkflowExecutionRequest { namespace: client.namespace(), execution: Some(execution(workflow_id, run_id)) };
    let answer = WorkflowService::describe_workflow_execution(&mut client.clone(), request.into_request()).await?.into_inner();
    let found = answer.workflow_execution_info.and_then(|info| info.execution).map(|execution| execution.run_id);
    Ok((found.unwrap_or_else(|| run_id.to_owned()), answer.pending_activities))
}

async fn history(client: &Client, workflow_id: &str, run_id: &str) -> Result<History, Status> {
    let mut history = History::default();
    let mut next_page_token = Vec::new();
    loop {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: client.namespace(),
            execution: Some(execution(workflow_id, run_id)),
            next_page_token,
            ..Default::default()
        };
        let answer = WorkflowService::get_workflow_execution_history(&mut client.clone(), request.into_request()).await?.into_inner();
        history.events.extend(answer.history.unwrap_or_default().events);
        next_page_token = answer.next_page_token;
        if next_page_token.is_empty() {
            return Ok(history);
        }
    }
}

fn next(history: &History) -> Option<String> {
    match history.events.last()?.attributes.as_ref()? {
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(a) => Some(a.new_execution_run_id.clone()).filter(|id| !id.is_empty()),
        _ => None,
    }
}

fn previous(history: &History) -> Option<String> {
    match history.events.first()?.attributes.as_ref()? {
        Attributes::WorkflowExecutionStartedEventAttributes(a) => Some(a.continued_execution_run_id.clone()).filter(|id| !id.is_empty()),
        _ => None,
    }
}
