//! What operators do to workflows from outside, and what callers without the platform do.

use serde_json::Value;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{
    Client, NamespacedClient, UntypedSignal, UntypedWorkflow, WorkflowCancelOptions, WorkflowHandle, WorkflowSignalOptions,
    WorkflowStartOptions, WorkflowTerminateOptions,
};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DeleteWorkflowExecutionRequest, DescribeNamespaceRequest, PauseActivityRequest, ResetWorkflowExecutionRequest, UnpauseActivityRequest,
    pause_activity_request, unpause_activity_request,
};
use workflow_runner::activities::payload::raw_of;
use workflow_runner::handshake::{CALLBACK_SIGNAL, WORKFLOW_TYPE};

use super::history::events;

/// Where children run.
pub const CHILD_QUEUE: &str = "zigflow_execution";

fn handle(client: &Client, workflow_id: &str) -> WorkflowHandle<Client, UntypedWorkflow> {
    client.get_workflow_handle::<UntypedWorkflow>(workflow_id)
}

pub async fn cancel(client: &Client, workflow_id: &str) {
    handle(client, workflow_id).cancel(WorkflowCancelOptions::default()).await.expect("the run takes the cancellation");
}

pub async fn terminate(client: &Client, workflow_id: &str, reason: &str) {
    let options = WorkflowTerminateOptions::builder().reason(reason).build();
    handle(client, workflow_id).terminate(options).await.expect("the run is terminated");
}

/// Deletes the latest run: it is terminated first where it is open.
pub async fn delete(client: &Client, workflow_id: &str) {
    let request = DeleteWorkflowExecutionRequest { namespace: client.namespace(), workflow_execution: Some(latest(workflow_id)) };
    WorkflowService::delete_workflow_execution(&mut client.clone(), request.into_request()).await.expect("the run is deleted");
}

/// Resets the latest run to its first workflow task: it is terminated, and another one begins. Gives the new run's id.
pub async fn reset(client: &Client, workflow_id: &str) -> String {
    let history = events(client, workflow_id, "").await;
    let completed = history.iter().find(|e| e.event_type() == EventType::WorkflowTaskCompleted).expect("a workflow task has completed");
    let request = ResetWorkflowExecutionRequest {
        namespace: client.namespace(),
        workflow_execution: Some(latest(workflow_id)),
        reason: "a test".to_owned(),
        workflow_task_finish_event_id: completed.event_id,
        request_id: format!("reset-{workflow_id}"),
        ..Default::default()
    };
    let answer = WorkflowService::reset_workflow_execution(&mut client.clone(), request.into_request()).await;
    answer.expect("the run is reset").into_inner().run_id
}

fn latest(workflow_id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: String::new() }
}

/// Starts the runner's workflow directly, with this input and on its usual queue.
pub async fn start_child(client: &Client, workflow_id: &str, input: &Value) -> WorkflowHandle<Client, UntypedWorkflow> {
    let options = WorkflowStartOptions::new(CHILD_QUEUE, workflow_id).build();
    client.start_workflow(UntypedWorkflow::new(WORKFLOW_TYPE), raw_of(input), options).await.expect("the child starts")
}

/// Sends a callback signal as an attempt does.
pub async fn signal_callback(client: &Client, workflow_id: &str, argument: &Value) {
    let signal = UntypedSignal::new(CALLBACK_SIGNAL);
    let sent = handle(client, workflow_id).signal(signal, raw_of(argument), WorkflowSignalOptions::default()).await;
    sent.expect("the signal is taken");
}

/// The id of the client's namespace, as it stands in task tokens.
pub async fn namespace_id(client: &Client) -> String {
    let request = DescribeNamespaceRequest { namespace: client.namespace(), ..Default::default() };
    let answer = WorkflowService::describe_namespace(&mut client.clone(), request.into_request()).await;
    answer.expect("the namespace is known").into_inner().namespace_info.expect("its info").id
}

/// Ends the back-off of an activity: its next attempt begins now.
pub async fn hurry(client: &Client, workflow_id: &str, activity_id: &str) {
    let (namespace, execution) = (client.namespace(), Some(latest(workflow_id)));
    let pause = PauseActivityRequest {
        namespace: namespace.clone(),
        execution: execution.clone(),
        activity: Some(pause_activity_request::Activity::Id(activity_id.to_owned())),
        ..Default::default()
    };
    WorkflowService::pause_activity(&mut client.clone(), pause.into_request()).await.expect("the activity is paused");
    let unpause = UnpauseActivityRequest {
        namespace,
        execution,
        activity: Some(unpause_activity_request::Activity::Id(activity_id.to_owned())),
        ..Default::default()
    };
    WorkflowService::unpause_activity(&mut client.clone(), unpause.into_request()).await.expect("the activity is unpaused");
}
