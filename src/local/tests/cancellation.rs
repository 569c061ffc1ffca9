//! What is cancelled ends, all of it, and nothing else does.

use serde_json::json;

use super::super::mock::{Answer, End, Mock};
use super::{Trial, seconds, trial};
use crate::engine::Outcome;
use crate::engine::progress::RowStatus;

fn call(name: &str) -> String {
    format!("{name}: {{call: http, with: {{method: get, endpoint: 'https://h.test/{name}'}}}}")
}

/// Answers after as many seconds as the last part of the URI says.
fn by_uri() -> std::rc::Rc<Mock> {
    Mock::new(|call| {
        let uri = call.input.get("uri").unwrap_or_default();
        let delay = uri.as_str().and_then(|uri| uri.rsplit('s').next()?.parse().ok()).unwrap_or(0);
        Answer::after(seconds(delay), uri)
    })
}

#[test]
fn the_losing_branch_is_cancelled_and_runs_nothing_more() {
    let mock = by_uri();
    let tasks = format!(
        "do:\n- f:\n    fork:\n      compete: true\n      branches:\n      - lose: {{do: [{{{}}}, {{{}}}]}}\n      - {}\n- {}",
        call("s50"),
        call("after"),
        call("s2"),
        call("s100"),
    );
    let report = Trial::new(&tasks, json!({})).calls(&mock).run();
    assert_eq!(report.output(), json!("https://h.test/s100"));
    assert_eq!(report.took, seconds(102));
    let ends: Vec<_> = mock.seen().iter().map(|seen| (seen.id.rsplit('/').next().unwrap().to_owned(), seen.end())).collect();
    assert_eq!(ends, [("s50".to_owned(), End::Dropped), ("s2".to_owned(), End::Answered), ("s100".to_owned(), End::Answered)]);
    assert_eq!((report.row("lose").status, report.row("s50").status), (RowStatus::Cancelled, RowStatus::Cancelled));
    assert!(!report.traced("start after"));
}

#[test]
fn a_failing_branch_takes_its_siblings_along() {
    let mock = by_uri();
    let tasks = format!(
        "do:\n- t:\n    try:\n    - f:\n        fork:\n          branches:\n          - {}\n          - bad: {{do: [{{w: {{wait: {{seconds: 1}}}}}}, {{r: {{raise: {{error: {{type: 'urn:x', status: 500}}}}}}}}]}}\n          - waits: {{wait: {{hours: 9}}}}\n    catch: {{as: e, do: [{{h: {{set: {{t: '${{ $e.type }}'}}}}}}]}}",
        call("s50"),
    );
    let report = Trial::new(&tasks, json!({})).calls(&mock).run();
    assert_eq!((report.output(), report.took), (json!({"t": "urn:x"}), seconds(1)));
    assert_eq!(mock.seen()[0].end(), End::Dropped);
    assert_eq!(report.row("waits").status, RowStatus::Cancelled);
    assert_eq!(report.row("f").status, RowStatus::Failed);
}

#[test]
fn a_time_limit_cancels_below_and_only_below() {
    let mock = by_uri();
    let tasks = format!(
        "do:\n- f:\n    fork:\n      branches:\n      - limited:\n          try:\n          - l: {{do: [{{{}}}, {{{}}}], timeout: {{after: PT5S}}}}\n          catch: {{do: [{{late: {{set: {{late: true}}}}}}]}}\n      - {}",
        call("s9"),
        call("after"),
        call("s20"),
    );
    let report = Trial::new(&tasks, json!({})).calls(&mock).run();
    assert_eq!((report.output(), report.took), (json!([{"late": true}, "https://h.test/s20"]), seconds(20)));
    let ends: Vec<_> = mock.seen().iter().map(super::super::mock::Seen::end).collect();
    assert_eq!(ends, [End::Dropped, End::Answered]);
    assert_eq!((report.row("s9").status, report.row("l").status), (RowStatus::Cancelled, RowStatus::Failed));
}

#[test]
fn the_losing_side_of_a_pure_race_starts_nothing() {
    let report = trial("do:\n- f: {fork: {compete: true, branches: [{a: {set: {v: 1}}}, {b: {set: {v: 2}}}]}}", json!({}));
    assert_eq!(report.output(), json!({"v": 1}));
    assert!(!report.traced("start b"));
}

#[test]
fn cancelling_the_run_ends_it_wherever_it_is() {
    for (what, tasks) in [
        ("in a wait", "do:\n- w: {wait: {hours: 1}}\n- after: {set: {x: 1}}"),
        ("in a try: no catch sees it", "do:\n- t: {try: [{w: {wait: {hours: 1}}}], catch: {retry: {}, do: [{after: {set: {x: 1}}}]}}"),
        (
            "under a time limit",
            "timeout: {after: PT2H}\ndo:\n- l: {do: [{w: {wait: {hours: 1}}}], timeout: {after: PT3H}}\n- after: {set: {x: 1}}",
        ),
        ("in a fork", "do:\n- f: {fork: {branches: [{a: {wait: {hours: 1}}}, {b: {wait: {hours: 2}}}]}}\n- after: {set: {x: 1}}"),
        (
            "in a race",
            "do:\n- f: {fork: {compete: true, branches: [{a: {wait: {hours: 1}}}, {b: {wait: {hours: 2}}}]}}\n- after: {set: {x: 1}}",
        ),
        (
            "in a delay",
            "do:\n- t: {try: [{r: {raise: {error: {type: 'urn:x', status: 500}}}}], catch: {retry: {delay: {hours: 1}}, do: [{after: {set: {x: 1}}}]}}",
        ),
        ("in a loop", "do:\n- l: {for: {in: '${ [1, 2] }'}, do: [{w: {wait: {hours: 1}}}]}\n- after: {set: {x: 1}}"),
        ("in an endless loop of pure steps", "do:\n- a: {set: {x: 1}}\n- b: {set: {x: 2}, then: a}"),
    ] {
        let trial = Trial::new(tasks, json!({})).settings(|settings| settings.step_limit = 20);
        let report = trial.cancel_after(seconds(1)).run();
        assert_eq!((report.outcome.clone(), report.took), (Outcome::Cancelled, seconds(1)), "{what}");
        assert!(!report.traced("start after"), "{what}");
        let running = report.progress.rows().iter().filter(|row| row.completed_at.is_none()).count();
        assert_eq!(running, 0, "{what}: every started task has ended");
    }
}

#[test]
fn cancelling_the_run_drops_its_calls() {
    let mock = Mock::new(|_| Answer::never());
    let tasks = format!("do:\n- f: {{fork: {{branches: [{{{}}}, {{{}}}]}}}}", call("a"), call("b"));
    let report = Trial::new(&tasks, json!({})).calls(&mock).cancel_after(seconds(3)).run();
    assert_eq!(report.outcome, Outcome::Cancelled);
    assert!(mock.seen().len() == 2 && mock.seen().iter().all(|seen| seen.end() == End::Dropped));
}

#[test]
fn a_run_that_waits_for_nothing_says_so() {
    let mock = Mock::new(|_| Answer::never());
    let report = Trial::new(&format!("do:\n- {}", call("a")), json!({})).calls(&mock).run();
    assert!(report.fault().to_string().contains("stuck"), "{}", report.fault());
}
