//! Row 3: what the next attempt does with a child that it finds closed. Completed: its outcome, at once. Failed, and the caller was told: its policy
//! wanted another attempt, so it is run again. Dead without a word: run again. Failed, and nobody was told: its failure, for good.

use std::time::Duration;

use serde_json::json;
use temporalio_client::{UntypedWorkflow, WorkflowStartOptions};
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, PendingActivityState, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflow_runner::activities::payload::raw_of;
use workflow_runner::control_plane::{ExecutePolicy, Options};
use workflow_runner::stigmer::agx::ExecutionPhase as AgentPhase;
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::by_hand::{ASK, SILENT, all, asked, call_back, the_one};
use crate::support::direct::WORKFLOW_TYPE;
use crate::support::history::{activity_failure, activity_started, closed, describe, events};
use crate::support::operator::{CHILD_QUEUE, cancel, hurry, reset, start_child, terminate};
use crate::support::site::Site;
use crate::support::steps::{Step, latest_run, of_type, runs};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::{Stage, StageOptions, child_id, document, outer_id};

const NAP: &str = "  - nap:\n      wait:\n        hours: 1\n";

async fn stage(execute: ExecutePolicy) -> Stage {
    let plane = Box::new(move |options: &mut Options| options.execute = execute);
    Stage::with(StageOptions { agents: vec![SILENT], plane: Some(plane), ..Default::default() }).await
}

fn attempts(attempts: u32) -> ExecutePolicy {
    ExecutePolicy { attempts, retry_interval: Duration::from_millis(100), ..Default::default() }
}

fn fetch(url: &str) -> String {
    format!("  - fetch:\n      call: http\n      with:\n        method: get\n        endpoint: {url}\n")
}

async fn caller_step(stage: &Stage, execution_id: &str) -> Step {
    let mut steps = of_type(&events(&stage.client, &outer_id(execution_id), "").await, "ExecuteWorkflow");
    assert_eq!(steps.len(), 1, "{steps:?}");
    steps.remove(0)
}

fn phase(stage: &Stage, execution_id: &str) -> ExecutionPhase {
    stage.plane.store().workflow_executions.get(execution_id).expect("the execution").status.expect("a status").phase()
}

/// The caller was reset after its end. Its new run gets the old result, and the execution stays completed.
#[tokio::test(flavor = "multi_thread")]
async fn a_completed_child_is_answered_with_at_once() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let site = Site::start().await;
    site.open();
    let id = stage.execute(&document(&fetch(&site.gate())), &json!({})).await;
    assert_eq!(stage.output(&id).await, json!({"open": true}));
    closed(&stage.client, &outer_id(&id)).await;
    closed(&stage.client, &child_id(&id)).await;
    let child_run = latest_run(&stage.client, &child_id(&id)).await;
    let tasks = stage.ended(&id).await.status.expect("a status").tasks;
    let result = completed_result(&events(&stage.client, &outer_id(&id), "").await);
    assert!(result.is_some());

    let again = reset(&stage.client, &outer_id(&id)).await;
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(completed_result(&events(&stage.client, &outer_id(&id), &again).await), result);
    assert_eq!(latest_run(&stage.client, &child_id(&id)).await, child_run);
    assert_eq!(site.came(), 1, "the work is done once");
    let status = stage.plane.store().workflow_executions.get(&id).expect("the execution").status.expect("a status");
    assert_eq!((status.phase(), status.tasks), (ExecutionPhase::ExecutionCompleted, tasks));
    drop(worker);
    stage.stop().await;
}

