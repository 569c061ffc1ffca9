//! What open tasks wait for, in words; and what became of them where nothing waits any more.

use temporalio_common::protos::temporal::api::enums::v1::PendingActivityState;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;

use super::facts::Facts;
use super::model::{Call, State, Task};
use super::tree::Tree;
use crate::activities::agent_executions::execution_name;
use crate::plan::{Consumption, EventFilter, Kind, Plan};

impl Facts {
    /// What the server knows of activities that have not ended: it is not in the history yet.
    pub fn pending(&mut self, pending: &[PendingActivityInfo]) {
        for info in pending {
            let Some(call) = self.calls.iter_mut().rfind(|call| call.kind == "activity" && call.id == info.activity_id) else { continue };
            call.attempts = info.attempt.max(1);
            call.unclaimed = info.state() == PendingActivityState::Scheduled;
            call.last_failure = info.last_failure.as_ref().map(|failure| failure.message.clone());
            if info.state() == PendingActivityState::Started {
                call.started_at = info.last_started_time.as_ref().and_then(|at| jiff::Timestamp::new(at.seconds, at.nanos).ok());
            }
        }
    }
}

/// Says of each open task what it waits for.
pub fn mark(tree: &mut Tree, plan: Option<&Plan>, run: State) {
    for node in &mut tree.nodes {
        let task = &mut node.task;
        if !task.state.is_open() {
            continue;
        }
        if !run.is_open() {
            task.state = State::Unfinished;
            continue;
        }
        task.waiting_for = reason(task, plan);
        if task.waiting_for.is_some() {
            task.state = State::Waiting;
        }
    }
}

fn reason(task: &Task, plan: Option<&Plan>) -> Option<String> {
    if let Some(call) = task.calls.iter().rev().find(|call| call.state.is_open()) {
        return Some(of_call(call));
    }
    let planned = plan.and_then(|plan| plan.tasks.iter().find(|known| *known.reference == *task.reference));
    match planned.map(|planned| &planned.kind) {
        Some(Kind::Listen(listen)) if task.tasks.is_empty() => Some(format!("an event: {}", events(&listen.to))),
        _ => None,
    }
}

fn of_call(call: &Call) -> String {
    match call.kind {
        "timer" => call.due_at.map_or_else(|| "a timer".to_owned(), |at| format!("a timer, until {at:.0}")),
        "workflow" => format!("workflow {}", call.id),
        _ => {
            let text = |key: &str| call.input.as_ref().and_then(|input| input.get(key)?.as_str());
            let what = match (text("agent"), text("tag")) {
                (Some(agent), Some(tag)) => format!("agent {agent}, execution {}", execution_name(agent, tag)),
                _ => format!("activity {}", call.name),
            };
            let queue = call.queue.as_deref().unwrap_or_default();
            let attempt = if call.attempts > 1 { format!(", attempt {}", call.attempts) } else { String::new() };
            let failed = call.last_failure.as_ref().map(|failure| format!(" after: {failure}")).unwrap_or_default();
            let taken = if call.unclaimed { format!(" (no worker of {queue} has it now)") } else { String::new() };
            format!("{what}{attempt}{failed}{taken}")
        }
    }
}

fn events(to: &Consumption) -> String {
    let type_of = |filter: &EventFilter| {
        let given = filter.with.iter().find(|(name, _)| name == "type").and_then(|(_, value)| value.literal());
        given.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_else(|| "any".to_owned())
    };
    match to {
        Consumption::One(filter) => type_of(filter),
        Consumption::All(filters) => format!("all of {}", filters.iter().map(type_of).collect::<Vec<_>>().join(", ")),
        Consumption::Any { filters, .. } => format!("any of {}", filters.iter().map(type_of).collect::<Vec<_>>().join(", ")),
    }
}
