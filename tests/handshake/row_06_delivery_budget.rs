//! Row 6: a child that succeeds, but whose caller cannot be told until `handshake.delivery_budget` is spent, fails: its status and a metric say so. A
//! control plane that cannot be told is no reason to keep the result from the caller.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use workflow_runner::activities::names::COMPLETE_EXTERNAL;
use workflow_runner::control_plane::ExecutePolicy;
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::caller::{Callers, Plan, result};
use crate::support::direct::{End, QUEUE, end};
use crate::support::gate::{At, Gate};
use crate::support::hand_over::{ACTIVITY, HandOver, HandOvers, QUEUE as HAND_OVER_QUEUE};
use crate::support::history::{activity_failure, closed, describe, events};
use crate::support::operator::start_child;
use crate::support::steps::local_results;
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, document, outer_id};

const GREET: &str = "  - greet:\n      set:\n        hello: world\n";
const BUDGET: (&str, &str) = ("WORKFLOW_RUNNER_HANDSHAKE__DELIVERY_BUDGET", "1s");

async fn errors(worker: &WorkerProcess, reason: &str) -> Option<f64> {
    worker.metric(&format!("workflow_runner_handshake_delivery_errors_total{{reason=\"{reason}\"}}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_that_cannot_be_told_within_the_budget_fails_the_child() {
    // The platform's outer workflow does not write the phase.
    let plane = Box::new(|options: &mut workflow_runner::control_plane::Options| {
        options.execute = ExecutePolicy { record_failure: false, ..Default::default() };
    });
    let stage = Stage::with(StageOptions { plane: Some(plane), ..Default::default() }).await;
    let gate = Gate::before(&stage.server.address()).await;
    let by_token = gate.refuse("WorkflowService/RespondActivityTaskCompleted", At::Request);
    let plane = stage.plane.address().to_string();
    let worker = WorkerProcess::start(&gate.address(), Some(&plane), &[BUDGET]).await;
    let id = stage.execute(&document(GREET), &json!({})).await;

    let (outcome, child) = end(&stage.client, &child_id(&id)).await;
    let End::Failed(message, type_, _) = outcome else { panic!("{outcome:?}") };
    assert_eq!(type_, "DeliveryFailed");
    assert!(message.contains("could not be told") && message.contains("Unavailable"), "{message}");
    assert!(local_results(&child, COMPLETE_EXTERNAL).iter().all(|result| !result.contains("delivered")), "{child:?}");
    let status = stage.plane.store().workflow_executions.get(&id).expect("the execution").status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed, "{status:?}");
    assert!(status.error.contains("could not be told"), "{}", status.error);
    // At least three attempts were made, however short the budget.
    assert_eq!((errors(&worker, "unavailable").await, errors(&worker, "budget_spent").await), (Some(2.0), Some(1.0)));
    assert!(worker.log().contains("the caller cannot be told; giving up"));
    let caller = describe(&stage.client, &outer_id(&id)).await.expect("the caller");
    assert_eq!(caller.pending_activities.len(), 1, "the caller still waits");
    drop(by_token);

    // Nobody waits for ever: the sweep of the next worker tells the caller what became of its child.
    drop(worker);
    let worker = WorkerProcess::start(&stage.server.address(), Some(&plane), &[]).await;
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Failed);
    let (type_, message, retryable) = activity_failure(&events(&stage.client, &outer_id(&id), "").await);
    assert_eq!((type_.as_str(), retryable), ("DeliveryFailed", false), "{message}");
    drop(worker);
    stage.stop().await;
}

/// What the server will never take is not tried again.
#[tokio::test(flavor = "multi_thread")]
async fn a_success_that_the_server_refuses_for_good_fails_the_child_at_once() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let callback = json!({"namespace": "default", "workflow_id": "w", "run_id": "r", "activity_id": "a", "attempt": 1, "reply": "plain"});
    let input = json!({"workflow_yaml": document(GREET), "callback_token": "AAAA", "callback": callback});
    start_child(&stage.client, "direct", &input).await;
    let (outcome, _) = end(&stage.client, "direct").await;
    assert!(matches!(&outcome, End::Failed(message, type_, _) if type_ == "DeliveryFailed" && message.contains("refuses")), "{outcome:?}");
    assert_eq!((errors(&worker, "refused").await, errors(&worker, "unavailable").await), (Some(1.0), Some(0.0)));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_that_is_away_does_not_keep_the_result_from_the_caller() {
    let stage = Stage::start().await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let refusal = gate.refuse("updateStatus", At::Request);
    let worker = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &[BUDGET]).await;
    let id = stage.execute(&document(GREET), &json!({})).await;
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    let (outcome, _) = end(&stage.client, &child_id(&id)).await;
    assert_eq!(outcome, End::Completed(json!({"hello": "world"})));
    // IN_PROGRESS once; the terminal status three times, until the budget was spent.
    refusal.reached_by(4).await;
    drop((worker, refusal));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_that_does_not_know_the_execution_is_not_waited_for() {
    let stage = Stage::start().await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let worker = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &[]).await;
    let (callers, hand_overs) = (Callers::start(&stage.client), HandOvers::start(&stage.client));
    let input = json!({"workflow_execution_id": "unknown", "workflow_yaml": document(GREET)});
    let order = HandOver { queue: QUEUE.to_owned(), input, execution_timeout_ms: None };
    let caller = callers.call("caller", &Plan::new(ACTIVITY, HAND_OVER_QUEUE, json!(order))).await;
    assert_eq!(result(&caller).await, Ok(json!({"hello": "world"})));
    let (outcome, child) = end(&stage.client, &child_id("unknown")).await;
    assert_eq!(outcome, End::Completed(json!({"hello": "world"})));
    assert_eq!(local_results(&child, COMPLETE_EXTERNAL), [r#"{"delivery":"delivered"}"#]);
    assert!(worker.log().contains("the platform refuses the terminal status"));
    drop((worker, callers, hand_overs));
    stage.stop().await;
}
