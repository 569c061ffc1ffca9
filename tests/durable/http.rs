//! `call: http` over a loopback server: retries by the document, the idempotency key, and what comes out.

use std::collections::BTreeSet;

use base64::Engine as _;
use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::support::direct::{End, end};
use crate::support::history::{count, types};
use crate::support::wait::until;
use crate::support::web::{Reply, Seen, Web};
use crate::support::{Stage, WorkerProcess, direct, document};

fn key(seen: &Seen) -> String {
    seen.headers.get("idempotency-key").cloned().expect("a call that may change something has a key")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_retries_until_the_answer_is_good_and_each_visit_has_a_key_of_its_own() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|_, count| if count <= 2 { Reply::status(503) } else { Reply::json(&json!({"count": count})) }).await;
    let tasks = format!(
        "  - each:
      for: {{in: '[1, 2]'}}
      do:
        - guarded:
            try:
              - post: {{call: http, with: {{method: post, endpoint: '{}', body: {{a: 1}}}}}}
            catch:
              errors: {{with: {{type: 'https://serverlessworkflow.io/spec/1.0.0/errors/communication', status: 503}}}}
              retry: {{delay: {{milliseconds: 10}}, limit: {{attempt: {{count: 5}}}}}}
",
        web.url("/flaky")
    );
    direct::start(&stage.client, "retried", &document(&tasks), &json!({})).await;
    let (output, history) = direct::completed(&stage.client, "retried").await;
    assert_eq!(output, json!({"count": 4}));
    let seen = web.seen_at("/flaky");
    assert_eq!(seen.len(), 4, "503, 503, 200; then 200");
    assert_eq!(seen.iter().map(key).collect::<BTreeSet<_>>().len(), 4, "three visits and another iteration: {seen:?}");
    // Each visit is one activity of one attempt: an answer is an outcome.
    assert_eq!(count(&history, EventType::ActivityTaskScheduled), 4, "{:?}", types(&history));
    assert_eq!(count(&history, EventType::ActivityTaskFailed), 2, "{:?}", types(&history));
    assert!(seen.iter().all(|s| s.method == "POST" && s.body == r#"{"a":1}"# && s.headers["content-type"] == "application/json"));

    // Used up: the last answer is the error.
    let tasks = format!(
        "  - guarded:
      try:
        - get: {{call: http, with: {{method: get, endpoint: '{}'}}}}
      catch:
        retry: {{limit: {{attempt: {{count: 2}}}}}}
",
        web.url("/down")
    );
    direct::start(&stage.client, "used-up", &document(&tasks), &json!({})).await;
    let (ended, _) = end(&stage.client, "used-up").await;
    let End::Failed(message, type_, _) = ended else { panic!("{ended:?}") };
    assert!(message.contains("503") && type_.ends_with("/errors/communication"), "{message} {type_}");
    assert_eq!(web.seen_at("/down").len(), 2);
    assert!(web.seen_at("/down").iter().all(|s| !s.headers.contains_key("idempotency-key")), "a get changes nothing");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_worker_died_is_made_again_with_the_same_key() {
    let stage = Stage::start().await;
    let mut first = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|_, count| if count == 1 { Reply::never() } else { Reply::json(&json!({"count": count})) }).await;
    let tasks = format!("  - post: {{call: http, with: {{method: post, endpoint: '{}'}}}}\n", web.url("/once"));
    direct::start(&stage.client, "again", &document(&tasks), &json!({})).await;
    until("the call to come", || async { (!web.seen().is_empty()).then_some(()) }).await;
    first.kill();
    let second = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let (output, history) = direct::completed(&stage.client, "again").await;
    assert_eq!(output, json!({"count": 2}));
    let keys: Vec<_> = web.seen().iter().map(key).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the callee can tell that it is the same call");
    assert_eq!(count(&history, EventType::ActivityTaskScheduled), 1, "{:?}", types(&history));
    drop(second);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_output_is_what_the_document_asked_for() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|seen, _| match seen.path.split('?').next().unwrap_or_default() {
        "/json" => Reply::json(&json!({"query": seen.path, "header": seen.headers.get("x-mine")})),
        "/moved" => Reply { headers: vec![("location", "/json".to_owned())], ..Reply::status(302) },
        "/empty" => Reply::status(204),
        _ => Reply { headers: vec![("content-type", "text/plain".to_owned())], body: "grüße".to_owned(), ..Reply::status(200) },
    })
    .await;
    let call = |name: &str, path: &str, more: &str| {
        format!(
            "          - {name}: {{call: http, with: {{method: get, endpoint: '{}', headers: {{x-mine: '${{ .who }}'}}, query: {{q: 'a b'}}{more}}}}}\n",
            web.url(path)
        )
    };
    let branches = [
        call("content", "/json", ""),
        call("text", "/text", ""),
        call("raw", "/text", ", output: raw"),
        call("response", "/json", ", output: response"),
        call("moved", "/moved", ", output: response, redirect: true"),
        call("empty", "/empty", ""),
    ];
    let tasks = format!("  - all:\n      fork:\n        branches:\n{}", branches.concat());
    direct::start(&stage.client, "outputs", &document(&tasks), &json!({"who": "me"})).await;
    let (output, _) = direct::completed(&stage.client, "outputs").await;
    let content = json!({"query": "/json?q=a+b", "header": "me"});
    assert_eq!(output[0], content);
    assert_eq!(output[1], "grüße");
    assert_eq!(output[2], base64::prelude::BASE64_STANDARD.encode("grüße"));
    assert_eq!((&output[3]["content"], &output[3]["statusCode"], &output[3]["request"]["method"]), (&content, &json!(200), &json!("GET")));
    assert_eq!(output[3]["headers"]["content-type"], "application/json");
    assert_eq!((&output[4]["statusCode"], &output[4]["headers"]["location"]), (&json!(302), &json!("/json")), "it is not followed");
    assert_eq!(output[5], json!(null));
    assert_eq!(web.seen_at("/json").len(), 2);

    let plain = format!("  - moved: {{call: http, with: {{method: get, endpoint: '{}'}}}}\n", web.url("/moved"));
    direct::start(&stage.client, "moved", &document(&plain), &json!({})).await;
    let (ended, _) = end(&stage.client, "moved").await;
    let End::Failed(message, type_, details) = ended else { panic!("{ended:?}") };
    assert!(message.contains("302") && type_.ends_with("/errors/communication"), "{message} {type_} {details}");

    // Nobody listens: an outcome too, and no attempt of Temporal's.
    let closed =
        format!("  - gone: {{call: http, with: {{method: get, endpoint: 'http://127.0.0.1:{}/'}}}}\n", crate::support::worker::free_port());
    direct::start(&stage.client, "refused", &document(&closed), &json!({})).await;
    let (ended, history) = end(&stage.client, "refused").await;
    assert!(matches!(&ended, End::Failed(_, type_, _) if type_.ends_with("/errors/communication")), "{ended:?}");
    assert_eq!(history.len(), 11, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}
