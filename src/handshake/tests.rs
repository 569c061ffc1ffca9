//! The loops that carry answers to decisions, against a server that answers as told.

use temporalio_client::tonic::Status;
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::enums::v1::{WorkflowExecutionStatus, WorkflowIdReusePolicy};
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::failure::v1::{ApplicationFailureInfo, Failure};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{History, HistoryEvent, WorkflowExecutionFailedEventAttributes};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    GetWorkflowExecutionHistoryResponse, RespondActivityTaskCompletedByIdRequest, RespondActivityTaskFailedRequest,
    SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse, StartWorkflowExecutionRequest, StartWorkflowExecutionResponse,
};

use super::callback::tests::callback;
use super::fake::{self, caller_at, ok};
use super::*;

const STALE: &str = "invalid activityID or activity already timed out or invoking workflow is completed";

fn request() -> StartRequest {
    StartRequest {
        task_queue: "q".to_owned(),
        input: ChildInput { workflow_execution_id: "e1".to_owned(), ..Default::default() },
        attempt_deadline: None,
        search_attribute: false,
        summary: None,
    }
}

fn answered(started: bool, status: WorkflowExecutionStatus) -> StartWorkflowExecutionResponse {
    StartWorkflowExecutionResponse { run_id: "child-run".to_owned(), started, status: status.into(), ..Default::default() }
}

fn failed_close(details: &serde_json::Value) -> GetWorkflowExecutionHistoryResponse {
    let info = ApplicationFailureInfo { details: Some(Payloads { payloads: vec![payload::json(details)] }), ..Default::default() };
    let failure = Failure { message: "m".to_owned(), failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Default::default() };
    let attributes = WorkflowExecutionFailedEventAttributes { failure: Some(failure), ..Default::default() };
    let event = HistoryEvent { attributes: Some(Attributes::WorkflowExecutionFailedEventAttributes(attributes)), ..Default::default() };
    GetWorkflowExecutionHistoryResponse { history: Some(History { events: vec![event] }), ..Default::default() }
}

#[tokio::test]
async fn a_child_that_closes_while_it_is_told_is_met_again() {
    let (client, asked) = fake::client(|n, rpc| match (n, rpc) {
        (0, "DescribeWorkflowExecution") => ok(&caller_at(Some(2))),
        (1 | 3, "StartWorkflowExecution") => ok(&answered(false, WorkflowExecutionStatus::Running)),
        (2, "SignalWorkflowExecution") => Err(Status::not_found("workflow execution already completed")),
        (4, "SignalWorkflowExecution") => ok(&SignalWorkflowExecutionResponse::default()),
        other => panic!("{other:?}"),
    })
    .await;
    let begun = start_or_attach(&client, &request(), &callback(2)).await;
    assert_eq!(begun, Ok(Begun::Pending { run_id: "child-run".to_owned(), attached: true }));
    let starts: Vec<StartWorkflowExecutionRequest> = asked.requests("StartWorkflowExecution");
    assert_eq!(starts[0].workflow_id, "workflow-exec-e1");
    assert_ne!(starts[0].request_id, starts[1].request_id);
    assert!(starts.iter().all(|start| start.workflow_id_reuse_policy() == WorkflowIdReusePolicy::RejectDuplicate));
    let input = ChildInput::from_payload(&starts[1].input.as_ref().unwrap().payloads[0]).unwrap();
    assert_eq!(input.callback("default"), Ok(Some(callback(2))));
    let signals: Vec<SignalWorkflowExecutionRequest> = asked.requests("SignalWorkflowExecution");
    assert_eq!(
        (signals[0].signal_name.as_str(), signals[0].workflow_execution.as_ref().unwrap().run_id.as_str()),
        (CALLBACK_SIGNAL, "child-run")
    );
    let argument: serde_json::Value = serde_json::from_slice(&signals[1].input.as_ref().unwrap().payloads[0].data).unwrap();
    assert_eq!(Callback::from_signal(&argument, "default"), Ok(callback(2)));
}

#[tokio::test]
async fn a_failed_child_whose_caller_knows_is_run_again() {
    let (client, asked) = fake::client(|n, rpc| match (n, rpc) {
        (0, "DescribeWorkflowExecution") => ok(&caller_at(Some(2))),
        (1, "StartWorkflowExecution") => Err(Status::already_exists("Workflow execution already finished")),
        (2, "GetWorkflowExecutionHistory") => ok(&failed_close(&failure::closing_details(&(), Some(true)))),
        (3, "StartWorkflowExecution") => ok(&answered(true, WorkflowExecutionStatus::Running)),
        other => panic!("{other:?}"),
    })
    .await;
    let begun = start_or_attach(&client, &request(), &callback(2)).await;
    assert_eq!(begun, Ok(Begun::Pending { run_id: "child-run".to_owned(), attached: false }));
    let policies: Vec<_> = asked
        .requests::<StartWorkflowExecutionRequest>("StartWorkflowExecution")
        .iter()
        .map(StartWorkflowExecutionRequest::workflow_id_reuse_policy)
        .collect();
    assert_eq!(policies, [WorkflowIdReusePolicy::RejectDuplicate, WorkflowIdReusePolicy::AllowDuplicateFailedOnly]);
}

