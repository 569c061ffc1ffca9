//! `worker`: how it starts, waits and stops.

use std::time::Duration;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use workflow_runner::control_plane::{DevServer, DevServerOptions};

use crate::program::{Program, document};
use crate::support::direct::{completed, end, start};
use crate::support::history::{count, events};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::worker::{WorkerProcess, free_port};
use crate::support::{Stage, connect};

const SET: &str = "do: [{a: {set: {x: 1}}}]";

async fn logged(worker: &WorkerProcess, text: &str) {
    until(&format!("the worker to log `{text}`"), || async { worker.log().contains(text).then_some(()) }).await;
}

/// A run whose HTTP call has reached `web`.
async fn calling(stage: &Stage, web: &Web) {
    let call = format!("do: [{{get: {{call: http, with: {{method: get, endpoint: '{}'}}}}}}]", web.url("/page"));
    start(&stage.client, "calling", &document(&call), &Value::Null).await;
    until("the call", || async { (!web.seen().is_empty()).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_a_server_that_is_not_there_yet() {
    let port = free_port();
    let mut worker = WorkerProcess::spawn(&format!("127.0.0.1:{port}"), None, &[]);
    logged(&worker, "Temporal is not reachable yet; trying again").await;
    assert!(
        worker.log().contains(&format!("http://127.0.0.1:{port}/")) && worker.log().contains("retry_in_ms"),
        "it says what it waits for"
    );
    let server = DevServer::start(&DevServerOptions { port: Some(port), ..Default::default() }).await.expect("the server starts");
    until("the worker to be ready", || async { worker.get("/readyz").await.filter(|(status, _)| *status == 200) }).await;
    let client = connect(&server.address()).await;
    start(&client, "after-all", &document(SET), &Value::Null).await;
    assert_eq!(completed(&client, "after-all").await.0, json!({"x": 1}));
    worker.signal("TERM");
    assert_eq!(worker.exit().await.code(), Some(0));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_in_order_while_it_waits() {
    let mut worker = WorkerProcess::spawn("127.0.0.1:1", None, &[]);
    logged(&worker, "not reachable yet").await;
    worker.signal("TERM");
    assert_eq!(worker.exit().await.code(), Some(0));
    assert!(worker.log().contains("stopped before Temporal was reached"));
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_it_lets_a_running_call_end() {
    let stage = Stage::start().await;
    let web = Web::start(|_, _| Reply { delay: Duration::from_secs(3), ..Reply::json(&json!("done")) }).await;
    let mut worker = stage.worker(&[("WORKFLOW_RUNNER_WORKER__GRACE", "60s")]).await;
    calling(&stage, &web).await;
    worker.signal("TERM");
    assert_eq!(worker.exit().await.code(), Some(0));
    let log = worker.log();
    assert!(log.contains("stopping: no new work") && log.contains("\"in_time\":true"), "{log}");
    let events = events(&stage.client, "calling", "").await;
    assert_eq!(count(&events, EventType::ActivityTaskCompleted), 1, "the answer was recorded before the worker ended");
    // The next worker goes on from there: no second call.
    let next = stage.worker(&[]).await;
    assert_eq!(completed(&stage.client, "calling").await.0, json!("done"));
    assert_eq!(web.seen().len(), 1);
    drop(next);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grace_period_has_an_end_and_a_second_signal_ends_it_at_once() {
    let stage = Stage::start().await;
    let web = Web::start(|_, _| Reply::never()).await;
    let mut worker = stage.worker(&[("WORKFLOW_RUNNER_WORKER__GRACE", "1s")]).await;
    calling(&stage, &web).await;
    worker.signal("TERM");
    assert_eq!(worker.exit().await.code(), Some(0));
    let events = events(&stage.client, "calling", "").await;
    assert_eq!((web.seen().len(), count(&events, EventType::ActivityTaskCompleted)), (1, 0));

    // The call is made again by the next worker, which would wait longer than any test.
    let mut next = stage.worker(&[("WORKFLOW_RUNNER_WORKER__GRACE", "1h"), ("WORKFLOW_RUNNER_HTTP__TIMEOUT", "2h")]).await;
    until("the second call", || async { (web.seen().len() > 1).then_some(()) }).await;
    next.signal("INT");
    logged(&next, "stopping: no new work").await;
    next.signal("TERM");
    assert_eq!(next.exit().await.code(), Some(0));
    assert!(next.log().contains("stopped at once"), "{}", next.log());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_control_plane_it_serves_direct_runs() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    assert!(worker.log().contains("no control plane (STIGMER_BACKEND_ENDPOINT)"), "{}", worker.log());
    start(&stage.client, "direct", &document(SET), &Value::Null).await;
    assert_eq!(completed(&stage.client, "direct").await.0, json!({"x": 1}));
    start(&stage.client, "agent", &document("do: [{a: {call: agent, with: {agent: x, message: y}}}]"), &Value::Null).await;
    let (failed, _) = end(&stage.client, "agent").await;
    assert!(format!("{failed:?}").contains("this worker has no control plane"), "{failed:?}");
    drop(worker);
    stage.stop().await;
}

/// As the platform's launcher starts it: its own variables, a port of its own choice for the pages, logs as JSON on stderr.
#[tokio::test(flavor = "multi_thread")]
async fn the_launchers_verb_is_the_same_worker() {
    let stage = Stage::start().await;
    let running = Program::new(&["internal-workflow-runner"])
        .env("TEMPORAL_SERVICE_ADDRESS", &stage.server.address())
        .env("TEMPORAL_NAMESPACE", "default")
        .env("STIGMER_BACKEND_ENDPOINT", &stage.plane.address().to_string())
        .env("STIGMER_API_KEY", crate::support::API_KEY)
        .env("STIGMER_SERVICE_USE_TLS", "false")
        .env("EXECUTION_MODE", "temporal")
        .env("ENV", "local")
        .env("LOG_LEVEL", "DEBUG")
        .start();
    let line = running.says("worker started").await;
    assert_eq!(serde_json::from_str::<Value>(&line).expect("a log line is JSON")["level"], json!("INFO"));
    assert!(running.says("serving /livez").await.contains("\"address\":\"127.0.0.1:"), "on loopback only");
    let id = stage.execute(&document(SET), &json!({})).await;
    assert_eq!(stage.output(&id).await, json!({"x": 1}));
    running.signal("TERM");
    let ended = running.end().await.with_code(0);
    assert_eq!(ended.stdout, "");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_a_wrong_setting() {
    let stage = Stage::start().await;
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let program = Program::new(&["worker"]).env("TEMPORAL_ADDRESS", &stage.server.address());
    program.env("WORKFLOW_RUNNER_ADMIN__LISTEN", &address).end().await.with_code(64).says(&["admin.listen", &address]);
    stage.stop().await;
}
