//! C1 to C17: a `WorkflowSpec` as YAML.

use serde_json::{Value, json};
use workflow_runner::plan;
use workflow_runner::stigmer::{from_json, from_json_strict, structs, tasks, to_json, wf};

use crate::specs::{export, named, set, spec, task, then, yaml};

struct Row {
    id: &'static str,
    spec: wf::WorkflowSpec,
    /// What the YAML has; of a conversion that is refused, what the reason has.
    has: &'static [&'static str],
    has_not: &'static [&'static str],
    refused: bool,
    /// Why the row is not what it was for the service before this one.
    differs: Option<&'static str>,
}

fn row(id: &'static str, spec: wf::WorkflowSpec, has: &'static [&'static str]) -> Row {
    Row { id, spec, has, has_not: &[], refused: false, differs: None }
}

impl Row {
    fn without(self, has_not: &'static [&'static str]) -> Self {
        Self { has_not, ..self }
    }

    fn refused(self) -> Self {
        Self { refused: true, ..self }
    }

    fn differs(self, why: &'static str) -> Self {
        Self { differs: Some(why), ..self }
    }
}

fn http(method: &str, uri: &str, timeout: i32) -> Value {
    json!({"method": method, "endpoint": {"uri": uri}, "timeout_seconds": timeout})
}

const DSL: &str = "the standard DSL writes it so; the old form could not be loaded";

fn one_task() -> Vec<Row> {
    let get = http("GET", "https://api.example.com/data", 30);
    let alone = |task| spec(vec![task]);
    vec![
        row(
            "C1",
            alone(set("set-status", json!({"status": "initialized"}))),
            &["document:", "dsl: 1.0.0", "namespace: test", "name: simple-workflow", "do:", "set-status:"],
        ),
        row(
            "C2",
            alone(export(task("fetch-data", "HTTP_CALL", get.clone()), "${.}")),
            &["fetch-data:", "call: http", "with:", "method: GET", "export:", "$context"],
        )
        .differs("an export is added to the context under the task's name, which the DSL has to be told"),
        row(
            "C6",
            alone(task("get-user", "GRPC_CALL", json!({"service": "UserService", "method": "GetUser"}))),
            &["get-user", "GRPC_CALL", "no gRPC call yet"],
        )
        .refused()
        .differs(
            "a call that names neither host nor proto file has nobody to call: it is refused by name, not written and then unloadable",
        ),
        row("C7", alone(task("pause", "WAIT", json!({"seconds": 5}))), &["wait:\n      seconds: 5"]).differs(DSL),
        row("C10 set", alone(set("it", json!({"key": "value", "foo": "bar"}))), &["set:", "key: value", "foo: bar"]),
        row(
            "C10 http",
            alone(task("it", "HTTP_CALL", http("GET", "https://api.example.com", 30))),
            &["endpoint:", "uri: https://api.example.com", "seconds: 30"],
        )
        .differs("the time limit is the task's `timeout`: `timeout_seconds` was read by nobody"),
        row(
            "C10 raise",
            alone(task("it", "RAISE", json!({"error": "ValidationError", "message": "Invalid data"}))),
            &["raise:", "title: ValidationError", "detail: Invalid data", "errors/validation", "status: 400"],
        )
        .differs(DSL),
        row(
            "C10 run",
            alone(task("it", "RUN", json!({"workflow": "child-workflow"}))),
            &["run:", "workflow:", "name: child-workflow", "namespace: test"],
        )
        .differs(DSL),
        row("C13", alone(task("fetch", "HTTP_CALL", get.clone())), &["call: http"]),
        row("C14", alone(task("fetch", "HTTP_CALL", get)), &["seconds: 30"]).without(&["body:"]),
    ]
}

