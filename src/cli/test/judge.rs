//! What came of a case against what was expected.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::case::{Expect, Matcher, Outcome as Expected, names, word};
use super::difference::{self, Difference, Extra};
use super::run::Ran;
use crate::engine::Outcome;
use crate::engine::fault::{Fault, same_type};

/// Inputs of calls that a message shows at most.
const SHOWN: usize = 3;

/// One thing that is not as expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Which expectation: `output`, `error`, `order`, `never`, `calls`, `duration`, or `run`.
    pub what: &'static str,
    pub message: String,
    pub expected: Option<Value>,
    pub actual: Option<Value>,
}

impl Failure {
    pub fn told(what: &'static str, message: impl Into<String>) -> Self {
        Self { what, message: message.into(), expected: None, actual: None }
    }

    fn differs(what: &'static str, message: impl Into<String>, expected: Value, actual: Value) -> Self {
        Self { what, message: message.into(), expected: Some(expected), actual: Some(actual) }
    }
}

impl From<(&'static str, Difference)> for Failure {
    fn from((what, difference): (&'static str, Difference)) -> Self {
        Self { what, message: difference.to_string(), expected: difference.expected, actual: difference.actual }
    }
}

/// Everything that is not as expected; nothing when the case has passed.
pub fn failures(expect: &Expect, ran: &Ran) -> Vec<Failure> {
    let mut failures: Vec<Failure> = ran.unanswered.iter().take(SHOWN).map(unanswered).collect();
    failures.extend(outcome(&expect.outcome, ran));
    failures.extend(order(&expect.order, ran));
    failures.extend(
        expect.never.iter().filter(|task| position(ran, task, 0).is_some()).map(|task| Failure::told("never", format!("`{task}` ran"))),
    );
    failures.extend(expect.calls.iter().filter_map(|(matcher, count)| calls(matcher, *count, ran)));
    failures.extend(expect.duration.and_then(|expected| {
        let expected = SignedDuration::try_from(expected).unwrap_or(SignedDuration::MAX);
        let message = format!("expected {expected:#}, took {:#}", ran.took);
        (expected != ran.took).then(|| Failure::differs("duration", message, json!(expected.to_string()), json!(ran.took.to_string())))
    }));
    failures
}

fn unanswered(call: &super::mocks::Seen) -> Failure {
    Failure::told("calls", format!("no mock answers {call}, whose input is {}; mock it, or write `allow: real`", call.input))
}

fn outcome(expected: &Expected, ran: &Ran) -> Vec<Failure> {
    let whole = |what, differences: Vec<Difference>| differences.into_iter().map(|difference| Failure::from((what, difference))).collect();
    match (expected, &ran.outcome) {
        // Only a host that asks for it gets a run in parts.
        (_, Outcome::Suspended(_)) => vec![Failure::told("run", "it was handed over")],
        (_, Outcome::Cancelled) => vec![Failure::told("run", "it did not end within a minute of real time")],
        (Expected::Error(expected), Outcome::Faulted(fault)) => whole("error", error(expected, fault, &ran.error_host)),
        (_, Outcome::Faulted(fault)) => vec![Failure::told("run", format!("it faulted: {fault}"))],
        (Expected::Error(expected), Outcome::Completed(output)) => {
            let output = output.to_json();
            vec![Failure::differs("error", format!("it completed with {output}"), expected.clone(), output)]
        }
        (Expected::Completes, Outcome::Completed(_)) => Vec::new(),
        (Expected::Output(expected), Outcome::Completed(output)) => {
            whole("output", difference::of(expected, &output.to_json(), Extra::Refused))
        }
        (Expected::Contains(expected), Outcome::Completed(output)) => {
            whole("contains", difference::of(expected, &output.to_json(), Extra::Allowed))
        }
    }
}

/// Members that are given must be equal; a type may be written under any of its published hosts, or as its last word.
fn error(expected: &Value, fault: &Fault, error_host: &str) -> Vec<Difference> {
    let mut actual = json!(fault);
    if let Some(wanted) = expected["type"].as_str()
        && (same_type(wanted, &fault.type_, error_host) || fault.type_.rsplit('/').next() == Some(wanted))
    {
        actual["type"] = wanted.into();
    }
    difference::of(expected, &actual, Extra::Allowed)
}

fn order(expected: &[String], ran: &Ran) -> Option<Failure> {
    let mut from = 0;
    for (at, task) in expected.iter().enumerate() {
        let Some(position) = position(ran, task, from) else {
            let after = if at == 0 { String::new() } else { format!(" after `{}`", expected[at - 1]) };
            let started: Vec<&str> = ran.started.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("`{task}` did not start{after}; these did: {}", started.join(", "));
            return Some(Failure::differs("order", message, json!(expected), json!(started)));
        };
        from = position + 1;
    }
    None
}

/// Where a task starts, from a position on.
fn position(ran: &Ran, task: &str, from: usize) -> Option<usize> {
    ran.started.iter().skip(from).position(|(name, reference)| names(task, name, reference)).map(|at| from + at)
}

fn calls(matcher: &Matcher, count: Option<usize>, ran: &Ran) -> Option<Failure> {
    let made = ran.calls.iter().filter(|call| call.is_meant(matcher)).count();
    if count.map_or(made > 0, |count| made == count) {
        return None;
    }
    let wanted = count.map_or_else(|| "at least one call".to_owned(), |count| crate::cli::print::counted(count, "call"));
    // What was called instead helps more than a number.
    let near: Vec<String> = ran.calls.iter().take(SHOWN).map(|call| format!("{call} with {}", call.input)).collect();
    let instead = if near.is_empty() { "nothing was called".to_owned() } else { format!("the first calls: {}", near.join("; ")) };
    let message = format!("expected {wanted} of {}, there were {made}; {instead}", shown(matcher));
    Some(Failure::differs("calls", message, count.map_or(Value::Null, Value::from), made.into()))
}

fn shown(matcher: &Matcher) -> String {
    let task = matcher.task.as_ref().map(|task| format!("`{task}`"));
    let effect = matcher.effect.map(|effect| format!("({})", word(effect)));
    let with = matcher.with.as_ref().map(|with| format!("with {with}"));
    let parts: Vec<String> = [task, effect, with].into_iter().flatten().collect();
    if parts.is_empty() { "any task".to_owned() } else { parts.join(" ") }
}
