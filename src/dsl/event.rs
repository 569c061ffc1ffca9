//! Events: what `emit` says of one, and what `listen` and `schedule` wait for.

use super::codes;
use super::expression::Expression;
use super::node::{Entry, Name, Node, Value};
use super::read::{Fields, Shape};
use super::report::{Problem, Report};

/// When enough was heard.
#[derive(Debug)]
pub enum Consumption {
    One(EventFilter),
    All(Vec<EventFilter>),
    /// No filter: every event.
    Any {
        filters: Vec<EventFilter>,
        until: Option<Until>,
    },
}

#[derive(Debug)]
pub enum Until {
    Condition(Expression),
    Events(Box<Consumption>),
}

#[derive(Debug)]
pub struct EventFilter {
    /// Attributes and what they must be: literal values, patterns, or expressions in `${ }`.
    pub with: Vec<Entry>,
    pub correlate: Vec<Correlation>,
}

#[derive(Debug)]
pub struct Correlation {
    pub key: Name,
    pub from: Expression,
    pub expect: Option<Node>,
}

const STRATEGY: Shape = Shape { what: "an event consumption strategy", keys: &["one", "all", "any", "until"], required: &[] };
const UNTIL: Shape = Shape { what: "the strategy of `until`", keys: &["one", "all", "any"], required: &[] };
const FILTER: Shape = Shape { what: "an event filter", keys: &["with", "correlate"], required: &["with"] };
const CORRELATION: Shape = Shape { what: "a correlation", keys: &["from", "expect"], required: &["from"] };

/// `listen.to` and `schedule.on`.
pub fn consumption(report: &mut Report<'_>, node: &Node) -> Option<Consumption> {
    let fields = report.fields(node, &STRATEGY)?;
    strategy(report, &fields)
}

fn strategy(report: &mut Report<'_>, fields: &Fields<'_>) -> Option<Consumption> {
    let mut given = fields.entries.iter().filter(|entry| ["one", "all", "any"].contains(&&*entry.key.text));
    let Some(Entry { key, value }) = given.next() else {
        report.add(Problem::new(codes::MISSING_KEY, fields.span, "this does not say which events").help("write one of: one, all, any"));
        return None;
    };
    if let Some(second) = given.next() {
        let message = format!("events are consumed in one way: `{}` or `{}`", key.text, second.key.text);
        report.add(Problem::new(codes::EXCLUSIVE_KEYS, second.key.span, message).help("keep one of: one, all, any"));
    }
    let until = fields.entry("until");
    if let Some(until) = until.filter(|_| &*key.text != "any") {
        let message = format!("`until` does not go with `{}`", key.text);
        report.add(Problem::new(codes::EXCLUSIVE_KEYS, until.key.span, message).help("only `any` listens until something happens"));
    }
    match &*key.text {
        "one" => filter(report, value).map(Consumption::One),
        "all" => {
            let filters = filters(report, value, "`all`")?;
            if filters.is_empty() {
                report.add(Problem::new(codes::EMPTY, value.span, "`all` needs at least one event").help("`any: []` hears every event"));
            }
            Some(Consumption::All(filters))
        }
        _ => {
            let until = until.and_then(|entry| read_until(report, &entry.value));
            Some(Consumption::Any { filters: filters(report, value, "`any`")?, until })
        }
    }
}

fn read_until(report: &mut Report<'_>, node: &Node) -> Option<Until> {
    if let Value::Mapping(_) = node.value {
        let fields = report.fields(node, &UNTIL)?;
        return strategy(report, &fields).map(|events| Until::Events(Box::new(events)));
    }
    if node.as_str().is_none() {
        report.wrong_type(node, "`until`", "an expression or an event consumption strategy");
    }
    Expression::always(node).map(Until::Condition)
}

fn filters(report: &mut Report<'_>, node: &Node, what: &str) -> Option<Vec<EventFilter>> {
    let items = report.list(node, what)?;
    Some(items.iter().filter_map(|item| filter(report, item)).collect())
}

fn filter(report: &mut Report<'_>, node: &Node) -> Option<EventFilter> {
    let fields = report.fields(node, &FILTER)?;
    let correlate = fields.get("correlate").and_then(|node| report.mapping(node, "`correlate`")).unwrap_or_default();
    let correlate = correlate.iter().filter_map(|entry| correlation(report, entry)).collect();
    let with = attributes(report, fields.get("with")?)?;
    if with.is_empty() {
        let problem = Problem::new(codes::EMPTY, fields.span, "an event filter needs at least one attribute");
        report.add(problem.help("write `type:` and the type of the event; `any: []` hears every event"));
    }
    Some(EventFilter { with: with.to_vec(), correlate })
}

fn correlation(report: &mut Report<'_>, entry: &Entry) -> Option<Correlation> {
    let fields = report.fields(&entry.value, &CORRELATION)?;
    let expect = fields.text_template(report, "expect");
    Some(Correlation { key: entry.key.clone(), from: fields.expression(report, "from")?, expect })
}

/// The attributes of an event, extensions and `data` included.
fn attributes<'n>(report: &mut Report<'_>, node: &'n Node) -> Option<&'n [Entry]> {
    let entries = report.mapping(node, "`with`")?;
    for Entry { key, value } in entries {
        if ["id", "source", "type", "time", "subject", "datacontenttype", "dataschema"].contains(&&*key.text) {
            report.text(value, &format!("`{}`", key.text));
        }
    }
    Some(entries)
}

/// The event that `emit` sends: `type` and what else its author knows of it.
pub fn emitted(report: &mut Report<'_>, node: &Node) -> Option<Node> {
    let entries = attributes(report, node)?;
    if !entries.iter().any(|entry| &*entry.key.text == "type") {
        report.add(Problem::new(codes::MISSING_KEY, node.span, "`type` is missing: an event needs it"));
    }
    if let Some(time) =
        node.get("time").filter(|time| time.as_str().is_some_and(|text| !is_time(text)) && Expression::strict(time).is_none())
    {
        let problem = Problem::new(codes::BAD_VALUE, time.span, "`time` is a date and a time as RFC 3339 writes them");
        report.add(problem.help("write '2026-05-01T12:30:00Z', for example"));
    }
    Some(node.clone())
}

/// `2026-05-01T12:30:00`, a fraction perhaps, and `Z` or an offset.
fn is_time(text: &str) -> bool {
    let Some((start, rest)) = text.split_at_checked(19) else { return false };
    let form = "0000-00-00T00:00:00".bytes().zip(start.bytes());
    let fits = |(form, byte): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte.eq_ignore_ascii_case(&form) };
    let zone = rest.strip_prefix('.').map_or(rest, |fraction| fraction.trim_start_matches(|c: char| c.is_ascii_digit()));
    form.into_iter().all(fits) && (zone.eq_ignore_ascii_case("z") || (zone.len() == 6 && zone.starts_with(['+', '-'])))
}
