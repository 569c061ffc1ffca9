//! Row 2: an attempt that finds the child running tells it where to deliver now.

use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient, grpc::WorkflowService};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::SignalWorkflowExecutionRequest;

use super::callback::Callback;
use super::child::CALLBACK_SIGNAL;
use super::payload;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signalled {
    Sent,
    /// The run has closed in between: start over.
    ChildClosed,
}

/// Sends the newest callback to one run of the child. A request id that is used again sends nothing twice.
///
/// # Errors
/// The server cannot be asked, or refuses the signal.
pub async fn signal_callback(
    client: &Client,
    child_id: &str,
    run_id: &str,
    callback: &Callback,
    request_id: &str,
) -> Result<Signalled, Status> {
    let request = SignalWorkflowExecutionRequest {
        namespace: client.namespace(),
        workflow_execution: Some(WorkflowExecution { workflow_id: child_id.to_owned(), run_id: run_id.to_owned() }),
        signal_name: CALLBACK_SIGNAL.to_owned(),
        input: Some(payload::encode(client, payload::json(&callback.reveal())).await?),
        identity: client.identity(),
        request_id: request_id.to_owned(),
        ..Default::default()
    };
    match WorkflowService::signal_workflow_execution(&mut client.clone(), request.into_request()).await {
        Ok(_) => Ok(Signalled::Sent),
        Err(status) if status.code() == Code::NotFound => Ok(Signalled::ChildClosed),
        Err(status) => Err(status),
    }
}
