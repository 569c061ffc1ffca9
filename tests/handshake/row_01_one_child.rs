//! Row 1: however often the activity is attempted, there is one child, and one agent execution for each visit of a step. An attempt that finds its
//! agent at work stays pending; one that finds it at its end answers at once.

use std::time::Duration;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use workflow_runner::control_plane::{ExecutePolicy, Options};
use workflow_runner::stigmer::agx::{AgentExecution, AgentExecutionStatus, AgentMessage, ExecutionPhase, MessageType};

use crate::support::by_hand::{ASK, SILENT, all, asked, call_back, complete, id, the_one};
use crate::support::caller::{Callers, Plan, result};
use crate::support::direct::QUEUE;
use crate::support::gate::{At, Gate};
use crate::support::history::{activity_started, closed, count, describe, events};
use crate::support::steps::{Step, latest_run, of_type, runs};
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, document, outer_id};

const SOON: [(&str, &str); 2] =
    [("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_AFTER", "1s"), ("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_EVERY", "2s")];

async fn stage(execute: ExecutePolicy) -> Stage {
    let plane = Box::new(move |options: &mut Options| options.execute = execute);
    Stage::with(StageOptions { agents: vec![SILENT], plane: Some(plane), ..Default::default() }).await
}

/// A dead worker is noticed by its heartbeats that no longer come.
fn heartbeats() -> ExecutePolicy {
    let retry_interval = Duration::from_millis(100);
    ExecutePolicy { heartbeat: Some(Duration::from_secs(2)), attempts: 20, retry_interval, ..Default::default() }
}

