//! The agent's side never calls back: the child looks at the agent execution itself. Where that has ended, the pending activity is ended by id with
//! the true result; where it is gone, the call is made again under the same activity id; where it runs, the child goes on waiting.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, PendingActivityState};
use workflow_runner::stigmer::agx::{AgentExecutionStatus, ExecutionPhase as AgentPhase, MessageType};
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::by_hand::{ASK, SILENT, all, call_back, complete, id, the_one, workflow_id};
use crate::support::gate::{At, Gate};
use crate::support::history::{closed, describe, events};
use crate::support::operator;
use crate::support::steps::{Step, local_results, of_type};
use crate::support::wait::until;
use crate::support::{Stage, WorkerProcess, child_id, document};

const SOON: [(&str, &str); 2] =
    [("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_AFTER", "1s"), ("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_EVERY", "2s")];
const LOOK: &str = "reconcile-agent";

/// The agent steps of a child that has closed.
async fn agent_steps(stage: &Stage, execution_id: &str) -> Vec<Step> {
    closed(&stage.client, &child_id(execution_id)).await;
    of_type(&events(&stage.client, &child_id(execution_id), "").await, "CallAgentActivity")
}

/// What each look of a child at its agent has found, so far.
async fn looks(stage: &Stage, execution_id: &str) -> Vec<String> {
    local_results(&events(&stage.client, &child_id(execution_id), "").await, LOOK)
}

async fn looked_at_a_running_one(stage: &Stage, execution_id: &str, times: usize) {
    until("the child to look", || async {
        let looks = looks(stage, execution_id).await;
        (looks.iter().filter(|found| found.contains("running")).count() >= times).then_some(())
    })
    .await;
}

async fn reconciled(worker: &WorkerProcess) -> Option<f64> {
    worker.metric("workflow_runner_handshake_reconciled_total").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_completed_without_calling_back_gives_its_answer() {
    let stage = Stage::with_agents(&["name: helper\nkind: scripted\nsilence: true\nreply: 'fine, since you ask'\n"]).await;
    let worker = stage.worker(&SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "fine, since you ask"}));

    let steps = agent_steps(&stage, &execution_id).await;
    let once = Step { id: steps[0].id.clone(), attempt: 1, failure_before: None, end: Some(EventType::ActivityTaskCompleted) };
    assert_eq!(steps, [once]);
    assert_eq!(all(&stage).len(), 1);
    assert!(looks(&stage, &execution_id).await.last().expect("a look").contains("completed"));
    assert_eq!(reconciled(&worker).await, Some(1.0));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_failed_without_calling_back_fails_the_step_with_its_error() {
    let stage = Stage::with_agents(&["name: helper\nkind: scripted\nfailure: 'the model is out of tokens'\n"]).await;
    let worker = stage.worker(&SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let status = stage.ended(&execution_id).await.status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed);
    assert!(status.error.contains("the model is out of tokens"), "{}", status.error);

    let steps = agent_steps(&stage, &execution_id).await;
    assert_eq!(steps.iter().map(|s| (s.attempt, s.end)).collect::<Vec<_>>(), [(1, Some(EventType::ActivityTaskFailed))]);
    assert_eq!(all(&stage).len(), 1, "a failure of the agent is final: nobody calls it again");
    assert_eq!(reconciled(&worker).await, Some(1.0));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_execution_that_is_gone_is_created_again_under_the_same_activity() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let lost = the_one(&stage).await;
    operator::terminate(&stage.client, &workflow_id(&lost), "its machine is gone").await;
    stage.plane.store().agent_executions.remove(&id(&lost)).expect("it was there");

    let again = the_one(&stage).await;
    assert_ne!(id(&again), id(&lost));
    let names = |e: &workflow_runner::stigmer::agx::AgentExecution| e.metadata.as_ref().map(|m| (m.name.clone(), m.tags.clone()));
    assert_eq!(names(&again), names(&lost), "a later attempt would find it");
    // The first attempt's token is dead; the second one's is good.
    assert!(call_back(&stage.client, &lost, &json!("from the grave")).await.is_err());
    call_back(&stage.client, &again, &json!("alive")).await.expect("the second attempt waits");
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "alive"}));

    let steps = agent_steps(&stage, &execution_id).await;
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
async fn an_agent_that_still_runs_is_looked_at_again() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    looked_at_a_running_one(&stage, &execution_id, 2).await;
    complete(&stage, &agent, &[(MessageType::MessageAi, "at last")]);
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "at last"}));

    let steps = agent_steps(&stage, &execution_id).await;
    assert_eq!(steps.iter().map(|s| (s.attempt, s.end)).collect::<Vec<_>>(), [(1, Some(EventType::ActivityTaskCompleted))]);
    assert_eq!(all(&stage).len(), 1);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_callback_after_looks_is_as_good_as_an_early_one() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    looked_at_a_running_one(&stage, &execution_id, 1).await;
    call_back(&stage.client, &agent, &json!({"late": true})).await.expect("the first attempt still waits");
    assert_eq!(stage.output(&execution_id).await, json!({"answer": {"late": true}}));
    assert_eq!(reconciled(&worker).await, Some(0.0), "no look has ended anything");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_cancelled_from_outside_fails_the_step() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    let status = AgentExecutionStatus {
        phase: AgentPhase::ExecutionCancelled.into(),
        error: "stopped by its owner".to_owned(),
        ..Default::default()
    };
    stage.plane.store().update_agent_execution(&id(&agent), status).expect("the execution is there");
    let status = stage.ended(&execution_id).await.status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed);
    assert!(status.error.contains("stopped by its owner"), "{}", status.error);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_fails_is_followed_by_another() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let worker = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    let away = gate.refuse("AgentExecutionQueryController/list", At::Request);
    complete(&stage, &agent, &[(MessageType::MessageAi, "fine")]);
    away.reached_by(2).await;
    away.release();
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "fine"}));
    assert_eq!(agent_steps(&stage, &execution_id).await.iter().map(|s| s.attempt).collect::<Vec<_>>(), [1]);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_holds_a_dead_token_gives_its_answer_all_the_same() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    // The agent is created, and the attempt learns of a failure: the next one finds the agent, which has the first one's token.
    let lost = gate.refuse("AgentExecutionCommandController/create", At::Answer);
    let worker = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    until("the second attempt", || async {
        let pending = describe(&stage.client, &child_id(&execution_id)).await?.pending_activities;
        pending.iter().any(|a| a.attempt == 2 && a.state() == PendingActivityState::Started).then_some(())
    })
    .await;
    lost.release();
    assert!(call_back(&stage.client, &agent, &json!("unheard")).await.is_err(), "its token died with its attempt");
    complete(&stage, &agent, &[(MessageType::MessageAi, "heard")]);
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "heard"}));
    assert_eq!(agent_steps(&stage, &execution_id).await.iter().map(|s| s.attempt).collect::<Vec<_>>(), [2]);
    assert_eq!(all(&stage).len(), 1);
    drop(worker);
    stage.stop().await;
}