fn several_tasks() -> Vec<Row> {
    let case = |name: &str, when: &str, then: &str| json!({"name": name, "when": when, "then": then});
    let two = json!({"cases": [case("ok", "${result.status == 200}", "handleSuccess"), case("missing", "${result.status == 404}", "handleNotFound")]});
    let three = json!({"cases": [case("a", "${status == 200}", "end"), case("b", "${status == 404}", "end"), case("c", "${status >= 500}", "end")]});
    let mut complex = named(
        "complex-workflow",
        vec![
            then(set("initialize", json!({"status": "starting"})), "fetch-user"),
            then(export(task("fetch-user", "HTTP_CALL", http("GET", "https://api.example.com/users/${userId}", 60)), "${.user}"), "pause"),
            task("pause", "WAIT", json!({"seconds": 3})),
        ],
    );
    complex.description = "A workflow with multiple task types".to_owned();
    let mut body = http("POST", "https://api.example.com/users", 30);
    body["body"] = json!({"username": "testuser", "email": "test@example.com", "age": 25});
    let mut headers = http("POST", "https://api.example.com/create", 120);
    headers["headers"] = json!({"Content-Type": "application/json", "Authorization": "Bearer token"});
    vec![
        row(
            "C3",
            spec(vec![then(set("validate", json!({"a": "1"})), "process"), then(set("process", json!({"b": "2"})), "end")]),
            &["then: process", "then: end"],
        ),
        row(
            "C8",
            spec(vec![task("check", "SWITCH", two)]),
            &["switch:", "- ok:", "then: handleSuccess", "- missing:", "then: handleNotFound"],
        )
        .without(&["cases:"])
        .differs(DSL),
        row(
            "C9",
            complex,
            &[
                "initialize:",
                "fetch-user:",
                "pause:",
                "summary: A workflow with multiple task types",
                "then: fetch-user",
                "then: pause",
                "export:",
            ],
        )
        .differs("a document of the DSL has a summary, not a description"),
        row(
            "C11",
            spec(vec![task("create", "HTTP_CALL", headers)]),
            &["Content-Type: application/json", "seconds: 120", "https://api.example.com/create"],
        )
        .differs("the time limit is the task's `timeout`"),
        row("C16", spec(vec![task("check", "SWITCH", three)]), &["status == 200", "status == 404", "status >= 500"]),
        row("C17", spec(vec![task("create", "HTTP_CALL", body)]), &["body:", "username: testuser", "email: test@example.com", "age: 25\n"]),
    ]
}

fn refusals() -> Vec<Row> {
    let nobody = wf::WorkflowSpec { document: None, ..spec(vec![set("a", json!({"b": "c"}))]) };
    let mut without_config = spec(vec![set("set-status", json!({"a": "b"}))]);
    without_config.tasks[0].task_config = None;
    vec![
        row("C4", nobody, &["document"]).refused(),
        row("C5", spec(vec![]), &["task"]).refused(),
        row("C12", spec(vec![task("fetch", "HTTP_CALL", http("INVALID_METHOD", "", 500))]), &["task 'fetch'", "'method'", "'endpoint.uri'", "'timeout_seconds'"])
            .refused()
            .differs("every field that breaks a rule is named, each by its path; the configuration could be read, so it is not said that it could not"),
        row("C15", without_config, &["failed to unmarshal"]).refused(),
    ]
}

#[test]
fn c1_to_c17() {
    for Row { id, spec, has, has_not, refused, differs } in [one_task(), several_tasks(), refusals()].into_iter().flatten() {
        let text = match yaml(&spec) {
            Ok(yaml) if !refused => yaml,
            Err(reason) if refused => reason,
            other => panic!("{id}: {other:?}"),
        };
        for part in has {
            assert!(text.contains(part), "{id} ({differs:?}): `{part}` is missing\n{text}");
        }
        for part in has_not {
            assert!(!text.contains(part), "{id}: `{part}`\n{text}");
        }
        if !refused && !["C8", "C9", "C16"].contains(&id) {
            // The names that C8 jumps to, and the functions that C9 and C16 call, are nowhere in them.
            assert!(plan::check(&text, id).iter().all(|problem| !problem.prevents_run()), "{id} does not load\n{text}");
        }
    }
}

/// C11: typed → `Struct` → typed.
#[test]
fn c11_a_configuration_survives_the_struct() {
    let config =
        json!({"method": "POST", "endpoint": {"uri": "https://a"}, "headers": {"Content-Type": "application/json"}, "timeoutSeconds": 120});
    let typed: tasks::HttpCallTaskConfig = from_json(&config).expect("typed");
    let packed = structs::object(&to_json(&typed).expect("JSON"));
    let again: tasks::HttpCallTaskConfig = from_json_strict(&structs::value(&packed)).expect("typed again");
    assert_eq!(again, typed, "C11");
}
