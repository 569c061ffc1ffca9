//! The worker is killed (-9) at any instant, or the Temporal server restarts: every handshake that is pending still ends, exactly once, with the right
//! outcome.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use workflow_runner::control_plane::{ControlPlane, DevServer, DevServerOptions, ExecutePolicy, Options};
use workflow_runner::stigmer::agx::MessageType;

use crate::support::by_hand::{ASK, SILENT, all, call_back, complete, initial, the_one};
use crate::support::gate::{At, Gate, Hold};
use crate::support::history::{closed, count, events, started, status};
use crate::support::steps::{Step, of_type, runs};
use crate::support::wait::until;
use crate::support::{API_KEY, Stage, StageOptions, WorkerProcess, agents, child_id, connect, document, outer_id};

const HELPFUL: &str = "name: helper\nkind: scripted\nreply: fine\n";
/// Completed in the store, and never called back.
const FORGETFUL: &str = "name: helper\nkind: scripted\nsilence: true\nreply: fine\n";
const SOON: [(&str, &str); 2] =
    [("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_AFTER", "1s"), ("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_EVERY", "2s")];

/// The output is right, and each part of the handshake has happened once: one child, one completion of the caller, one completion of each agent step.
async fn ended_once(stage: &Stage, execution_id: &str, output: &Value, agents: usize) {
    assert_eq!(stage.output(execution_id).await, *output);
    let (outer, child) = (outer_id(execution_id), child_id(execution_id));
    assert_eq!(closed(&stage.client, &outer).await, WorkflowExecutionStatus::Completed);
    assert_eq!(closed(&stage.client, &child).await, WorkflowExecutionStatus::Completed);
    assert_eq!(runs(&stage.client, &child).await, 1);
    let ends = |steps: Vec<Step>| steps.into_iter().map(|step| step.end).collect::<Vec<_>>();
    let completed = Some(EventType::ActivityTaskCompleted);
    assert_eq!(ends(of_type(&events(&stage.client, &outer, "").await, "ExecuteWorkflow")), [completed]);
    assert_eq!(ends(of_type(&events(&stage.client, &child, "").await, "CallAgentActivity")), vec![completed; agents]);
}

/// Which server a call is stopped at.
#[derive(Clone, Copy)]
enum Behind {
    Temporal,
    Plane,
}

struct Held {
    stage: Stage,
    doomed: WorkerProcess,
    hold: Hold,
    execution_id: String,
    /// Kept open: the doomed worker speaks through it.
    _gate: Gate,
}

impl Held {
    /// An execution with one agent step, whose worker is stopped at this instant.
    async fn at(agent: &'static str, behind: Behind, rpc: &'static str, at: At) -> Self {
        let stage = Stage::with_agents(&[agent]).await;
        let (temporal, plane) = (stage.server.address(), stage.plane.address().to_string());
        let gate = Gate::before(match behind {
            Behind::Temporal => &temporal,
            Behind::Plane => &plane,
        })
        .await;
        let hold = gate.hold(rpc, at);
        let through = gate.address();
        let (temporal, plane) = match behind {
            Behind::Temporal => (&through, &plane),
            Behind::Plane => (&temporal, &through),
        };
        let doomed = WorkerProcess::start(temporal, Some(plane), &SOON).await;
        let execution_id = stage.execute(&document(ASK), &json!({})).await;
        hold.reached().await;
        Self { stage, doomed, hold, execution_id, _gate: gate }
    }

