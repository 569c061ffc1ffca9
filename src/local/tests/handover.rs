//! Runs that are handed over end as if they had not been.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::Relay;
use super::super::mock::{Answer, Mock};
use super::super::relay::Never;
use super::{Report, Trial, seconds};
use crate::effects::EffectError;
use crate::engine::Outcome;
use crate::engine::host::Handover;

const GET: &str = "call: http, with: {method: get, endpoint: 'https://h.test/', body: '${ . }'}";

/// Hands over at each `nth` question.
pub struct Every {
    how: Handover,
    nth: usize,
    asked: Cell<usize>,
    pub cursors: RefCell<Vec<String>>,
}

impl Every {
    pub fn new(how: Handover, nth: usize) -> Rc<Self> {
        Rc::new(Self { how, nth, asked: Cell::new(0), cursors: RefCell::default() })
    }
}

impl Relay for Every {
    fn wants(&self) -> Handover {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get().is_multiple_of(self.nth) { self.how } else { Handover::No }
    }

    fn passes(&self, cursor: String) -> String {
        self.cursors.borrow_mut().push(cursor.clone());
        cursor
    }
}

/// All that anybody sees of a run.
#[derive(Debug, PartialEq)]
struct Seen {
    outcome: Outcome,
    trace: Vec<String>,
    took: Duration,
    calls: Vec<(String, Value)>,
    rows: Vec<(String, u32, Option<String>)>,
}

fn seen(report: Report, calls: &Mock) -> Seen {
    let rows = report.progress.rows().iter().map(|row| (row.name.clone(), row.runs, row.error.clone())).collect();
    let calls = calls.seen().into_iter().map(|call| (call.id.clone(), call.input.to_json())).collect();
    Seen { outcome: report.outcome, trace: report.trace, took: report.took, calls, rows }
}

/// Answers after 0, 1, 2, 0 … seconds with the number of the call; fails each fifth time.
fn calls() -> Rc<Mock> {
    let mut count = 0_u32;
    Mock::new(move |_| {
        count += 1;
        if count.is_multiple_of(5) {
            return Answer::error(EffectError::communication(503, "unavailable"));
        }
        Answer::after(seconds(u64::from(count % 3)), json!({"n": count}))
    })
}

fn run(tasks: &str, input: &Value, relay: Rc<dyn Relay>) -> Seen {
    let calls = calls();
    seen(Trial::new(tasks, input.clone()).calls(&calls).relay(relay).run(), &calls)
}

/// Runs once through, and with a handover wherever there can be one, and at every other and third of them.
fn same_when_handed_over(what: &str, tasks: &str, input: &Value) -> Seen {
    let once = run(tasks, input, Rc::new(Never));
    for every in 1..4 {
        let relay = Every::new(Handover::WhenIdle, every);
        assert_eq!(run(tasks, input, relay.clone()), once, "{what}, at each {every}");
        assert!(every > 1 || !relay.cursors.borrow().is_empty(), "{what}: was handed over");
    }
    once
}

