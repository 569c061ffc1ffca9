//! Where a replay left the way of its history, in the words of a document: tasks, not commands.
//!
//! That it did is the SDK's verdict; it names the event at which it noticed, and no more. What the history has there and what this build would do
//! is found by holding what the run asked for against the events that such requests leave.

use std::fmt::Write as _;

use regex::Regex;
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{History, HistoryEvent};
use temporalio_sdk::workflow_replayer::WorkflowReplayFailure;

use super::commands::{Command, CommandKind};
use super::record::{Record, StepKind};
use crate::expr::Data;

/// The name that the SDK gives to markers of local activities.
pub const LOCAL_ACTIVITY: &str = "core_local_activity";

/// Where and how a replay left the way of its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Reference of the task at which it did, where one can be told.
    pub task: Option<String>,
    /// The event that this build would not have made, or not there.
    pub event_id: Option<i64>,
    /// The event at which the SDK noticed, where that is a later one: timers are all alike to it.
    pub noticed: Option<i64>,
    /// `activity /do/1/ask (CallAgentActivity)`, …
    pub history_has: String,
    /// The same of this build.
    pub this_does: String,
    /// The SDK's own words.
    pub cause: String,
}

/// One request that stands in a history.
#[derive(PartialEq)]
struct Asked<'h> {
    event: &'h HistoryEvent,
    command: Command,
}

pub(super) fn explain(history: &History, record: &Record, failure: &WorkflowReplayFailure) -> Divergence {
    let cause = plain(&failure.to_string());
    let noticed = named_event(&cause);
    let named = noticed.and_then(|id| history.events.iter().find(|event| event.event_id == id));
    let asked: Vec<Asked<'_>> = history.events.iter().filter_map(asked).collect();
    let (missing, new) = difference(&asked, &record.commands);
    // What the SDK notices earlier is of a kind that is not looked at here.
    let missing = missing.filter(|missing| noticed.is_none_or(|id| missing.event.event_id <= id));
    let missing = missing.or_else(|| asked.iter().find(|asked| Some(asked.event.event_id) == noticed));
    let event_id = missing.map(|asked| asked.event.event_id).or(noticed);
    let history_has = match (missing, named) {
        (Some(asked), _) => words(&asked.command),
        (None, Some(event)) => format!("{:?}", event.event_type()),
        (None, None) => "nothing more".to_owned(),
    };
    let this_does = new.map_or_else(|| idle(record), words);
    let by_request = |command: &Command| match command.kind {
        CommandKind::Activity | CommandKind::LocalActivity => reference(&command.id),
        _ => None,
    };
    let task = new
        .and_then(|command| by_request(command).or_else(|| command.task.as_ref().map(ToString::to_string)))
        .or_else(|| missing.and_then(|asked| by_request(&asked.command)))
        .or_else(|| record.running().map(|task| task.to_string()));
    Divergence { task, event_id, noticed: noticed.filter(|id| Some(*id) != event_id), history_has, this_does, cause }
}

/// Where the history's requests and this build's part: what each has there. Local activities leave their events when they end, in an order of
/// their own, and are looked at last.
fn difference<'a>(asked: &'a [Asked<'a>], commands: &'a [Command]) -> (Option<&'a Asked<'a>>, Option<&'a Command>) {
    let part = |local: bool| {
        let is = move |command: &Command| (command.kind == CommandKind::LocalActivity) == local;
        let mut asked = asked.iter().filter(move |asked| is(&asked.command));
        let mut commands = commands.iter().filter(move |command| is(command));
        loop {
            match (asked.next(), commands.next()) {
                (Some(asked), Some(command)) if same(command, &asked.command) => {}
                parted => return parted,
            }
        }
    };
    let requests = part(false);
    if requests == (None, None) { part(true) } else { requests }
}

fn same(left: &Command, right: &Command) -> bool {
    let named = match left.kind {
        CommandKind::Activity | CommandKind::ChildWorkflow => left.id == right.id && left.name == right.name,
        CommandKind::LocalActivity | CommandKind::Timer => left.name == right.name,
        CommandKind::ContinueAsNew | CommandKind::Complete | CommandKind::Fail => true,
    };
    left.kind == right.kind && named
}

/// The message in what the SDK prints of a failure in a failure.
fn plain(cause: &str) -> String {
    let inner = cause.split_once("message: \"").and_then(|(_, rest)| rest.split_once("\", source:"));
    inner.map_or(cause, |(message, _)| message).trim_start_matches("[TMPRL1100] ").to_owned()
}

/// The number behind `id: `, as the SDK shows events in its messages.
fn named_event(cause: &str) -> Option<i64> {
    let pattern = Regex::new(r"(?:HistoryEvent\(id: |event_id: |event id )(\d+)").ok()?;
    pattern.captures(cause)?.get(1)?.as_str().parse().ok()
}

