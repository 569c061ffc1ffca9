//! Pending handshakes for people: one block each, the ids whole so that they can be copied.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use jiff::{Timestamp, Unit};

use super::entry::{AgentSeen, Entry, Side};
use super::show::{More, token_digest};
use super::trouble::{self, is_open, next_steps, phase_word, state_word, status_word};
use crate::cli::print;
use crate::handshake::Reply;
use crate::handshake::operator::{Callee, Kind, WatchSeen};

pub(super) fn list(entries: &[Entry], now: SystemTime, watched: bool) -> String {
    entries.iter().map(|entry| block(entry, now, watched)).collect::<Vec<_>>().join("\n")
}

fn block(entry: &Entry, now: SystemTime, watched: bool) -> String {
    let step = &entry.step;
    let id = entry.id().unwrap_or("?");
    let mut text = format!("{}  {id}  {}  {}  {}\n", step.kind.as_str(), since(entry, now), attempt(entry), state_word(step));
    line(&mut text, "caller", &format!("{} run {} activity {}", step.workflow_id, step.run_id, step.activity_id));
    line(&mut text, other_side(step.kind), &side(entry));
    line(&mut text, "until", &limits(entry, now));
    if let Some(trouble) = trouble::of(entry, now, watched) {
        line(&mut text, "stuck", &trouble.what);
        line(&mut text, "then", &trouble.then);
    }
    text
}

pub(super) fn one(entry: &Entry, more: &More, now: SystemTime, watched: bool) -> String {
    let step = &entry.step;
    let mut text = format!("{}  {}  {}\n", step.kind.as_str(), entry.id().unwrap_or("?"), state_word(step));
    line(&mut text, "since", since(entry, now).trim_start_matches("since "));
    line(&mut text, "until", &limits(entry, now));
    line(&mut text, "caller", &format!("{} ({})", step.workflow_id, step.workflow_type));
    line(&mut text, "run", &step.run_id);
    line(&mut text, "activity", &format!("{} ({})", step.activity_id, step.activity_type));
    line(&mut text, "attempt", attempt(entry).trim_start_matches("attempt "));
    if let Some(failure) = &step.last_failure {
        line(&mut text, "failed", &format!("the attempt before: {}", first_line(failure)));
    }
    let answer = match step.kind.reply() {
        Reply::WorkflowExecutionStatus => "a WorkflowExecutionStatus as json/protobuf",
        Reply::Plain => "any JSON, as json/plain",
    };
    line(&mut text, "answer", answer);
    line(&mut text, other_side(step.kind), &side(entry));
    if let Side::Child { child: Some(child), .. } = &entry.side {
        child_lines(&mut text, child, now);
    }
    if let Side::Agent { tag, .. } = &entry.side {
        line(&mut text, "tag", tag);
    }
    if let Some(callback) = &more.callback {
        line(
            &mut text,
            "token",
            &format!("{} (sha256 {}…), of attempt {}", callback.token, token_digest(&callback.token), callback.address.attempt),
        );
    }
    if let Some(phase) = more.phase {
        line(&mut text, "phase", &phase.as_str_name().trim_start_matches("EXECUTION_").to_lowercase());
    }
    match trouble::of(entry, now, watched) {
        Some(trouble) => {
            line(&mut text, "stuck", &trouble.what);
            line(&mut text, "next", &trouble.then);
        }
        None => line(&mut text, "next", &next_steps(entry)),
    }
    text
}

fn child_lines(text: &mut String, child: &Callee, now: SystemTime) {
    line(text, "child run", &child.run_id);
    let watch = match child.watch {
        WatchSeen::NotYet => "none needed yet".to_owned(),
        WatchSeen::Missing => "none".to_owned(),
        WatchSeen::Waiting => "waits for a worker".to_owned(),
        WatchSeen::Held => match child.watch_heartbeat.and_then(|at| now.duration_since(at).ok()) {
            Some(age) => format!("held by a worker, last heartbeat {} ago", short(age)),
            None => "held by a worker".to_owned(),
        },
    };
    line(text, "watch", &watch);
    for (activity_type, id) in &child.waits_for {
        line(text, "waits for", &format!("{activity_type} {id}"));
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {name:<9} {}", print::line(value));
}

fn other_side(kind: Kind) -> &'static str {
    match kind {
        Kind::ExecuteWorkflow => "child",
        Kind::CallAgent => "agent",
    }
}

pub(super) fn side(entry: &Entry) -> String {
    match &entry.side {
        Side::Child { execution_id: Err(why), .. } => format!("unknown: {why}"),
        Side::Child { child: None, execution_id: Ok(id) } => format!("none (it would be {})", crate::handshake::child_id(id)),
        Side::Child { child: Some(child), .. } => format!("{} {}", child.workflow_id, status_word(child.status)),
        Side::Agent { agent, seen, .. } => match seen {
            AgentSeen::NotAsked => format!("{agent} (no control plane to ask)"),
            AgentSeen::None => format!("{agent}, no execution"),
            AgentSeen::Found { id, phase, workflow } => {
                let workflow = match workflow {
                    Some(status) if is_open(*status) => String::new(),
                    Some(status) => format!(", its workflow {}", status_word(*status)),
                    None => ", its workflow is not there".to_owned(),
                };
                format!("{agent} {id} {}{workflow}", phase_word(*phase))
            }
        },
    }
}

fn since(entry: &Entry, now: SystemTime) -> String {
    match entry.step.since {
        Some(since) => format!("since {} ({})", stamp(since), short(entry.step.age(now))),
        None => "since ?".to_owned(),
    }
}

fn attempt(entry: &Entry) -> String {
    match entry.step.maximum_attempts {
        0 => format!("attempt {}", entry.step.attempt),
        maximum => format!("attempt {} of {maximum}", entry.step.attempt),
    }
}

fn limits(entry: &Entry, now: SystemTime) -> String {
    let step = &entry.step;
    let mut parts = vec![match step.deadline {
        Some(deadline) => match deadline.duration_since(now) {
            Ok(left) => format!("{} (in {})", stamp(deadline), short(left)),
            Err(_) => format!("{} (past)", stamp(deadline)),
        },
        None => "no time limit".to_owned(),
    }];
    if let Some(next) = step.next_attempt.filter(|_| step.is_between_attempts()) {
        parts.push(format!("next attempt {}", stamp(next)));
    }
    if let Some(age) = step.last_heartbeat.and_then(|at| now.duration_since(at).ok()) {
        parts.push(format!("last heartbeat {} ago", short(age)));
    }
    parts.join(", ")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// To the second, UTC.
pub(super) fn stamp(at: SystemTime) -> String {
    Timestamp::try_from(at).ok().and_then(|t| t.round(Unit::Second).ok()).map_or_else(|| "?".to_owned(), |t| t.to_string())
}

/// The two largest units: `3d 4h`, `2h 5m`, `12s`.
pub(super) fn short(age: Duration) -> String {
    let seconds = age.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units() {
        for (seconds, want) in [(0, "0s"), (59, "59s"), (61, "1m 1s"), (3_600, "1h 0m"), (90_061, "1d 1h")] {
            assert_eq!(short(Duration::from_secs(seconds)), want);
        }
        assert_eq!(stamp(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500)), "1970-01-01T00:00:02Z");
    }
}
