//! Row 2: an attempt that meets a running child sends it its own callback, and the child completes the newest one: the old token is never waited
//! for. Where the child has closed before the signal came, the attempt starts over.

use std::time::Duration;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflow_runner::activities::names::COMPLETE_EXTERNAL;
use workflow_runner::activities::payload::data_of;
use workflow_runner::control_plane::{ExecutePolicy, Options};

use crate::support::by_hand::{ASK, SILENT, asked, call_back, the_one};
use crate::support::gate::{At, Gate};
use crate::support::history::{closed, events, status, text};
use crate::support::steps::{Step, latest_run, local_results, of_type, runs};
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, document, operator, outer_id};

const SIGNAL: &str = "workflow_runner_callback";

async fn stage(execute: ExecutePolicy) -> Stage {
    let plane = Box::new(move |options: &mut Options| options.execute = execute);
    Stage::with(StageOptions { agents: vec![SILENT], plane: Some(plane), ..Default::default() }).await
}

/// Another attempt follows when a worker's heartbeats no longer come.
fn heartbeats(every: Duration) -> ExecutePolicy {
    ExecutePolicy { heartbeat: Some(every), attempts: 20, retry_interval: Duration::from_millis(100), ..Default::default() }
}

/// A stage whose first worker has been killed when the child waited for its agent; its execution.
async fn abandoned(policy: ExecutePolicy) -> (Stage, String) {
    let stage = stage(policy).await;
    let mut doomed = stage.worker(&[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    the_one(&stage).await;
    doomed.kill();
    (stage, execution_id)
}

async fn behind(gate: &Gate, stage: &Stage) -> WorkerProcess {
    WorkerProcess::start(&gate.address(), Some(&stage.plane.address().to_string()), &[]).await
}

/// What the callbacks say that the child was sent, the oldest first.
fn signalled(child: &[HistoryEvent]) -> Vec<Value> {
    let signals = child.iter().filter_map(|event| match event.attributes.as_ref() {
        Some(Attributes::WorkflowExecutionSignaledEventAttributes(signal)) if signal.signal_name == SIGNAL => signal.input.as_ref(),
        _ => None,
    });
    signals.map(|input| data_of(&input.payloads[0]).expect("JSON").to_json()).collect()
}

async fn caller_step(stage: &Stage, execution_id: &str) -> Step {
    let mut steps = of_type(&events(&stage.client, &outer_id(execution_id), "").await, "ExecuteWorkflow");
    assert_eq!(steps.len(), 1, "{steps:?}");
    steps.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_completes_the_newest_attempt_and_does_not_wait_for_the_old_token() {
    let (stage, execution_id) = abandoned(heartbeats(Duration::from_secs(3))).await;
    let gate = Gate::before(&stage.server.address()).await;
    let worker = behind(&gate, &stage).await;
    let child = child_id(&execution_id);
    until("the next attempt to tell the child", || async {
        (!signalled(&events(&stage.client, &child, "").await).is_empty()).then_some(())
    })
    .await;
    call_back(&stage.client, &the_one(&stage).await, &json!("fine")).await.expect("the step waits");
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "fine"}));
    assert_eq!(closed(&stage.client, &child).await, WorkflowExecutionStatus::Completed);
    closed(&stage.client, &outer_id(&execution_id)).await;

    let child = events(&stage.client, &child, "").await;
    let (told, step) = (signalled(&child), caller_step(&stage, &execution_id).await);
    assert!(step.attempt >= 2, "{step:?}");
    let newest = &told.last().expect("a signal")["callback"];
    let expected = json!({
        "namespace": "default", "workflow_id": outer_id(&execution_id), "run_id": latest_run(&stage.client, &outer_id(&execution_id)).await,
        "activity_id": step.id, "attempt": step.attempt, "reply": "workflow_execution_status"
    });
    assert_eq!(*newest, expected);
    // One call, by the newest token, and it was the right one.
    assert_eq!(gate.answered("RespondActivityTaskCompleted"), 1);
    assert_eq!(gate.answered("RespondActivityTaskCompletedById"), 0);
    assert_eq!(local_results(&child, COMPLETE_EXTERNAL), [r#"{"delivery":"delivered"}"#]);
    drop(worker);
    stage.stop().await;
}

/// The child holds the old token in its hand when the attempt ends. It finds the new one by the activity's id.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_comes_while_the_child_delivers_gets_the_result() {
    let retry_interval = Duration::from_millis(100);
    let stage = stage(ExecutePolicy { start_to_close: Duration::from_secs(4), attempts: 20, retry_interval, ..Default::default() }).await;
    let gate = Gate::before(&stage.server.address()).await;
    let delivery = gate.hold("WorkflowService/RespondActivityTaskCompleted", At::Request);
    let worker = behind(&gate, &stage).await;
    let execution_id = stage.execute(&document("  - greet:\n      set:\n        hello: world\n"), &json!({})).await;
    delivery.reached().await;
    until("the next attempt to tell the child", || async {
        (!signalled(&events(&stage.client, &child_id(&execution_id), "").await).is_empty()).then_some(())
    })
    .await;
    delivery.release();

    assert_eq!(closed(&stage.client, &outer_id(&execution_id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(closed(&stage.client, &child_id(&execution_id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(stage.output(&execution_id).await, json!({"hello": "world"}));
    let step = caller_step(&stage, &execution_id).await;
    assert!(step.attempt >= 2 && step.end == Some(EventType::ActivityTaskCompleted), "{step:?}");
    assert_eq!(runs(&stage.client, &child_id(&execution_id)).await, 1);
    let child = events(&stage.client, &child_id(&execution_id), "").await;
    // The signal meets the workflow task that delivers: the server may have it made again, and then the second call finds that the first one has told.
    let told = local_results(&child, COMPLETE_EXTERNAL);
    let known = [r#"{"delivery":"delivered"}"#, r#"{"delivery":"caller_gone"}"#, r#"{"delivery":"already_closed"}"#];
    assert!(told.len() == 1 && known.contains(&told[0].as_str()), "{told:?}");
    assert_eq!(gate.answered("RespondActivityTaskCompletedById"), 1);
    drop(worker);
    stage.stop().await;
}

/// The child has ended without a word when the attempt wants to tell it: it is run again, in another run with another agent.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_child_closes_before_the_signal_starts_over() {
    let (stage, execution_id) = abandoned(heartbeats(Duration::from_secs(8))).await;
    let gate = Gate::before(&stage.server.address()).await;
    let signal = gate.hold("WorkflowService/SignalWorkflowExecution", At::Request);
    let worker = behind(&gate, &stage).await;
    let child = child_id(&execution_id);
    signal.reached().await;
    let first_run = latest_run(&stage.client, &child).await;
    operator::terminate(&stage.client, &child, "a test").await;
    signal.release();

    let agents = asked(&stage, 2).await;
    call_back(&stage.client, &agents[1], &json!("from the second run")).await.expect("the step waits");
    assert_eq!(closed(&stage.client, &outer_id(&execution_id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "from the second run"}));
    assert_eq!(closed(&stage.client, &child).await, WorkflowExecutionStatus::Completed);
    assert_ne!(latest_run(&stage.client, &child).await, first_run);
    assert_eq!(runs(&stage.client, &child).await, 2);
    let first = events(&stage.client, &child, &first_run).await;
    assert!(signalled(&first).is_empty(), "{}", text(&first));
    drop(worker);
    stage.stop().await;
}

/// The child has delivered by id, to this very attempt, when the attempt wants to tell it: nothing is left to do.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_child_completes_before_the_signal_does_nothing_twice() {
    let (stage, execution_id) = abandoned(heartbeats(Duration::from_secs(8))).await;
    let gate = Gate::before(&stage.server.address()).await;
    let signal = gate.hold("WorkflowService/SignalWorkflowExecution", At::Request);
    let worker = behind(&gate, &stage).await;
    let child = child_id(&execution_id);
    signal.reached().await;
    call_back(&stage.client, &the_one(&stage).await, &json!("by id")).await.expect("the step waits");
    assert_eq!(closed(&stage.client, &child).await, WorkflowExecutionStatus::Completed);
    assert_eq!(closed(&stage.client, &outer_id(&execution_id)).await, WorkflowExecutionStatus::Completed);
    let starts = gate.answered("StartWorkflowExecution");
    signal.release();
    until("the attempt to start over", || async { (gate.answered("StartWorkflowExecution") > starts).then_some(()) }).await;

    assert_eq!(status(&stage.client, &child).await, Some(WorkflowExecutionStatus::Completed));
    assert_eq!(runs(&stage.client, &child).await, 1);
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "by id"}));
    let step = caller_step(&stage, &execution_id).await;
    assert!(step.attempt >= 2 && step.end == Some(EventType::ActivityTaskCompleted), "{step:?}");
    drop(worker);
    stage.stop().await;
}
