//! Row 12: without a token the same code runs to the end, nothing is completed, and the log says so at debug.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};

use crate::support::caller::{Callers, Plan, result};
use crate::support::history::{closed, count, events, types};
use crate::support::{Stage, document, operator};

const AGENT: &str = "name: helper\nkind: scripted\nreply: 'you said {message}'\n";
const PURE: &str = "  - greet:\n      set:\n        greeting: '${ \"hello \" + .name }'\n";
const WAITING: &str = "
  - nap:
      wait:
        milliseconds: 10
  - ask:
      call: agent
      with:
        agent: helper
        message: ${ $input.name }
";

fn input(tasks: &str, more: Value) -> Value {
    let mut input = json!({"workflow_yaml": document(tasks), "initial_data": {"name": "you"}, "org_id": "local"});
    input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    input
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pure_run_without_a_token_costs_five_events() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    for (id, more) in [
        ("absent", json!({})),
        ("empty", json!({"callback_token": ""})),
        ("null", json!({"callback_token": null, "callback": null})),
        ("the-originals", json!({"CallbackToken": null})),
    ] {
        let handle = operator::start_child(&stage.client, id, &input(PURE, more)).await;
        assert_eq!(result(&handle).await, Ok(json!({"greeting": "hello you"})), "{id}");
        let history = events(&stage.client, id, "").await;
        assert_eq!(history.len(), 5, "{id}: {:?}", types(&history));
        let said = worker.log().lines().any(|l| l.contains("no callback") && l.contains("DEBUG") && l.contains(&format!("\"{id}\"")));
        assert!(said, "{id}: nothing in the log");
    }
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_without_a_token_has_nobody_to_watch() {
    let stage = Stage::with_agents(&[AGENT]).await;
    let worker = stage.worker(&[]).await;
    let handle = operator::start_child(&stage.client, "direct", &input(WAITING, json!({}))).await;
    assert_eq!(result(&handle).await, Ok(json!("you said you")));
    assert_eq!(closed(&stage.client, "direct").await, WorkflowExecutionStatus::Completed);
    let history = events(&stage.client, "direct", "").await;
    assert_eq!(count(&history, EventType::ActivityTaskScheduled), 1, "the agent, and no watch: {:?}", types(&history));
    assert_eq!(count(&history, EventType::MarkerRecorded), 1, "reading the answer back, and no delivery: {:?}", types(&history));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_run_without_a_token_fails_with_its_own_error() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let tasks = "  - no:\n      raise:\n        error:\n          type: https://example.com/no\n          status: 500\n          title: Not today\n";
    let handle = operator::start_child(&stage.client, "direct", &input(tasks, json!({}))).await;
    let failure = result(&handle).await.expect_err("it raises");
    assert!(failure.contains("Not today") && failure.contains("https://example.com/no"), "{failure}");
    assert_eq!(events(&stage.client, "direct", "").await.len(), 5);
    drop(worker);
    stage.stop().await;
}

/// The completion activity is there for anybody; an empty token is nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn completing_an_empty_token_does_nothing() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let callers = Callers::start(&stage.client);
    for (n, name) in ["stigmer/system/complete-external-activity", "CompleteExternalActivity"].into_iter().enumerate() {
        let plan = Plan::new(name, operator::CHILD_QUEUE, json!({"callback_token": "", "result": 5}));
        let handle = callers.call(&format!("caller-{n}"), &plan).await;
        assert_eq!(result(&handle).await, Ok(json!({"delivery": "none"})), "{name}");
    }
    let said = worker.log().lines().filter(|line| line.contains("no callback token") && line.contains("DEBUG")).count();
    assert_eq!(said, 2);
    drop((callers, worker));
    stage.stop().await;
}