#[test]
fn every_construct_goes_on_where_it_stood() {
    let fail = "{raise: {error: {type: 'urn:x', status: 500, detail: '${ .d }'}}}";
    let rows: Vec<(&str, String)> = vec![
        ("a list with jumps", "do:\n- a: {set: {n: '${ .n + 1 }'}}\n- b: {switch: [{more: {when: .n < 4, then: a}}]}\n- c: {do: [{d: {set: {m: '${ .n }'}, then: exit}}, {e: {set: {never: 1}}}]}".into()),
        ("end from within", "do:\n- a: {do: [{b: {do: [{c: {set: {x: 1}, then: end}}]}}], output: {as: '${ 9 }'}}\n- d: {set: {never: 1}}".into()),
        ("if, input, output, export", "do:\n- a: {if: .n == 1, input: {from: '{ m: .n }'}, do: [{b: {set: {k: '${ $input.m }', c: '${ $context }', id: '${ $workflow.id }', at: '${ $workflow.startedAt }'}}}, {w: {wait: {seconds: 3}}}], output: {as: '{ o: ., t: $task.startedAt, i: $task.input }'}, export: {as: '{ e: .o }'}}\n- c: {if: 'false', set: {x: 1}}\n- e: {set: {c: '${ $context }', o: '${ . }', in: '${ $workflow.input }'}}".into()),
        ("waits and timeouts", "timeout: {after: {hours: 1}}\ndo:\n- a: {wait: {seconds: 5}}\n- t: {try: [{l: {do: [{x: {wait: {seconds: 2}}}, {y: {wait: {seconds: 2}}}, {z: {wait: {seconds: 2}}}], timeout: {after: '${ \"PT5S\" }'}}}], catch: {as: e, do: [{h: {set: {e: '${ $e }'}}}]}}".into()),
        ("the workflow's own timeout", "timeout: {after: {seconds: 7}}\ndo:\n- l: {for: {in: '${ [range(9)] }'}, do: [{x: {wait: {seconds: 2}}}]}".into()),
        ("loops in loops", format!("do:\n- l: {{for: {{each: a, at: i, in: '${{ [1, 2, 3] }}'}}, while: '(.n // 0) < 99', do: [{{m: {{for: {{each: b, in: '${{ [$a, 10] }}'}}, do: [{{c: {{{GET}}}}}, {{s: {{set: {{n: '${{ .n + $a + $b + $i }}'}}}}}}]}}}}, {{again: {{{GET}, then: exit}}}}]}}")),
        ("a loop that is entered again", format!("do:\n- l: {{for: {{in: '${{ [1, 2] }}'}}, do: [{{c: {{{GET}}}}}, {{d: {{{GET}}}}}]}}\n- b: {{switch: [{{more: {{when: .n < 4, then: l}}}}]}}")),
        ("fork", format!("do:\n- f: {{fork: {{branches: [{{a: {{do: [{{x: {{wait: {{seconds: 3}}}}}}, {{y: {{{GET}}}}}]}}}}, {{b: {{{GET}}}}}, {{c: {{for: {{in: '${{ [1, 2, 3] }}'}}, do: [{{u: {{{GET}}}}}, {{v: {{wait: {{seconds: 1}}}}}}]}}}}, {{d: {{set: {{s: 1}}}}}}]}}}}")),
        ("compete", format!("do:\n- f: {{fork: {{compete: true, branches: [{{a: {fail}}}, {{b: {{do: [{{x: {{wait: {{seconds: 3}}}}}}, {{y: {{set: {{b: 1}}}}}}]}}}}, {{c: {{do: [{{u: {{wait: {{seconds: 2}}}}}}, {{v: {{set: {{c: 1}}}}}}]}}}}]}}}}")),
        ("compete where all fail", format!("do:\n- f: {{fork: {{compete: true, branches: [{{a: {fail}}}, {{b: {{do: [{{x: {{wait: {{seconds: 3}}}}}}, {{y: {fail}}}]}}}}]}}}}")),
        ("a fork that fails", format!("do:\n- f: {{fork: {{branches: [{{a: {{wait: {{seconds: 9}}}}}}, {{b: {{do: [{{x: {{wait: {{seconds: 3}}}}}}, {{y: {fail}}}]}}}}]}}}}")),
        ("retries", format!("do:\n- t: {{try: [{{w: {{wait: {{seconds: 1}}}}}}, {{f: {fail}}}], catch: {{as: e, retry: {{delay: {{seconds: 2}}, backoff: {{exponential: {{}}}}, jitter: {{from: {{seconds: 1}}, to: {{seconds: 9}}}}, limit: {{attempt: {{count: 4, duration: {{seconds: 3}}}}, duration: {{hours: 1}}}}}}, do: [{{h: {{set: {{e: '${{ $e }}'}}}}}}, {{w: {{wait: {{seconds: 1}}}}}}, {{i: {{set: {{e: '${{ .e.detail + $e.type }}'}}}}}}], then: end}}}}\n- never: {{set: {{x: 1}}}}")),
        ("a total duration", format!("do:\n- t: {{try: [{{f: {fail}}}], catch: {{retry: {{delay: {{seconds: 4}}, limit: {{duration: {{seconds: 10}}}}}}}}}}")),
        ("attempts with limits", "do:\n- t: {try: [{a: {wait: {seconds: 2}}}, {b: {wait: {seconds: 2}}}], catch: {retry: {limit: {attempt: {count: 3, duration: {seconds: 3}}}}, do: [{h: {set: {gave: up}}}]}}".into()),
        ("$data", format!("do:\n- s: {{set: {{k: 1}}}}\n- l: {{for: {{each: a, in: '${{ [1, 2] }}'}}, do: [{{x: {{set: {{k: '${{ $data.k + $data.a }}'}}}}}}, {{c: {{{GET}}}}}]}}\n- f: {{fork: {{branches: [{{a: {{do: [{{w: {{wait: {{seconds: 1}}}}}}, {{x: {{set: {{z: '${{ $data }}'}}}}}}]}}}}, {{b: {{set: {{k: 7}}}}}}]}}}}\n- e: {{set: {{d: '${{ $data }}'}}}}")),
    ];
    for (what, tasks) in rows {
        same_when_handed_over(what, &tasks, &json!({"n": 1, "d": "so it is"}));
    }
}

