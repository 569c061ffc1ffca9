//! Random small programs: none panics, each one ends, each one does the same again.
//!
//! Their times are in milliseconds, so that hardly any two fall together: which of two that are due at once comes first is not promised. `PROPTEST_CASES` tries more
//! than 256.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::Relay;
use super::super::mock::{Answer, Mock};
use super::super::relay::Never;
use super::{Report, Trial, seconds};
use crate::effects::EffectError;
use crate::engine::Outcome;
use crate::engine::host::Handover;

/// `calls`: whether its tasks call the function, which must not call itself.
fn list(depth: u32, calls: bool) -> BoxedStrategy<Value> {
    let tasks = prop::collection::vec((task(depth, calls), prop::option::of(directive()), prop::option::weighted(0.2, condition())), 1..4);
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
    prop::option::weighted(0.3, 500..6_000_u32).prop_map(move |limit| {
        let mut task = task.clone();
        if let Some(limit) = limit {
            task["timeout"] = json!({"after": {"milliseconds": limit}});
        }
        task
    })
}

fn task(depth: u32, calls: bool) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(json!({"set": {"n": "${ .n? }", "c": "${ $context }"}, "export": {"as": "$output"}})),
        Just(json!({"set": "${ [1, null, {a: 1}] }"})),
        Just(json!({"set": {"broken": "${ .n + {} }"}})),
        (500..9_000_u32).prop_map(|length| json!({"wait": {"milliseconds": length}})),
        Just(json!({"raise": {"error": {"type": "urn:x", "status": 500}}})),
        Just(json!({"switch": [{"a": {"when": ". == null", "then": "end"}}, {"b": {"then": "continue"}}]})),
        Just(json!({"call": "http", "with": {"method": "get", "endpoint": "https://h.test/"}})),
        Just(if calls { json!({"call": "f", "with": {"n": 3}}) } else { json!({"set": {"n": 3}}) }),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = move || list(depth - 1, calls);
    let handler = move || prop::option::of(list(depth - 1, calls));
    let nested = prop_oneof![
        inner().prop_map(|list| json!({"do": list})),
        (inner(), 0..4_u32).prop_map(|(list, count)| json!({"for": {"in": format!("${{ [range({count})] }}")}, "do": list})),
        (prop::collection::vec(task(depth - 1, calls), 1..4), any::<bool>()).prop_map(|(branches, compete)| {
            let branches: Vec<_> = branches.into_iter().enumerate().map(|(index, task)| json!({ format!("b{index}"): task })).collect();
            json!({"fork": {"branches": branches, "compete": compete}})
        }),
        (inner(), handler(), prop::option::of((1..4_u32, 300..1_500_u32))).prop_map(|(body, handler, attempts)| {
            let mut catch = json!({"as": "err"});
            if let Some(handler) = handler {
                catch["do"] = handler;
            }
            if let Some((attempts, delay)) = attempts {
                catch["retry"] =
                    json!({"delay": {"milliseconds": delay}, "backoff": {"exponential": {}}, "limit": {"attempt": {"count": attempts}}});
            }
            json!({"try": body, "catch": catch})
        }),
    ];
    prop_oneof![leaf, nested].prop_flat_map(limit).boxed()
}

/// A list of tasks, a function that they call, and maybe an extension around some of them.
fn program() -> impl Strategy<Value = String> {
    let extended = prop::sample::select(vec!["all", "set", "for", "call", "composite", "wait", "try"]);
    let extension = (extended, prop::option::of(condition()), list(0, true), list(0, true));
    let function = list(1, false).prop_map(|list| json!({ "do": list }));
    (list(3, true), function, prop::option::weighted(0.3, extension)).prop_map(|(tasks, function, extension)| {
        let mut uses = json!({"functions": {"f": function}});
        if let Some((extend, when, before, after)) = extension {
            let mut extension = json!({"extend": extend, "before": before, "after": after});
            if let Some(when) = when {
                extension["when"] = json!(when);
            }
            uses["extensions"] = json!([{ "x": extension }]);
        }
        format!("use: {uses}\ndo: {tasks}")
    })
}

