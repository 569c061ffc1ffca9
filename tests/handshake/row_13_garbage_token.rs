//! Row 13: a token or address that cannot be one is refused with a clear error before any work starts. What only the server can refuse fails the
//! child, non-retryable, at its first delivery.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use prost::Message;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use workflow_runner::control_plane::Resource;
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecution};

use crate::support::caller::{Callers, Plan, result};
use crate::support::history::{activity_failure, activity_started, closed, count, events, run_failure, text, types};
use crate::support::site::Site;
use crate::support::wait::until;
use crate::support::{Stage, child_id, document, operator};

/// Something that waits at once: were it to run, a timer would stand in the history.
const NAP: &str = "  - nap:\n      wait:\n        milliseconds: 1\n";
const PURE: &str = "  - done:\n      set:\n        done: true\n";

fn address(change: impl FnOnce(&mut Value)) -> Value {
    let mut address = json!({"namespace": "default", "workflow_id": "caller", "run_id": "0198c0de-0000-7000-8000-000000000001",
        "activity_id": "step", "attempt": 1, "reply": "plain"});
    change(&mut address);
    address
}

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn input(tasks: &str, token: impl Into<Value>, address: Value) -> Value {
    json!({"workflow_yaml": document(tasks), "callback_token": token.into(), "callback": address})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_callback_is_refused_before_any_task_runs() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let whole = address(|_| ());
    let good = base64(&[7; 100]);
    let without = |key: &str| address(|a| drop(a.as_object_mut().expect("an object").remove(key)));
    let cases = [
        ("not-base64", input(NAP, "this is no base64!", whole.clone()), "not base64"),
        ("empty", input(NAP, "", whole.clone()), "the callback has no token"),
        ("null", input(NAP, Value::Null, whole.clone()), "the callback has no token"),
        ("over-4-kib", input(NAP, base64(&[7; 4097]), whole.clone()), "4097 bytes or more"),
        ("no-text", input(NAP, 5, whole.clone()), "the workflow's input cannot be read"),
        ("no-address", input(NAP, good.clone(), Value::Null), "`callback` is missing"),
        ("no-namespace", input(NAP, good.clone(), without("namespace")), "`namespace` is missing"),
        ("no-workflow", input(NAP, good.clone(), without("workflow_id")), "`workflow_id` is missing"),
        ("no-run", input(NAP, good.clone(), without("run_id")), "`run_id` is missing"),
        ("no-activity", input(NAP, good.clone(), without("activity_id")), "`activity_id` is missing"),
        ("no-attempt", input(NAP, good.clone(), without("attempt")), "`attempt` is missing"),
        (
            "foreign",
            input(NAP, good, address(|a| a["namespace"] = json!("elsewhere"))),
            "namespace `elsewhere`, and this worker serves `default`",
        ),
    ];
    for (id, input, want) in &cases {
        operator::start_child(&stage.client, id, input).await;
        assert_eq!(closed(&stage.client, id).await, WorkflowExecutionStatus::Failed, "{id}");
        let history = events(&stage.client, id, "").await;
        assert_eq!(history.len(), 5, "{id}: {:?}", types(&history));
        let (type_, message, retryable) = run_failure(&history);
        assert_eq!((type_.as_str(), retryable), ("InvalidInput", false), "{id}");
        assert!(message.contains(want), "{id}: {message}");
    }
    assert!(!worker.log().contains(&base64(&[7; 60])), "a token stands in the log");
    drop(worker);
    stage.stop().await;
}

/// Nobody can be told, but the platform can.
#[tokio::test(flavor = "multi_thread")]
async fn an_execution_whose_callback_is_refused_fails() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let execution = stage.plane.store().workflow_executions.insert(WorkflowExecution::default()).expect("stored");
    let mut garbage = input(NAP, "this is no base64!", address(|_| ()));
    garbage["workflow_execution_id"] = json!(execution.id());
    operator::start_child(&stage.client, &child_id(execution.id()), &garbage).await;
    let error = until("the execution to fail", || async { failed(&stage, execution.id()) }).await;
    assert!(error.contains("not base64"), "{error}");
    assert_eq!(closed(&stage.client, &child_id(execution.id())).await, WorkflowExecutionStatus::Failed);
    drop(worker);
    stage.stop().await;
}

