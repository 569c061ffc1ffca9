//! Stop a workflow from outside: ask it to cancel, which it does in order, or terminate it, which it never learns.

use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient, grpc::WorkflowService};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    RequestCancelWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    Done,
    /// It is closed, or not there.
    NotOpen,
}

/// Asks a workflow to cancel itself; an empty `run_id` means its latest run. Asking twice is asking once.
///
/// # Errors
/// The server cannot be asked.
pub async fn ask_to_cancel(client: &Client, workflow_id: &str, run_id: &str, reason: &str) -> Result<Stopped, Status> {
    let request = RequestCancelWorkflowExecutionRequest {
        namespace: client.namespace(),
        workflow_execution: Some(execution(workflow_id, run_id)),
        identity: client.identity(),
        reason: reason.to_owned(),
        ..Default::default()
    };
    of(WorkflowService::request_cancel_workflow_execution(&mut client.clone(), request.into_request()).await)
}

/// Ends a workflow at once; an empty `run_id` means its latest run.
///
/// # Errors
/// The server cannot be asked.
pub async fn terminate(client: &Client, workflow_id: &str, run_id: &str, reason: &str) -> Result<Stopped, Status> {
    let request = TerminateWorkflowExecutionRequest {
        namespace: client.namespace(),
        workflow_execution: Some(execution(workflow_id, run_id)),
        identity: client.identity(),
        reason: reason.to_owned(),
        ..Default::default()
    };
    of(WorkflowService::terminate_workflow_execution(&mut client.clone(), request.into_request()).await)
}

fn execution(workflow_id: &str, run_id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: run_id.to_owned() }
}

fn of<T>(answer: Result<T, Status>) -> Result<Stopped, Status> {
    match answer {
        Ok(_) => Ok(Stopped::Done),
        Err(status) if status.code() == Code::NotFound => Ok(Stopped::NotOpen),
        Err(status) => Err(status),
    }
}
