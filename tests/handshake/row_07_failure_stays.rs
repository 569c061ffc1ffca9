//! Row 7: a child that fails, and whose failure cannot be delivered, keeps its own error: in its end, and in its status. The delivery's error is
//! logged and counted.

use std::time::Duration;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{PendingActivityState, WorkflowExecutionStatus};
use workflow_runner::control_plane::{ExecutePolicy, Options};
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::direct::{End, end};
use crate::support::history::{describe, status};
use crate::support::operator::{start_child, terminate};
use crate::support::site::Site;
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, document, outer_id};

const RAISE: &str = "  - fail:\n      raise:\n        error:\n          type: https://example.com/errors/own\n          status: 500\n          title: its own error\n";
const OWN: &str = "https://example.com/errors/own";

fn at_the_gate(site: &Site) -> String {
    document(&format!("  - fetch:\n      call: http\n      with:\n        method: get\n        endpoint: {}\n{RAISE}", site.gate()))
}

async fn errors(worker: &WorkerProcess, reason: &str) -> Option<f64> {
    worker.metric(&format!("workflow_runner_handshake_delivery_errors_total{{reason=\"{reason}\"}}")).await
}

/// The child's end is its own error. Gives what the end says of the delivery.
async fn fails_with_its_own_error(stage: &Stage, child: &str) -> Value {
    let (outcome, _) = end(&stage.client, child).await;
    let End::Failed(message, type_, details) = outcome else { panic!("{outcome:?}") };
    assert_eq!(type_, OWN);
    assert!(message.contains("its own error") && !message.contains("told"), "{message}");
    assert_eq!((&details["type"], &details["status"], &details["title"]), (&json!(OWN), &json!(500), &json!("its own error")));
    details["delivered"].clone()
}

fn has_its_own_error_in_its_status(stage: &Stage, execution_id: &str) {
    let status = stage.plane.store().workflow_executions.get(execution_id).expect("the execution").status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed);
    assert!(status.error.contains("its own error") && !status.error.contains("told"), "{}", status.error);
}

/// A failure cannot be reported while its caller waits between attempts, and here it waits longer than the budget lasts.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_cannot_be_delivered_within_the_budget_keeps_its_error() {
    let (start_to_close, retry_interval) = (Duration::from_secs(4), Duration::from_hours(1));
    let plane = Box::new(move |options: &mut Options| {
        options.execute = ExecutePolicy { start_to_close, attempts: 5, retry_interval, record_failure: false, ..Default::default() };
    });
    let stage = Stage::with(StageOptions { plane: Some(plane), ..Default::default() }).await;
    let settings = [("WORKFLOW_RUNNER_HANDSHAKE__DELIVERY_BUDGET", "1s"), ("WORKFLOW_RUNNER_HANDSHAKE__WATCH", "off")];
    let worker = stage.worker(&settings).await;
    let site = Site::start().await;
    let id = stage.execute(&at_the_gate(&site), &json!({})).await;
    until("the first attempt to time out", || async {
        let pending = describe(&stage.client, &outer_id(&id)).await?.pending_activities.pop()?;
        (pending.attempt == 2 && pending.state() == PendingActivityState::Scheduled).then_some(())
    })
    .await;
    site.open();

    assert_eq!(fails_with_its_own_error(&stage, &child_id(&id)).await, json!(false));
    has_its_own_error_in_its_status(&stage, &id);
    assert_eq!(errors(&worker, "budget_spent").await, Some(1.0));
    assert!(errors(&worker, "unavailable").await >= Some(2.0), "three attempts at least");
    assert!(worker.log().contains("the caller cannot be told; giving up"), "{}", worker.log());
    assert_eq!(status(&stage.client, &outer_id(&id)).await, Some(WorkflowExecutionStatus::Running), "the caller still waits");
    drop(worker);
    stage.stop().await;
}

/// What the server will never take is not tried again.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_the_server_refuses_to_take_keeps_its_error() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let callback = json!({"namespace": "default", "workflow_id": "w", "run_id": "r", "activity_id": "a", "attempt": 1, "reply": "plain"});
    let input = json!({"workflow_yaml": document(RAISE), "callback_token": "AAAA", "callback": callback});
    start_child(&stage.client, "direct", &input).await;
    assert_eq!(fails_with_its_own_error(&stage, "direct").await, json!(false));
    assert_eq!((errors(&worker, "refused").await, errors(&worker, "unavailable").await), (Some(1.0), Some(0.0)));
    assert!(worker.log().contains("the caller cannot be told; giving up"), "{}", worker.log());
    drop(worker);
    stage.stop().await;
}

/// Nobody is left to be told: that is no error of the delivery.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_whose_caller_is_gone_keeps_its_error() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_HANDSHAKE__WATCH", "off")]).await;
    let site = Site::start().await;
    let id = stage.execute(&at_the_gate(&site), &json!({})).await;
    until("the child to wait", || async { (site.came() == 1).then_some(()) }).await;
    terminate(&stage.client, &outer_id(&id), "a test").await;
    site.open();

    assert_eq!(fails_with_its_own_error(&stage, &child_id(&id)).await, json!(true));
    has_its_own_error_in_its_status(&stage, &id);
    assert_eq!((errors(&worker, "unavailable").await, errors(&worker, "budget_spent").await), (Some(0.0), Some(0.0)));
    drop(worker);
    stage.stop().await;
}
