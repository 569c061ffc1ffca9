//! Calls by HTTP and gRPC: rows 8.8 and 8.9. What goes out is seen by a call that answers with its own input; what comes back, by a real server.

use serde_json::{Value, json};
use workflow_runner::config::{Config, HttpSettings};
use workflow_runner::effects::events::Sink;
use workflow_runner::effects::http::Http;
use workflow_runner::engine::{Outcome, Start};
use workflow_runner::expr::marker::Markers;
use workflow_runner::local::effects::{Effects, RealCalls};
use workflow_runner::local::{self, Clock, Options};
use workflow_runner::plan;

use crate::case::{self, Row, hold, row};
use crate::support::web::{Reply, Web};

/// A call with this `with`, after the context was exported.
fn call(id: &'static str, given: &'static str, context: Value, with: Value) -> Row {
    row(
        id,
        given,
        json!([{"given": {"set": {"context": context}, "export": {"as": "${ .context }"}}}, {"it": {"call": "http", "with": with}}]),
    )
}

/// What the activity is asked for; `more` beside method and address.
fn asked(method: &str, uri: &str, more: Value) -> Value {
    let mut asked = json!({"method": method, "uri": uri, "output": "content", "redirect": false});
    asked.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    asked
}

fn get(uri: &str) -> Value {
    json!({"method": "GET", "endpoint": {"uri": uri}})
}

const BASE: &str = "https://api.example.com";

/// `with` of a GET, with more members.
fn with(more: Value) -> Value {
    let mut with = json!({"method": "get", "endpoint": BASE});
    with.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    with
}

fn post(endpoint: Value, body: Value) -> Value {
    with(json!({"method": "post", "endpoint": endpoint, "body": body}))
}

#[test]
fn addresses() {
    let posts = "${ $context.baseURL + \"/posts/\" + ($context.postId | tostring) }";
    let sent = |path: &str| asked("GET", &format!("{BASE}{path}"), json!({}));
    let data = json!({"apiURL": "https://api.example.com/data"});
    hold(vec![
        call("H1", "from the context", data.clone(), get("${ $context.apiURL }")).gives(sent("/data")),
        call("H1", "no object around it", data, with(json!({"endpoint": "${ $context.apiURL }"})))
            .gives(sent("/data"))
            .instead("the original sent this one to a literal `${…}`"),
        call("H2", "a whole number in it", json!({"baseURL": BASE, "postId": 1}), get(posts)).gives(sent("/posts/1")),
        call("H3", "as it stands", json!({}), get("https://api.example.com/static")).gives(sent("/static")),
        call(
            "H4",
            "another number, by POST",
            json!({"baseURL": BASE, "postId": 42}),
            with(json!({"method": "POST", "endpoint": {"uri": posts}})),
        )
        .gives(asked("POST", "https://api.example.com/posts/42", json!({}))),
        call("H10", "null", json!({}), get("${ $context.undefinedVariable }")).faults(
            "expression",
            400,
            "the endpoint must be text, not null",
        ),
    ]);
}

#[test]
fn headers_queries_and_bodies() {
    let headers =
        json!({"Authorization": "${ \"Bearer \" + $context.token }", "X-Request-ID": "${ $context.requestId }", "X-Static": "as it is"});
    let sent_headers = json!({"Authorization": "Bearer abc123xyz", "X-Request-ID": "req-456", "X-Static": "as it is"});
    let query = json!({"q": "${ $context.searchTerm }", "limit": "${ $context.maxResults }"});
    let title = "${ \"Post by user \" + ($context.userId | tostring) }";
    let body = json!({"userId": "${ $context.userId }", "title": title, "body": "static"});
    let mut everything = post(json!({"uri": "${ $context.apiBase + \"/notifications\" }"}), json!({"message": "${ $context.message }"}));
    everything["headers"] = json!({"Authorization": "${ \"Bearer \" + $context.token }", "Content-Type": "application/json"});
    everything["headers"]["X-Priority"] = json!("${ $context.priority }");
    let sent = json!({"Authorization": "Bearer token-xyz", "Content-Type": "application/json", "X-Priority": "high"});
    let all = json!({"apiBase": BASE, "token": "token-xyz", "priority": "high", "message": "hello"});
    hold(vec![
        call("H5", "headers", json!({"token": "abc123xyz", "requestId": "req-456"}), with(json!({"headers": headers}))).gives(asked(
            "GET",
            BASE,
            json!({"headers": sent_headers}),
        )),
        call("H6", "a query", json!({"searchTerm": "golang", "maxResults": 10}), with(json!({"query": query})))
            .gives(asked("GET", BASE, json!({"query": {"q": "golang", "limit": "10"}})))
            .instead("a query is text: the number is written here already"),
        call("H7", "a body", json!({"userId": 5}), post(json!(BASE), body)).gives(asked(
            "POST",
            BASE,
            json!({"body": {"userId": 5, "title": "Post by user 5", "body": "static"}}),
        )),
        call("H8", "everything at once", all, everything).gives(asked(
            "POST",
            "https://api.example.com/notifications",
            json!({"headers": sent, "body": {"message": "hello"}}),
        )),
        call("H9", "nothing, numbers included", json!({}), with(json!({"query": {"page": 1, "size": 10}})))
            .gives(asked("GET", BASE, json!({"query": {"page": "1", "size": "10"}})))
            .instead("the same"),
        call("H11", "a header that does not parse", json!({}), with(json!({"headers": {"X": "${ $context.token + }"}})))
            .refused("E0401", "does not compile")
            .instead("told before the first task"),
        call("8.8", "the original's timeout_seconds", json!({}), with(json!({"timeout_seconds": 30})))
            .refused("E0201", "timeout_seconds")
            .instead("it was ignored; a WorkflowSpec's becomes the task's `timeout`"),
    ]);
}

