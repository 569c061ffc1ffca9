use serde_json::{Value, json};

use super::*;
use crate::stigmer::ar::WorkflowTaskKind as Kind;
use crate::stigmer::{environment, random_spec, structs};

fn task(name: &str, kind: Kind, config: &Value) -> wf::WorkflowTask {
    wf::WorkflowTask { name: name.to_owned(), kind: kind.into(), task_config: Some(structs::object(config)), ..Default::default() }
}

fn then(task: wf::WorkflowTask, then: &str) -> wf::WorkflowTask {
    wf::WorkflowTask { flow: Some(wf::FlowControl { then: then.to_owned() }), ..task }
}

fn export(task: wf::WorkflowTask, value: &str) -> wf::WorkflowTask {
    wf::WorkflowTask { export: Some(wf::Export { r#as: value.to_owned() }), ..task }
}

fn spec(tasks: Vec<wf::WorkflowTask>) -> wf::WorkflowSpec {
    let document = wf::WorkflowDocument {
        dsl: "1.0.0".into(),
        namespace: "test".into(),
        name: "simple-workflow".into(),
        version: "1.0".into(),
        ..Default::default()
    };
    wf::WorkflowSpec { document: Some(document), tasks, ..Default::default() }
}

fn document(spec: &wf::WorkflowSpec) -> Value {
    let yaml = to_yaml(spec, &Queues::new()).unwrap();
    serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

/// The body that a lone task becomes.
fn body(kind: Kind, config: &Value) -> Value {
    document(&spec(vec![task("it", kind, config)]))["do"][0]["it"].clone()
}

fn refused(spec: &wf::WorkflowSpec) -> String {
    to_yaml(spec, &Queues::new()).unwrap_err().to_string()
}

fn refused_task(kind: Kind, config: &Value) -> String {
    refused(&spec(vec![task("it", kind, config)]))
}

#[test]
fn a_small_workflow_as_text() {
    let mut spec = spec(vec![
        then(task("validate", Kind::Set, &json!({"variables": {"status": "initialized", "count": "42"}})), "fetch"),
        export(
            task(
                "fetch",
                Kind::HttpCall,
                &json!({"method": "GET", "endpoint": {"uri": "https://api.example.com/data"}, "timeout_seconds": 30}),
            ),
            "${.}",
        ),
        then(task("pause", Kind::Wait, &json!({"seconds": 5})), "end"),
    ]);
    spec.description = "A workflow with multiple task types".into();
    let converted = convert(&spec, &Queues::new()).unwrap();
    assert_eq!(
        converted.yaml,
        r#"document:
  dsl: 1.0.0
  namespace: test
  name: simple-workflow
  version: 1.0.0
  summary: A workflow with multiple task types
do:
- validate:
    set:
      count: '42'
      status: initialized
    then: fetch
- fetch:
    call: http
    with:
      method: GET
      endpoint:
        uri: https://api.example.com/data
    timeout:
      after:
        seconds: 30
    export:
      as: '${ (($context // {}) + {"fetch": (.)}) }'
- pause:
    wait:
      seconds: 5
    then: end
"#
    );
    assert_eq!(converted.notes, ["document.version '1.0' is no semantic version; it is written as '1.0.0'"]);
}

#[test]
fn http_call() {
    let config = json!({
        "method": "POST",
        "endpoint": {"uri": "https://api.example.com/users/${ $data.id }"},
        "headers": {"Authorization": "Bearer ${.secrets.TOKEN}", "Content-Type": "application/json"},
        "body": {"username": "testuser", "age": 25, "tags": ["${.env_vars.REGION}", 1.5, true, null]},
        "timeoutSeconds": 120,
    });
    let document = document(&spec(vec![task("create", Kind::HttpCall, &config)]));
    assert_eq!(document["use"], json!({"secrets": ["TOKEN"]}));
    assert_eq!(
        document["do"][0]["create"],
        json!({
            "call": "http",
            "with": {
                "method": "POST",
                "endpoint": {"uri": r#"${ "https://api.example.com/users/\($data.id)" }"#},
                "headers": {"Authorization": r#"${ "Bearer \($secrets.TOKEN)" }"#, "Content-Type": "application/json"},
                "body": {"username": "testuser", "age": 25, "tags": [r#"${ ($env.REGION.value // error("the variable REGION has no value")) }"#, 1.5, true, null]},
            },
            "timeout": {"after": {"seconds": 120}},
        })
    );
}

#[test]
fn agent_call() {
    let config = json!({
        "agent": "reviewer", "scope": "organization", "message": "${ 'Review ' + $context.fetch.title }",
        "env": {"TOKEN": "${.secrets.TOKEN}"}, "config": {"model": "m", "timeout": 600, "temperature": 0.7},
    });
    assert_eq!(
        body(Kind::AgentCall, &config),
        json!({
            "call": "agent",
            "with": {
                "agent": "reviewer", "message": r#"${ "Review " + $context.fetch.title }"#, "scope": "organization",
                "env": {"TOKEN": "${ $secrets.TOKEN }"}, "config": {"model": "m", "timeout": 600, "temperature": 0.7},
            },
            "timeout": {"after": {"seconds": 600}},
        })
    );
    let least = body(Kind::AgentCall, &json!({"agent": "reviewer", "message": "Hello"}));
    assert_eq!(least, json!({"call": "agent", "with": {"agent": "reviewer", "message": "Hello"}}));
}

#[test]
fn switch() {
    let config = json!({"cases": [
        {"name": "ok", "when": "${ $context.fetch.status == 200 }", "then": "handleSuccess"},
        {"name": "missing", "when": "${ $context.fetch.status } == '404'", "then": "end"},
        {"name": "otherwise", "then": "continue"},
    ]});
    assert_eq!(
        body(Kind::Switch, &config),
        json!({"switch": [
            {"ok": {"when": "${ $context.fetch.status == 200 }", "then": "handleSuccess"}},
            {"missing": {"when": r#"${ ($context.fetch.status) == "404" }"#, "then": "end"}},
            {"otherwise": {"then": "continue"}},
        ]})
    );
}

#[test]
fn nested_tasks_by_short_and_by_long_kind() {
    let set = |kind: &str, text: &str| json!({"name": "note", "kind": kind, "task_config": {"variables": {"x": text}}});
    let looped = body(Kind::For, &json!({"each": "item", "in": "$context.fetch.items", "do": [set("SET", "${.item.name} #${ .index }")]}));
    assert_eq!(
        looped,
        json!({
            "for": {"each": "item", "in": "${ $context.fetch.items }"},
            "do": [{"note": {"set": {"x": r#"${ "\($item.name) #\($index)" }"#}}}],
        })
    );

    let branches = json!([
        {"name": "left", "do": [set("SET", "l"), set("set", "r")]},
        {"name": "right", "do": [set("WORKFLOW_TASK_KIND_SET", "${.item}")]},
    ]);
    let forked = body(Kind::Fork, &json!({"branches": branches}));
    assert_eq!(forked["fork"]["branches"][0]["left"]["do"].as_array().unwrap().len(), 2);
    assert_eq!(forked["fork"]["branches"][1]["right"]["do"][0]["note"]["set"]["x"], "${.item}");
    assert_eq!(forked["output"], json!({"as": r#"${ {"left": .[0], "right": .[1]} }"#}));
    let raced = body(Kind::Fork, &json!({"branches": branches, "compete": true}));
    assert_eq!((&raced["fork"]["compete"], &raced["output"]), (&json!(true), &Value::Null));

    let tried = body(Kind::Try, &json!({"try": [set("SET", "t")], "catch": {"as": "problem", "do": [set("SET", "${.problem.message}")]}}));
    assert_eq!(tried["try"][0]["note"]["set"]["x"], "t");
    assert_eq!(tried["catch"]["as"], "problem");
    assert_eq!(tried["catch"]["do"][0]["note"]["set"]["x"], "${ ($problem | .detail // .title) }");
    let uncaught = body(Kind::Try, &json!({"try": [set("SET", "t")]}));
    assert_eq!(uncaught, json!({"do": [{"note": {"set": {"x": "t"}}}]}));

    let deep = json!({"each": "a", "in": "${ [1] }", "do": [
        {"name": "inner", "kind": "FOR", "taskConfig": {"each": "b", "in": "${ [.a] }", "do": [set("SET", "${ .a + .b }")]}},
    ]});
    let inner = &body(Kind::For, &deep)["do"][0]["inner"];
    assert_eq!(inner["for"]["in"], "${ [$a] }");
    assert_eq!(inner["do"][0]["note"]["set"]["x"], "${ $a + $b }");
}

#[test]
fn raise() {
    assert_eq!(
        body(Kind::Raise, &json!({"error": "ValidationError", "message": "${ 'No ' + $data.name }"})),
        json!({"raise": {"error": {
            "type": "https://serverlessworkflow.io/spec/1.0.0/errors/validation", "status": 400,
            "title": "ValidationError", "detail": r#"${ "No " + $data.name }"#,
        }}})
    );
}

#[test]
fn listen() {
    let signal = |id: &str| json!({"id": id, "type": "signal"});
    let to = |mode: &str, ids: &[&str]| json!({"to": {"mode": mode, "signals": ids.iter().map(|id| signal(id)).collect::<Vec<_>>()}});
    let event = |id: &str| json!({"with": {"type": id}});
    assert_eq!(
        body(Kind::Listen, &to("one", &["order.paid"])),
        json!({"listen": {"to": {"one": event("order.paid")}}, "output": {"as": "${ .[0] }"}})
    );
    assert_eq!(
        body(Kind::Listen, &to("one", &["yes", "no"])),
        json!({"listen": {"to": {"any": [event("yes"), event("no")]}}, "output": {"as": "${ .[0] }"}})
    );
    assert_eq!(
        body(Kind::Listen, &to("all", &["paid", "packed?"])),
        json!({
            "listen": {"to": {"all": [event("paid"), event(r"packed\?")]}, "read": "envelope"},
            "output": {"as": "${ map({(.type): .data}) | add }"},
        })
    );
}

#[test]
fn run() {
    for (workflow, expected) in [
        ("child", json!({"namespace": "test", "name": "child"})),
        ("Order Pet", json!({"namespace": "test", "name": "Order-Pet"})),
        ("pets/buy:1.2", json!({"namespace": "pets", "name": "buy", "version": "1.2.0"})),
        ("${ $data.which }", json!({"namespace": "test", "name": "${ $data.which }"})),
    ] {
        let mut expected = expected;
        expected["input"] = "${ $workflow.input }".into();
        assert_eq!(body(Kind::Run, &json!({ "workflow": workflow })), json!({"run": {"workflow": expected}}));
    }
    let with_input = body(Kind::Run, &json!({"workflow": "child", "input": {"id": "${ $data.id }", "key": "${.env_vars.KEY}"}}));
    assert_eq!(
        with_input["run"]["workflow"]["input"],
        json!({"id": "${ $data.id }", "key": r#"${ ($env.KEY.value // error("the variable KEY has no value")) }"#})
    );
}

#[test]
fn call_activity() {
    let queues = Queues::from([("Greet".to_owned(), Ok("people".to_owned())), ("Fire".to_owned(), Err("may not be called".to_owned()))]);
    let spec = spec(vec![
        task("greet", Kind::CallActivity, &json!({"activity": "Greet", "input": {"name": "${ $data.name }", "n": 2}})),
        task("plain", Kind::CallActivity, &json!({"activity": "Greet"})),
    ]);
    let document: Value = serde_yaml::from_str(&to_yaml(&spec, &queues).unwrap()).unwrap();
    assert_eq!(
        document["do"],
        json!([
            {"greet": {"call": "activity", "with": {"activity": "Greet", "queue": "people", "arguments": [{"name": "${ $data.name }", "n": 2}]}}},
            {"plain": {"call": "activity", "with": {"activity": "Greet", "queue": "people"}}},
        ])
    );
    let refused = wf::WorkflowSpec { tasks: vec![task("fire", Kind::CallActivity, &json!({"activity": "Fire"}))], ..spec };
    let error = to_yaml(&refused, &queues).unwrap_err().to_string();
    assert!(error.ends_with("field 'activity' may not be called"), "{error}");
}

#[test]
fn a_variable_that_is_declared_as_secret_is_one() {
    let mut spec = spec(vec![task("it", Kind::Set, &json!({"variables": {"a": "${.env_vars.KEY}", "b": "${.env_vars.REGION}"}}))]);
    let key = environment::EnvironmentValue { is_secret: true, ..Default::default() };
    spec.env_spec = Some(environment::EnvironmentSpec { data: [("KEY".to_owned(), key)].into(), ..Default::default() });
    let document = document(&spec);
    assert_eq!(
        document["do"][0]["it"]["set"],
        json!({"a": "${ $secrets.KEY }", "b": r#"${ ($env.REGION.value // error("the variable REGION has no value")) }"#})
    );
    assert_eq!(document["use"], json!({"secrets": ["KEY"]}));
}

#[test]
fn strings_that_look_like_something_else_stay_strings() {
    let variables = json!({
        "a": "true", "b": "1.0", "c": "null", "d": "on", "e": "- x", "f": "a: b", "g": "line\nline\n", "h": "", "i": "0x1F", "j": "~",
    });
    assert_eq!(body(Kind::Set, &json!({"variables": variables}))["set"], variables);
}

#[test]
fn workflows_that_are_not_complete() {
    assert!(refused(&wf::WorkflowSpec { document: None, ..spec(vec![]) }).contains("document"));
    assert_eq!(refused(&spec(vec![])), "workflow must have at least one task");
    let mut nameless = spec(vec![task("it", Kind::Wait, &json!({"seconds": 1}))]);
    nameless.document.as_mut().unwrap().name.clear();
    assert_eq!(refused(&nameless), "document.name is required");
    let mut old = spec(vec![task("it", Kind::Wait, &json!({"seconds": 1}))]);
    old.document.as_mut().unwrap().dsl = "0.9.0".into();
    assert_eq!(document(&old)["document"]["dsl"], "0.9.0", "the loader refuses it");
}

#[test]
fn rules_of_the_fields() {
    for (kind, config, expected) in [
        (Kind::Set, json!({}), "field 'variables' is required"),
        (Kind::HttpCall, json!({"method": "GET", "timeout_seconds": 30}), "field 'endpoint' is required"),
        (Kind::HttpCall, json!({"method": "GET", "endpoint": {"uri": ""}, "timeout_seconds": 30}), "field 'endpoint.uri' is required"),
        (
            Kind::HttpCall,
            json!({"method": "GET", "endpoint": {"uri": "https://a"}, "timeout_seconds": 500}),
            "field 'timeout_seconds' must be from 1 to 300, not 500",
        ),
        (
            Kind::HttpCall,
            json!({"method": "GET", "endpoint": {"uri": "https://a"}}),
            "field 'timeout_seconds' must be from 1 to 300, not 0",
        ),
        (Kind::Switch, json!({"cases": []}), "field 'cases' must have at least 1 item"),
        (Kind::Switch, json!({"cases": [{"then": "end"}]}), "field 'cases[0].name' is required"),
        (Kind::Switch, json!({"cases": [{"name": "x", "when": "true"}]}), "field 'cases[0].then' is required"),
        (Kind::For, json!({"each": "x", "in": ".", "do": []}), "field 'do' must have at least 1 item"),
        (Kind::Fork, json!({"branches": [{"name": "a", "do": [{}]}]}), "field 'branches' must have at least 2 items"),
        (Kind::Try, json!({"try": [{}], "catch": {}}), "field 'catch.do' must have at least 1 item"),
        (Kind::Wait, json!({}), "field 'seconds' must be 1 or more, not 0"),
        (Kind::Raise, json!({"error": "x"}), "field 'message' is required"),
        (Kind::Run, json!({}), "field 'workflow' is required"),
        (Kind::Run, json!({"workflow": "a/b/c"}), "field 'workflow' must be [namespace/]name[:version], not 'a/b/c'"),
        (Kind::Listen, json!({}), "field 'to' is required"),
        (
            Kind::Listen,
            json!({"to": {"mode": "any", "signals": [{"id": "a", "type": "signal"}]}}),
            "field 'to.mode' must be one of one, all, not 'any'",
        ),
        (
            Kind::Listen,
            json!({"to": {"mode": "one", "signals": [{"id": "a", "type": "query"}]}}),
            "field 'to.signals[0].type' is 'query', which this runner cannot listen to; use 'signal'",
        ),
        (
            Kind::CallActivity,
            json!({"activity": "Greet"}),
            "field 'activity' names an activity without a task queue: set `activities.queues` to 'Greet=<queue>' (and let `activities.allow` pass '<queue>/Greet')",
        ),
        (Kind::AgentCall, json!({"agent": "a".repeat(64), "message": "m"}), "field 'agent' must have at most 63 characters"),
        (
            Kind::AgentCall,
            json!({"agent": "a", "message": "m", "config": {"model": "m"}}),
            "field 'config.timeout' must be from 1 to 3600, not 0",
        ),
        (
            Kind::AgentCall,
            json!({"agent": "a", "message": "m", "config": {"timeout": 1, "temperature": 2}}),
            "field 'config.temperature' must be from 0 to 1, not 2",
        ),
    ] {
        let text = refused_task(kind, &config);
        assert_eq!(text, format!("validation failed for task 'it' ({}): {expected}", kind.as_str_name()));
    }
}

#[test]
fn configurations_that_cannot_be_read() {
    let misspelt = refused_task(Kind::Wait, &json!({"seconds": 1, "minutes": 2}));
    assert!(misspelt.contains("failed to unmarshal") && misspelt.contains("minutes"), "{misspelt}");
    assert!(refused_task(Kind::Wait, &json!({"seconds": 1.5})).contains("failed to unmarshal"));
    let absent = wf::WorkflowTask { task_config: None, ..task("it", Kind::Set, &json!({})) };
    assert!(refused(&spec(vec![absent])).contains("failed to unmarshal task_config: task_config cannot be nil"));
    assert!(refused_task(Kind::Unspecified, &json!({})).contains("unsupported task kind"));
    assert!(refused(&spec(vec![task("", Kind::Set, &json!({}))])).contains("task name is required"));
    let grpc = refused_task(Kind::GrpcCall, &json!({"service": "s", "method": "m"}));
    assert!(grpc.contains("GRPC_CALL") && grpc.contains("no gRPC call yet"), "{grpc}");
    let nested = refused_task(Kind::For, &json!({"each": "x", "in": ".", "do": [{"name": "inner", "kind": "SET"}]}));
    assert!(nested.contains("task 'inner' (WORKFLOW_TASK_KIND_SET)"), "{nested}");
}

#[test]
fn problems_are_reported_together() {
    let http = json!({"method": "INVALID_METHOD", "endpoint": {"uri": ""}, "timeout_seconds": 500});
    let text = refused(&spec(vec![task("fetchData", Kind::HttpCall, &http), task("pause", Kind::Wait, &json!({}))]));
    assert_eq!(
        text,
        "validation failed with 4 errors:
  1. validation failed for task 'fetchData' (WORKFLOW_TASK_KIND_HTTP_CALL): field 'method' must be one of GET, POST, PUT, DELETE, PATCH, not 'INVALID_METHOD'
  2. validation failed for task 'fetchData' (WORKFLOW_TASK_KIND_HTTP_CALL): field 'endpoint.uri' is required
  3. validation failed for task 'fetchData' (WORKFLOW_TASK_KIND_HTTP_CALL): field 'timeout_seconds' must be from 1 to 300, not 500
  4. validation failed for task 'pause' (WORKFLOW_TASK_KIND_WAIT): field 'seconds' must be 1 or more, not 0"
    );
}

/// Every kind, each feature of the conversion at least once: the loader has nothing to say about it.
#[test]
fn what_is_written_loads_without_a_diagnostic() {
    let set = |name: &str, text: &str| json!({"name": name, "kind": "SET", "task_config": {"variables": {"x": text}}});
    let spec = spec(vec![
        task("start", Kind::Set, &json!({"variables": {"a": "${ $input.a }", "b": "it's ${.env_vars.REGION}"}})),
        export(
            task(
                "fetch",
                Kind::HttpCall,
                &json!({
                    "method": "POST", "endpoint": {"uri": "https://${.env_vars.HOST}/v1"}, "timeout_seconds": 30,
                    "headers": {"authorization": "Bearer ${.secrets.TOKEN}"}, "body": {"name": "${ $data.start.a }"},
                }),
            ),
            "${ .user }",
        ),
        then(
            task(
                "ask",
                Kind::AgentCall,
                &json!({"agent": "reviewer", "message": "Look at ${ $context.fetch.name }", "config": {"timeout": 60}}),
            ),
            "decide",
        ),
        task(
            "decide",
            Kind::Switch,
            &json!({"cases": [{"name": "ok", "when": "${ $context.fetch.ok }", "then": "loop"}, {"name": "no", "then": "end"}]}),
        ),
        task(
            "loop",
            Kind::For,
            &json!({
                "each": "item", "in": "${ $context.fetch.items }",
                "do": [set("note", "${.item.name} ${.index}"), set("again", "${ $data.item }")],
            }),
        ),
        task(
            "both",
            Kind::Fork,
            &json!({"branches": [{"name": "a", "do": [set("x", "1")]}, {"name": "b", "do": [set("y", "2"), set("z", "3")]}]}),
        ),
        task(
            "race",
            Kind::Fork,
            &json!({"compete": true, "branches": [{"name": "a", "do": [set("x", "1")]}, {"name": "b", "do": [set("y", "2")]}]}),
        ),
        task("careful", Kind::Try, &json!({"try": [set("x", "1")], "catch": {"as": "error", "do": [set("y", "${.error.message}")]}})),
        task("plain", Kind::Try, &json!({"try": [set("x", "${ $output }")]})),
        task("pause", Kind::Wait, &json!({"seconds": 1})),
        task("fail", Kind::Raise, &json!({"error": "TimeoutError", "message": "after ${ $data.fetch }"})),
    ]);
    let yaml = to_yaml(&spec, &Queues::new()).unwrap();
    let (definition, diagnostics) = crate::dsl::parse(&yaml, "workflow.yaml");
    assert!(diagnostics.is_empty(), "{diagnostics:#?}\n{yaml}");
    assert!(definition.is_some());
}

/// Whatever is specified within the rules converts, loads without a diagnostic, and reads as it was written.
#[test]
fn random_specifications_convert_and_load() {
    let queues = random_spec::queues();
    for seed in 0..200 {
        let spec = random_spec::spec(seed);
        let yaml = to_yaml(&spec, &queues).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let (definition, diagnostics) = crate::dsl::parse(&yaml, "workflow.yaml");
        assert!(diagnostics.is_empty(), "seed {seed}: {diagnostics:#?}\n{yaml}");
        let written: Value = serde_yaml::from_str(&yaml).unwrap();
        assert_eq!(definition.unwrap().root.to_json(), written, "seed {seed}");
        let again: Value = serde_yaml::from_str(&serde_yaml::to_string(&written).unwrap()).unwrap();
        assert_eq!(again, written, "seed {seed}");
    }
}
