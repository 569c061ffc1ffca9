//! An attempt dies before what it should start is there. An agent: the next look finds none, and the call is made again. A child: nobody has the
//! caller's token, so the caller's own time limit ends the attempt, and a second attempt starts the child.

use std::time::Duration;

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use workflow_runner::control_plane::ExecutePolicy;
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::by_hand::{ASK, SILENT, all, call_back, the_one};
use crate::support::gate::{At, Gate};
use crate::support::history::{closed, events, status};
use crate::support::steps::{Step, of_type, runs};
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, document, outer_id};

const SOON: [(&str, &str); 2] =
    [("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_AFTER", "1s"), ("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_EVERY", "2s")];
const SET: &str = "  - greet:\n      set:\n        hello: world\n";

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_call_that_died_before_its_agent_was_there_is_made_again() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let hold = gate.hold("AgentExecutionCommandController/create", At::Request);
    let mut doomed = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    hold.reached().await;
    doomed.kill();
    hold.left().await;
    assert!(all(&stage).is_empty(), "the call died on its way");

    let worker = stage.worker(&SOON).await;
    let agent = the_one(&stage).await;
    call_back(&stage.client, &agent, &json!("second try")).await.expect("the second attempt waits");
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "second try"}));
    closed(&stage.client, &child_id(&execution_id)).await;
    let steps = of_type(&events(&stage.client, &child_id(&execution_id), "").await, "CallAgentActivity");
    let expected = Step {
        id: steps[0].id.clone(),
        attempt: 2,
        failure_before: Some("AgentLost".to_owned()),
        end: Some(EventType::ActivityTaskCompleted),
    };
    assert_eq!(steps, [expected]);
    assert_eq!(all(&stage).len(), 1);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_call_is_made_again_while_the_control_plane_is_away() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let away = gate.refuse("AgentExecutionCommandController/create", At::Request);
    let worker = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    away.reached_by(2).await;
    away.release();
    let agent = the_one(&stage).await;
    call_back(&stage.client, &agent, &json!("back again")).await.expect("the latest attempt waits");
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "back again"}));
    assert_eq!(all(&stage).len(), 1);
    drop(worker);
    stage.stop().await;
}

/// A stage whose outer workflow calls with this policy, and whose first worker was killed before it had started the child.
async fn killed_before_the_child(policy: ExecutePolicy) -> (Stage, String) {
    let stage = Stage::with(StageOptions { plane: Some(Box::new(move |options| options.execute = policy)), ..Default::default() }).await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let hold = gate.hold("WorkflowInstanceQueryController/get", At::Request);
    let mut doomed = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &[]).await;
    let execution_id = stage.execute(&document(SET), &json!({})).await;
    hold.reached().await;
    doomed.kill();
    hold.left().await;
    assert_eq!(status(&stage.client, &child_id(&execution_id)).await, None);
    (stage, execution_id)
}

/// The second attempt has started the child, after the first one ended in this timeout.
async fn second_attempt_succeeds(policy: ExecutePolicy, timeout: &str) {
    let (stage, execution_id) = killed_before_the_child(policy).await;
    let worker = stage.worker(&[]).await;
    assert_eq!(stage.output(&execution_id).await, json!({"hello": "world"}));
    assert_eq!(closed(&stage.client, &outer_id(&execution_id)).await, WorkflowExecutionStatus::Completed);
    let steps = of_type(&events(&stage.client, &outer_id(&execution_id), "").await, "ExecuteWorkflow");
    let expected =
        Step { id: steps[0].id.clone(), attempt: 2, failure_before: Some(timeout.to_owned()), end: Some(EventType::ActivityTaskCompleted) };
    assert_eq!(steps, [expected]);
    closed(&stage.client, &child_id(&execution_id)).await;
    assert_eq!(runs(&stage.client, &child_id(&execution_id)).await, 1);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_to_close_timeout_and_a_second_attempt_end_a_call_that_died_before_its_child_was_there() {
    let policy = ExecutePolicy {
        start_to_close: Duration::from_secs(10),
        attempts: 2,
        retry_interval: Duration::from_millis(100),
        ..Default::default()
    };
    second_attempt_succeeds(policy, "TIMEOUT_TYPE_START_TO_CLOSE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_timeout_and_a_second_attempt_end_it_sooner() {
    let policy = ExecutePolicy {
        heartbeat: Some(Duration::from_secs(5)),
        attempts: 2,
        retry_interval: Duration::from_millis(100),
        ..Default::default()
    };
    second_attempt_succeeds(policy, "TIMEOUT_TYPE_HEARTBEAT").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_attempt_the_callers_timeout_is_the_end() {
    let policy = ExecutePolicy { start_to_close: Duration::from_secs(5), attempts: 1, ..Default::default() };
    let (stage, execution_id) = killed_before_the_child(policy).await;
    let worker = stage.worker(&[]).await;
    assert_eq!(closed(&stage.client, &outer_id(&execution_id)).await, WorkflowExecutionStatus::Failed);
    let steps = of_type(&events(&stage.client, &outer_id(&execution_id), "").await, "ExecuteWorkflow");
    assert_eq!(steps.iter().map(|s| (s.attempt, s.end)).collect::<Vec<_>>(), [(1, Some(EventType::ActivityTaskTimedOut))]);
    assert_eq!(stage.ended(&execution_id).await.status.expect("a status").phase(), ExecutionPhase::ExecutionFailed);
    assert_eq!(status(&stage.client, &child_id(&execution_id)).await, None, "no child was ever started");
    drop(worker);
    stage.stop().await;
}
