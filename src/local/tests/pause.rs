//! A paused run begins nothing; what has begun ends, and what comes in is kept.

use std::rc::Rc;

use serde_json::{Value, json};

use super::super::mock::{Answer, End, Mock};
use super::super::relay::Never;
use super::handover::Every;
use super::{Relay, Report, Trial, seconds};
use crate::engine::Outcome;
use crate::engine::host::Handover;
use crate::engine::pause::Pause;

const GET: &str = "call: http, with: {method: get, endpoint: 'https://h.test/'}";

/// Each call takes three seconds.
fn slow() -> Rc<Mock> {
    Mock::new(|_| Answer::after(seconds(3), json!({})))
}

fn run(tasks: &str, moments: &[u64]) -> Report {
    Trial::new(tasks, json!({"n": 0})).calls(&slow()).paused(moments).run()
}

#[test]
fn what_is_in_flight_ends_and_the_next_task_waits() {
    let report = run(&format!("do:\n- a: {{{GET}}}\n- b: {{{GET}}}"), &[1, 10]);
    assert_eq!(report.trace, ["start a", "pause test", "end a", "unpause", "start b", "end b"]);
    assert_eq!(report.took, seconds(13));
}

#[test]
fn everything_that_begins_waits_for_the_end_of_the_pause() {
    let loop_ = format!("do:\n- l: {{for: {{in: '[1, 2]'}}, do: [{{c: {{{GET}}}}}]}}");
    let fork = format!("do:\n- f: {{fork: {{branches: [{{a: {{do: [{{w: {{wait: PT2S}}}}, {{x: {{{GET}}}}}]}}}}, {{b: {{{GET}}}}}]}}}}");
    let retry = "do:\n- t: {try: [{f: {raise: {error: {type: 'urn:x', status: 500}}}}], catch: {retry: {delay: PT4S, limit: {attempt: {count: 2}}}, do: [{h: {set: {gave: up}}}]}}";
    let jump = "do:\n- a: {wait: PT1S, output: {as: '{n: (.n + 1)}'}}\n- again: {switch: [{more: {when: .n < 3, then: a}}]}";
    for (what, tasks, moments, took) in [
        ("an iteration", loop_.as_str(), [1, 20], 23),
        ("a task of one branch, while the other branch's call ends", &fork, [1, 20], 23),
        ("another attempt", retry, [1, 20], 20),
        ("a task that is jumped to", jump, [1, 20], 22),
        ("the first task", "do:\n- a: {wait: PT1S}", [0, 20], 21),
        ("nothing that had begun", "do:\n- a: {wait: PT9S}", [1, 5], 9),
    ] {
        assert_eq!(run(tasks, &moments).took, seconds(took), "{what}");
    }
}

#[test]
fn several_pauses_and_words_said_twice() {
    let tasks = "do:\n- a: {wait: PT2S}\n- b: {wait: PT2S}\n- c: {set: {x: 1}}";
    // Paused at 1, 11 (for the second time, to no effect) and 13; resumed at 10, 12 and 20.
    let report = run(tasks, &[1, 10, 11, 12, 13, 20]);
    let steps = ["start a", "pause test", "end a", "unpause", "start b", "pause test", "unpause", "end b", "start c", "end c"];
    assert_eq!(report.took, seconds(12), "b began at 10 and ends at 12");
    assert_eq!(report.trace, steps);
}

#[test]
fn time_limits_go_on_and_what_they_lead_to_waits() {
    let tasks = format!(
        "do:\n- t: {{try: [{{l: {{do: [{{a: {{{GET}}}}}, {{b: {{{GET}}}}}], timeout: {{after: PT5S}}}}}}], catch: {{as: e, do: [{{h: {{set: {{s: '${{ $e.status }}'}}}}}}]}}}}"
    );
    let report = run(&tasks, &[1, 20]);
    assert_eq!((report.output(), report.took), (json!({"s": 408}), seconds(20)));
    assert!(!report.traced("start b"));
}

#[test]
fn a_listener_gets_afterwards_what_came_meanwhile() {
    let event = |n: u64| json!({"specversion": "1.0", "id": n.to_string(), "source": "/s", "type": "a", "data": n});
    let tasks = "do:\n- l: {listen: {to: {any: [{with: {type: a}}], until: '. | length == 3'}}, foreach: {item: e, do: [{s: {set: {n: '${ $e }'}}}]}}";
    let report = Trial::new(tasks, json!({})).events(&[(1, event(1)), (3, event(2)), (4, event(3))]).paused(&[2, 9]).run();
    assert_eq!((report.output(), report.took), (json!([{"n": 1}, {"n": 2}, {"n": 3}]), seconds(9)));
    let steps = ["start l", "start s", "end s", "pause test", "unpause", "start s", "end s", "start s", "end s", "end l"];
    assert_eq!(report.trace, steps);
}

#[test]
fn a_paused_run_can_be_cancelled() {
    let mock = slow();
    let tasks = format!("do:\n- a: {{wait: PT2S}}\n- b: {{{GET}}}");
    let report = Trial::new(&tasks, json!({})).calls(&mock).paused(&[1]).cancel_after(seconds(7)).run();
    assert_eq!((report.outcome, report.took), (Outcome::Cancelled, seconds(7)));
    assert!(mock.seen().iter().all(|call| call.end() != End::Running) && mock.seen().is_empty());
}

#[test]
fn a_run_that_ends_while_it_is_paused_has_ended() {
    let report = run(&format!("do:\n- a: {{{GET}}}"), &[1]);
    assert_eq!((report.output(), report.took), (json!({}), seconds(3)));
}

#[test]
fn a_pause_travels_with_the_run() {
    let tasks = format!(
        "do:\n- l: {{for: {{each: a, in: '[range(3)]'}}, do: [{{c: {{{GET}}}}}, {{w: {{wait: PT1S}}}}]}}\n- f: {{fork: {{branches: [{{x: {{{GET}}}}}, {{y: {{do: [{{w: {{wait: PT2S}}}}, {{z: {{{GET}}}}}]}}}}]}}}}"
    );
    let seen = |relay: Rc<dyn Relay>| {
        let mock = slow();
        let report = Trial::new(&tasks, json!({})).calls(&mock).paused(&[5, 30, 36, 60]).relay(relay).run();
        (report.outcome, report.trace, report.took, mock.ids())
    };
    let once = seen(Rc::new(Never));
    assert_eq!(once.1.iter().filter(|step| step.contains("pause")).count(), 4);
    for nth in 1..4 {
        let relay = Every::new(Handover::WhenIdle, nth);
        assert_eq!(seen(relay.clone()), once, "at each {nth}");
        let cursors: Vec<Value> = relay.cursors.borrow().iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        let pauses: Vec<Pause> = cursors.iter().filter_map(|cursor| serde_json::from_value(cursor["pause"].clone()).ok()).collect();
        assert!(nth > 1 || pauses.iter().any(|pause| pause.reason == "test"), "handed over while it was paused");
        assert!(cursors.len() > pauses.len() || nth > 1);
    }
}

#[test]
fn a_reason_is_one_short_line() {
    let pause = Pause::new(jiff::Timestamp::UNIX_EPOCH, &format!(" too\n  much {}", "x".repeat(500)));
    assert!(pause.reason.starts_with("too much xxx") && pause.reason.len() == 200, "{}", pause.reason);
}