fn asked(event: &HistoryEvent) -> Option<Asked<'_>> {
    let command = |kind, id: &str, name: String| Command { kind, id: id.to_owned(), name, task: None };
    let command = match event.attributes.as_ref()? {
        Attributes::ActivityTaskScheduledEventAttributes(a) => {
            command(CommandKind::Activity, &a.activity_id, a.activity_type.as_ref().map(|t| t.name.clone()).unwrap_or_default())
        }
        Attributes::TimerStartedEventAttributes(_) => command(CommandKind::Timer, "", summary(event)),
        Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a) => {
            command(CommandKind::ChildWorkflow, &a.workflow_id, a.workflow_type.as_ref().map(|t| t.name.clone()).unwrap_or_default())
        }
        Attributes::MarkerRecordedEventAttributes(a) if a.marker_name == LOCAL_ACTIVITY => {
            let member = |key: &str| marker(a.details.get("data")?).get(key)?.as_str().map(str::to_owned);
            command(CommandKind::LocalActivity, &member("activity_id").unwrap_or_default(), member("activity_type").unwrap_or_default())
        }
        Attributes::WorkflowExecutionCompletedEventAttributes(_) => command(CommandKind::Complete, "", String::new()),
        Attributes::WorkflowExecutionFailedEventAttributes(a) => {
            command(CommandKind::Fail, "", a.failure.as_ref().map(|f| f.message.clone()).unwrap_or_default())
        }
        Attributes::WorkflowExecutionCanceledEventAttributes(_) => command(CommandKind::Fail, "", "cancelled".to_owned()),
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_) => command(CommandKind::ContinueAsNew, "", String::new()),
        _ => return None,
    };
    Some(Asked { event, command })
}

/// What the SDK notes of a local activity.
fn marker(payloads: &Payloads) -> Data {
    payloads.payloads.first().and_then(|payload| Data::parse(&payload.data).ok()).unwrap_or_default()
}

fn summary(event: &HistoryEvent) -> String {
    let summary = event.user_metadata.as_ref().and_then(|metadata| metadata.summary.as_ref());
    summary.and_then(|payload| crate::activities::payload::data_of(payload).ok()?.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What a request is, for people.
fn words(command: &Command) -> String {
    let Command { kind, id, name, .. } = command;
    let mut text = match kind {
        CommandKind::Activity => format!("activity `{id}` ({name})"),
        CommandKind::LocalActivity => format!("local activity {name}"),
        CommandKind::Timer if name.is_empty() => "a timer".to_owned(),
        CommandKind::Timer => format!("a timer for `{name}`"),
        CommandKind::ChildWorkflow => format!("child workflow `{id}`"),
        CommandKind::ContinueAsNew => "going on in a new run".to_owned(),
        CommandKind::Complete => "the workflow's end".to_owned(),
        CommandKind::Fail => "the workflow's failure".to_owned(),
    };
    if *kind == CommandKind::Fail && !name.is_empty() {
        let _ = write!(text, ": {}", name.lines().next().unwrap_or_default());
    }
    text
}

/// A build that asks for nothing more waits for something, or has ended.
fn idle(record: &Record) -> String {
    let ended = record.commands.last().filter(|last| matches!(last.kind, CommandKind::Complete | CommandKind::Fail));
    let last = record.steps.iter().rev().find(|step| matches!(step.kind, StepKind::Started(_) | StepKind::Resumed(_)));
    match (ended, last) {
        (Some(end), _) => words(end),
        (None, Some(step)) => format!("nothing of this kind: it has come to `{}`", step.reference),
        (None, None) => "nothing".to_owned(),
    }
}

/// The task of a request: its id without indexes and visit. Ids that name no task have none.
#[must_use]
pub fn reference(id: &str) -> Option<String> {
    id.starts_with('/').then(|| split_id(id).0.to_owned())
}

/// An id of a call, taken apart: reference, indexes of the loops around it, visit. A name may have brackets itself, so only the end counts.
#[must_use]
pub fn split_id(id: &str) -> (&str, &str, u32) {
    let (rest, visit) = match id.rsplit_once('#') {
        Some((rest, visit)) if !visit.ends_with(']') => visit.parse().map_or((id, 1), |visit| (rest, visit)),
        _ => (id, 1),
    };
    let mut reference = rest;
    while let Some(open) = reference.strip_suffix(']').and_then(|text| text.rfind('[')) {
        let index = &reference[open + 1..reference.len() - 1];
        if index.is_empty() || !index.chars().all(|c| c.is_ascii_digit() || c == '#') {
            break;
        }
        reference = &reference[..open];
    }
    (reference, &rest[reference.len()..], visit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_apart() {
        for (id, parts) in [
            ("/do/0/a", ("/do/0/a", "", 1)),
            ("/do/0/a#2", ("/do/0/a", "", 2)),
            ("/do/0/l/for/do/0/a[7][0]#3", ("/do/0/l/for/do/0/a", "[7][0]", 3)),
            ("/do/0/l/for/do/0/a[7#2]", ("/do/0/l/for/do/0/a", "[7#2]", 1)),
            ("/do/0/a[x]", ("/do/0/a[x]", "", 1)),
        ] {
            assert_eq!(split_id(id), parts);
        }
        assert_eq!((reference("watch"), reference("/do/0/a[1]").as_deref()), (None, Some("/do/0/a")));
    }

    #[test]
    fn the_event_is_read_from_the_sdks_words() {
        assert_eq!(named_event("Timer machine does not handle this event: HistoryEvent(id: 5, ActivityTaskScheduled)"), Some(5));
        assert_eq!(named_event("something else"), None);
    }
}