#[test]
fn listeners_go_on_listening() {
    let event =
        |kind: &str, n: u32| json!({"specversion": "1.0", "id": format!("{kind}{n}"), "source": "/s", "type": kind, "data": {"n": n}});
    let events =
        [(1, event("a", 1)), (2, event("b", 2)), (2, event("a", 3)), (4, event("c", 4)), (9, event("a", 5)), (12, event("stop", 6))];
    let each = format!(
        "{{item: e, at: i, do: [{{g: {{{GET}}}}}, {{s: {{set: {{n: '${{ $e.n }}', at: '${{ $i }}', got: '${{ .n }}'}}}}}}, {{w: {{wait: {{seconds: 1}}}}}}]}}"
    );
    let rows = [
        "do:\n- l: {listen: {to: {one: {with: {type: b}}}}}\n- m: {listen: {to: {all: [{with: {type: a}}, {with: {type: c}}]}}}\n- s: {set: {got: '${ . }'}}".to_owned(),
        format!("do:\n- l: {{listen: {{to: {{any: [{{with: {{type: a}}}}], until: {{one: {{with: {{type: stop}}}}}}}}}}, foreach: {each}}}"),
        format!("do:\n- f: {{fork: {{branches: [{{x: {{listen: {{to: {{any: [], until: '( . | length ) > 3'}}}}}}}}, {{y: {{do: [{{g: {{{GET}}}}}, {{w: {{wait: {{seconds: 3}}}}}}, {{h: {{{GET}}}}}]}}}}]}}}}"),
        "do:\n- t: {try: [{l: {listen: {to: {one: {with: {type: never}}}}, timeout: {after: {seconds: 7}}}}], catch: {as: e, do: [{h: {set: {s: '${ $e.status }'}}}]}}".to_owned(),
    ];
    for tasks in rows {
        let run = |relay: Rc<dyn Relay>| {
            let calls = calls();
            seen(Trial::new(&tasks, json!({"n": 1})).calls(&calls).events(&events).relay(relay).run(), &calls)
        };
        let once = run(Rc::new(Never));
        for every in 1..4 {
            let relay = Every::new(Handover::WhenIdle, every);
            assert_eq!(run(relay.clone()), once, "{tasks}, at each {every}");
            let handovers = relay.cursors.borrow().len();
            assert!(handovers < 100 && (every > 1 || handovers > 1), "{handovers}: only a run that has done something is handed over");
        }
    }
}

#[test]
fn a_run_that_is_held_finishes_its_calls_first() {
    let branch =
        |name: &str| format!("{{{name}: {{do: [{{c: {{{GET}}}}}, {{s: {{set: {{from: {name}, n: '${{ .n }}'}}}}}}, {{d: {{{GET}}}}}]}}}}");
    let tasks = format!("do:\n- f: {{fork: {{branches: [{}, {}, {{w: {{wait: {{seconds: 1}}}}}}]}}}}", branch("a"), branch("b"));
    let slow = || Mock::new(|call| Answer::after(seconds(2), call.input.get("body").unwrap_or_default()));
    let run = |how| {
        let (calls, relay) = (slow(), Every::new(how, 1));
        let report = Trial::new(&tasks, json!({"n": 1})).calls(&calls).relay(relay.clone()).run();
        (report.output(), report.took, calls.ids(), relay.cursors.borrow().len())
    };
    let output = json!([{"from": "a", "n": 1}, {"from": "b", "n": 1}, {"n": 1}]);
    let (idle, held) = (run(Handover::WhenIdle), run(Handover::Now));
    assert_eq!((&idle.0, &held.0), (&output, &output));
    assert_eq!(idle.1, seconds(4), "whoever waits for another's call goes on meanwhile");
    assert_eq!(held.1, seconds(9), "nothing begins while a call is in flight: not another call, and the wait only after all four");
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(idle.2), sorted(held.2));
    assert!(held.3 > idle.3 && idle.3 > 0, "{} and {}", held.3, idle.3);
}

#[test]
fn a_held_run_can_be_cancelled() {
    let tasks = format!(
        "do:\n- f: {{fork: {{branches: [{{a: {{{GET}}}}}, {{b: {{do: [{{w: {{wait: {{seconds: 1}}}}}}, {{s: {{set: {{x: 1}}}}}}]}}}}]}}}}"
    );
    let never = Mock::new(|_| Answer::never());
    let report = Trial::new(&tasks, json!({})).calls(&never).relay(Every::new(Handover::Now, 1)).cancel_after(seconds(5)).run();
    assert_eq!((&report.outcome, report.took), (&Outcome::Cancelled, seconds(5)));
    assert_eq!(report.trace, ["start f", "start a", "cancel a", "cancel f"], "the other branch was held before its first step");
    let stuck = Trial::new(&tasks, json!({})).calls(&never).relay(Every::new(Handover::Now, 1)).run();
    assert!(stuck.fault().to_string().contains("stuck"), "what is in flight is waited for");
}

