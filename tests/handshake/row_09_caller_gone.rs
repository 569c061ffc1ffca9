//! Row 9: when the caller is terminated, timed out or reset away, the child learns it from the watch and cancels itself, unless it is told to
//! continue. No child lives longer than its caller can.

use std::time::Duration;

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflow_runner::control_plane::{ExecutePolicy, Options};
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::history::{activity_started, closed, count, describe, events, started, text};
use crate::support::site::Site;
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, child_id, document, operator, outer_id};

const WATCH: (&str, &str) = ("WORKFLOW_RUNNER_HANDSHAKE__WATCH_INTERVAL", "500ms");
const NAP: &str = "  - nap:\n      wait:\n        hours: 1\n";

async fn stage(execute: ExecutePolicy) -> Stage {
    let plane = Box::new(move |options: &mut Options| options.execute = execute);
    Stage::with(StageOptions { plane: Some(plane), ..Default::default() }).await
}

fn behind_the_gate(site: &Site) -> String {
    document(&format!("  - fetch:\n      call: http\n      with:\n        method: get\n        endpoint: {}\n", site.gate()))
}

async fn at_the_gate(site: &Site) {
    until("the call to be under way", || async { (site.came() > 0).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_caller_takes_the_child_along() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[WATCH]).await;
    let id = stage.execute(&document(NAP), &json!({})).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    operator::terminate(&stage.client, &outer_id(&id), "a test").await;

    let status = stage.ended(&id).await.status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionCancelled, "{status:?}");
    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Canceled);
    let child = events(&stage.client, &child_id(&id), "").await;
    assert!(text(&child).contains("caller_gone"), "{}", text(&child));
    assert_eq!(count(&child, EventType::TimerCanceled), 1);
    until("the metric to say so", || async {
        worker.metric("workflow_runner_handshake_callers_gone_total").await.filter(|gone| *gone == 1.0)
    })
    .await;
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_activity_has_timed_out_takes_the_child_along() {
    let stage = stage(ExecutePolicy { start_to_close: Duration::from_secs(3), ..Default::default() }).await;
    let worker = stage.worker(&[WATCH]).await;
    let id = stage.execute(&document(NAP), &json!({})).await;

    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Failed);
    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Canceled);
    let outer = events(&stage.client, &outer_id(&id), "").await;
    assert_eq!(count(&outer, EventType::ActivityTaskTimedOut), 1);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_is_to_continue_ends_its_work_without_a_caller() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[WATCH, ("WORKFLOW_RUNNER_HANDSHAKE__ON_CALLER_GONE", "continue")]).await;
    let site = Site::start().await;
    let id = stage.execute(&behind_the_gate(&site), &json!({})).await;
    at_the_gate(&site).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    operator::terminate(&stage.client, &outer_id(&id), "a test").await;
    until("the child to be told", || async {
        text(&events(&stage.client, &child_id(&id), "").await).contains("caller_gone").then_some(())
    })
    .await;
    site.open();

    assert_eq!(stage.output(&id).await, json!({"open": true}));
    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(site.came(), 1);
    drop(worker);
    stage.stop().await;
}

/// The old run of the caller is gone, but the new one has called again by then: it gets the result.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_was_reset_gets_the_result_in_its_new_run() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_HANDSHAKE__WATCH_INTERVAL", "5s")]).await;
    let site = Site::start().await;
    let id = stage.execute(&behind_the_gate(&site), &json!({})).await;
    at_the_gate(&site).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    let first_child = describe(&stage.client, &child_id(&id)).await;
    let new_run = operator::reset(&stage.client, &outer_id(&id)).await;
    // Where the old watch was quicker than the new call, the child has been cancelled and is run again instead of being attached to.
    let again = until("the new run to call", || async {
        let latest = describe(&stage.client, &child_id(&id)).await?.workflow_execution_info?.execution?.run_id;
        let before = first_child.clone()?.workflow_execution_info?.execution?.run_id;
        let pending = events(&stage.client, &child_id(&id), "").await;
        let signalled = count(&pending, EventType::WorkflowExecutionSignaled) == 1;
        (latest != before || signalled).then_some(latest != before)
    })
    .await;
    if !again {
        activity_started(&stage.client, &child_id(&id), "watch#2").await;
    }
    site.open();

    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    let latest = describe(&stage.client, &outer_id(&id)).await.and_then(|d| d.workflow_execution_info?.execution);
    assert_eq!(latest.expect("the caller's run").run_id, new_run);
    assert_eq!(stage.output(&id).await, json!({"open": true}));
    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(site.came(), if again { 2 } else { 1 }, "the work is done once for both runs of the caller");
    drop(worker);
    stage.stop().await;
}

async fn childs_time_to_live(execute: ExecutePolicy) -> Option<Duration> {
    let stage = stage(execute).await;
    let worker = stage.worker(&[]).await;
    let id = stage.execute(&document(NAP), &json!({})).await;
    started(&stage.client, &child_id(&id)).await;
    let child = events(&stage.client, &child_id(&id), "").await;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = child[0].attributes.clone() else { panic!("{child:?}") };
    drop(worker);
    stage.stop().await;
    started.workflow_execution_timeout.and_then(|t| t.try_into().ok()).filter(|t: &Duration| !t.is_zero())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_gets_what_is_left_of_its_callers_last_attempt() {
    let start_to_close = Duration::from_secs(300);
    let last = childs_time_to_live(ExecutePolicy { start_to_close, attempts: 1, ..Default::default() }).await.expect("a limit");
    let minute = Duration::from_mins(1);
    assert!(last > minute && last <= start_to_close + minute, "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_of_a_caller_with_more_attempts_is_limited_by_the_watch_alone() {
    let start_to_close = Duration::from_secs(300);
    assert_eq!(childs_time_to_live(ExecutePolicy { start_to_close, attempts: 2, ..Default::default() }).await, None);
}
