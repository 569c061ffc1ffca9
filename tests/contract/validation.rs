//! V1 to V22: configurations of tasks, their rules, and their way into a `Struct` and back.

use serde_json::{Value, json};
use workflow_runner::stigmer::{JsonError, ar, from_json_strict, structs, tasks, to_json, wf};

use crate::specs::{set, spec, task, yaml};

/// Each: id, kind, configuration, and what the reason says when it is refused.
const NO_REASON: Option<&str> = None;

fn rules() -> Vec<(&'static str, &'static str, Value, Option<&'static str>)> {
    let http = |method: &str, endpoint: Value, timeout: i32| json!({"method": method, "endpoint": endpoint, "timeout_seconds": timeout});
    let uri = || json!({"uri": "https://api.example.com"});
    let case = |name: &str, then: &str| json!({"cases": [{"name": name, "when": "${ .x }", "then": then}]});
    let mut bearer = http("GET", uri(), 30);
    bearer["headers"] = json!({"Authorization": "Bearer ${ $data.token }"});
    let mut body = http("POST", uri(), 60);
    body["body"] = json!({"field1": "value1", "field2": 42});
    vec![
        ("V1 present", "SET", json!({"variables": {"status": "ready"}}), NO_REASON),
        ("V1 absent", "SET", json!({}), Some("'variables' is required")),
        ("V2", "HTTP_CALL", http("GET", uri(), 30), NO_REASON),
        ("V3", "HTTP_CALL", json!({"method": "INVALID", "endpoint": uri()}), Some("'method'")),
        ("V4 absent", "HTTP_CALL", json!({"method": "GET", "timeout_seconds": 30}), Some("'endpoint' is required")),
        ("V4 empty", "HTTP_CALL", http("GET", json!({"uri": ""}), 30), Some("'endpoint.uri' is required")),
        ("V5 in range", "HTTP_CALL", http("GET", uri(), 30), NO_REASON),
        ("V5 out of range", "HTTP_CALL", http("GET", uri(), 500), Some("from 1 to 300")),
        ("V6 one case", "SWITCH", case("a", "end"), NO_REASON),
        ("V6 none", "SWITCH", json!({"cases": []}), Some("'cases' must have at least 1 item")),
        ("V6 no name", "SWITCH", case("", "end"), Some("'cases[0].name'")),
        ("V6 no then", "SWITCH", case("a", ""), Some("'cases[0].then'")),
        ("V7", "SET", json!({"variables": {"status": "ready"}}), NO_REASON),
        ("V8", "HTTP_CALL", http("INVALID", uri(), 30), Some("task 'fetchData' (WORKFLOW_TASK_KIND_HTTP_CALL)")),
        ("V15 header", "HTTP_CALL", bearer, NO_REASON),
        ("V15 body", "HTTP_CALL", body, NO_REASON),
        ("V17 wait", "WAIT", json!({"seconds": 5}), NO_REASON),
        ("V17 raise", "RAISE", json!({"error": "ValidationError", "message": "Invalid input provided"}), NO_REASON),
        ("V18", "UNSPECIFIED", json!({}), Some("unsupported task kind")),
    ]
}

#[test]
fn v1_to_v18_rules_of_the_fields() {
    for (id, kind, config, reason) in rules() {
        match (yaml(&spec(vec![task("fetchData", kind, config)])), reason) {
            (Ok(_), None) => {}
            (Err(told), Some(reason)) => assert!(told.contains(reason), "{id}: {told}"),
            (done, _) => panic!("{id}: {done:?}"),
        }
    }
}

#[test]
fn v9_to_v14_specifications() {
    // V9: a list of protobuf has no nil; a task without anything is told what it lacks.
    let nothing = wf::WorkflowSpec { tasks: vec![wf::WorkflowTask::default()], ..spec(vec![]) };
    assert!(yaml(&nothing).expect_err("V9").contains("task name is required"), "V9");
    let fetch =
        |timeout: i32| task("fetch", "HTTP_CALL", json!({"method": "GET", "endpoint": {"uri": "https://a"}, "timeout_seconds": timeout}));
    yaml(&spec(vec![set("a", json!({"x": "y"})), fetch(30)])).expect("V10");
    // V11: the task is named, not numbered from 0.
    assert!(
        yaml(&spec(vec![set("a", json!({"x": "y"})), fetch(0)])).expect_err("V11").contains("validation failed for task 'fetch'"),
        "V11"
    );
    assert!(yaml(&spec(vec![])).expect_err("V12").contains("at least one task"), "V12");
    let mut none = spec(vec![set("a", json!({"x": "y"}))]);
    none.tasks[0].task_config = None;
    assert!(yaml(&none).expect_err("V14").contains("task_config cannot be nil"), "V14");
}

