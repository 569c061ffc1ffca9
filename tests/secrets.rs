//! The values of secrets, and whole task tokens, stand nowhere but where they have to: the other side gets them, and nobody else sees them.

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use prost::Message as _;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflow_runner::stigmer::agx::AgentExecution;
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecution};

use crate::support::history::{closed, events};
use crate::support::web::{Reply, Web};
use crate::support::{Stage, WorkerProcess, child_id};

const VALUE: &str = "s3cr3t/Value+42";
const OTHER: &str = "0ther-secret-of-the-process";
const AGENT: &str = "name: helper\nkind: scripted\ndelay: 200ms\nreply: 'you said {message}'\n";

/// A definition with these secrets and tasks.
fn document(secrets: &str, tasks: &str) -> String {
    format!(
        "document:\n  dsl: '1.0.3'\n  namespace: test\n  name: secrets\n  version: '0.1.0'\nuse: {{secrets: [{secrets}]}}\ndo:\n{tasks}"
    )
}

/// Says what it got, in body and headers.
async fn echo() -> Web {
    Web::start(|seen, _| {
        let mut reply = Reply::json(&json!({"path": seen.path, "headers": seen.headers, "body": seen.body}));
        let token = seen.headers.get("authorization").cloned().unwrap_or_default();
        reply.headers.extend([("x-echo", token.clone()), ("x-base64", BASE64_STANDARD.encode(token))]);
        reply.status = if seen.path.starts_with("/refused") { 401 } else { 200 };
        reply
    })
    .await
}

/// The forms in which a value may stand somewhere.
fn forms(value: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let basic = |offset: usize| {
        // Within longer base64 text: the part that depends on the value alone.
        let encoded = BASE64_STANDARD.encode(format!("{}{value}", "x".repeat(offset)));
        encoded[4..encoded.len() - 4].to_owned()
    };
    let mut forms = vec![value.to_owned(), form, BASE64_STANDARD.encode(value), BASE64_URL_SAFE_NO_PAD.encode(value)];
    forms.extend([basic(1), basic(2), basic(3)]);
    forms
}

fn assert_absent(value: &str, place: &str, text: &str) {
    for form in forms(value) {
        if let Some(at) = text.find(&form) {
            let from = text[..at].char_indices().rev().nth(200).map_or(0, |(index, _)| index);
            panic!("{place} holds a secret as `{form}`: …{}", &text[from..at + form.len()]);
        }
    }
}

/// Each event as its bytes: payloads stand in them as they are. What the agent's side answered is left out: it is not ours.
fn texts(history: &[HistoryEvent]) -> Vec<String> {
    let agent_steps: BTreeSet<i64> = history
        .iter()
        .filter(|event| match &event.attributes {
            Some(Attributes::ActivityTaskScheduledEventAttributes(a)) => a.activity_type.as_ref().is_some_and(|t| t.name.contains("Agent")),
            _ => false,
        })
        .map(|event| event.event_id)
        .collect();
    let foreign = |event: &HistoryEvent| match &event.attributes {
        Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => agent_steps.contains(&a.scheduled_event_id),
        _ => false,
    };
    history.iter().filter(|e| !foreign(e)).map(|e| String::from_utf8_lossy(&e.encode_to_vec()).into_owned()).collect()
}

async fn child_texts(stage: &Stage, execution: &str) -> Vec<String> {
    closed(&stage.client, &child_id(execution)).await;
    texts(&events(&stage.client, &child_id(execution), "").await)
}

/// What the platform stores of an execution, without the environment that its creator gave it.
fn stored(execution: &WorkflowExecution) -> String {
    String::from_utf8_lossy(&execution.status.clone().unwrap_or_default().encode_to_vec()).into_owned()
}

fn agent_executions(stage: &Stage) -> Vec<AgentExecution> {
    let all = RefCell::new(Vec::new());
    stage.plane.store().agent_executions.find(|row| {
        all.borrow_mut().push(row.clone());
        false
    });
    all.into_inner()
}

async fn metrics(worker: &WorkerProcess) -> String {
    let (status, text) = worker.get("/metrics").await.expect("metrics");
    assert_eq!(status, 200);
    text
}