#[tokio::test]
async fn a_failed_child_whose_caller_does_not_know_answers_for_itself() {
    let (client, asked) = fake::client(|_, rpc| match rpc {
        "DescribeWorkflowExecution" => ok(&caller_at(Some(2))),
        "StartWorkflowExecution" => Err(Status::already_exists("Workflow execution already finished")),
        "GetWorkflowExecutionHistory" => ok(&failed_close(&failure::closing_details(&(), Some(false)))),
        other => panic!("{other}"),
    })
    .await;
    let begun = start_or_attach(&client, &request(), &callback(2)).await;
    assert!(matches!(begun, Ok(Begun::Finished(Outcome::Failed { non_retryable: true, .. }))), "{begun:?}");
    assert_eq!(asked.names().len(), 3);
}

#[tokio::test]
async fn a_child_that_never_settles_is_left_to_the_next_attempt() {
    let (client, asked) = fake::client(|_, rpc| match rpc {
        "DescribeWorkflowExecution" => ok(&caller_at(Some(1))),
        "StartWorkflowExecution" => ok(&answered(false, WorkflowExecutionStatus::Running)),
        _ => Err(Status::not_found("workflow execution already completed")),
    })
    .await;
    let error = start_or_attach(&client, &request(), &callback(1)).await.unwrap_err();
    assert!(error.is_retryable() && error == StartError::Unsettled);
    assert_eq!(asked.requests::<StartWorkflowExecutionRequest>("StartWorkflowExecution").len(), 8);
}

#[tokio::test]
async fn nothing_is_asked_for_an_execution_without_a_name() {
    let (client, asked) = fake::client(|_, rpc| panic!("{rpc}")).await;
    let nameless = StartRequest { input: ChildInput::default(), ..request() };
    assert_eq!(start_or_attach(&client, &nameless, &callback(1)).await, Err(StartError::NoExecutionId));
    assert!(asked.names().is_empty());
}

#[tokio::test]
async fn a_stale_token_goes_by_id_to_the_newer_attempt_only() {
    for (pending, want, by_id) in [
        (Some(3), Delivery::Delivered, 1),
        (Some(2), Delivery::AlreadyClosed, 0),
        (Some(1), Delivery::AlreadyClosed, 0),
        (None, Delivery::AlreadyClosed, 0),
    ] {
        let (client, asked) = fake::client(move |_, rpc| match rpc {
            "RespondActivityTaskCompleted" => Err(Status::not_found(STALE)),
            "DescribeWorkflowExecution" => ok(&caller_at(pending)),
            "RespondActivityTaskCompletedById" => Ok(vec![]),
            other => panic!("{other}"),
        })
        .await;
        assert_eq!(deliver(&client, &callback(2), &Outcome::completed(&1)).await, Ok(want), "{pending:?}");
        let sent: Vec<RespondActivityTaskCompletedByIdRequest> = asked.requests("RespondActivityTaskCompletedById");
        assert_eq!(sent.len(), by_id, "{pending:?}");
        assert!(sent.iter().all(|r| r.activity_id == "5" && r.workflow_id == "caller" && r.run_id == callback(2).address.run_id));
    }
}

#[tokio::test]
async fn a_cancellation_that_nobody_asked_for_becomes_a_retryable_failure() {
    let (client, asked) = fake::client(|_, rpc| match rpc {
        "RespondActivityTaskCanceled" => Err(Status::invalid_argument("no cancel requested")),
        "RespondActivityTaskFailed" => Ok(vec![]),
        other => panic!("{other}"),
    })
    .await;
    let delivered = deliver(&client, &callback(1), &Outcome::Cancelled { details: None }).await;
    assert_eq!(delivered, Ok(Delivery::Delivered));
    let sent: Vec<RespondActivityTaskFailedRequest> = asked.requests("RespondActivityTaskFailed");
    let Some(FailureInfo::ApplicationFailureInfo(info)) = sent[0].failure.as_ref().unwrap().failure_info.clone() else {
        panic!("{sent:?}")
    };
    assert_eq!((info.r#type.as_str(), info.non_retryable), (failure::CHILD_CANCELLED, false));
}
