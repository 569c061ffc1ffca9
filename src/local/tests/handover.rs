//! Runs that are handed over end as if they had not been.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::Relay;
use super::super::mock::{Answer, Mock};
use super::{Report, Trial, seconds};
use crate::effects::EffectError;
use crate::engine::Outcome;
use crate::engine::host::Handover;

const GET: &str = "call: http, with: {method: get, endpoint: 'https://h.test/', body: '${ . }'}";

/// Hands over at each `every`th question.
pub struct Every {
    how: Handover,
    every: usize,
    asked: Cell<usize>,
    pub cursors: RefCell<Vec<String>>,
}

impl Every {
    pub fn new(how: Handover, every: usize) -> Rc<Self> {
        Rc::new(Self { how, every, asked: Cell::new(0), cursors: RefCell::default() })
    }
}

impl Relay for Every {
    fn wants(&self) -> Handover {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get().is_multiple_of(self.every) { self.how } else { Handover::No }
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

fn run(tasks: &str, input: &Value, relay: Option<Rc<dyn Relay>>) -> Seen {
    let calls = calls();
    let mut trial = Trial::new(tasks, input.clone()).calls(&calls);
    if let Some(relay) = relay {
        trial = trial.relay(relay);
    }
    seen(trial.run(), &calls)
}

/// Runs once through, and with a handover wherever there can be one, and at every other and third of them.
fn same_when_handed_over(what: &str, tasks: &str, input: &Value) -> Seen {
    let once = run(tasks, input, None);
    for every in 1..4 {
        let relay = Every::new(Handover::WhenIdle, every);
        assert_eq!(run(tasks, input, Some(relay.clone())), once, "{what}, at each {every}");
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
        eprintln!("{what}");
        same_when_handed_over(what, &tasks, &json!({"n": 1, "d": "so it is"}));
    }
}