fn tasks(web: &Web) -> String {
    format!(
        "  - use:
      call: http
      with:
        method: post
        endpoint: {post}
        headers:
          authorization: '${{ \"Bearer \" + $secrets.KEY }}'
          x-inside: '${{ \"key=\\($secrets.KEY);\" }}'
          x-plain: ${{ $secrets.KEY }}
        query: {{token: '${{ $secrets.KEY }}'}}
        body: {{deep: [{{token: '${{ $secrets.KEY }}', other: '${{ $secrets.OTHER }}'}}]}}
        output: response
  - refused:
      try:
        - call:
            call: http
            with: {{method: get, endpoint: '{refused}', headers: {{authorization: '${{ \"Bearer \" + $secrets.KEY }}'}}}}
      catch:
        do:
          - note: {{set: '${{ $input + {{error: $error}} }}'}}
  - again:
      call: http
      with: {{method: post, endpoint: {post}, body: '${{ . }}'}}
      output: {{as: '$input + {{again: .}}'}}
      metadata: {{local: true}}
  - ask:
      call: agent
      with: {{agent: helper, message: '${{ \"the key is \\($secrets.KEY)\" }}', env: {{KEY: '${{ $secrets.KEY }}'}}}}
      output: {{as: '{{http: $input, agent: .}}'}}
",
        post = web.url("/post"),
        refused = web.url("/refused"),
    )
}

