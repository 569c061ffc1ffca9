use serde_json::json;

use super::*;
use crate::stigmer::{from_json, random_spec, structs};

fn document(tasks: &str) -> String {
    format!("document: {{dsl: '1.0.3', namespace: test, name: flow, version: '1.2.0'}}\ndo:\n{tasks}")
}

fn expressed(tasks: &str) -> Expressed {
    express(&document(tasks), &random_spec::queues()).unwrap_or_else(|refused| panic!("{refused:#?}\n{tasks}"))
}

fn refused(tasks: &str) -> Vec<String> {
    express(&document(tasks), &random_spec::queues()).expect_err("it has no form").iter().map(ToString::to_string).collect()
}

/// The first task; numbers of its configuration as they were written.
fn task(tasks: &str) -> Value {
    let task = &expressed(tasks).spec.tasks[0];
    json!({"kind": task.kind().as_str_name(), "taskConfig": structs::value(task.task_config.as_ref().expect("a configuration"))})
}

/// Every kind, at random: what it becomes is written as a specification that becomes the same, and that comes back as it is.
#[test]
fn random_specifications_go_there_and_back() {
    let queues = random_spec::queues();
    for seed in 0..200 {
        let yaml = convert::to_yaml(&random_spec::spec(seed), &queues).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let there = express(&yaml, &queues).unwrap_or_else(|refused| panic!("seed {seed}: {refused:#?}\n{yaml}"));
        assert_eq!(convert::to_yaml(&there.spec, &queues).expect("converted"), yaml, "seed {seed}");
        assert_eq!(express(&yaml, &queues).expect("expressed"), there, "seed {seed}");
    }
}

/// A specification that needs no rewriting is exactly what comes back.
#[test]
fn standard_specifications_come_back_exactly() {
    let set = |name: &str| json!({"name": name, "kind": "WORKFLOW_TASK_KIND_SET", "taskConfig": {"variables": {"x": "${ $data.y }"}}});
    for (kind, config) in [
        ("SET", json!({"variables": {"a": "b", "n": "${ 5 }"}})),
        (
            "HTTP_CALL",
            json!({"method": "POST", "endpoint": {"uri": "https://example.com"}, "headers": {"a": "b"}, "body": {"n": 1, "t": "${ .x }"}, "timeoutSeconds": 30}),
        ),
        (
            "AGENT_CALL",
            json!({"agent": "a", "message": "m", "scope": "organization", "env": {"K": "${ $secrets.K }"}, "config": {"model": "m", "timeout": 60, "temperature": 0.5}}),
        ),
        ("SWITCH", json!({"cases": [{"name": "a", "when": "${ .x > 1 }", "then": "end"}, {"name": "b", "then": "continue"}]})),
        ("FOR", json!({"each": "pet", "in": "${ .pets }", "do": [set("a")]})),
        ("FORK", json!({"branches": [{"name": "a", "do": [set("x")]}, {"name": "b", "do": [set("y")]}], "compete": false})),
        ("TRY", json!({"try": [set("a")]})),
        ("TRY", json!({"try": [set("a")], "catch": {"as": "error", "do": [set("b")]}})),
        ("LISTEN", json!({"to": {"mode": "one", "signals": [{"id": "a.b", "type": "signal"}, {"id": "c?", "type": "signal"}]}})),
        ("LISTEN", json!({"to": {"mode": "all", "signals": [{"id": "a", "type": "signal"}]}})),
        ("WAIT", json!({"seconds": 5})),
        ("RAISE", json!({"error": "ValidationError", "message": "no"})),
        ("RUN", json!({"workflow": "child"})),
        ("RUN", json!({"workflow": "other/child:1.0.0", "input": {"a": 1}})),
        ("CALL_ACTIVITY", json!({"activity": "Greet", "input": {"a": 1}})),
    ] {
        let task = json!({"name": "it", "kind": format!("WORKFLOW_TASK_KIND_{kind}"), "taskConfig": config,
            "export": {"as": "${ .x }"}, "flow": {"then": "end"}});
        let spec = json!({"document": {"dsl": "1.0.0", "namespace": "test", "name": "flow", "version": "1.0.0"}, "tasks": [task]});
        let spec: wf::WorkflowSpec = from_json(&spec).expect("a specification");
        let yaml = convert::to_yaml(&spec, &random_spec::queues()).expect("converted");
        let back = express(&yaml, &random_spec::queues()).unwrap_or_else(|refused| panic!("{kind}: {refused:#?}\n{yaml}"));
        assert_eq!(json::to_json(&back.spec).expect("JSON"), json::to_json(&spec).expect("JSON"), "{kind}");
    }
}

