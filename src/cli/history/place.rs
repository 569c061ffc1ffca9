//! Which call is which task's.

use jiff::Timestamp;

use super::model::{Call, State, Task};
use super::tree::Tree;
use crate::temporal::replay::split_id;

/// Summary of the timers that look after agents: the runner's own.
const RECONCILE: &str = "reconcile";

/// Gives each call to its task; what is left is the runner's own.
#[must_use]
pub fn place(tree: &mut Tree, calls: Vec<Call>, workflow_id: &str) -> Vec<Call> {
    let mut others = Vec::new();
    for call in calls {
        match owner(tree, &call, workflow_id) {
            Some(at) => tree.nodes[at].task.calls.push(call),
            None if call.kind == "timer" && (call.name.is_empty() || call.name == RECONCILE) => {}
            None => others.push(call),
        }
    }
    others
}

fn owner(tree: &Tree, call: &Call, workflow_id: &str) -> Option<usize> {
    let during = |task: &Task| covers(task, call.scheduled_at);
    let named = |task: &Task, kinds: &[&str]| during(task) && task.name == *call.summary && kinds.contains(&task.kind.as_str());
    let newest = |fits: &dyn Fn(&Task) -> bool| tree.nodes.iter().rposition(|node| fits(&node.task));
    match call.kind {
        "timer" => newest(&|task| named(task, &["wait", "try"])).or_else(|| newest(&|task| during(task) && task.name == *call.summary)),
        "workflow" => {
            let by_id = call.id.strip_prefix(workflow_id).and_then(|rest| rest.find("/do/").map(|at| &rest[at..]));
            by_id.and_then(|id| by_reference(tree, id, call)).or_else(|| newest(&|task| named(task, &["workflow"])))
        }
        _ => by_reference(tree, &call.id, call)
            .or_else(|| newest(&|task| call.id.contains('~') && during(task) && task.name == *call.summary)),
    }
}

/// By the id that the runner gave to the call. The visit counts where times do not tell, as with what happens within one workflow task.
fn by_reference(tree: &Tree, id: &str, call: &Call) -> Option<usize> {
    if !id.starts_with('/') {
        return None;
    }
    let (reference, path, visit) = split_id(id);
    let fits = |task: &Task| task.reference == reference && task.path == path && task.state != State::Skipped;
    let visits: Vec<usize> = tree.nodes.iter().enumerate().filter(|(_, node)| fits(&node.task)).map(|(at, _)| at).collect();
    let by_time = visits.iter().rev().find(|at| covers(&tree.nodes[**at].task, call.scheduled_at)).copied();
    let by_count = visits.get(visit.saturating_sub(1) as usize).copied();
    if call.kind == "local_activity" { by_count.or(by_time) } else { by_time.or(by_count) }
}

/// Whether a task was open at that time.
fn covers(task: &Task, at: Option<Timestamp>) -> bool {
    let (Some(from), Some(at)) = (task.started_at, at) else { return false };
    from <= at && task.ended_at.is_none_or(|to| to >= at)
}