#[test]
fn a_branch_at_rest_is_not_woken_by_a_handover() {
    let tasks =
        "do:\n- f: {fork: {branches: [{a: {wait: {hours: 24}}}, {b: {for: {in: '${ [range(30)] }'}, do: [{w: {wait: {minutes: 7}}}]}}]}}";
    let relay = Every::new(Handover::WhenIdle, 1);
    let report = Trial::new(tasks, json!({})).relay(relay.clone()).run();
    assert_eq!((report.output(), report.took), (json!([{}, {}]), Duration::from_hours(24)));
    assert!(relay.cursors.borrow().len() > 60, "each wait and each step");
}

/// Runs with another run's cursor.
struct Changed<F: Fn(&str) -> String>(Rc<Every>, F);

impl<F: Fn(&str) -> String> Relay for Changed<F> {
    fn wants(&self) -> Handover {
        self.0.wants()
    }

    fn passes(&self, cursor: String) -> String {
        self.1(&cursor)
    }
}

#[test]
fn a_cursor_that_does_not_fit_is_refused() {
    let tasks =
        "do:\n- l: {for: {in: '${ [1, 2] }'}, do: [{w: {wait: {seconds: 1}}}, {f: {fork: {branches: [{a: {wait: {seconds: 1}}}]}}}]}";
    let with = |change: fn(&str) -> String, every| {
        Trial::new(tasks, json!({})).relay(Rc::new(Changed(Every::new(Handover::WhenIdle, every), change))).run()
    };
    let other = |text: &str| {
        let mut cursor: Value = serde_json::from_str(text).unwrap();
        cursor["plan"] = json!("0".repeat(64));
        cursor.to_string()
    };
    assert!(with(other, 2).fault().to_string().contains("another definition"));
    assert!(with(|text| text.replace("\"format\":1", "\"format\":2"), 2).fault().to_string().contains("format 2"));
    assert!(with(|_| "{}".to_owned(), 2).fault().to_string().contains("missing field"));
    let changes: [fn(&mut Vec<Value>); 3] = [Vec::clear, |frames| frames.reverse(), |frames| frames.fill(json!({}))];
    for (change, every) in changes.into_iter().flat_map(|change| (2..8).map(move |every| (change, every))) {
        let altered = move |text: &str| {
            let mut cursor: Value = serde_json::from_str(text).unwrap();
            change(cursor["frames"].as_array_mut().unwrap());
            cursor.to_string()
        };
        let report = Trial::new(tasks, json!({})).relay(Rc::new(Changed(Every::new(Handover::WhenIdle, every), altered))).run();
        assert!(report.fault().to_string().contains("the run cannot go on"), "{}", report.fault());
    }
}

#[test]
fn a_loop_takes_no_more_with_each_round() {
    let pure = "do:\n- l: {for: {in: .items}, do: [{s: {set: {n: '${ .n + 1 }'}}}]}";
    let relay = Every::new(Handover::WhenIdle, 20_011);
    let report = Trial::new(pure, json!({"n": 0, "items": vec![0; 100_000]})).relay(relay.clone()).run();
    assert_eq!(report.output(), json!({"n": 100_000}));
    let sizes: Vec<usize> = relay.cursors.borrow().iter().map(String::len).collect();
    assert!(sizes.len() >= 9, "{sizes:?}");
    assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() < 100, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size < 201_000), "the items stand in it once: {sizes:?}");
}

#[test]
fn a_loop_of_calls_is_handed_over_every_fifty_rounds() {
    let tasks = format!(
        "do:\n- l: {{for: {{in: .items}}, do: [{{c: {{{}}}}}, {{s: {{set: {{n: '${{ .n + 1 }}'}}}}}}]}}",
        GET.replace("'${ . }'", "'${ {n: .n} }'")
    );
    let calls = Mock::new(|call| Answer::now(call.input.get("body").unwrap_or_default()));
    let relay = Every::new(Handover::WhenIdle, 150); // three questions a round
    let report = Trial::new(&tasks, json!({"n": 0, "items": vec!["an item of some length, to be seen"; 2_000]}))
        .calls(&calls)
        .relay(relay.clone())
        .run();
    assert_eq!(report.output(), json!({"n": 2_000}));
    let ids = calls.ids();
    assert!(ids.iter().enumerate().all(|(at, id)| *id == format!("/do/0/l/do/0/c[{at}]")) && ids.len() == 2_000, "{:?}", ids.last());
    let sizes: Vec<usize> = relay.cursors.borrow().iter().map(String::len).collect();
    assert!(sizes.len() >= 40 && sizes.iter().all(|size| *size < 20_000), "{} cursors: {sizes:?}", sizes.len());
}
