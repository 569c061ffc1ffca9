//! Which call is which task's.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::model::{Call, State, Task};
use super::tree::Tree;
use crate::temporal::replay::split_id;

/// Summary of the timers that look after agents: the runner's own.
const RECONCILE: &str = "reconcile";

/// Gives each call to its task; what is left is the runner's own.
#[must_use]
pub fn place(tree: &mut Tree, calls: Vec<Call>, workflow_id: &str) -> Vec<Call> {
    let owners: Vec<Option<usize>> = {
        let index = Index::of(tree);
        calls.iter().map(|call| index.owner(call, workflow_id)).collect()
    };
    let mut others = Vec::new();
    for (call, owner) in calls.into_iter().zip(owners) {
        match owner {
            Some(at) => tree.nodes[at].task.calls.push(call),
            None if call.kind == "timer" && (call.name.is_empty() || call.name == RECONCILE) => {}
            None => others.push(call),
        }
    }
    others
}

/// Tasks by what calls say of them, in the order in which they began.
struct Index<'t> {
    tree: &'t Tree,
    by_reference: BTreeMap<(&'t str, &'t str), Vec<usize>>,
    by_name: BTreeMap<&'t str, Vec<usize>>,
}

impl<'t> Index<'t> {
    fn of(tree: &'t Tree) -> Self {
        let mut index = Self { tree, by_reference: BTreeMap::new(), by_name: BTreeMap::new() };
        for (at, node) in tree.nodes.iter().enumerate() {
            let task = &node.task;
            // One that was skipped makes no call and counts as no visit.
            if task.state != State::Skipped {
                index.by_reference.entry((&task.reference, &task.path)).or_default().push(at);
                index.by_name.entry(&task.name).or_default().push(at);
            }
        }
        index
    }

    fn owner(&self, call: &Call, workflow_id: &str) -> Option<usize> {
        match call.kind {
            "timer" => self.by_name(call, &["wait", "try"]).or_else(|| self.by_name(call, &[])),
            "workflow" => {
                let id = call.id.strip_prefix(workflow_id).and_then(|rest| rest.find("/do/").map(|at| &rest[at..]));
                id.and_then(|id| self.by_id(id, call)).or_else(|| self.by_name(call, &["workflow"]))
            }
            // A long id was cut.
            _ => self.by_id(&call.id, call).or_else(|| if call.id.contains('~') { self.by_name(call, &[]) } else { None }),
        }
    }

    /// By the id that the runner gave to the call. The visit counts where times do not tell, as with what happens within one workflow task.
    fn by_id(&self, id: &str, call: &Call) -> Option<usize> {
        if !id.starts_with('/') {
            return None;
        }
        let (reference, path, visit) = split_id(id);
        let visits = self.by_reference.get(&(reference, path))?;
        let by_time = visits.iter().rev().find(|at| self.covers(**at, call.scheduled_at)).copied();
        let by_count = visits.get(visit.saturating_sub(1) as usize).copied();
        if call.kind == "local_activity" { by_count.or(by_time) } else { by_time.or(by_count) }
    }

    /// By the summary, which is the task's name: the newest task of one of these kinds that was open then. No kinds are all.
    fn by_name(&self, call: &Call, kinds: &[&str]) -> Option<usize> {
        let wanted = |task: &Task| kinds.is_empty() || kinds.contains(&task.kind.as_str());
        let named = self.by_name.get(call.summary.as_str())?;
        named.iter().rev().find(|at| wanted(&self.tree.nodes[**at].task) && self.covers(**at, call.scheduled_at)).copied()
    }

    /// Whether a task was open at that time.
    fn covers(&self, at: usize, time: Option<Timestamp>) -> bool {
        let task = &self.tree.nodes[at].task;
        let (Some(from), Some(time)) = (task.started_at, time) else { return false };
        from <= time && task.ended_at.is_none_or(|to| to >= time)
    }
}