#[test]
fn grpc_calls() {
    let with = json!({
        "proto": {"endpoint": "file:///user.proto"}, "service": {"name": "UserService", "host": "localhost", "port": 50051},
        "method": "GetUser", "arguments": {"userId": 12345, "field2": 42}});
    let mut dynamic = with.clone();
    dynamic["service"]["name"] = json!("${ $context.namespace + \".\" + $context.service }");
    let mut broken = with.clone();
    broken["method"] = json!("${ $context.method + }");
    let grpc = |given, with: Value| row("8.9", given, json!([{"it": {"call": "grpc", "with": with}}]));
    let reason = "no gRPC service is called by documents yet; this is told before the first task";
    hold(vec![
        grpc("all static", with).refused("E0505", "grpc").instead(reason),
        grpc("a service by expression", dynamic).refused("E0505", "grpc").instead(reason),
        grpc("a method that does not parse", broken).refused("E0", "").instead(reason),
    ]);
}

/// One call of `path` with these members of `with`, for real: its output, or the last part of its fault's type, the status and the text.
async fn called(web: &Web, path: &str, more: Value) -> Result<Value, (String, u16, String)> {
    let mut with = json!({"method": "get", "endpoint": web.url(path)});
    with.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let document = case::document(json!([{"it": {"call": "http", "with": with}}]));
    let run = move || {
        let plan = plan::build(&document.to_string(), "real.yaml").expect("the document is valid");
        let http = Http::new(&HttpSettings::local()).expect("a client");
        let calls = RealCalls::new(Effects::new(&Config::default(), http, Sink::default(), Markers::new("0123456789abcdef"), "run"));
        let start = Start::new("run", json!({}).into(), jiff::Timestamp::UNIX_EPOCH);
        local::run(&plan, Options::new(start, Clock::real(), std::rc::Rc::new(calls))).expect("a runtime")
    };
    match tokio::task::spawn_blocking(run).await.expect("the run does not panic") {
        Outcome::Completed(output) => Ok(output.to_json()),
        Outcome::Faulted(fault) => Err((fault.type_.rsplit('/').next().unwrap_or_default().to_owned(), fault.status, fault.to_string())),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_answers() {
    workflow_runner::effects::http::use_ring();
    let web = Web::start(|seen, _| match seen.path.as_str() {
        "/object" => Reply::json(&json!({"a": 1})),
        "/array" => Reply::json(&json!([1, {"b": 2}])),
        "/text" => Reply { headers: vec![("content-type", "text/plain".to_owned())], body: "plain".to_owned(), ..Reply::status(200) },
        "/moved" => Reply { headers: vec![("location", "/object".to_owned())], ..Reply::status(301) },
        path => Reply { body: "it says why".to_owned(), ..Reply::status(path[1..].parse().expect("a status")) },
    })
    .await;
    // (row, path, more of `with`, output)
    for (id, path, more, want) in [
        ("H12 content", "/object", json!({}), json!({"a": 1})),
        ("H12 text", "/text", json!({}), json!("plain")),
        ("H12 raw", "/object", json!({"output": "raw"}), json!("eyJhIjoxfQ==")),
        ("H13 an array stays one", "/array", json!({}), json!([1, {"b": 2}])),
        ("H13 a redirection that is wanted", "/moved", json!({"redirect": true}), Value::Null),
    ] {
        assert_eq!(called(&web, path, more).await, Ok(want), "{id}");
    }
    let whole = called(&web, "/object", json!({"output": "response"})).await.expect("H12 response");
    assert_eq!(
        (&whole["statusCode"], &whole["content"], &whole["request"]["method"]),
        (&json!(200), &json!({"a": 1}), &json!("GET")),
        "H12 response: {whole}"
    );
    // The original's `CallHTTP error` is `communication` with the answer's status here, for any status: a document may try again by status, and
    // Temporal does not (the original's did for 5xx).
    for (id, path, status) in [("H13 301", "/moved", 301), ("H13 404", "/404", 404), ("H13 500", "/500", 500)] {
        let (kind, got, text) = called(&web, path, json!({})).await.expect_err(id);
        assert_eq!((kind.as_str(), got), ("communication", status), "{id}: {text}");
        assert!(path == "/moved" || text.contains("it says why"), "{id}: {text}");
    }
    assert_eq!(web.seen_at("/500").len(), 1, "H13: one request, whatever is answered");
}