#[test]
fn other_words_for_the_same() {
    let http = task("  - get: {call: http, with: {method: get, endpoint: 'https://example.com'}, timeout: {after: PT1M30S}}\n");
    assert_eq!(http["taskConfig"], json!({"method": "GET", "endpoint": {"uri": "https://example.com"}, "timeoutSeconds": 90}));
    let set = task("  - make: {set: {n: 5, list: [1, {a: 'x'}], text: t, none: null}}\n");
    assert_eq!(set["taskConfig"]["variables"], json!({"n": "${ 5 }", "list": "${ [1,{\"a\":\"x\"}] }", "text": "t", "none": "${ null }"}));
    let wait = task("  - wait: {wait: {minutes: 2}}\n");
    assert_eq!(wait["taskConfig"], json!({"seconds": 120}));
    let looped = task("  - loop: {for: {in: .items}, do: [{note: {set: {x: '${ $item }'}}}]}\n");
    assert_eq!((&looped["taskConfig"]["each"], &looped["taskConfig"]["in"]), (&json!("item"), &json!("${ .items }")));
    let agent = task("  - ask: {call: agent, with: {agent: a, message: m}, timeout: {after: PT1H}}\n");
    assert_eq!(agent["taskConfig"]["config"], json!({"timeout": 3600}));
    let fork = task("  - race: {fork: {compete: true, branches: [{a: {wait: PT1S}}, {b: {set: {x: y}}}]}}\n");
    assert_eq!(fork["taskConfig"]["branches"][0]["do"][0]["name"], "a");
    let list = task("  - group: {do: [{a: {set: {x: y}}}]}\n");
    assert_eq!(list["kind"], "WORKFLOW_TASK_KIND_TRY");
    let without_limit = expressed("  - get: {call: http, with: {method: GET, endpoint: 'https://example.com'}}\n");
    assert_eq!(without_limit.notes, ["task 'get' (/do/0/get): the platform wants a time limit: 300 seconds"]);
}

#[test]
fn all_that_has_no_form_is_told_by_task() {
    let told = refused(
        "  - a: {if: .x, set: {x: y}}
  - b: {emit: {event: {with: {type: t, source: /s}}}}
  - c: {run: {shell: {command: ls}}}
  - loop: {for: {in: .items, at: i}, while: .more, do: [{inner: {set: {x: y}, output: {as: .x}}}]}
  - d: {set: {x: y}, export: {as: .x}}
  - e: {call: http, with: {method: GET, endpoint: {uri: 'https://example.com'}, query: {a: b}}}
  - f: {try: [{g: {set: {x: y}}}], catch: {errors: {with: {status: 404}}, do: [{h: {wait: PT0.5S}}]}}
  - i: {set: {x: 'a ${ .b } c'}}
",
    );
    for (place, what) in [
        ("task 'a' (/do/0/a): ", "no `if` on the platform: decide with a `switch`"),
        ("task 'b' (/do/1/b): ", "no `emit`"),
        ("task 'c' (/do/2/c): ", "runs workflows only"),
        ("task 'loop' (/do/3/loop): ", "no `while`"),
        ("task 'd' (/do/4/d): ", "adds to the context under the task's name"),
        ("task 'e' (/do/5/e): ", "no `query` on the platform: write it into the URI"),
        ("task 'f' (/do/6/f): ", "no `errors` on the platform"),
        ("task 'h' (/do/6/f/catch/do/0/h): ", "whole number of seconds"),
        ("task 'i' (/do/7/i): ", "`set.x` would come back as"),
    ] {
        assert!(told.iter().any(|reason| reason.starts_with(place) && reason.contains(what)), "{place}{what}: {told:#?}");
    }
}

#[test]
fn what_would_change_its_meaning_is_refused() {
    for (tasks, what) in [
        // Text around an expression is text here, and evaluated there.
        ("  - a: {set: {x: 'a ${ .b } c'}}\n", "`set.x` would come back as"),
        // A path that stands for a loop variable there.
        ("  - a: {for: {each: pet, in: .pets}, do: [{b: {set: {x: '${ .pet }'}}}]}\n", "task 'b' (/do/0/a/do/0/b): `set.x`"),
        ("  - a: {set: {x: '${ $output }'}}\n", "`set.x`"),
        ("  - a: {raise: {error: {type: 'https://example.com/e', status: 409, title: Conflict, detail: d}}}\n", "`raise.error."),
        ("  - a: {listen: {to: {one: {with: {type: 'order\\..*'}}}}, output: {as: '${ .[0] }'}}\n", "`listen.to.one.with.type`"),
        ("  - a: {listen: {to: {one: {with: {type: x}}}}}\n", "`output` would come back as"),
        ("  - a: {call: activity, with: {activity: Greet, queue: elsewhere}}\n", "`with.queue` would come back as \"people\""),
        ("  - a: {call: activity, with: {activity: Other, queue: q}}\n", "activities.queues"),
        ("  - a: {call: http, with: {method: HEAD, endpoint: 'https://example.com'}}\n", "`method` must be one of"),
    ] {
        let told = refused(tasks);
        assert!(told.iter().any(|reason| reason.contains(what)), "{what}: {told:#?}");
    }
}

#[test]
fn a_document_that_is_none() {
    assert!(express("do: 1", &Queues::new()).is_err());
    assert!(express("", &Queues::new()).is_err());
}
