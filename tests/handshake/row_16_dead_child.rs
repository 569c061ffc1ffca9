//! Row 16: when the child dies without a word (terminated, timed out, deleted), the watch fails its caller, and the sweep does so for those that
//! no watch could see. The execution ends FAILED. No caller waits for a dead child.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use workflow_runner::control_plane::{Options, Resource};
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecution};

use crate::support::caller::{Callers, Plan, result};
use crate::support::hand_over::{self, HandOver, HandOvers};
use crate::support::history::{activity_failure, activity_started, closed, describe, events, started, status};
use crate::support::site::Site;
use crate::support::wait::{until, within};
use crate::support::{Stage, StageOptions, child_id, document, operator, outer_id};

const NAP: &str = "  - nap:\n      wait:\n        hours: 1\n";
const WATCH: (&str, &str) = ("WORKFLOW_RUNNER_HANDSHAKE__WATCH_INTERVAL", "500ms");
const NO_WATCH: (&str, &str) = ("WORKFLOW_RUNNER_HANDSHAKE__WATCH", "off");
const SWEEP: (&str, &str) = ("WORKFLOW_RUNNER_HANDSHAKE__SWEEP_EVERY", "1s");
/// Only its look at the start, when nobody has died yet.
const NO_SWEEP: (&str, &str) = ("WORKFLOW_RUNNER_HANDSHAKE__SWEEP_EVERY", "24h");

/// The platform's caller has been failed with a retryable `ChildLost` that says how, and the execution too.
async fn lost(stage: &Stage, id: &str, how: &str) {
    let status = stage.ended(id).await.status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed, "{status:?}");
    assert!(status.error.contains(how), "{}", status.error);
    assert_eq!(closed(&stage.client, &outer_id(id)).await, WorkflowExecutionStatus::Failed);
    let (type_, message, retryable) = activity_failure(&events(&stage.client, &outer_id(id), "").await);
    assert_eq!((type_.as_str(), retryable), ("ChildLost", true), "{message}");
    assert!(message.contains(how), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watch_fails_the_caller_of_a_terminated_child() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[WATCH, NO_SWEEP]).await;
    let id = stage.execute(&document(NAP), &json!({})).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    operator::terminate(&stage.client, &child_id(&id), "fat fingers").await;
    lost(&stage, &id, "terminated (fat fingers)").await;
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watch_fails_the_caller_of_a_deleted_child() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[WATCH, NO_SWEEP]).await;
    let id = stage.execute(&document(NAP), &json!({})).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    operator::delete(&stage.client, &child_id(&id)).await;
    // The server terminates it first: which of the two the watch sees is a matter of moments.
    lost(&stage, &id, "ended without delivering its outcome").await;
    until("the child to be deleted", || async { describe(&stage.client, &child_id(&id)).await.is_none().then_some(()) }).await;
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_with_another_attempt_runs_a_dead_child_again() {
    let plane = Box::new(|options: &mut Options| {
        options.execute.attempts = 2;
        options.execute.retry_interval = std::time::Duration::from_millis(100);
    });
    let stage = Stage::with(StageOptions { plane: Some(plane), ..Default::default() }).await;
    let worker = stage.worker(&[WATCH, NO_SWEEP]).await;
    let site = Site::start().await;
    let tasks = format!("  - fetch:\n      call: http\n      with:\n        method: get\n        endpoint: {}\n", site.gate());
    let id = stage.execute(&document(&tasks), &json!({})).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    until("the call to be under way", || async { (site.came() == 1).then_some(()) }).await;
    operator::terminate(&stage.client, &child_id(&id), "fat fingers").await;
    until("the child to run again", || async { (site.came() == 2).then_some(()) }).await;
    site.open();
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    let stored = stage.plane.store().workflow_executions.get(&id).expect("the execution");
    assert_eq!(stored.status.expect("a status").phase(), ExecutionPhase::ExecutionCompleted);
    drop(worker);
    stage.stop().await;
}

/// The holder of the watch is killed, then the child dies: the server never schedules that watch again. The next worker's sweep finds it.
#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_fails_the_caller_of_a_child_that_died_while_nobody_watched() {
    let stage = Stage::start().await;
    let mut first = stage.worker(&[WATCH]).await;
    let id = stage.execute(&document(NAP), &json!({})).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    first.kill();
    operator::terminate(&stage.client, &child_id(&id), "while nobody looked").await;
    let second = stage.worker(&[SWEEP]).await;
    lost(&stage, &id, "terminated (while nobody looked)").await;
    drop(second);
    stage.stop().await;
}