/// The result of the activity.
fn completed_result(events: &[HistoryEvent]) -> Option<Payloads> {
    events.iter().find_map(|event| match event.attributes.clone()? {
        Attributes::ActivityTaskCompletedEventAttributes(done) => done.result,
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_child_whose_caller_was_told_is_run_again_for_the_next_attempt() {
    let stage = stage(attempts(3)).await;
    let worker = stage.worker(&[]).await;
    let web = Web::start(|_, visit| if visit < 3 { Reply::status(503) } else { Reply::json(&json!({"third": "time"})) }).await;
    let id = stage.execute(&document(&fetch(&web.url("/flaky"))), &json!({})).await;

    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(stage.output(&id).await, json!({"third": "time"}));
    closed(&stage.client, &child_id(&id)).await;
    assert_eq!((runs(&stage.client, &child_id(&id)).await, web.seen().len()), (3, 3));
    let step = caller_step(&stage, &id).await;
    assert_eq!((step.attempt, step.end), (3, Some(EventType::ActivityTaskCompleted)));
    assert!(step.failure_before.as_deref().is_some_and(|type_| type_.contains("communication")), "{step:?}");
    drop(worker);
    stage.stop().await;
}

/// A definition or an input that is wrong stays wrong, whatever the caller's policy.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_will_not_get_better_ends_the_attempts() {
    let stage = stage(attempts(3)).await;
    let worker = stage.worker(&[]).await;
    let raise = "  - refuse:\n      raise:\n        error:\n          type: https://example.com/errors/wrong\n          status: 400\n          title: wrong\n";
    let id = stage.execute(&document(raise), &json!({})).await;
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Failed);
    assert_eq!(stage.ended(&id).await.status.expect("a status").phase(), ExecutionPhase::ExecutionFailed);
    closed(&stage.client, &child_id(&id)).await;
    assert_eq!((runs(&stage.client, &child_id(&id)).await, caller_step(&stage, &id).await.attempt), (1, 1));
    drop(worker);
    stage.stop().await;
}

/// The first attempt has timed out and the next is an hour away when the child fails: nobody can be told. The next attempt is told, for good.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_nobody_was_told_is_told_to_the_next_attempt_for_good() {
    let retry_interval = Duration::from_hours(1);
    // The platform's outer workflow does not write the phase: the attempt itself has to.
    let policy =
        ExecutePolicy { start_to_close: Duration::from_secs(5), attempts: 5, retry_interval, record_failure: false, ..Default::default() };
    let stage = stage(policy).await;
    let settings = [("WORKFLOW_RUNNER_HANDSHAKE__WATCH", "off"), ("WORKFLOW_RUNNER_HANDSHAKE__DELIVERY_BUDGET", "1s")];
    let worker = stage.worker(&settings).await;
    let site = Site::start().await;
    let raise = "  - fail:\n      raise:\n        error:\n          type: https://example.com/errors/own\n          status: 500\n          title: its own error\n";
    let id = stage.execute(&document(&format!("{}{raise}", fetch(&site.gate()))), &json!({})).await;
    until("the first attempt to time out", || async {
        let pending = describe(&stage.client, &outer_id(&id)).await?.pending_activities.pop()?;
        (pending.attempt == 2 && pending.state() == PendingActivityState::Scheduled).then_some(())
    })
    .await;
    site.open();
    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Failed);
    let child_run = latest_run(&stage.client, &child_id(&id)).await;
    let pending = describe(&stage.client, &outer_id(&id)).await.expect("the caller").pending_activities;
    assert_eq!(pending.len(), 1, "the caller still waits");
    hurry(&stage.client, &outer_id(&id), &pending[0].activity_id).await;

    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Failed);
    let (type_, message, retryable) = activity_failure(&events(&stage.client, &outer_id(&id), "").await);
    assert_eq!((type_.as_str(), retryable), ("https://example.com/errors/own", false));
    assert!(message.contains("its own error"), "{message}");
    assert_eq!(caller_step(&stage, &id).await.attempt, 2);
    assert_eq!(latest_run(&stage.client, &child_id(&id)).await, child_run, "another run of the child");
    assert_eq!(phase(&stage, &id), ExecutionPhase::ExecutionFailed);
    assert_eq!(site.came(), 1);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_an_operator_cancelled_is_run_again_for_the_next_attempt() {
    let stage = stage(attempts(2)).await;
    let worker = stage.worker(&[]).await;
    let id = stage.execute(&document(ASK), &json!({})).await;
    the_one(&stage).await;
    let first_run = latest_run(&stage.client, &child_id(&id)).await;
    cancel(&stage.client, &child_id(&id)).await;
    let second = until("the agent of the second run", || async {
        let agents = all(&stage);
        let begun = agents.get(1).is_some_and(|agent| agent.status.as_ref().is_some_and(|s| s.phase() == AgentPhase::ExecutionInProgress));
        begun.then(|| agents[1].clone())
    })
    .await;
    call_back(&stage.client, &second, &json!("again")).await.expect("the step waits");

    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(stage.output(&id).await, json!({"answer": "again"}));
    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_ne!(latest_run(&stage.client, &child_id(&id)).await, first_run);
    let step = caller_step(&stage, &id).await;
    assert_eq!((step.attempt, step.failure_before.as_deref()), (2, Some("ChildCancelled")));
    drop(worker);
    stage.stop().await;
}

/// The watch has told the caller; without a watch nobody would have.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_an_operator_terminated_is_run_again_for_the_next_attempt() {
    let stage = stage(attempts(2)).await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_HANDSHAKE__WATCH_INTERVAL", "500ms")]).await;
    let id = stage.execute(&document(ASK), &json!({})).await;
    the_one(&stage).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    terminate(&stage.client, &child_id(&id), "a test").await;
    let agents = asked(&stage, 2).await;
    call_back(&stage.client, &agents[1], &json!("again")).await.expect("the step waits");

    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    closed(&stage.client, &child_id(&id)).await;
    assert_eq!(phase(&stage, &id), ExecutionPhase::ExecutionCompleted);
    assert_eq!(stage.output(&id).await, json!({"answer": "again"}));
    let step = caller_step(&stage, &id).await;
    assert_eq!((step.attempt, step.failure_before.as_deref()), (2, Some("ChildLost")));
    assert_eq!(runs(&stage.client, &child_id(&id)).await, 2);
    drop(worker);
    stage.stop().await;
}

/// A child that was dead before this caller's first attempt: it is not this one's, so it is run again.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_died_before_the_attempt_is_run_again() {
    let stage = Stage::start().await;
    let greet = document("  - greet:\n      set:\n        hello: world\n");
    // Nobody works yet, so the callers wait.
    let (terminated, timed_out) = (stage.execute(&greet, &json!({})).await, stage.execute(&greet, &json!({})).await);
    let input = json!({"workflow_yaml": document(NAP)});
    start_child(&stage.client, &child_id(&terminated), &input).await;
    terminate(&stage.client, &child_id(&terminated), "a test").await;
    let mut options = WorkflowStartOptions::new(CHILD_QUEUE, child_id(&timed_out)).build();
    options.execution_timeout = Some(Duration::from_secs(1));
    let started = stage.client.start_workflow(UntypedWorkflow::new(WORKFLOW_TYPE), raw_of(&input), options).await;
    started.expect("the child starts");
    assert_eq!(closed(&stage.client, &child_id(&timed_out)).await, WorkflowExecutionStatus::TimedOut);

    let worker = stage.worker(&[]).await;
    for id in [terminated, timed_out] {
        assert_eq!(stage.output(&id).await, json!({"hello": "world"}));
        assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
        assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Completed);
        assert_eq!(runs(&stage.client, &child_id(&id)).await, 2);
    }
    drop(worker);
    stage.stop().await;
}
