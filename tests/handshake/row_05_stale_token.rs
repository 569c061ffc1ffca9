//! Row 5: the token answers that it is not known. The child looks at its caller: gone or closed, or open without that activity, or with another one
//! under its id: there is nobody to tell, and the child's own outcome stays as it is. A newer attempt of the same activity: it is told by id, and
//! where it waits between attempts the child waits with it.

use std::time::Duration;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, PendingActivityState, WorkflowExecutionStatus};
use workflow_runner::activities::names::COMPLETE_EXTERNAL;
use workflow_runner::control_plane::{ExecutePolicy, Options};
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::caller::{Callers, Plan};
use crate::support::direct::{End, QUEUE, end};
use crate::support::gate::{At, Gate};
use crate::support::hand_over::{ACTIVITY, HandOver, HandOvers, QUEUE as HAND_OVER_QUEUE};
use crate::support::history::{activity_failure, activity_started, closed, count, describe, events};
use crate::support::operator::{delete, hurry, terminate};
use crate::support::site::Site;
use crate::support::steps::{local_results, of_type, runs};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, document, outer_id};

/// The child learns of its caller from its delivery alone.
const WATCH_OFF: (&str, &str) = ("WORKFLOW_RUNNER_HANDSHAKE__WATCH", "off");
const RAISE: &str = "  - fail:\n      raise:\n        error:\n          type: https://example.com/errors/own\n          status: 500\n          title: its own error\n";

fn behind_the_gate(site: &Site) -> String {
    format!("  - fetch:\n      call: http\n      with:\n        method: get\n        endpoint: {}\n", site.gate())
}

/// A child `x` at the site's gate, whose caller is a workflow `caller` of the test's own.
struct Situation {
    stage: Stage,
    site: Site,
    callers: Callers,
    hand_overs: HandOvers,
    worker: WorkerProcess,
}

fn hand_over(yaml: &str, execution_id: &str) -> Value {
    let input = json!({"workflow_execution_id": execution_id, "workflow_yaml": yaml, "watch": false});
    json!(HandOver { queue: QUEUE.to_owned(), input, execution_timeout_ms: None })
}

impl Situation {
    async fn begin(change: impl FnOnce(Plan) -> Plan) -> Self {
        let stage = Stage::start().await;
        let worker = WorkerProcess::start(&stage.server.address(), None, &[WATCH_OFF]).await;
        let (site, callers, hand_overs) = (Site::start().await, Callers::start(&stage.client), HandOvers::start(&stage.client));
        let order = hand_over(&document(&behind_the_gate(&site)), "x");
        callers.call("caller", &change(Plan::new(ACTIVITY, HAND_OVER_QUEUE, order))).await;
        until("the child to wait", || async { (site.came() == 1).then_some(()) }).await;
        Self { stage, site, callers, hand_overs, worker }
    }

    /// The child's own outcome is a success, whatever its delivery has come to.
    async fn child_completes(&self, delivery: &str) {
        self.site.open();
        let (outcome, child) = end(&self.stage.client, &child_id("x")).await;
        assert_eq!(outcome, End::Completed(json!({"open": true})));
        assert_eq!(local_results(&child, COMPLETE_EXTERNAL), [json!({"delivery": delivery}).to_string()]);
        for reason in ["unavailable", "refused", "budget_spent"] {
            let series = format!("workflow_runner_handshake_delivery_errors_total{{reason=\"{reason}\"}}");
            assert_eq!(self.worker.metric(&series).await, Some(0.0), "{reason}");
        }
    }