/// The execution's error, once its phase is FAILED.
fn failed(stage: &Stage, execution_id: &str) -> Option<String> {
    let status = stage.plane.store().workflow_executions.get(execution_id).ok()?.status?;
    (status.phase() == ExecutionPhase::ExecutionFailed).then_some(status.error)
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_only_the_server_can_refuse_fail_the_child_at_its_first_delivery() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let execution = stage.plane.store().workflow_executions.insert(WorkflowExecution::default()).expect("stored");
    let id = child_id(execution.id());
    let mut garbage = input(PURE, base64(&[0xff; 100]), address(|_| ()));
    garbage["workflow_execution_id"] = json!(execution.id());
    operator::start_child(&stage.client, &id, &garbage).await;

    assert_eq!(closed(&stage.client, &id).await, WorkflowExecutionStatus::Failed);
    let history = events(&stage.client, &id, "").await;
    let (type_, message, retryable) = run_failure(&history);
    assert_eq!((type_.as_str(), retryable), ("DeliveryFailed", false));
    assert!(message.contains("the server refuses the completion"), "{message}");
    assert_eq!(count(&history, EventType::MarkerRecorded), 1, "one delivery, not tried again: {:?}", types(&history));
    // The phase was COMPLETED until the delivery had failed.
    let error = until("the execution to fail", || async { failed(&stage, execution.id()) }).await;
    assert!(error.contains("the server refuses the completion"), "{error}");
    assert!(worker.metric("workflow_runner_handshake_delivery_errors_total{reason=\"refused\"}").await >= Some(1.0));
    drop(worker);
    stage.stop().await;
}

/// As the server writes a task token (its `token.v1.Task`).
#[derive(Clone, PartialEq, Message)]
struct ServersToken {
    #[prost(string, tag = "1")]
    namespace_id: String,
    #[prost(string, tag = "2")]
    workflow_id: String,
    #[prost(string, tag = "3")]
    run_id: String,
    #[prost(int64, tag = "4")]
    scheduled_event_id: i64,
    #[prost(int32, tag = "5")]
    attempt: i32,
    #[prost(string, tag = "6")]
    activity_id: String,
}

/// The server takes it for a token, and knows no such workflow: nobody is there, which is no error of the child's.
#[tokio::test(flavor = "multi_thread")]
async fn a_well_formed_token_of_no_activity_is_a_caller_that_is_gone() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let forged = ServersToken {
        namespace_id: operator::namespace_id(&stage.client).await,
        workflow_id: "caller".to_owned(),
        run_id: "0198c0de-0000-7000-8000-000000000001".to_owned(),
        scheduled_event_id: 5,
        attempt: 1,
        activity_id: "step".to_owned(),
    };
    let handle = operator::start_child(&stage.client, "forged", &input(PURE, base64(&forged.encode_to_vec()), address(|_| ()))).await;
    assert_eq!(result(&handle).await, Ok(json!({"done": true})));
    assert!(text(&events(&stage.client, "forged", "").await).contains("caller_gone"));
    drop(worker);
    stage.stop().await;
}

/// What a signal brings cannot undo the callback that is known.
#[tokio::test(flavor = "multi_thread")]
async fn a_garbage_signal_is_ignored() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let site = Site::start().await;
    let tasks = format!("  - fetch:\n      call: http\n      with:\n        method: get\n        endpoint: {}\n", site.gate());
    let id = stage.execute(&document(&tasks), &json!({})).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    for garbage in [json!("text"), json!({}), json!({"callback_token": "%%%", "callback": address(|_| ())}), Value::Null] {
        operator::signal_callback(&stage.client, &child_id(&id), &garbage).await;
    }
    until("the signals to be read", || async {
        let ignored = worker.log().lines().filter(|line| line.contains("ignoring a callback signal")).count();
        (ignored >= 4).then_some(())
    })
    .await;
    site.open();
    assert_eq!(stage.output(&id).await, json!({"open": true}));
    assert_eq!(closed(&stage.client, &crate::support::outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_completion_activity_refuses_what_is_no_token() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let callers = Callers::start(&stage.client);
    for (id, token, type_, want) in [
        ("no-text", json!(5), "InvalidInput", "not text"),
        ("not-base64", json!("this is no base64!"), "InvalidInput", "not base64"),
        ("over-4-kib", json!(base64(&[7; 4097])), "InvalidInput", "4097 bytes or more"),
        ("garbage", json!(base64(&[0xff; 100])), "DeliveryRefused", "the server refuses"),
    ] {
        let mut plan = Plan::new("CompleteExternalActivity", operator::CHILD_QUEUE, json!({"callback_token": token, "result": 1}));
        plan.attempts = 3;
        result(&callers.call(id, &plan).await).await.expect_err("refused");
        let (got, message, retryable) = activity_failure(&events(&stage.client, id, "").await);
        assert_eq!((got.as_str(), retryable), (type_, false), "{id}: {message}");
        assert!(message.contains(want), "{id}: {message}");
    }
    drop((callers, worker));
    stage.stop().await;
}