/// A caller of this test, with a child that is started by hand on `queue`.
struct HandMade {
    stage: Stage,
    callers: Callers,
    hands: HandOvers,
    execution_id: String,
}

impl HandMade {
    async fn start() -> Self {
        let stage = Stage::start().await;
        let (callers, hands) = (Callers::start(&stage.client), HandOvers::start(&stage.client));
        let execution = stage.plane.store().workflow_executions.insert(WorkflowExecution::default()).expect("stored");
        Self { execution_id: execution.id().to_owned(), stage, callers, hands }
    }

    async fn call(&self, execution_timeout_ms: Option<u64>, input: Value) -> impl Future<Output = Result<Value, String>> {
        let mut input = input;
        input["workflow_execution_id"] = json!(self.execution_id);
        let order = HandOver { queue: operator::CHILD_QUEUE.to_owned(), input, execution_timeout_ms };
        let plan = Plan::new(hand_over::ACTIVITY, hand_over::QUEUE, json!(order));
        let handle = self.callers.call("caller", &plan).await;
        started(&self.stage.client, &child_id(&self.execution_id)).await;
        async move { result(&handle).await }
    }

    /// The caller has been failed with how the child died, and so has the execution.
    async fn lost(&self, result: impl Future<Output = Result<Value, String>>, how: &str) {
        let failure = within("the caller to be told", result).await.expect_err("the child is dead");
        assert!(failure.contains("ChildLost") && failure.contains(how), "{failure}");
        let status = self.stage.ended(&self.execution_id).await.status.expect("a status");
        assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed);
        assert!(status.error.contains(how), "{}", status.error);
    }

    async fn stop(self) {
        drop((self.callers, self.hands));
        self.stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watch_fails_the_caller_of_a_child_that_ran_out_of_time() {
    let scene = HandMade::start().await;
    let worker = scene.stage.worker(&[WATCH, NO_SWEEP]).await;
    let result = scene.call(Some(4_000), json!({"workflow_yaml": document(NAP)})).await;
    assert_eq!(closed(&scene.stage.client, &child_id(&scene.execution_id)).await, WorkflowExecutionStatus::TimedOut);
    scene.lost(result, "timed out").await;
    drop(worker);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_fails_the_caller_of_a_child_that_ran_out_of_time_unwatched() {
    let scene = HandMade::start().await;
    let worker = scene.stage.worker(&[SWEEP]).await;
    let input = json!({"workflow_yaml": document(NAP), "watch": false});
    let result = scene.call(Some(2_000), input).await;
    scene.lost(result, "timed out").await;
    drop(worker);
    scene.stop().await;
}

/// No worker has seen the child yet: there is no watch, only the token in its input.
#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_fails_the_caller_of_a_child_that_died_before_its_first_task() {
    let scene = HandMade::start().await;
    let result = scene.call(None, json!({"workflow_yaml": document(NAP)})).await;
    operator::terminate(&scene.stage.client, &child_id(&scene.execution_id), "before it began").await;
    let worker = scene.stage.worker(&[SWEEP]).await;
    scene.lost(result, "terminated (before it began)").await;
    drop(worker);
    scene.stop().await;
}

/// Children that have told their callers are none of the sweep's business, whatever way they ended.
#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_leaves_children_alone_that_have_delivered() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[NO_WATCH, SWEEP]).await;
    let fails = "  - no:\n      raise:\n        error:\n          type: https://example.com/no\n          status: 500\n          title: Not today\n";
    let id = stage.execute(&document(fails), &json!({})).await;
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Failed);
    assert_eq!(status(&stage.client, &child_id(&id)).await, Some(WorkflowExecutionStatus::Failed));
    // A dead one that comes later is found.
    let dead = stage.execute(&document(NAP), &json!({})).await;
    started(&stage.client, &child_id(&dead)).await;
    operator::terminate(&stage.client, &child_id(&dead), "a test").await;
    lost(&stage, &dead, "terminated (a test)").await;
    let error = stage.ended(&id).await.status.expect("a status").error;
    assert!(error.contains("Not today"), "{error}");
    assert_eq!(worker.log().matches("a child died without delivering").count(), 1);
    drop(worker);
    stage.stop().await;
}
