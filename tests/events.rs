//! Events on a real Temporal server: signals, what is posted, what is emitted.

mod support;

use serde_json::{Value, json};
use temporalio_client::{UntypedSignal, UntypedWorkflow, WorkflowSignalOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::History;
use workflow_runner::activities::payload::json_of;

use self::support::direct::{self, Handle};
use self::support::history::{count, events, types};
use self::support::replay::replay;
use self::support::wait::until;
use self::support::web::{Reply, Web};
use self::support::worker::free_port;
use self::support::{Stage, WorkerProcess, child_id, document};

const TOKEN: &str = "post-token-0123456789";

fn event(id: &str, type_: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/test", "type": type_, "data": data})
}

async fn signal(handle: &Handle, name: &str, argument: &Value) {
    let raw = RawValue::new(vec![json_of(argument)]);
    handle.signal(UntypedSignal::<UntypedWorkflow>::new(name), raw, WorkflowSignalOptions::default()).await.expect("the signal is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_are_events_whenever_they_come() {
    let stage = Stage::start().await;
    let tasks = "  - early: {listen: {to: {all: [{with: {type: early}}, {with: {type: whole}}]}}, export: {as: '{early: $output}'}}
  - late:
      listen: {to: {any: [{with: {type: late}}], until: length == 2}, read: envelope}
      foreach: {output: {as: '[.source, .type, .data]'}}
  - last: {set: {early: '${ $context.early }', late: '${ . }'}}
";
    let handle = direct::start(&stage.client, "signalled", &document(tasks), &json!({})).await;
    // Before any worker is there, so before anything listens.
    signal(&handle, "cloudevent", &event("1", "whole", &json!({"n": 1}))).await;
    signal(&handle, "cloudevent", &json!({"type": "no event"})).await;
    signal(&handle, "early", &json!(2)).await;
    signal(&handle, "late", &json!("first")).await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    until("the run to wait", || async {
        let events = events(&stage.client, "signalled", "").await;
        (count(&events, EventType::WorkflowTaskCompleted) > 0).then_some(())
    })
    .await;
    signal(&handle, "late", &json!("second")).await;
    let (output, history) = direct::completed(&stage.client, "signalled").await;
    let late = json!([["/temporal/signal", "late", "first"], ["/temporal/signal", "late", "second"]]);
    assert_eq!(output, json!({"early": [{"n": 1}, 2], "late": late}));
    assert_eq!(count(&history, EventType::TimerStarted), 0, "waiting for an event costs nothing: {:?}", types(&history));
    assert!(worker.log().contains("is no event for this run"), "what could not be read is told");
    replay(History { events: history }).await.expect("the history replays");
    stage.stop().await;
}

/// Posts to the worker's listener: status and body.
async fn post(port: u16, token: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let url = format!("http://127.0.0.1:{port}/");
    let request = headers.iter().fold(reqwest::Client::new().post(url).bearer_auth(token), |request, (k, v)| request.header(*k, *v));
    let answer = request.body(body.to_owned()).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

async fn post_event(port: u16, event: &Value) -> (u16, String) {
    post(port, TOKEN, &[("content-type", "application/cloudevents+json")], &event.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_finds_the_runs_that_listen() {
    let stage = Stage::start().await;
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let settings = [("WORKFLOW_RUNNER_EVENTS__LISTEN", address.as_str()), ("WORKFLOW_RUNNER_EVENTS__TOKEN", TOKEN)];
    let _worker = stage.worker(&settings).await;
    let tasks = "  - hear: {listen: {to: {any: [{with: {type: \"it's.ordered\"}}], until: length == 3}}}\n";
    let execution = stage.execute(&document(tasks), &json!({})).await;

    let first = event("1", "it's.ordered", &json!({"n": 1}));
    let answer = until("the run to be found", || async { Some(post_event(port, &first).await).filter(|(status, _)| *status != 404) }).await;
    assert_eq!(answer, (202, "{\"runs\":1}\n".to_owned()));
    assert_eq!(post_event(port, &first).await.0, 202, "sent again it is taken, and reaches the run once");
    let binary =
        [("ce-specversion", "1.0"), ("ce-id", "2"), ("ce-source", "/test"), ("ce-type", "it's.ordered"), ("content-type", "text/plain")];
    assert_eq!(post(port, TOKEN, &binary, "hello").await.0, 202);

    assert_eq!(post_event(port, &event("3", "it's", &json!(1))).await.0, 404);
    assert_eq!(post_event(port, &json!({"specversion": "1.0"})).await.0, 400);
    assert_eq!(post(port, "other", &binary, "hello").await.0, 401);
    assert_eq!(post_event(port, &event("4", "it's.ordered", &json!("x".repeat(1_100_000)))).await.0, 413);

    assert_eq!(post_event(port, &event("5", "it's.ordered", &json!([3]))).await.0, 202);
    // A status of the platform holds objects only.
    assert_eq!(stage.output(&execution).await, json!({"value": [{"n": 1}, "hello", [3]]}));
    let history = events(&stage.client, &child_id(&execution), "").await;
    assert_eq!(count(&history, EventType::WorkflowExecutionSignaled), 3, "{:?}", types(&history));
    assert_eq!(post_event(port, &event("6", "it's.ordered", &json!(1))).await.0, 404, "nobody listens any more");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_emitted_reaches_the_sink_once() {
    let stage = Stage::start().await;
    let web = Web::start(|seen, _| if seen.path.starts_with("/down") { Reply::status(503) } else { Reply::status(202) }).await;
    let url = web.url("/events");
    let _worker = WorkerProcess::start(&stage.server.address(), None, &[("WORKFLOW_RUNNER_EVENTS__SINK", &url)]).await;
    let tasks = "  - tell: {emit: {event: {with: {type: told, data: {n: '${ .n + 1 }'}}}}}\n";
    direct::start(&stage.client, "emitting", &document(tasks), &json!({"n": 1})).await;
    let (output, history) = direct::completed(&stage.client, "emitting").await;
    let seen = web.seen_at("/events");
    assert_eq!(seen.len(), 1);
    assert_eq!((serde_json::from_str::<Value>(&seen[0].body).expect("JSON"), &output["data"]), (output.clone(), &json!({"n": 2})));
    assert_eq!(seen[0].headers["idempotency-key"], output["id"].as_str().expect("an id"));
    assert!(seen[0].headers["content-type"].starts_with("application/cloudevents+json"));
    assert_eq!(history.len(), 6, "a marker more than a pure run: {:?}", types(&history));
    replay(History { events: history }).await.expect("the history replays");
    stage.stop().await;
}
