//! `run FILE --temporal`.

use serde_json::json;
use temporalio_client::{UntypedWorkflow, WorkflowCancelOptions, WorkflowTerminateOptions};
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;

use crate::program::{Program, Running, document};
use crate::support::Stage;
use crate::support::history::{closed, describe, started};

const WAIT: &str = "do: [{w: {wait: {hours: 1}}}]";

fn program(stage: &Stage, tasks: &str, arguments: &[&str]) -> Program {
    let arguments = [&["run", "a.yaml", "--temporal", "--format", "json"], arguments].concat();
    Program::new(&arguments).file("a.yaml", &document(tasks)).env("TEMPORAL_ADDRESS", &stage.server.address())
}

/// A run that waits for an hour, with its first workflow task behind it.
async fn waiting(stage: &Stage, id: &str) -> Running {
    let running = program(stage, WAIT, &["--workflow-id", id]).start();
    started(&stage.client, id).await;
    crate::support::wait::until("the timer", || async {
        let events = crate::support::history::events(&stage.client, id, "").await;
        events.iter().any(|e| e.event_type() == temporalio_common::protos::temporal::api::enums::v1::EventType::TimerStarted).then_some(())
    })
    .await;
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn it_brings_a_worker_of_its_own() {
    let stage = Stage::start().await;
    let double = "do: [{a: {set: {n: '${ .n * 2 }'}}}]";
    let ended = program(&stage, double, &["--workflow-id", "mine", "--input", r#"{"n": 21}"#]).end().await.with_code(0);
    assert_eq!(ended.json(), json!({"status": "completed", "output": {"n": 42}}));
    ended.says(&["workflow mine on task queue workflow-runner-run-"]);
    assert_eq!(closed(&stage.client, "mine").await, WorkflowExecutionStatus::Completed);

    let raise = "do: [{a: {raise: {error: {type: 'https://example.com/no', status: 418, title: No}}}}]";
    let ended = program(&stage, raise, &[]).end().await.with_code(1);
    assert_eq!(ended.json()["error"], json!({"type": "https://example.com/no", "status": 418, "title": "No", "instance": "/do/0/a"}));

    // Nothing is started for a definition that is wrong.
    let ended = program(&stage, "do: []\nod: []", &["--workflow-id", "never"]).end().await.with_code(2);
    assert_eq!(ended.stdout, "");
    assert!(describe(&stage.client, "never").await.is_none());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_worker_serves_scripted_agents() {
    let stage = Stage::start().await;
    let ask = "do: [{ask: {call: agent, with: {agent: helper, message: hello}}}]";
    let with_agents = |text: &str| {
        program(&stage, ask, &["--agents", "agents.yaml"]).file("agents.yaml", &format!("name: helper\nkind: scripted\n{text}"))
    };
    let ended = with_agents("reply: 'you said {message}'\n").end().await.with_code(0);
    assert_eq!(ended.json()["output"], json!("you said hello"));
    let ended = with_agents("reply: {score: 7}\n").end().await.with_code(0);
    assert_eq!(ended.json()["output"], json!({"score": 7}), "as without Temporal");
    let ended = with_agents("failure: no capacity\n").end().await.with_code(1);
    assert_eq!(ended.json()["error"]["detail"], json!("no capacity"));

    let ended = program(&stage, ask, &[]).end().await.with_code(1);
    let error = &ended.json()["error"];
    assert_eq!((&error["status"], &error["title"]), (&json!(400), &json!("this worker has no control plane")));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_elsewhere_can_run_it() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let ended = program(&stage, "do: [{a: {set: {x: 1}}}]", &["--task-queue", "zigflow_execution"]).end().await.with_code(0);
    assert_eq!(ended.json()["output"], json!({"x": 1}));
    ended.says(&["on task queue zigflow_execution"]);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_cancels_the_run() {
    let stage = Stage::start().await;
    let running = waiting(&stage, "interrupted").await;
    running.signal("INT");
    let ended = running.end().await.with_code(130);
    ended.says(&["cancelling interrupted"]);
    assert_eq!(ended.json(), json!({"status": "cancelled"}));
    assert_eq!(closed(&stage.client, "interrupted").await, WorkflowExecutionStatus::Canceled);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_do_to_the_run_is_told() {
    let stage = Stage::start().await;
    let handle = |id: &str| stage.client.get_workflow_handle::<UntypedWorkflow>(id);
    let running = waiting(&stage, "cancelled").await;

    let again = program(&stage, WAIT, &["--workflow-id", "cancelled"]).end().await.with_code(64);
    again.says(&["workflow cancelled is running already"]);

    handle("cancelled").cancel(WorkflowCancelOptions::default()).await.expect("cancelled");
    let ended = running.end().await.with_code(3);
    assert_eq!(ended.json(), json!({"status": "cancelled"}));

    let running = waiting(&stage, "terminated").await;
    handle("terminated").terminate(WorkflowTerminateOptions::default()).await.expect("terminated");
    let ended = running.end().await.with_code(1);
    assert_eq!(ended.json()["status"], json!("faulted"));
    stage.stop().await;
}