fn run(program: &str, cancel: Option<u64>, relay: Rc<dyn Relay>) -> (Vec<String>, Report) {
    let mut calls = 0;
    let mock = Mock::new(move |_| {
        calls += 1;
        match calls % 3 {
            0 => Answer::error(EffectError::communication(503, "unavailable")),
            1 => Answer::now(json!({"n": calls})),
            _ => Answer::after(seconds(2), json!(null)),
        }
    });
    let mut trial = Trial::new(program, json!({"n": 1})).calls(&mock).relay(relay).settings(|settings| settings.step_limit = 7);
    if let Some(delay) = cancel {
        trial = trial.cancel_after(Duration::from_millis(delay));
    }
    let report = trial.run();
    (mock.ids(), report)
}

/// Hands over now and then, the same way each time.
struct Sometimes {
    how: Handover,
    /// Out of 8.
    often: u32,
    state: Cell<u32>,
}

impl Relay for Sometimes {
    fn wants(&self) -> Handover {
        let next = self.state.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.state.set(next);
        if next >> 29 < self.often { self.how } else { Handover::No }
    }
}

fn sometimes(how: Handover, often: u32, seed: u32) -> Rc<dyn Relay> {
    Rc::new(Sometimes { how, often, state: Cell::new(seed) })
}

fn unique(calls: &[String]) -> bool {
    let mut unique = calls.to_vec();
    unique.sort();
    unique.dedup();
    unique.len() == calls.len()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_end_and_do_the_same_again(program in program(), cancel in prop::option::of(0..12_000_u64)) {
        let (calls, report) = run(&program, cancel, Rc::new(Never));
        let (calls_again, again) = run(&program, cancel, Rc::new(Never));
        prop_assert_eq!(&calls, &calls_again);
        prop_assert_eq!(&report.trace, &again.trace);
        prop_assert_eq!(&report.outcome, &again.outcome);
        prop_assert!(unique(&calls), "no call id comes twice");
        prop_assert!(report.progress.rows().iter().all(|row| row.completed_at.is_some()), "every started task has ended");
        prop_assert!(cancel.is_some() || report.outcome != Outcome::Cancelled);
        if let Outcome::Faulted(fault) = &report.outcome {
            prop_assert!(!fault.to_string().contains("stuck"), "{}", fault);
        }
    }

    /// The same outcome, the same calls with the same ids in the same order, the same steps, in the same time.
    #[test]
    fn programs_that_are_handed_over_do_the_same(program in program(), cancel in prop::option::of(0..12_000_u64), often in 1..9_u32, seed: u32) {
        let (calls, once) = run(&program, cancel, Rc::new(Never));
        let (calls_again, again) = run(&program, cancel, sometimes(Handover::WhenIdle, often, seed));
        prop_assert_eq!(&once.outcome, &again.outcome);
        prop_assert_eq!(&calls, &calls_again);
        prop_assert_eq!(&once.trace, &again.trace);
        prop_assert_eq!(once.took, again.took);
    }

    /// Who holds back for a handover may be overtaken, but all comes to an end.
    #[test]
    fn programs_that_are_held_end(program in program(), cancel in prop::option::of(0..12_000_u64), often in 1..9_u32, seed: u32) {
        let (calls, report) = run(&program, cancel, sometimes(Handover::Now, often, seed));
        prop_assert!(unique(&calls), "no call id comes twice");
        prop_assert!(report.progress.rows().iter().all(|row| row.completed_at.is_some()), "every started task has ended");
        if let Outcome::Faulted(fault) = &report.outcome {
            prop_assert!(!fault.to_string().contains("stuck") && !fault.to_string().contains("cannot go on"), "{}", fault);
        }
    }
}