    async fn stop(self) {
        drop((self.worker, self.callers, self.hand_overs));
        self.stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_was_terminated_is_gone() {
    let situation = Situation::begin(|plan| plan).await;
    terminate(&situation.stage.client, "caller", "a test").await;
    situation.child_completes("caller_gone").await;
    situation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_was_deleted_is_gone() {
    let situation = Situation::begin(|plan| plan).await;
    delete(&situation.stage.client, "caller").await;
    until("the caller to be deleted", || async { describe(&situation.stage.client, "caller").await.is_none().then_some(()) }).await;
    situation.child_completes("caller_gone").await;
    situation.stop().await;
}

/// The activity `step` is given up after 3 s, and the caller goes on with this one.
fn goes_on_with(next: Plan) -> impl FnOnce(Plan) -> Plan {
    move |plan| Plan { start_to_close_ms: 3_000, then: Some(Box::new(next)), ..plan }
}

/// Waits until the caller has given up the first activity and waits for the next.
async fn given_up(situation: &Situation) {
    until("the caller to go on", || async {
        let caller = events(&situation.stage.client, "caller", "").await;
        (count(&caller, EventType::ActivityTaskTimedOut) == 1 && count(&caller, EventType::ActivityTaskScheduled) == 2).then_some(())
    })
    .await;
}

/// The caller still waits for its second activity.
async fn next_is_left_alone(situation: &Situation) {
    let pending = describe(&situation.stage.client, "caller").await.expect("the caller").pending_activities;
    assert_eq!(pending.len(), 1, "{pending:?}");
    assert_eq!(count(&events(&situation.stage.client, "caller", "").await, EventType::ActivityTaskCompleted), 0);
    terminate(&situation.stage.client, "caller", "the end of the test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_that_timed_out_is_closed() {
    let next = Plan { activity_id: "next".to_owned(), ..Plan::new("Nothing", "nobody", Value::Null) };
    let situation = Situation::begin(goes_on_with(next)).await;
    given_up(&situation).await;
    situation.child_completes("already_closed").await;
    next_is_left_alone(&situation).await;
    situation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_activity_that_is_scheduled_under_the_same_id_is_left_alone() {
    let situation = Situation::begin(goes_on_with(Plan::new("Nothing", "nobody", Value::Null))).await;
    given_up(&situation).await;
    situation.child_completes("already_closed").await;
    next_is_left_alone(&situation).await;
    situation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_activity_that_runs_under_the_same_id_is_left_alone() {
    let nap = document("  - nap:\n      wait:\n        hours: 1\n");
    let situation = Situation::begin(goes_on_with(Plan::new(ACTIVITY, HAND_OVER_QUEUE, hand_over(&nap, "y")))).await;
    given_up(&situation).await;
    activity_started(&situation.stage.client, "caller", "step").await;
    situation.child_completes("already_closed").await;
    next_is_left_alone(&situation).await;
    situation.stop().await;
}

async fn stage(policy: ExecutePolicy) -> Stage {
    let plane = Box::new(move |options: &mut Options| options.execute = policy);
    Stage::with(StageOptions { plane: Some(plane), ..Default::default() }).await
}

/// The first attempt is given up after 4 s, and the second one is an hour away.
fn an_hour_between(attempts: u32) -> ExecutePolicy {
    ExecutePolicy { start_to_close: Duration::from_secs(4), attempts, retry_interval: Duration::from_hours(1), ..Default::default() }
}

/// Waits until the caller's activity waits for its second attempt; the activity's id.
async fn between_attempts(stage: &Stage, execution_id: &str) -> String {
    until("the first attempt to time out", || async {
        let pending = describe(&stage.client, &outer_id(execution_id)).await?.pending_activities.pop()?;
        (pending.attempt == 2 && pending.state() == PendingActivityState::Scheduled).then_some(pending.activity_id)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_reaches_a_caller_that_waits_between_attempts() {
    let stage = stage(an_hour_between(5)).await;
    let worker = stage.worker(&[WATCH_OFF]).await;
    let site = Site::start().await;
    let id = stage.execute(&document(&behind_the_gate(&site)), &json!({})).await;
    between_attempts(&stage, &id).await;
    site.open();
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(stage.output(&id).await, json!({"open": true}));
    closed(&stage.client, &child_id(&id)).await;
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(local_results(&child, COMPLETE_EXTERNAL), [r#"{"delivery":"delivered"}"#]);
    assert_eq!(runs(&stage.client, &child_id(&id)).await, 1);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_waits_for_the_next_attempt_and_is_told_to_it() {
    let stage = stage(an_hour_between(2)).await;
    let worker = stage.worker(&[WATCH_OFF]).await;
    let site = Site::start().await;
    let id = stage.execute(&document(&format!("{}{RAISE}", behind_the_gate(&site))), &json!({})).await;
    let activity = between_attempts(&stage, &id).await;
    site.open();
    until("the delivery to fail", || async { not_delivered(&worker).await.filter(|errors| *errors >= 1.0) }).await;
    hurry(&stage.client, &outer_id(&id), &activity).await;
    told_the_child_s_error(&stage, &id).await;
    drop(worker);
    stage.stop().await;
}

/// The attempt that was told begins another one, and that is there to try again: it gets another run of the child, not the same failure.
#[tokio::test(flavor = "multi_thread")]
async fn the_attempt_after_the_one_that_was_told_gets_another_run() {
    let stage = stage(an_hour_between(5)).await;
    let worker = stage.worker(&[WATCH_OFF]).await;
    let site = Site::start().await;
    let web = Web::start(|_, visit| if visit == 1 { Reply::status(503) } else { Reply::json(&json!({"visit": visit})) }).await;
    let flaky = format!("  - flaky:\n      call: http\n      with:\n        method: get\n        endpoint: {}\n", web.url("/"));
    let id = stage.execute(&document(&format!("{}{flaky}", behind_the_gate(&site))), &json!({})).await;
    let activity = between_attempts(&stage, &id).await;
    site.open();
    until("the delivery to fail", || async { not_delivered(&worker).await.filter(|errors| *errors >= 1.0) }).await;
    hurry(&stage.client, &outer_id(&id), &activity).await;
    let (first, _) = end(&stage.client, &child_id(&id)).await;
    assert!(matches!(&first, End::Failed(_, _, details) if details["delivered"] == json!(true)), "{first:?}");
    let pending = describe(&stage.client, &outer_id(&id)).await.expect("the caller").pending_activities;
    assert_eq!((pending[0].attempt, pending[0].state()), (3, PendingActivityState::Scheduled));
    hurry(&stage.client, &outer_id(&id), &activity).await;

    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(stage.output(&id).await, json!({"visit": 2}));
    assert_eq!(of_type(&events(&stage.client, &outer_id(&id), "").await, "ExecuteWorkflow")[0].attempt, 3);
    closed(&stage.client, &child_id(&id)).await;
    assert_eq!((runs(&stage.client, &child_id(&id)).await, web.seen().len()), (2, 2));
    drop(worker);
    stage.stop().await;
}

async fn not_delivered(worker: &WorkerProcess) -> Option<f64> {
    worker.metric("workflow_runner_handshake_delivery_errors_total{reason=\"unavailable\"}").await
}

/// The child has the first token in its hand when the second attempt begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_to_a_newer_attempt_by_id() {
    let retry_interval = Duration::from_millis(100);
    let stage = stage(ExecutePolicy { start_to_close: Duration::from_secs(20), attempts: 2, retry_interval, ..Default::default() }).await;
    let gate = Gate::before(&stage.server.address()).await;
    let delivery = gate.hold("WorkflowService/RespondActivityTaskFailed", At::Request);
    let worker = WorkerProcess::start(&gate.address(), Some(&stage.plane.address().to_string()), &[WATCH_OFF]).await;
    let id = stage.execute(&document(RAISE), &json!({})).await;
    delivery.reached().await;
    until("the second attempt to tell the child", || async {
        (count(&events(&stage.client, &child_id(&id), "").await, EventType::WorkflowExecutionSignaled) == 1).then_some(())
    })
    .await;
    delivery.release();
    told_the_child_s_error(&stage, &id).await;
    assert_eq!(gate.answered("RespondActivityTaskFailedById"), 1);
    drop(worker);
    stage.stop().await;
}

/// In the second attempt, the last one; the child was run once, and says in its end that it has told its caller.
async fn told_the_child_s_error(stage: &Stage, id: &str) {
    assert_eq!(closed(&stage.client, &outer_id(id)).await, WorkflowExecutionStatus::Failed);
    let outer = events(&stage.client, &outer_id(id), "").await;
    let (type_, message, _) = activity_failure(&outer);
    assert_eq!(type_, "https://example.com/errors/own", "{message}");
    assert_eq!(of_type(&outer, "ExecuteWorkflow")[0].attempt, 2);
    let (outcome, _) = end(&stage.client, &child_id(id)).await;
    let End::Failed(_, type_, details) = outcome else { panic!("{outcome:?}") };
    assert_eq!((type_.as_str(), &details["delivered"]), ("https://example.com/errors/own", &json!(true)));
    assert_eq!(runs(&stage.client, &child_id(id)).await, 1);
    assert_eq!(stage.ended(id).await.status.expect("a status").phase(), ExecutionPhase::ExecutionFailed);
}
