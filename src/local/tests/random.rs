//! Random small programs: none panics, each one ends, each one does the same again.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::mock::{Answer, Mock};
use super::{Report, Trial, seconds};
use crate::effects::EffectError;
use crate::engine::Outcome;

fn list(depth: u32) -> BoxedStrategy<Value> {
    let tasks = prop::collection::vec((task(depth), prop::option::of(directive()), prop::option::weighted(0.2, condition())), 1..4);
    tasks
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

/// No names: a backward jump would not have to end.
fn directive() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["continue", "continue", "continue", "exit", "end"])
}

fn condition() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["true", "false", "$context == null", ". == null", ".n"])
}

fn limit(task: Value) -> impl Strategy<Value = Value> {
    prop::option::weighted(0.3, 1..6_u32).prop_map(move |limit| {
        let mut task = task.clone();
        if let Some(limit) = limit {
            task["timeout"] = json!({"after": {"seconds": limit}});
        }
        task
    })
}

fn task(depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(json!({"set": {"n": "${ .n? }", "c": "${ $context }"}, "export": {"as": "$output"}})),
        Just(json!({"set": "${ [1, null, {a: 1}] }"})),
        Just(json!({"set": {"broken": "${ .n + {} }"}})),
        (1..9_u32).prop_map(|length| json!({"wait": {"seconds": length}})),
        Just(json!({"raise": {"error": {"type": "urn:x", "status": 500}}})),
        Just(json!({"switch": [{"a": {"when": ". == null", "then": "end"}}, {"b": {"then": "continue"}}]})),
        Just(json!({"call": "http", "with": {"method": "get", "endpoint": "https://h.test/"}})),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = move || list(depth - 1);
    let handler = move || prop::option::of(list(depth - 1));
    let nested = prop_oneof![
        inner().prop_map(|list| json!({"do": list})),
        (inner(), 0..4_u32).prop_map(|(list, count)| json!({"for": {"in": format!("${{ [range({count})] }}")}, "do": list})),
        (prop::collection::vec(task(depth - 1), 1..4), any::<bool>()).prop_map(|(branches, compete)| {
            let branches: Vec<_> = branches.into_iter().enumerate().map(|(index, task)| json!({ format!("b{index}"): task })).collect();
            json!({"fork": {"branches": branches, "compete": compete}})
        }),
        (inner(), handler(), prop::option::of(1..4_u32)).prop_map(|(body, handler, attempts)| {
            let mut catch = json!({"as": "err"});
            if let Some(handler) = handler {
                catch["do"] = handler;
            }
            if let Some(attempts) = attempts {
                catch["retry"] =
                    json!({"delay": {"seconds": 1}, "backoff": {"exponential": {}}, "limit": {"attempt": {"count": attempts}}});
            }
            json!({"try": body, "catch": catch})
        }),
    ];
    prop_oneof![leaf, nested].prop_flat_map(limit).boxed()
}

fn run(program: &Value, cancel: Option<u64>) -> (Vec<String>, Report) {
    let mut calls = 0;
    let mock = Mock::new(move |_| {
        calls += 1;
        match calls % 3 {
            0 => Answer::error(EffectError::communication(503, "unavailable")),
            1 => Answer::now(json!({"n": calls})),
            _ => Answer::after(seconds(2), json!(null)),
        }
    });
    let text = serde_json::to_string(&json!({ "do": program })).expect("JSON");
    let tasks = text.trim_start_matches('{').trim_end_matches('}');
    let tasks = tasks.strip_prefix("\"do\":").map(|list| format!("do: {list}")).expect("a list");
    let mut trial = Trial::new(&tasks, json!({"n": 1})).calls(&mock).settings(|settings| settings.step_limit = 7);
    if let Some(delay) = cancel {
        trial = trial.cancel_after(seconds(delay));
    }
    let report = trial.run();
    (mock.ids(), report)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_end_and_do_the_same_again(program in list(3), cancel in prop::option::of(0..12_u64)) {
        let (calls, report) = run(&program, cancel);
        let (calls_again, again) = run(&program, cancel);
        prop_assert_eq!(&calls, &calls_again);
        prop_assert_eq!(&report.trace, &again.trace);
        prop_assert_eq!(&report.outcome, &again.outcome);
        let mut unique = calls.clone();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(unique.len(), calls.len(), "no call id comes twice");
        prop_assert!(report.progress.rows().iter().all(|row| row.completed_at.is_some()), "every started task has ended");
        prop_assert!(cancel.is_some() || report.outcome != Outcome::Cancelled);
        if let Outcome::Faulted(fault) = &report.outcome {
            prop_assert!(!fault.to_string().contains("stuck"), "{}", fault);
        }
    }
}
