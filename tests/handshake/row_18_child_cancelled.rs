//! Row 18: when an operator cancels the child, or an attempt meets a child that is being cancelled, the newest callback gets a retryable failure
//! of type `ChildCancelled`: the caller has not asked for it, and its policy decides.

use std::time::Duration;

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflow_runner::control_plane::Options;
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::caller::{Callers, Plan, result};
use crate::support::hand_over::{self, HandOver, HandOvers};
use crate::support::history::{activity_failure, activity_started, closed, count, describe, events};
use crate::support::site::Site;
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, child_id, document, operator, outer_id};

async fn stage(attempts: u32) -> Stage {
    let plane = Box::new(move |options: &mut Options| {
        options.execute.attempts = attempts;
        options.execute.retry_interval = Duration::from_millis(100);
    });
    Stage::with(StageOptions { plane: Some(plane), ..Default::default() }).await
}

fn behind_the_gate(site: &Site) -> String {
    document(&format!("  - fetch:\n      call: http\n      with:\n        method: get\n        endpoint: {}\n", site.gate()))
}

async fn came(site: &Site, times: usize) {
    until("the call to be under way", || async { (site.came() == times).then_some(()) }).await;
}

async fn latest_run(stage: &Stage, workflow_id: &str) -> String {
    let latest = describe(&stage.client, workflow_id).await.and_then(|d| d.workflow_execution_info?.execution);
    latest.expect("a run").run_id
}

/// Type of the failure that the last attempt of an activity came after.
fn failed_before(events: &[HistoryEvent]) -> Option<String> {
    let failure = events.iter().rev().find_map(|event| match event.attributes.clone()? {
        Attributes::ActivityTaskStartedEventAttributes(started) => Some(started.last_failure),
        _ => None,
    });
    match failure??.failure_info? {
        FailureInfo::ApplicationFailureInfo(info) => Some(info.r#type),
        other => Some(format!("{other:?}")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_an_operator_cancels_fails_its_caller() {
    let stage = stage(1).await;
    let worker = stage.worker(&[]).await;
    let site = Site::start().await;
    let id = stage.execute(&behind_the_gate(&site), &json!({})).await;
    came(&site, 1).await;
    operator::cancel(&stage.client, &child_id(&id)).await;

    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Failed);
    let (type_, message, retryable) = activity_failure(&events(&stage.client, &outer_id(&id), "").await);
    assert_eq!((type_.as_str(), retryable), ("ChildCancelled", true), "{message}");
    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Canceled);
    assert_eq!(stage.ended(&id).await.status.expect("a status").phase(), ExecutionPhase::ExecutionCancelled);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_with_another_attempt_runs_the_child_again() {
    let stage = stage(2).await;
    let worker = stage.worker(&[]).await;
    let site = Site::start().await;
    let id = stage.execute(&behind_the_gate(&site), &json!({})).await;
    came(&site, 1).await;
    let first_run = latest_run(&stage, &child_id(&id)).await;
    operator::cancel(&stage.client, &child_id(&id)).await;
    came(&site, 2).await;
    site.open();

    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(failed_before(&events(&stage.client, &outer_id(&id), "").await).as_deref(), Some("ChildCancelled"));
    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_ne!(latest_run(&stage, &child_id(&id)).await, first_run);
    let first = events(&stage.client, &child_id(&id), &first_run).await;
    assert_eq!(first.last().map(HistoryEvent::event_type), Some(EventType::WorkflowExecutionCanceled));
    // The first run has left CANCELLED; the second one has the last word.
    assert_eq!(stage.output(&id).await, json!({"open": true}));
    drop(worker);
    stage.stop().await;
}

/// The worker is dead while the child is asked to cancel, so that the next attempt finds it still open.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_meets_a_child_that_is_being_cancelled_is_told_so() {
    let stage = Stage::start().await;
    let (callers, hands) = (Callers::start(&stage.client), HandOvers::start(&stage.client));
    let mut worker = stage.worker(&[]).await;
    let site = Site::start().await;
    let input = json!({"workflow_yaml": behind_the_gate(&site), "workflow_execution_id": "met"});
    let order = HandOver { queue: operator::CHILD_QUEUE.to_owned(), input, execution_timeout_ms: None };
    let mut plan = Plan::new(hand_over::ACTIVITY, hand_over::QUEUE, json!(order));
    plan.attempts = 0;
    plan.start_to_close_ms = 10_000;
    let caller = callers.call("caller", &plan).await;
    came(&site, 1).await;
    let child = child_id("met");
    let first_run = latest_run(&stage, &child).await;
    worker.kill();
    operator::cancel(&stage.client, &child).await;
    until("another attempt to attach", || async { (activity_started(&stage.client, "caller", "step").await > 1).then_some(()) }).await;
    until("it to signal", || async {
        (count(&events(&stage.client, &child, &first_run).await, EventType::WorkflowExecutionSignaled) > 0).then_some(())
    })
    .await;
    // The run after the cancelled one is to find its answer.
    site.open();
    let worker = stage.worker(&[]).await;

    assert_eq!(result(&caller).await, Ok(json!({"open": true})));
    assert_eq!(failed_before(&events(&stage.client, "caller", "").await).as_deref(), Some("ChildCancelled"));
    let first = events(&stage.client, &child, &first_run).await;
    assert_eq!(first.last().map(HistoryEvent::event_type), Some(EventType::WorkflowExecutionCanceled));
    drop((callers, hands, worker));
    stage.stop().await;
}
