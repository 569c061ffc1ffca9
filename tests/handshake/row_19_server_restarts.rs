//! The Temporal server is killed (-9) and started again on its data: every handshake that was pending still ends, exactly once, with the right outcome.
//! Workers and the platform go on by themselves.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use workflow_runner::control_plane::{DevServer, DevServerOptions};

use crate::support::by_hand::{ASK, SILENT, all, asked, call_back, the_one};
use crate::support::gate::{At, Gate};
use crate::support::history::{closed, count, events, status};
use crate::support::steps::{of_type, runs};
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, document, outer_id};

const SLOW: &str = "name: slow\nkind: scripted\nreply: 'slowly, but surely'\ndelay: 6s\n";

/// A stage whose server keeps its data in a file; `options` starts it again, on the same port.
async fn stage(agents: Vec<&'static str>) -> (Stage, DevServerOptions, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let options = DevServerOptions { db_filename: Some(dir.path().join("temporal.db")), ..Default::default() };
    let stage = Stage::with(StageOptions { agents, server: options.clone(), ..Default::default() }).await;
    let port = stage.server.address().rsplit(':').next().and_then(|port| port.parse().ok());
    assert!(port.is_some());
    (stage, DevServerOptions { port, ..options }, dir)
}

async fn kill_and_restart(stage: &mut Stage, options: &DevServerOptions) {
    stage.server.kill().await;
    stage.server = DevServer::start(options).await.expect("the server starts again on its data");
}

async fn caller_completed_once(stage: &Stage, execution_id: &str) {
    assert_eq!(closed(&stage.client, &outer_id(execution_id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(closed(&stage.client, &child_id(execution_id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(runs(&stage.client, &child_id(execution_id)).await, 1);
    let calls = of_type(&events(&stage.client, &outer_id(execution_id), "").await, "ExecuteWorkflow");
    assert_eq!(calls.iter().map(|s| (s.attempt, s.end)).collect::<Vec<_>>(), [(1, Some(EventType::ActivityTaskCompleted))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_that_are_pending_outlive_the_server() {
    let (mut stage, options, _dir) = stage(vec![SILENT, SLOW]).await;
    let worker = stage.worker(&[]).await;
    let by_hand = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    let slow = stage.execute(&document(&ASK.replace("helper", "slow")), &json!({})).await;
    asked(&stage, 2).await;
    let wait = document("  - pause:\n      wait:\n        seconds: 4\n  - out:\n      set:\n        done: true\n");
    let waiting = stage.execute(&wait, &json!({})).await;
    until("the wait to begin", || async {
        status(&stage.client, &child_id(&waiting)).await?;
        (count(&events(&stage.client, &child_id(&waiting), "").await, EventType::TimerStarted) > 0).then_some(())
    })
    .await;

    kill_and_restart(&mut stage, &options).await;
    call_back(&stage.client, &agent, &json!("still here")).await.expect("a token from before the restart is good");
    assert_eq!(stage.output(&by_hand).await, json!({"answer": "still here"}));
    assert_eq!(stage.output(&slow).await, json!({"answer": "slowly, but surely"}));
    assert_eq!(stage.output(&waiting).await, json!({"done": true}));
    for execution_id in [&by_hand, &slow, &waiting] {
        caller_completed_once(&stage, execution_id).await;
    }
    assert_eq!(all(&stage).len(), 2, "no agent was called twice");
    drop(worker);
    stage.stop().await;
}

/// Kills and restarts the server while a delivering call is stopped here; then lets it go.
async fn restarted_while_delivering(at: At) {
    let (mut stage, options, _dir) = stage(vec!["name: helper\nkind: scripted\nreply: fine\n"]).await;
    let gate = Gate::before(&stage.server.address()).await;
    let hold = gate.hold("WorkflowService/RespondActivityTaskCompleted", at);
    let plane = stage.plane.address().to_string();
    let worker = WorkerProcess::start(&gate.address(), Some(&plane), &[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    hold.reached().await;
    kill_and_restart(&mut stage, &options).await;
    hold.release();
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "fine"}));
    caller_completed_once(&stage, &execution_id).await;
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_on_its_way_to_a_server_that_restarts_arrives() {
    restarted_while_delivering(At::Request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_a_server_took_before_it_died_is_not_delivered_twice() {
    restarted_while_delivering(At::Answer).await;
}
