//! Pending handshakes for programs.
//!
//! ```text
//! list: {"pending": [entry…], "total": n, "open_workflows": n, "complete": bool}
//! show: {"pending": true, …entry, "token"?: {"preview", "sha256", "attempt"}, "execution_phase"?}, or {"pending": false, "note"}
//! entry: {"kind": "execute_workflow" | "call_agent", "id"?: what the other verbs take, "state", "attempt", "maximum_attempts": 0 is no limit,
//!         "since", "age_seconds", "deadline"?, "next_attempt"?, "last_heartbeat"?, "last_failure"?,
//!         "caller": {"workflow_id", "run_id", "workflow_type", "activity_id", "activity_type"},
//!         "child"?: {"execution_id"?, "workflow_id"?, "run_id"?, "status"?, "closed_at"?, "watch"?},
//!         "agent"?: {"agent", "tag", "execution_id"?, "phase"?, "workflow_status"?},
//!         "stuck"?: {"code", "what", "then"}}
//! ```
//!
//! Times are RFC 3339 in UTC. A member that is not known is left out.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::entry::{AgentSeen, Entry, Side};
use super::show::{More, token_digest};
use super::text::stamp;
use super::trouble::{self, phase_word, state_word, status_word};
use crate::handshake::operator::{Scanned, WatchSeen};

pub(super) fn list(entries: &[Entry], total: usize, scanned: &Scanned, now: SystemTime, watched: bool) -> String {
    let pending: Vec<Value> = entries.iter().map(|entry| Value::Object(of(entry, now, watched))).collect();
    let page = json!({"pending": pending, "total": total, "open_workflows": scanned.workflows, "complete": scanned.complete});
    format!("{page}\n")
}

pub(super) fn one(entry: &Entry, more: &More, now: SystemTime, watched: bool) -> String {
    let mut object = Map::from_iter([("pending".to_owned(), json!(true))]);
    object.extend(of(entry, now, watched));
    if let Some(callback) = &more.callback {
        let token =
            json!({"preview": callback.token.preview(), "sha256": token_digest(&callback.token), "attempt": callback.address.attempt});
        object.insert("token".to_owned(), token);
    }
    if let Some(phase) = more.phase {
        object.insert("execution_phase".to_owned(), json!(phase.as_str_name()));
    }
    format!("{}\n", Value::Object(object))
}

fn of(entry: &Entry, now: SystemTime, watched: bool) -> Map<String, Value> {
    let step = &entry.step;
    let trouble = trouble::of(entry, now, watched);
    let mut object = known([
        ("kind", Some(json!(step.kind.as_str()))),
        ("id", entry.id().map(|id| json!(id))),
        ("state", Some(json!(state_word(step)))),
        ("attempt", Some(json!(step.attempt))),
        ("maximum_attempts", Some(json!(step.maximum_attempts))),
        ("since", step.since.map(|at| json!(stamp(at)))),
        ("age_seconds", step.since.map(|_| json!(step.age(now).as_secs()))),
        ("deadline", step.deadline.map(|at| json!(stamp(at)))),
        ("next_attempt", step.next_attempt.filter(|_| step.is_between_attempts()).map(|at| json!(stamp(at)))),
        ("last_heartbeat", step.last_heartbeat.map(|at| json!(stamp(at)))),
        ("last_failure", step.last_failure.as_ref().map(|text| json!(text))),
    ]);
    let caller = json!({
        "workflow_id": step.workflow_id, "run_id": step.run_id, "workflow_type": step.workflow_type,
        "activity_id": step.activity_id, "activity_type": step.activity_type,
    });
    object.insert("caller".to_owned(), caller);
    let (name, side) = side(&entry.side);
    object.insert(name.to_owned(), Value::Object(side));
    if let Some(trouble) = trouble {
        object.insert("stuck".to_owned(), json!({"code": trouble.code, "what": trouble.what, "then": trouble.then}));
    }
    object
}

fn side(side: &Side) -> (&'static str, Map<String, Value>) {
    match side {
        Side::Child { execution_id, child } => {
            let child = child.as_ref();
            let watch = child.map(|c| match c.watch {
                WatchSeen::NotYet => "not_yet",
                WatchSeen::Missing => "missing",
                WatchSeen::Waiting => "waiting",
                WatchSeen::Held => "held",
            });
            let members = known([
                ("execution_id", execution_id.as_ref().ok().map(|id| json!(id))),
                ("workflow_id", child.map(|c| json!(c.workflow_id))),
                ("run_id", child.map(|c| json!(c.run_id))),
                ("status", child.map(|c| json!(status_word(c.status)))),
                ("closed_at", child.and_then(|c| c.closed_at).map(|at| json!(stamp(at)))),
                ("watch", watch.map(|word| json!(word))),
            ]);
            ("child", members)
        }
        Side::Agent { agent, tag, seen } => {
            let (id, phase, workflow) = match seen {
                AgentSeen::Found { id, phase, workflow } => (Some(json!(id)), Some(json!(phase_word(*phase))), workflow.map(status_word)),
                AgentSeen::NotAsked | AgentSeen::None => (None, None, None),
            };
            let members = known([
                ("agent", Some(json!(agent))),
                ("tag", Some(json!(tag))),
                ("execution_id", id),
                ("phase", phase),
                ("workflow_status", workflow.map(|word| json!(word))),
            ]);
            ("agent", members)
        }
    }
}

fn known<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
