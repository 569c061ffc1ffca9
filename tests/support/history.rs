//! Histories, read from the server.

use prost::Message;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse, GetWorkflowExecutionHistoryRequest,
};

use super::wait::until;

/// All events of a run, the latest where `run_id` is empty.
pub async fn events(client: &Client, workflow_id: &str, run_id: &str) -> Vec<HistoryEvent> {
    let (mut events, mut next_page_token) = (Vec::new(), Vec::new());
    loop {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: client.namespace(),
            execution: Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: run_id.to_owned() }),
            next_page_token,
            ..Default::default()
        };
        let answer = WorkflowService::get_workflow_execution_history(&mut client.clone(), request.into_request()).await;
        let answer = answer.expect("the history can be read").into_inner();
        events.extend(answer.history.unwrap_or_default().events);
        next_page_token = answer.next_page_token;
        if next_page_token.is_empty() {
            return events;
        }
    }
}

/// Types of the events, without their common beginning: `WorkflowExecutionStarted`, …
pub fn types(events: &[HistoryEvent]) -> Vec<EventType> {
    events.iter().map(HistoryEvent::event_type).collect()
}

pub fn count(events: &[HistoryEvent], wanted: EventType) -> usize {
    events.iter().filter(|e| e.event_type() == wanted).count()
}

/// The latest run; none while there is none.
pub async fn describe(client: &Client, workflow_id: &str) -> Option<DescribeWorkflowExecutionResponse> {
    let request = DescribeWorkflowExecutionRequest {
        namespace: client.namespace(),
        execution: Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: String::new() }),
    };
    WorkflowService::describe_workflow_execution(&mut client.clone(), request.into_request()).await.ok().map(|r| r.into_inner())
}

/// Status of the latest run.
pub async fn status(client: &Client, workflow_id: &str) -> Option<WorkflowExecutionStatus> {
    describe(client, workflow_id).await.and_then(|d| d.workflow_execution_info).map(|i| i.status())
}

/// Waits until the latest run has closed; its status.
pub async fn closed(client: &Client, workflow_id: &str) -> WorkflowExecutionStatus {
    until(&format!("{workflow_id} to close"), || async {
        status(client, workflow_id).await.filter(|s| !matches!(s, WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Unspecified))
    })
    .await
}

/// Waits until a run of that id is there.
pub async fn started(client: &Client, workflow_id: &str) {
    until(&format!("{workflow_id} to start"), || async { status(client, workflow_id).await }).await;
}

/// Waits until the latest run has an activity of this id pending in an attempt that has started.
pub async fn activity_started(client: &Client, workflow_id: &str, activity_id: &str) -> i32 {
    use temporalio_common::protos::temporal::api::enums::v1::PendingActivityState;
    until(&format!("activity {activity_id} of {workflow_id} to start"), || async {
        let described = describe(client, workflow_id).await?;
        let pending = described.pending_activities.into_iter().find(|a| a.activity_id == activity_id)?;
        (pending.state() == PendingActivityState::Started).then_some(pending.attempt)
    })
    .await
}

/// Everything that stands in the events, payloads included: for looking for what must, or must not, be there.
pub fn text(events: &[HistoryEvent]) -> String {
    // As encoded: the debug form shows payloads as base64, cut in the middle.
    events.iter().map(|e| String::from_utf8_lossy(&e.encode_to_vec()).into_owned()).collect::<Vec<_>>().join("\n")
}

/// How the run's last failed activity failed: its type, its message, and whether the caller's policy may try again.
pub fn activity_failure(events: &[HistoryEvent]) -> (String, String, bool) {
    use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
    use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
    let failure = events.iter().rev().find_map(|event| match event.attributes.clone()? {
        Attributes::ActivityTaskFailedEventAttributes(failed) => failed.failure,
        _ => None,
    });
    let failure = failure.unwrap_or_else(|| panic!("no activity has failed: {:?}", types(events)));
    match failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => (info.r#type, failure.message, !info.non_retryable),
        other => panic!("not an application failure: {} {other:?}", failure.message),
    }
}

/// How the run itself failed: the same of its last event.
pub fn run_failure(events: &[HistoryEvent]) -> (String, String, bool) {
    use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
    use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
    let last = events.last().expect("events");
    let Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) = last.attributes.clone() else {
        panic!("the run has not failed: {:?}", types(events));
    };
    let failure = failed.failure.expect("a failure");
    match failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => (info.r#type, failure.message, !info.non_retryable),
        other => panic!("not an application failure: {} {other:?}", failure.message),
    }
}