#[test]
fn v13_and_v16_texts_stay_as_they_are() {
    let set: tasks::SetTaskConfig =
        from_json_strict(&json!({"variables": {"status": "initialized", "count": "${ .items | length }"}})).expect("V13");
    assert_eq!((set.variables["status"].as_str(), set.variables["count"].as_str()), ("initialized", "${ .items | length }"), "V13");
    let cases = json!({"cases": [{"name": "highValue", "when": "${ .value > 100 }", "then": "processHighValue"}, {"name": "default", "then": "processDefault"}]});
    let switch: tasks::SwitchTaskConfig = from_json_strict(&cases).expect("V16");
    assert_eq!((switch.cases.len(), switch.cases[1].when.as_str()), (2, ""), "V16");
}

/// V19, V20, V22: typed → `Struct` → typed, with the names of protobuf's JSON.
#[test]
fn v19_to_v22_into_a_struct_and_back() {
    fn there_and_back<M: prost::Message + prost::Name + Default + PartialEq + std::fmt::Debug>(id: &str, config: Value) -> Value {
        let typed: M = from_json_strict(&config).unwrap_or_else(|error| panic!("{id}: {error}"));
        let packed = structs::object(&to_json(&typed).expect("JSON"));
        assert!(!packed.fields.is_empty(), "V19 {id}");
        let again: Result<M, JsonError> = from_json_strict(&structs::value(&packed));
        assert_eq!(again.expect("typed"), typed, "V20 {id}");
        structs::value(&packed)
    }
    there_and_back::<tasks::SetTaskConfig>("set", json!({"variables": {"a": "b"}}));
    let http = there_and_back::<tasks::HttpCallTaskConfig>(
        "http",
        json!({"method": "POST", "endpoint": {"uri": "https://a"}, "timeout_seconds": 120}),
    );
    there_and_back::<tasks::GrpcCallTaskConfig>("grpc", json!({"service": "UserService", "method": "GetUser", "request": {"id": 1}}));
    there_and_back::<tasks::SwitchTaskConfig>(
        "switch",
        json!({"cases": [{"name": "a", "when": "x", "then": "b"}, {"name": "c", "then": "d"}]}),
    );
    there_and_back::<tasks::WaitTaskConfig>("wait", json!({"seconds": 10}));
    there_and_back::<tasks::RaiseTaskConfig>("raise", json!({"error": "ValidationError", "message": "no"}));
    there_and_back::<tasks::RunTaskConfig>("run", json!({"workflow": "child", "input": {"a": 1}}));
    there_and_back::<tasks::ListenTaskConfig>("listen", json!({"to": {"mode": "all", "signals": [{"id": "a", "type": "signal"}]}}));
    there_and_back::<tasks::CallActivityTaskConfig>("activity", json!({"activity": "a", "input": {}}));
    there_and_back::<tasks::AgentCallTaskConfig>("agent", json!({"agent": "a", "message": "m", "scope": "organization"}));
    let names: Vec<&str> = http.as_object().expect("an object").keys().map(String::as_str).collect();
    assert!(names.contains(&"method") && names.contains(&"endpoint") && names.contains(&"timeoutSeconds"), "V22: {names:?}");
    assert!(names.iter().all(|name| name.starts_with(char::is_lowercase)), "V22: {names:?}");
    // V21: a message that is not there cannot be written in this language; a configuration that is not there is V14.
    assert_eq!(ar::WorkflowTaskKind::from_str_name("WORKFLOW_TASK_KIND_SET"), Some(ar::WorkflowTaskKind::Set));
}