/// Ends the one agent execution by its callback; then everything has to have happened once. Gives the step of the caller.
async fn ends_with_one_of_each(stage: &Stage, execution_id: &str, child_run: &str) -> Step {
    let agent = the_one(stage).await;
    call_back(&stage.client, &agent, &json!("fine, thanks")).await.expect("the step still waits on its first token");
    assert_eq!(stage.output(execution_id).await, json!({"answer": "fine, thanks"}));
    closed(&stage.client, &child_id(execution_id)).await;
    closed(&stage.client, &outer_id(execution_id)).await;
    assert_eq!(latest_run(&stage.client, &child_id(execution_id)).await, child_run, "another run of the child");
    assert_eq!(runs(&stage.client, &child_id(execution_id)).await, 1);
    assert_eq!(all(stage).len(), 1, "agent executions");
    let child = events(&stage.client, &child_id(execution_id), "").await;
    assert_eq!(of_type(&child, "CallAgentActivity").len(), 1);
    let mut steps = of_type(&events(&stage.client, &outer_id(execution_id), "").await, "ExecuteWorkflow");
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert_eq!(steps[0].end, Some(EventType::ActivityTaskCompleted));
    steps.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_right_after_starting_the_child_leaves_one_child() {
    let stage = stage(heartbeats()).await;
    let gate = Gate::before(&stage.server.address()).await;
    let hold = gate.hold("WorkflowService/StartWorkflowExecution", At::Answer);
    let mut doomed = WorkerProcess::start(&gate.address(), Some(&stage.plane.address().to_string()), &[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    hold.reached().await;
    doomed.kill();
    let child_run = latest_run(&stage.client, &child_id(&execution_id)).await;

    let worker = stage.worker(&[]).await;
    let step = ends_with_one_of_each(&stage, &execution_id, &child_run).await;
    assert!(step.attempt >= 2 && step.failure_before.as_deref() == Some("TIMEOUT_TYPE_HEARTBEAT"), "{step:?}");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_after_its_attempt_has_returned_leaves_one_child() {
    let stage = stage(heartbeats()).await;
    let mut doomed = stage.worker(&[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    // The agent's step has returned pending too by then: its agent is at work.
    the_one(&stage).await;
    activity_started(&stage.client, &child_id(&execution_id), "watch").await;
    doomed.kill();
    let child_run = latest_run(&stage.client, &child_id(&execution_id)).await;

    let worker = stage.worker(&[]).await;
    until("the next attempt to meet the child", || async {
        let child = events(&stage.client, &child_id(&execution_id), "").await;
        (count(&child, EventType::WorkflowExecutionSignaled) > 0).then_some(())
    })
    .await;
    let step = ends_with_one_of_each(&stage, &execution_id, &child_run).await;
    assert!(step.attempt >= 2 && step.failure_before.as_deref() == Some("TIMEOUT_TYPE_HEARTBEAT"), "{step:?}");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_time_out_all_meet_the_same_child() {
    let retry_interval = Duration::from_millis(100);
    let stage = stage(ExecutePolicy { start_to_close: Duration::from_secs(3), attempts: 0, retry_interval, ..Default::default() }).await;
    let worker = stage.worker(&[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    the_one(&stage).await;
    let child_run = latest_run(&stage.client, &child_id(&execution_id)).await;
    until("two more attempts to meet the child", || async {
        let child = events(&stage.client, &child_id(&execution_id), "").await;
        (count(&child, EventType::WorkflowExecutionSignaled) >= 2).then_some(())
    })
    .await;
    let step = ends_with_one_of_each(&stage, &execution_id, &child_run).await;
    assert!(step.attempt >= 3 && step.failure_before.as_deref() == Some("TIMEOUT_TYPE_START_TO_CLOSE"), "{step:?}");
    drop(worker);
    stage.stop().await;
}

/// The control plane has created the agent execution, but the attempt never learns of it. Its token is dead; looking ends the step.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_agent_was_created_in_an_earlier_attempt_creates_no_second_one() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let refusal = gate.refuse("AgentExecutionCommandController/create", At::Answer);
    let worker = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &SOON).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    refusal.reached().await;
    refusal.release();
    let agent = the_one(&stage).await;
    let second = until("the second attempt to stay pending", || async {
        let pending = describe(&stage.client, &child_id(&execution_id)).await?.pending_activities;
        let ask = pending.into_iter().find(|a| a.activity_type.as_ref().is_some_and(|t| t.name == "CallAgentActivity"))?;
        (ask.attempt == 2 && gate.answered("AgentExecutionQueryController/list") >= 2).then_some(ask.activity_id)
    })
    .await;
    assert!(call_back(&stage.client, &agent, &json!("unheard")).await.is_err(), "the first attempt's token is dead");
    complete(&stage, &agent, &[(MessageType::MessageAi, "as it is written")]);

    assert_eq!(stage.output(&execution_id).await, json!({"answer": "as it is written"}));
    closed(&stage.client, &child_id(&execution_id)).await;
    let steps = of_type(&events(&stage.client, &child_id(&execution_id), "").await, "CallAgentActivity");
    let failure_before = Some("Unavailable".to_owned());
    assert_eq!(steps, [Step { id: second, attempt: 2, failure_before, end: Some(EventType::ActivityTaskCompleted) }]);
    assert_eq!((all(&stage).len(), gate.answered("AgentExecutionCommandController/create")), (1, 1));
    drop(worker);
    stage.stop().await;
}

/// A caller whose attempts are short calls an agent; others carry the same tag, on more pages than one, but not its name.
async fn called_again_and_again(end: AgentExecutionStatus) -> Result<Value, String> {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let callers = Callers::start(&stage.client);
    let decoys = 150;
    for number in 0..decoys {
        let mut decoy = AgentExecution::default();
        let metadata = decoy.metadata.get_or_insert_default();
        (metadata.name, metadata.org, metadata.tags) = (format!("decoy-{number}"), "local".to_owned(), vec!["the-tag".to_owned()]);
        decoy.status.get_or_insert_default().set_phase(ExecutionPhase::ExecutionCompleted);
        stage.plane.store().agent_executions.insert(decoy).expect("inserted");
    }
    let input = json!({"agent": "helper", "message": "how are you", "org_id": "local", "tag": "the-tag"});
    let plan = Plan { start_to_close_ms: 2_000, attempts: 0, ..Plan::new("CallAgentActivity", QUEUE, input) };
    let caller = callers.call("caller", &plan).await;
    until("the third attempt", || async { (activity_started(&stage.client, "caller", "step").await >= 3).then_some(()) }).await;
    let ours: Vec<_> = all(&stage).into_iter().skip(decoys).collect();
    assert_eq!(ours.len(), 1, "agent executions");
    stage.plane.store().update_agent_execution(&id(&ours[0]), end).expect("it is there");
    let end = result(&caller).await;
    assert_eq!(all(&stage).len(), decoys + 1);
    drop((worker, callers));
    stage.stop().await;
    end
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_finds_its_agent_completed_answers_at_once() {
    let mut status = AgentExecutionStatus::default();
    status.set_phase(ExecutionPhase::ExecutionCompleted);
    for (kind, text) in [(MessageType::MessageAi, "a draft"), (MessageType::MessageAi, "the answer"), (MessageType::MessageHuman, "thanks")]
    {
        status.messages.push(AgentMessage { r#type: kind.into(), content: text.to_owned(), ..Default::default() });
    }
    assert_eq!(called_again_and_again(status).await, Ok(json!("the answer")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_finds_its_agent_failed_ends_the_attempts() {
    let mut status = AgentExecutionStatus { error: "no capacity".to_owned(), ..Default::default() };
    status.set_phase(ExecutionPhase::ExecutionFailed);
    let error = called_again_and_again(status).await.expect_err("the agent has failed");
    assert!(error.contains("no capacity") && error.contains("AgentFailed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_visit_of_a_step_has_an_agent_execution_of_its_own() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let yaml = document(
        "  - each:\n      for:\n        in: .names\n      do:\n        - ask:\n            call: agent\n            with:\n              agent: helper\n              message: ${ $item }\n",
    );
    let execution_id = stage.execute(&yaml, &json!({"names": ["ada", "bob", "ada"]})).await;
    for number in 1..=3 {
        let agents = asked(&stage, number).await;
        call_back(&stage.client, &agents[number - 1], &json!(format!("answer {number}"))).await.expect("the step waits");
    }
    assert_eq!(stage.output(&execution_id).await, json!({"value": "answer 3"}));
    let mut tags: Vec<_> = all(&stage).into_iter().flat_map(|agent| agent.metadata.expect("metadata").tags).collect();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "{tags:?}");
    drop(worker);
    stage.stop().await;
}
