//! Lower bounds: the number of history events that each shape costs, exactly.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;

use crate::support::history::{closed, count, events, types};
use crate::support::web::{Reply, Web};
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, direct, document, outer_id};

/// Start, one workflow task, end.
const PURE: usize = 5;
const DELIVERY: usize = 1;
const WATCH: usize = 1;
const TIMER: usize = 5;

async fn run(stage: &Stage, id: &str, tasks: &str, input: Value) -> (Value, Vec<HistoryEvent>) {
    direct::start(&stage.client, id, &document(tasks), &input).await;
    direct::completed(&stage.client, id).await
}

async fn alone(stage: &Stage) -> WorkerProcess {
    WorkerProcess::start(&stage.server.address(), None, &[]).await
}

fn twenty_pure_tasks() -> String {
    let sets: Vec<_> = (0..17).map(|n| format!("  - set{n}:\n      set: '${{ {{n: (.n + {n})}} }}'\n")).collect();
    format!(
        "{}  - choose:\n      switch:\n        - big: {{when: '.n > 100', then: last}}\n  - never:\n      set: {{n: -1}}\n  - last:\n      set: '${{ {{n, last: true}} }}'\n",
        sets.concat()
    )
}

fn get(name: &str, url: &str) -> String {
    format!("  - {name}:\n      call: http\n      with: {{method: get, endpoint: '{url}'}}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn pure_tasks_cost_nothing_however_they_are_nested() {
    let stage = Stage::start().await;
    let worker = alone(&stage).await;
    let (output, history) = run(&stage, "twenty", &twenty_pure_tasks(), json!({"n": 1})).await;
    assert_eq!(output, json!({"n": 137, "last": true}));
    assert_eq!(history.len(), PURE, "{:?}", types(&history));

    let nested = "  - each:\n      for: {in: '[range(50)]'}\n      do:\n        - add:\n            set: '${ {n: (.n + $item)} }'\n  - both:\n      fork:\n        branches:\n          - a: {set: {a: 1}}\n          - b: {do: [{c: {set: {b: 2}}}]}\n";
    let (output, history) = run(&stage, "nested", nested, json!({"n": 0})).await;
    assert_eq!(output, json!([{"a": 1}, {"b": 2}]));
    assert_eq!(history.len(), PURE, "{:?}", types(&history));

    let caught = "  - attempt:\n      try:\n        - fail:\n            raise: {error: {type: 'urn:mine', status: 418, title: teapot}}\n      catch:\n        errors: {with: {status: 418}}\n        do:\n          - note:\n              set: '${ {caught: $error.title} }'\n";
    let (output, history) = run(&stage, "caught", caught, json!({})).await;
    assert_eq!(output, json!({"caught": "teapot"}));
    assert_eq!(history.len(), PURE, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sequential_calls_cost_six_events_each_and_waits_five() {
    let stage = Stage::start().await;
    let worker = alone(&stage).await;
    let web = Web::start(|seen, count| Reply::json(&json!({"path": seen.path, "count": count}))).await;

    let (output, history) = run(&stage, "one", &get("a", &web.url("/one")), json!({})).await;
    assert_eq!(output, json!({"path": "/one", "count": 1}));
    assert_eq!(history.len(), 11, "{:?}", types(&history));

    let three: Vec<_> = ["a", "b", "c"].map(|name| get(name, &web.url("/three"))).into_iter().collect();
    let (output, history) = run(&stage, "three", &three.concat(), json!({})).await;
    assert_eq!(output["count"], 3);
    assert_eq!(history.len(), 23, "{:?}", types(&history));

    let ten = format!(
        "  - each:\n      for: {{in: '[range(10)]'}}\n      do:\n        - get:\n            call: http\n            with: {{method: get, endpoint: '{}'}}\n",
        web.url("/ten")
    );
    let (output, history) = run(&stage, "ten", &ten, json!({})).await;
    assert_eq!(output["count"], 10);
    assert_eq!(history.len(), 65, "{:?}", types(&history));

    let waits = "  - a: {wait: PT0.01S}\n  - b: {wait: {milliseconds: 10}}\n  - c: {wait: PT0.01S}\n";
    let (output, history) = run(&stage, "waits", waits, json!({"kept": true})).await;
    assert_eq!(output, json!({"kept": true}));
    assert_eq!(history.len(), 3 * TIMER + PURE, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_calls_share_workflow_tasks() {
    let stage = Stage::start().await;
    let worker = alone(&stage).await;
    let web = Web::start(|seen, _| Reply::json(&json!(seen.path))).await;
    let branches: Vec<_> = (0..5)
        .map(|n| format!("          - b{n}: {{call: http, with: {{method: get, endpoint: '{}'}}}}\n", web.url(&format!("/{n}"))))
        .collect();
    let fork = format!("  - all:\n      fork:\n        branches:\n{}", branches.concat());
    let (output, history) = run(&stage, "fork", &fork, json!({})).await;
    assert_eq!(output, json!(["/0", "/1", "/2", "/3", "/4"]));
    assert!((3 * 5 + 8..=6 * 5 + 5).contains(&history.len()), "{:?}", types(&history));
    // All of them were asked for at once.
    let first_start = history.iter().position(|e| e.event_type() == EventType::ActivityTaskStarted).expect("one has started");
    assert_eq!(count(&history[..first_start], EventType::ActivityTaskScheduled), 5, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_calls_cost_one_event_each() {
    let stage = Stage::start().await;
    let worker = alone(&stage).await;
    let web = Web::start(|seen, count| Reply::json(&json!({"path": seen.path, "count": count}))).await;
    let tasks: Vec<_> =
        ["a", "b", "c"].map(|name| format!("{}      metadata: {{local: true}}\n", get(name, &web.url("/local")))).into_iter().collect();
    let (output, history) = run(&stage, "local", &tasks.concat(), json!({})).await;
    assert_eq!(output, json!({"path": "/local", "count": 3}));
    assert_eq!(history.len(), 3 + PURE, "{:?}", types(&history));
    assert_eq!(count(&history, EventType::MarkerRecorded), 3);
    assert_eq!(count(&history, EventType::ActivityTaskScheduled), 0);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_costs_one_event_and_its_caller_six() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let id = stage.execute(&document(&twenty_pure_tasks()), &json!({"n": 1})).await;
    assert_eq!(stage.output(&id).await, json!({"n": 137, "last": true}));
    closed(&stage.client, &child_id(&id)).await;
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(child.len(), PURE + DELIVERY, "{:?}", types(&child));

    closed(&stage.client, &outer_id(&id)).await;
    let outer = events(&stage.client, &outer_id(&id), "").await;
    let expected = [
        EventType::WorkflowExecutionStarted,
        EventType::WorkflowTaskScheduled,
        EventType::WorkflowTaskStarted,
        EventType::WorkflowTaskCompleted,
        EventType::ActivityTaskScheduled,
        EventType::ActivityTaskStarted,
        EventType::ActivityTaskCompleted,
        EventType::WorkflowTaskScheduled,
        EventType::WorkflowTaskStarted,
        EventType::WorkflowTaskCompleted,
        EventType::WorkflowExecutionCompleted,
    ];
    assert_eq!(types(&outer), expected, "the step is an activity and a workflow task");
    drop(worker);
    stage.stop().await;
}

/// Events of the child of a run with one agent step, under these settings.
async fn agent_step(always_stale: bool, watch: &str) -> usize {
    let stage = Stage::with(StageOptions {
        agents: vec!["name: helper\nkind: scripted\ndelay: 200ms\nreply: 'you said {message}'\n"],
        plane: Some(Box::new(move |options| options.callbacks.always_stale = always_stale)),
        ..Default::default()
    })
    .await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_HANDSHAKE__WATCH", watch)]).await;
    let id = stage.execute(&document("  - ask:\n      call: agent\n      with: {agent: helper, message: hi}\n"), &json!({})).await;
    assert_eq!(stage.output(&id).await, json!({"value": "you said hi"}));
    closed(&stage.client, &child_id(&id)).await;
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(count(&child, EventType::TimerStarted), 1, "the timer that looks after it: {:?}", types(&child));
    drop(worker);
    stage.stop().await;
    child.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_step_costs_eight_events_nine_where_it_is_read_back_and_the_watch_one() {
    assert_eq!(agent_step(false, "off").await, PURE + DELIVERY + 8);
    assert_eq!(agent_step(true, "off").await, PURE + DELIVERY + 9);
    assert_eq!(agent_step(false, "on").await, PURE + DELIVERY + 8 + WATCH);
}
