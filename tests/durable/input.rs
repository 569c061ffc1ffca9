//! Whatever a run is started with, it ends: with a message that says what is wrong, and never in retries of a workflow task.

use std::collections::HashMap;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use workflow_runner::activities::payload::json_of;

use crate::support::direct::{End, end, start_raw};
use crate::support::history::{count, types};
use crate::support::web::{Reply, Web};
use crate::support::{Stage, WorkerProcess, direct, document};

fn payload(encoding: &str, data: &[u8]) -> Payload {
    Payload { metadata: HashMap::from([("encoding".to_owned(), encoding.as_bytes().to_vec())]), data: data.to_vec(), ..Default::default() }
}

/// Its message and type, once it has failed within one workflow task.
async fn refused(stage: &Stage, id: &str) -> (String, String) {
    let (ended, history) = end(&stage.client, id).await;
    let End::Failed(message, type_, _) = ended else { panic!("{id}: {ended:?}") };
    assert_eq!(history.len(), 5, "{id}: {:?}", types(&history));
    (message, type_)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_fails_the_run_with_a_message() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let good = json_of(&json!({"workflow_yaml": document("  - a: {set: {x: 1}}\n")}));
    let callback = json!({"workflow_yaml": document("  - a: {set: {x: 1}}\n"), "callback_token": "%%%"});
    for (id, arguments, says) in [
        ("no-argument", vec![], "0 arguments"),
        ("two-arguments", vec![good.clone(), good.clone()], "2 arguments"),
        ("not-json", vec![payload("json/plain", b"{\"workflow_yaml\"")], "not JSON"),
        ("binary", vec![payload("binary/plain", b"\x00\x01\x02")], "binary/plain"),
        ("encrypted", vec![payload("binary/encrypted", b"\x00\x01\x02")], "binary/encrypted"),
        ("null", vec![payload("binary/null", b"")], "cannot be read"),
        ("text", vec![json_of(&"workflow")], "cannot be read"),
        ("wrong-type", vec![json_of(&json!({"workflow_yaml": 5}))], "cannot be read"),
        ("token", vec![json_of(&callback)], "token"),
    ] {
        start_raw(&stage.client, id, arguments).await;
        let (message, type_) = refused(&stage, id).await;
        assert!(message.contains(says), "{id}: {message}");
        assert_eq!(type_, "InvalidInput", "{id}");
    }
    start_raw(&stage.client, "good", vec![good]).await;
    assert_eq!(direct::completed(&stage.client, "good").await.0, json!({"x": 1}));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_cannot_be_built_fails_the_run_with_its_diagnostic() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    for (id, yaml, says) in [
        ("empty", String::new(), "document"),
        ("no-yaml", "do: [".to_owned(), "workflow.yaml"),
        ("unknown-key", document("  - a: {sett: {x: 1}}\n"), "`a` does not say what to do"),
        ("dangling", document("  - a: {set: {x: 1}, then: nowhere}\n"), "nowhere"),
        ("expression", document("  - a: {set: {x: '${ .a | }'}}\n"), "expression"),
        ("now", document("  - a: {set: {x: '${ now }'}}\n"), "now"),
    ] {
        direct::start(&stage.client, id, &yaml, &json!({})).await;
        let (message, type_) = refused(&stage, id).await;
        assert!(message.contains(says), "{id}: {message}");
        assert!(type_.ends_with("/errors/configuration"), "{id}: {type_}");
    }
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_fails_the_run_and_names_size_and_limit() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|seen, _| Reply::json(&if seen.path == "/large" { json!("x".repeat(3_000_000)) } else { Value::Null })).await;
    let input = json!({"text": "x".repeat(1_200_000)});
    let doubled = "  - a: {set: {a: '${ .text }', b: '${ .text }'}}\n";
    let sent = format!("{doubled}  - b: {{call: http, with: {{method: post, endpoint: '{}', body: '${{ . }}'}}}}\n", web.url("/"));
    let answered = format!("  - b: {{call: http, with: {{method: get, endpoint: '{}'}}}}\n", web.url("/large"));
    for (id, tasks, says) in
        [("output", doubled, "2400015 bytes"), ("sent", &sent, "bytes, and Temporal takes"), ("answered", &answered, "bytes")]
    {
        direct::start(&stage.client, id, &document(tasks), &input).await;
        let (ended, history) = end(&stage.client, id).await;
        let End::Failed(message, type_, _) = ended else { panic!("{id}: {ended:?}") };
        assert!(message.contains("too large") && message.contains(says) && message.contains("2031616"), "{id}: {message}");
        assert!(type_.contains("/errors/"), "{id}: {type_}");
        assert_eq!(count(&history, EventType::WorkflowTaskFailed), 0, "{id}: {:?}", types(&history));
    }
    assert_eq!(web.seen_at("/").len(), 0);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_for_calls_that_are_not_local() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|_, _| Reply::json(&json!("x".repeat(1_900_000)))).await;
    let fork = |more: &str| {
        let branch = |n| {
            let url = web.url("/");
            format!("          - b{n}: {{call: http, with: {{method: get, endpoint: '{url}'}}, output: {{as: length}}{more}}}\n")
        };
        format!("  - all:\n      fork:\n        branches:\n{}", (0..4).map(branch).collect::<Vec<_>>().concat())
    };
    direct::start(&stage.client, "activities", &document(&fork("")), &json!({})).await;
    assert_eq!(direct::completed(&stage.client, "activities").await.0, json!([1_900_000, 1_900_000, 1_900_000, 1_900_000]));

    direct::start(&stage.client, "local", &document(&fork(", metadata: {local: true}")), &json!({})).await;
    let (ended, _) = end(&stage.client, "local").await;
    let End::Failed(message, _, _) = ended else { panic!("{ended:?}") };
    assert!(message.contains("1900002 bytes") && message.contains("metadata.local"), "{message}");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_large_calls_at_once_do_not_exceed_one_message() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|seen, _| Reply::json(&json!(seen.body.len()))).await;
    let branches: Vec<_> = (0..4)
        .map(|n| format!("          - b{n}: {{call: http, with: {{method: post, endpoint: '{}', body: '${{ .text }}'}}}}\n", web.url("/")))
        .collect();
    let tasks = format!("  - all:\n      fork:\n        branches:\n{}", branches.concat());
    direct::start(&stage.client, "large", &document(&tasks), &json!({"text": "x".repeat(1_500_000)})).await;
    let (output, history) = direct::completed(&stage.client, "large").await;
    assert_eq!(output, json!([1_500_000, 1_500_000, 1_500_000, 1_500_000]));
    assert_eq!(count(&history, EventType::WorkflowTaskFailed), 0, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}
