//! Pure steps pause now and then; what runs, runs in the same order each time.

use std::time::Duration;

use serde_json::json;

use super::super::mock::{Answer, Mock};
use super::{Trial, seconds};

/// Two steps a round, `n` rounds.
const COUNT: &str = "do:\n- a: {set: {n: '${ .n + 1 }', most: '${ .most }'}}\n- again: {switch: [{more: {when: .n < .most, then: a}}]}";

fn took(tasks: &str, input: serde_json::Value, limit: u32) -> Duration {
    Trial::new(tasks, input).settings(|settings| settings.step_limit = limit).run().took
}

#[test]
fn pure_steps_pause_for_a_millisecond_at_the_limit() {
    let count = |most: u32| json!({"n": 0, "most": most});
    assert_eq!(took(COUNT, count(10_000), 20_000), Duration::ZERO);
    assert_eq!(took(COUNT, count(10_001), 20_000), Duration::from_millis(1));
    assert_eq!(took(COUNT, count(500), 100), Duration::from_millis(9));
}

#[test]
fn spent_fuel_pauses_too() {
    let sums = "do:\n- l: {for: {in: '${ [range(10)] }'}, do: [{s: {set: {sum: '${ [range(500)] | add }'}}}]}";
    let run = |fuel| Trial::new(sums, json!({})).settings(|settings| settings.fuel_per_pause = fuel).run();
    assert_eq!(run(u64::MAX).took, Duration::ZERO);
    let paused = run(1_000);
    assert!(paused.took > Duration::ZERO);
    assert_eq!(paused.output(), json!({"sum": 124_750}));
}

#[test]
fn a_wait_is_a_pause() {
    let waits = "do:\n- l: {for: {in: '${ [range(50)] }'}, do: [{w: {wait: {seconds: 1}}}, {s: {set: {x: 1}}}]}";
    assert_eq!(took(waits, json!({}), 10), seconds(50));
}

#[test]
fn branches_share_what_one_strand_may_do() {
    let loops = "do: [{l: {for: {in: '${ [range(400)] }'}, do: [{s: {set: {x: 1}}}]}}]";
    let fork = format!("do:\n- f: {{fork: {{branches: [{{a: {{{loops}}}}}, {{b: {{{loops}}}}}]}}}}");
    assert_eq!(took(&fork, json!({}), 2_000), Duration::ZERO, "802 steps each, 1,000 allowed");
    assert_eq!(took(&fork, json!({}), 1_000), Duration::from_millis(1), "500 allowed");
}

#[test]
fn one_evaluation_has_its_limit() {
    let report = Trial::new("do:\n- a: {set: {x: '${ last(range(1e9)) }'}}", json!({})).run();
    assert!(report.fault().type_.ends_with("/expression"), "{}", report.fault());
}

#[test]
fn the_same_program_makes_the_same_calls_in_the_same_order() {
    let get = "call: http, with: {method: get, endpoint: 'https://h.test/'}";
    let branch =
        |name: &str| format!("{{{name}: {{for: {{in: '${{ [range(3)] }}'}}, do: [{{c: {{{get}}}}}, {{w: {{wait: {{seconds: 2}}}}}}]}}}}");
    let tasks = format!("do:\n- f: {{fork: {{branches: [{}, {}, {}]}}}}\n- last: {{{get}}}", branch("a"), branch("b"), branch("c"));
    let once = || {
        let mut calls = 0;
        let mock = Mock::new(move |_| {
            calls += 1;
            Answer::after(Duration::from_millis(700 * (calls % 4)), "x")
        });
        let report = Trial::new(&tasks, json!({})).calls(&mock).run();
        (mock.ids(), report.trace, report.took)
    };
    let first = once();
    assert_eq!(first.0.len(), 10);
    assert_eq!(first, once());
}