#[test]
fn a_value_is_found_in_every_form() {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", VALUE).finish();
    let basic = |user: &str| BASE64_STANDARD.encode(format!("{user}{VALUE} and more"));
    for text in [VALUE.to_owned(), query, BASE64_STANDARD.encode(VALUE), basic("u:"), basic("us:"), basic("use:")] {
        let found = std::panic::catch_unwind(|| assert_absent(VALUE, "a text", &format!("before {text} after")));
        assert!(found.is_err(), "{text}");
    }
    assert_absent(VALUE, "a text", "before Value+42 after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_reaches_the_other_side_and_stands_nowhere_else() {
    let stage = Stage::with_agents(&[AGENT]).await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_SECRET_OTHER", OTHER)]).await;
    let web = echo().await;
    let yaml = document("KEY, OTHER", &tasks(&web));
    let id = stage.execute_with(&yaml, &json!({}), &[("KEY", VALUE)]).await;
    let execution = stage.ended(&id).await;
    let status = execution.status.clone().expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionCompleted, "{}", status.error);

    // The server has got them, in every way.
    let seen = web.seen_at("/post");
    assert_eq!(seen.len(), 2);
    let sent = &seen[0];
    assert_eq!(sent.headers["authorization"], format!("Bearer {VALUE}"));
    assert_eq!(sent.headers["x-inside"], format!("key={VALUE};"));
    assert_eq!(sent.headers["x-plain"], VALUE);
    let query: Vec<_> = url::form_urlencoded::parse(sent.path.split_once('?').expect("a query").1.as_bytes()).collect();
    assert_eq!(query[0].1, VALUE);
    let body: Value = serde_json::from_str(&sent.body).expect("JSON");
    assert_eq!(body, json!({"deep": [{"token": VALUE, "other": OTHER}]}));
    assert_eq!(web.seen_at("/refused")[0].headers["authorization"], format!("Bearer {VALUE}"));
    // What came back with a marker goes out with the value again.
    assert!(seen[1].body.contains(VALUE) && seen[1].body.contains(OTHER), "{}", seen[1].body);
    let agent = agent_executions(&stage).pop().expect("an agent execution");
    let spec = agent.spec.expect("a specification");
    assert_eq!(spec.message, format!("the key is {VALUE}"));
    assert_eq!(spec.runtime_env["KEY"].value, VALUE);
    assert!(spec.runtime_env["KEY"].is_secret);

    let child = child_texts(&stage, &id).await;
    assert!(child.iter().any(|text| text.contains("secret:")), "the markers stand in the history");
    let (log, metrics) = (worker.log(), metrics(&worker).await);
    assert!(log.contains(&id) && metrics.contains("workflow_runner_"));
    for value in [VALUE, OTHER] {
        child.iter().for_each(|event| assert_absent(value, "the child's history", event));
        assert_absent(value, "the worker's log", &log);
        assert_absent(value, "/metrics", &metrics);
        assert_absent(value, "the stored status", &stored(&execution));
    }
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_gives_what_the_execution_does_not_and_the_execution_wins() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_SECRET_KEY", OTHER), ("WORKFLOW_RUNNER_SECRET_OTHER", OTHER)]).await;
    let web = echo().await;
    let yaml = document(
        "KEY, OTHER",
        &format!(
            "  - use: {{call: http, with: {{method: get, endpoint: '{}', headers: {{x-key: '${{ $secrets.KEY }}', x-other: '${{ $secrets.OTHER }}'}}}}}}\n",
            web.url("/get")
        ),
    );
    let id = stage.execute_with(&yaml, &json!({"open": "a value in the open"}), &[("KEY", VALUE)]).await;
    stage.output(&id).await;
    // What is no secret stands in the history, so a secret that stood there would be found.
    assert!(child_texts(&stage, &id).await.iter().any(|text| text.contains("a value in the open")));
    let seen = web.seen();
    assert_eq!((seen[0].headers["x-key"].as_str(), seen[0].headers["x-other"].as_str()), (VALUE, OTHER));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_nobody_has_is_403_and_named() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let web = echo().await;
    let tasks = format!(
        "  - use: {{call: http, with: {{method: get, endpoint: '{}', headers: {{x-a: '${{ $secrets.KEY }}', x-b: '${{ $secrets.LOST }}'}}}}}}\n",
        web.url("/get")
    );
    let yaml = document("KEY, LOST", &tasks);
    let id = stage.execute_with(&yaml, &json!({}), &[("KEY", VALUE)]).await;
    let execution = stage.ended(&id).await;
    let status = execution.status.clone().expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed);
    assert!(status.error.contains("403") && status.error.contains("`LOST`"), "{}", status.error);
    assert!(web.seen().is_empty(), "nothing is sent without it");
    let child = child_texts(&stage, &id).await;
    assert!(child.iter().any(|text| text.contains("errors/authorization")));
    child.iter().for_each(|event| assert_absent(VALUE, "the child's history", event));
    assert_absent(VALUE, "the worker's log", &worker.log());

    // A document may catch it.
    let caught = format!(
        "  - attempt:\n      try:\n  {}      catch:\n        errors: {{with: {{type: 'https://serverlessworkflow.io/spec/1.0.0/errors/authorization', status: 403}}}}\n        do: [{{note: {{set: {{without: true}}}}}}]\n",
        tasks.replace("  - use", "      - use")
    );
    let id = stage.execute_with(&document("KEY, LOST", &caught), &json!({}), &[("KEY", VALUE)]).await;
    assert_eq!(stage.output(&id).await, json!({"without": true}));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_line_holds_a_whole_task_token() {
    let stage = Stage::with_agents(&[AGENT, "name: failing\nkind: scripted\nfailure: no\n"]).await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_AFTER", "1s")]).await;
    let ask = |agent: &str| {
        support::document(&format!("  - rest: {{wait: PT0.2S}}\n  - ask: {{call: agent, with: {{agent: {agent}, message: hi}}}}\n"))
    };
    let good = stage.execute(&ask("helper"), &json!({})).await;
    stage.output(&good).await;
    let bad = stage.execute(&ask("failing"), &json!({})).await;
    assert_eq!(stage.ended(&bad).await.status.expect("a status").phase(), ExecutionPhase::ExecutionFailed);

    let mut tokens = Vec::new();
    for id in [&good, &bad] {
        closed(&stage.client, &child_id(id)).await;
        let history = events(&stage.client, &child_id(id), "").await;
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &history[0].attributes else { panic!("{:?}", history[0]) };
        let input: Value = serde_json::from_slice(&started.input.as_ref().expect("an input").payloads[0].data).expect("JSON");
        tokens.push(input["callback_token"].as_str().expect("a token").to_owned());
    }
    let agents = agent_executions(&stage);
    tokens.extend(agents.iter().map(|agent| BASE64_STANDARD.encode(&agent.spec.as_ref().expect("a specification").callback_token)));
    assert_eq!(tokens.len(), 4);
    let (log, metrics) = (worker.log(), metrics(&worker).await);
    for token in &tokens {
        assert!(token.len() > 100, "{token}");
        // The preview is there, so the token was talked about; a third of it is more than anybody needs to know it by.
        assert!(log.contains(&token[..20]), "no line speaks of {token}");
        let whole = log.lines().find(|line| line.contains(&token[..token.len() / 3]));
        assert_eq!(whole, None);
        assert!(!metrics.contains(&token[..20]));
    }
    drop(worker);
    stage.stop().await;
}
