//! Random small programs whose outcome depends on nothing but themselves: no races between branches, no time that could be short.

use proptest::prelude::*;
use serde_json::{Value, json};

/// Stands for the web server until the document is written.
const WEB: &str = "http://web.test";

pub fn document(tasks: &Value, web: &str) -> String {
    let document = json!({
        "document": {"dsl": "1.0.3", "namespace": "test", "name": "program", "version": "1.0.0"},
        "do": tasks,
    });
    serde_json::to_string_pretty(&document).expect("JSON").replace(WEB, web.trim_end_matches('/'))
}

pub fn list(depth: u32) -> BoxedStrategy<Value> {
    let task = (task(depth), prop::option::weighted(0.4, directive()), prop::option::weighted(0.2, condition()));
    prop::collection::vec(task, 1..4)
        .prop_map(|tasks| {
            let named = tasks.into_iter().enumerate().map(|(index, (mut task, then, condition))| {
                if let Some(then) = then {
                    task["then"] = json!(then);
                }
                if let Some(condition) = condition {
                    task["if"] = json!(condition);
                }
                json!({ format!("t{index}"): task })
            });
            Value::Array(named.collect())
        })
        .boxed()
}

fn directive() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["continue", "continue", "exit", "end"])
}

fn condition() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["true", "false", "$context == null", ".n? != 3"])
}

fn get(path: u32) -> Value {
    json!({"call": "http", "with": {"method": "get", "endpoint": format!("{WEB}/{path}")}})
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"set": {"n": "${ .n? }", "c": "${ $context }"}, "export": {"as": "$output"}})),
        Just(json!({"set": "${ [1, null, {a: .}] }", "output": {"as": "{n: length}"}})),
        Just(json!({"set": {"broken": "${ .n + {} }"}})),
        Just(json!({"wait": {"milliseconds": 1}})),
        Just(json!({"raise": {"error": {"type": "urn:x", "status": 500}}})),
        Just(json!({"switch": [{"a": {"when": ".n? == 3", "then": "end"}}, {"b": {"then": "continue"}}]})),
        (0..9_u32).prop_map(get),
        Just(get(503)),
        (0..9_u32).prop_map(|path| {
            let mut task = get(path);
            task["metadata"] = json!({"local": true});
            task
        }),
    ]
}

fn task(depth: u32) -> BoxedStrategy<Value> {
    if depth == 0 {
        return leaf().boxed();
    }
    let inner = move || list(depth - 1);
    let nested = prop_oneof![
        inner().prop_map(|list| json!({"do": list})),
        (inner(), 0..4_u32).prop_map(|(list, count)| json!({"for": {"in": format!("${{ [range({count})] }}")}, "do": list})),
        branches().prop_map(|branches| json!({"fork": {"branches": branches}})),
        (inner(), prop::option::of(inner()), prop::option::of(1..3_u32)).prop_map(|(body, handler, attempts)| {
            let mut catch = json!({"as": "err"});
            if let Some(handler) = handler {
                catch["do"] = handler;
            }
            if let Some(attempts) = attempts {
                catch["retry"] = json!({"delay": {"milliseconds": 1}, "limit": {"attempt": {"count": attempts}}});
            }
            json!({"try": body, "catch": catch})
        }),
    ];
    prop_oneof![leaf(), nested].boxed()
}

/// Branches that always succeed and never end the workflow: which of several faults comes first is a race.
fn branches() -> impl Strategy<Value = Value> {
    let steps = prop_oneof![
        (0..9_u32).prop_map(get),
        Just(json!({"wait": {"milliseconds": 1}})),
        Just(json!({"set": {"n": "${ .n? }"}})),
        Just(json!({"try": [{"fail": get(503)}], "catch": {}})),
    ];
    let branch = prop::collection::vec(steps, 1..3).prop_map(|steps| {
        let steps: Vec<_> = steps.into_iter().enumerate().map(|(at, step)| json!({ format!("s{at}"): step })).collect();
        json!({"do": steps})
    });
    prop::collection::vec(branch, 1..4).prop_map(|branches| {
        branches.into_iter().enumerate().map(|(at, branch)| json!({ format!("b{at}"): branch })).collect::<Vec<_>>().into()
    })
}
