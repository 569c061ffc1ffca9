//! Retry policies.

use super::codes;
use super::duration::{self, Duration};
use super::expression::Expression;
use super::node::{Entry, Node};
use super::read::{Fields, Shape};
use super::report::{Problem, Report};

#[derive(Clone, Debug)]
pub struct Retry {
    pub when: Option<Expression>,
    pub except_when: Option<Expression>,
    pub delay: Option<Duration>,
    pub backoff: Backoff,
    /// `limit.attempt.count`, at least 1.
    pub attempts: Option<u32>,
    pub attempt_duration: Option<Duration>,
    pub total_duration: Option<Duration>,
    pub jitter: Option<(Duration, Duration)>,
}

/// How the delay grows from one attempt to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backoff {
    #[default]
    Constant,
    Linear,
    Exponential,
}

const POLICY: Shape = Shape { what: "a retry policy", keys: &["when", "exceptWhen", "delay", "backoff", "limit", "jitter"], required: &[] };
const BACKOFF: Shape = Shape { what: "`backoff`", keys: &["constant", "linear", "exponential"], required: &[] };
const LIMIT: Shape = Shape { what: "`limit`", keys: &["attempt", "duration"], required: &[] };
const ATTEMPT: Shape = Shape { what: "`limit.attempt`", keys: &["count", "duration"], required: &[] };
const JITTER: Shape = Shape { what: "`jitter`", keys: &["from", "to"], required: &["from", "to"] };

pub fn read(report: &mut Report<'_>, node: &Node) -> Option<Retry> {
    let fields = report.fields(node, &POLICY)?;
    let when = fields.expression(report, "when");
    let except_when = fields.expression(report, "exceptWhen");
    let delay = duration(report, &fields, "delay");
    let backoff = fields.get("backoff").and_then(|node| backoff(report, node)).unwrap_or_default();
    let limit = fields.get("limit").and_then(|node| report.fields(node, &LIMIT));
    let attempt = limit.and_then(|limit| limit.get("attempt")).and_then(|node| report.fields(node, &ATTEMPT));
    let attempts = attempt.and_then(|attempt| attempt.get("count")).and_then(|node| report.integer(node, "`count`", 1));
    let attempt_duration = attempt.and_then(|attempt| duration(report, &attempt, "duration"));
    let total_duration = limit.and_then(|limit| duration(report, &limit, "duration"));
    let jitter = fields.get("jitter").and_then(|node| jitter(report, node));
    Some(Retry { when, except_when, delay, backoff, attempts, attempt_duration, total_duration, jitter })
}

fn duration(report: &mut Report<'_>, fields: &Fields<'_>, key: &str) -> Option<Duration> {
    duration::read(report, fields.get(key)?, &format!("`{key}`"))
}

fn backoff(report: &mut Report<'_>, node: &Node) -> Option<Backoff> {
    let fields = report.fields(node, &BACKOFF)?;
    let kinds = [("constant", Backoff::Constant), ("linear", Backoff::Linear), ("exponential", Backoff::Exponential)];
    let kind = |entry: &'_ Entry| kinds.iter().find(|(key, _)| *key == &*entry.key.text).map(|(_, kind)| *kind);
    let given: Vec<_> = fields.entries.iter().filter_map(|entry| Some((entry, kind(entry)?))).collect();
    for (entry, _) in &given {
        // The specification gives the three kinds no settings, only an empty mapping.
        let what = format!("`{}`", entry.key.text);
        for setting in report.mapping(&entry.value, &what).unwrap_or_default() {
            report.unknown_key(&setting.key, &what, &[]);
        }
    }
    match given[..] {
        [(_, kind)] => Some(kind),
        [] => {
            report.add(Problem::new(codes::EMPTY, node.span, "`backoff` needs one kind").help("write `exponential: {}`, for example"));
            None
        }
        [_, (second, _), ..] => {
            let message = format!("`backoff` has one kind, `{}` is a second one", second.key.text);
            report.add(Problem::new(codes::EXCLUSIVE_KEYS, second.key.span, message).help("keep one of constant, linear, exponential"));
            None
        }
    }
}

fn jitter(report: &mut Report<'_>, node: &Node) -> Option<(Duration, Duration)> {
    let fields = report.fields(node, &JITTER)?;
    let from = duration(report, &fields, "from");
    let to = duration(report, &fields, "to");
    if let (Some(Duration::Fixed(from)), Some(Duration::Fixed(to))) = (&from, &to)
        && from > to
    {
        report.add(Problem::new(codes::BAD_VALUE, node.span, "`jitter` ends before it begins").help("`from` must not be longer than `to`"));
    }
    from.zip(to)
}