    /// Kills it there; another worker, started before or after that, brings everything to its right end.
    async fn killed(mut self, beside: bool) {
        let early = if beside { Some(self.stage.worker(&SOON).await) } else { None };
        self.doomed.kill();
        self.hold.left().await;
        self.hold.release();
        let worker = match early {
            Some(worker) => worker,
            None => self.stage.worker(&SOON).await,
        };
        ended_once(&self.stage, &self.execution_id, &json!({"answer": "fine"}), 1).await;
        assert_eq!(all(&self.stage).len(), 1);
        drop(worker);
        self.stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn between_starting_the_child_and_returning() {
    let held = Held::at(HELPFUL, Behind::Temporal, "WorkflowService/StartWorkflowExecution", At::Answer).await;
    started(&held.stage.client, &child_id(&held.execution_id)).await;
    held.killed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn between_starting_the_child_and_returning_with_another_worker_beside() {
    Held::at(HELPFUL, Behind::Temporal, "WorkflowService/StartWorkflowExecution", At::Answer).await.killed(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn between_creating_the_agent_and_returning() {
    Held::at(HELPFUL, Behind::Plane, "AgentExecutionCommandController/create", At::Answer).await.killed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_agent_is_being_created() {
    workflow_runner::effects::http::use_ring();
    let server = DevServer::start(&DevServerOptions::default()).await.expect("the server starts");
    let gate = Gate::before(&server.address()).await;
    let through = Some(connect(&gate.address()).await);
    let options =
        Options { api_key: Some(API_KEY.to_owned()), temporal: through, agents: Arc::new(agents(&[HELPFUL])), ..Default::default() };
    let plane = ControlPlane::start(options).expect("the control plane starts");
    let stage = Stage { client: connect(&server.address()).await, server, plane };
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    // The platform has stored the execution, and its workflow is not there yet, when the call that creates it hangs up.
    let hold = gate.hold("WorkflowService/StartWorkflowExecution", At::Request);
    let mut doomed = stage.worker(&SOON).await;
    hold.reached().await;
    doomed.kill();
    let worker = stage.worker(&SOON).await;
    hold.release();
    ended_once(&stage, &execution_id, &json!({"answer": "fine"}), 1).await;
    assert_eq!(all(&stage).len(), 1);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_delivering_call() {
    Held::at(HELPFUL, Behind::Temporal, "WorkflowService/RespondActivityTaskCompleted", At::Request).await.killed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_delivering_call_with_another_worker_beside() {
    Held::at(HELPFUL, Behind::Temporal, "WorkflowService/RespondActivityTaskCompleted", At::Request).await.killed(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_delivering_call() {
    let held = Held::at(HELPFUL, Behind::Temporal, "WorkflowService/RespondActivityTaskCompleted", At::Answer).await;
    // The caller has its result although the child knows nothing of it.
    assert_eq!(closed(&held.stage.client, &outer_id(&held.execution_id)).await, WorkflowExecutionStatus::Completed);
    held.killed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_a_look_ends_the_agent_step() {
    Held::at(FORGETFUL, Behind::Temporal, "WorkflowService/RespondActivityTaskCompletedById", At::Request).await.killed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_look_has_ended_the_agent_step() {
    Held::at(FORGETFUL, Behind::Temporal, "WorkflowService/RespondActivityTaskCompletedById", At::Answer).await.killed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_answer_is_read_back() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let mut doomed = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    complete(&stage, &agent, &[(MessageType::MessageAi, "fine")]);
    let hold = gate.hold("AgentExecutionQueryController/list", At::Request);
    call_back(&stage.client, &agent, &initial(&agent)).await.expect("the step waits");
    hold.reached().await;
    doomed.kill();
    let worker = stage.worker(&[]).await;
    ended_once(&stage, &execution_id, &json!({"answer": "fine"}), 1).await;
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_agent_is_pending_which_calls_back_when_no_worker_lives() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let mut doomed = stage.worker(&[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    doomed.kill();
    call_back(&stage.client, &agent, &json!("fine")).await.expect("the server takes it");
    let worker = stage.worker(&[]).await;
    ended_once(&stage, &execution_id, &json!({"answer": "fine"}), 1).await;
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_child_waits_for_time_to_pass() {
    let stage = Stage::start().await;
    let mut doomed = stage.worker(&[]).await;
    let yaml = document("  - pause:\n      wait:\n        seconds: 3\n  - out:\n      set:\n        done: true\n");
    let execution_id = stage.execute(&yaml, &json!({})).await;
    started(&stage.client, &child_id(&execution_id)).await;
    until("the wait to begin", || async {
        (count(&events(&stage.client, &child_id(&execution_id), "").await, EventType::TimerStarted) > 0).then_some(())
    })
    .await;
    doomed.kill();
    let worker = stage.worker(&[]).await;
    ended_once(&stage, &execution_id, &json!({"done": true}), 0).await;
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_comes_too_late_leaves_the_outcome_alone() {
    let policy = ExecutePolicy {
        heartbeat: Some(Duration::from_secs(4)),
        attempts: 0,
        retry_interval: Duration::from_millis(100),
        ..Default::default()
    };
    let change = Box::new(move |options: &mut Options| options.execute = policy);
    let stage = Stage::with(StageOptions { agents: vec![SILENT], plane: Some(change), ..Default::default() }).await;
    let mut doomed = stage.worker(&[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    doomed.kill();
    // The next attempt has begun when the first one's child delivers.
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let hold = gate.hold("WorkflowQueryController/get", At::Request);
    let worker = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &[]).await;
    hold.reached().await;
    call_back(&stage.client, &agent, &json!("fine")).await.expect("the step waits");
    ended_once(&stage, &execution_id, &json!({"answer": "fine"}), 1).await;
    hold.release();
    until("the attempt to end", || async { worker.log().contains("ExecuteWorkflow came too late").then_some(()) }).await;
    ended_once(&stage, &execution_id, &json!({"answer": "fine"}), 1).await;
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn again_and_again_wherever_the_executions_are() {
    // A caller with heartbeats makes another attempt when the worker of one has died, whether that had started its child or not.
    let policy = ExecutePolicy {
        heartbeat: Some(Duration::from_secs(3)),
        attempts: 0,
        retry_interval: Duration::from_millis(100),
        ..Default::default()
    };
    let stage = Stage::with(StageOptions {
        agents: vec!["name: helper\nkind: scripted\nreply: fine\ndelay: 1s\n"],
        plane: Some(Box::new(move |options| options.execute = policy)),
        ..Default::default()
    })
    .await;
    let steps = "  - first:\n      call: agent\n      with:\n        agent: helper\n        message: one\n  - pause:\n      wait:\n        milliseconds: 500\n";
    let yaml = document(&format!("{steps}{ASK}"));
    let mut ids = Vec::new();
    for kill in 0..6 {
        let mut doomed = stage.worker(&SOON).await;
        for _ in 0..2 {
            ids.push(stage.execute(&yaml, &json!({})).await);
        }
        let before = events_of_all(&stage, &ids).await;
        // A few events further each time, so that the kills meet the newest executions at different instants, and older ones anywhere.
        until("the executions to go on", || async { (events_of_all(&stage, &ids).await >= before + 2 + 4 * kill).then_some(()) }).await;
        doomed.kill();
    }
    let worker = stage.worker(&SOON).await;
    for id in &ids {
        ended_once(&stage, id, &json!({"answer": "fine"}), 2).await;
    }
    assert_eq!(all(&stage).len(), 2 * ids.len(), "no agent was called twice for one step");
    drop(worker);
    stage.stop().await;
}

/// How far they are, all together. Callers and children that have not started count nothing.
async fn events_of_all(stage: &Stage, ids: &[String]) -> usize {
    let mut number = 0;
    for workflow_id in ids.iter().flat_map(|id| [outer_id(id), child_id(id)]) {
        if status(&stage.client, &workflow_id).await.is_some() {
            number += events(&stage.client, &workflow_id, "").await.len();
        }
    }
    number
}
