//! Why a pending handshake may be stuck, and what to do. Pure: a table with a test.

use std::time::{Duration, SystemTime};

use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;

use super::entry::{AgentSeen, Entry, Side};
use crate::handshake::PendingState;
use crate::handshake::operator::{Callee, Step, WatchSeen};
use crate::stigmer::agx::ExecutionPhase;

/// What is younger may be on its way.
const SETTLED_AFTER: Duration = Duration::from_secs(30);

/// What is wrong with one, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// One word for programs.
    pub code: &'static str,
    pub what: String,
    /// What ends it, by itself or by hand.
    pub then: String,
}

impl Trouble {
    fn new(code: &'static str, what: impl Into<String>, then: impl Into<String>) -> Self {
        Self { code, what: what.into(), then: then.into() }
    }
}

/// None: all is as it should be. `watched`: `handshake.watch` is on.
pub(super) fn of(entry: &Entry, now: SystemTime, watched: bool) -> Option<Trouble> {
    let step = &entry.step;
    if step.age(now) < SETTLED_AFTER && step.attempt == 1 {
        return None;
    }
    if step.state == PendingState::Paused {
        return Some(Trouble::new(
            "paused",
            "the activity is paused",
            format!("temporal activity unpause --workflow-id '{}' --activity-id '{}'", step.workflow_id, step.activity_id),
        ));
    }
    if step.state == PendingState::Scheduled && step.attempt == 1 {
        return Some(Trouble::new(
            "not_taken",
            "no worker has taken the activity",
            "`workflow-runner doctor --only queues` says whether anybody polls its queue",
        ));
    }
    if step.is_between_attempts() {
        return None; // the next attempt meets whatever there is
    }
    match &entry.side {
        Side::Child { execution_id: Err(why), .. } => Some(Trouble::new("unreadable", why.clone(), by_hand(entry))),
        Side::Child { child: None, .. } => Some(Trouble::new(
            "no_child",
            "there is no child: the attempt died before it started one, or the child was deleted",
            format!("it ends with the time limit of the attempt, or by hand: {}", by_hand(entry)),
        )),
        Side::Child { child: Some(child), .. } => of_child(entry, child, watched),
        Side::Agent { seen, .. } => of_agent(entry, seen),
    }
}

fn of_child(entry: &Entry, child: &Callee, watched: bool) -> Option<Trouble> {
    if !child.is_open() {
        let how = status_word(child.status);
        return Some(Trouble::new(
            "child_closed",
            format!("the child is closed ({how}), and its caller still waits"),
            format!("the sweep of a worker tells the caller within `handshake.sweep_every`, or by hand: {}", by_hand(entry)),
        ));
    }
    if child.untouched {
        return Some(Trouble::new(
            "child_not_taken",
            "no worker has taken up the child",
            "`workflow-runner doctor --only queues` says whether anybody polls its queue",
        ));
    }
    match child.watch {
        WatchSeen::Missing if watched => Some(Trouble::new(
            "watch_missing",
            "the child has no watch: it will not learn that its caller is cancelled or gone",
            "it still delivers at its end; `handshake.watch` was off when it started, or its watch has ended",
        )),
        WatchSeen::Waiting => Some(Trouble::new(
            "watch_missing",
            "no worker holds the child's watch",
            "`workflow-runner doctor --only queues` says whether anybody polls the queue of the watches",
        )),
        WatchSeen::Missing | WatchSeen::NotYet | WatchSeen::Held => None,
    }
}

fn of_agent(entry: &Entry, seen: &AgentSeen) -> Option<Trouble> {
    let look = "the step looks at it within `handshake.reconcile_every`";
    match seen {
        AgentSeen::None => Some(Trouble::new(
            "agent_gone",
            "the control plane knows no agent execution of this step",
            format!("{look} and calls the agent again, or by hand: {}", by_hand(entry)),
        )),
        AgentSeen::Found { phase, .. } if is_terminal(*phase) => Some(Trouble::new(
            "callback_lost",
            format!("the agent execution has ended ({}), and nobody told the step", phase_word(*phase)),
            format!("{look} and ends with its outcome"),
        )),
        AgentSeen::Found { workflow, .. } if !workflow.is_some_and(is_open) => Some(Trouble::new(
            "agent_gone",
            match workflow {
                Some(status) => {
                    format!("the workflow of the agent is closed ({}), and its execution has no terminal phase", status_word(*status))
                }
                None => "the workflow of the agent is not there, and its execution has no terminal phase".to_owned(),
            },
            format!("it ends with its time limit, or by hand: {}", by_hand(entry)),
        )),
        AgentSeen::NotAsked | AgentSeen::Found { .. } => None,
    }
}

fn by_hand(entry: &Entry) -> String {
    format!("workflow-runner handshake fail {} --message …", entry.target())
}

/// What an operator can do with one that is as it should be.
pub(super) fn next_steps(entry: &Entry) -> String {
    let target = entry.target();
    match &entry.side {
        Side::Child { .. } => format!("nothing: it ends with its child. To end it: workflow-runner handshake cancel {target}"),
        Side::Agent { .. } => format!("nothing: it ends with its agent. To end it: workflow-runner handshake cancel {target}"),
    }
}

/// Words for where the step itself is.
pub(super) fn state_word(step: &Step) -> &'static str {
    match step.state {
        PendingState::Scheduled if step.attempt > 1 => "between attempts",
        PendingState::Scheduled => "waiting for a worker",
        PendingState::Started => "handed over",
        PendingState::CancelRequested => "asked to cancel",
        PendingState::Paused => "paused",
    }
}

pub(super) fn is_open(status: WorkflowExecutionStatus) -> bool {
    matches!(status, WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
}

pub(super) fn is_terminal(phase: ExecutionPhase) -> bool {
    matches!(phase, ExecutionPhase::ExecutionCompleted | ExecutionPhase::ExecutionFailed | ExecutionPhase::ExecutionCancelled)
}

/// `Terminated`, as Temporal's own pages have it.
pub(super) fn status_word(status: WorkflowExecutionStatus) -> String {
    format!("{status:?}")
}

/// `EXECUTION_IN_PROGRESS` without its beginning, in small letters.
pub(super) fn phase_word(phase: ExecutionPhase) -> String {
    phase.as_str_name().trim_start_matches("EXECUTION_").trim_start_matches("PHASE_").to_lowercase()
}

#[cfg(test)]
#[path = "trouble/tests.rs"]
mod tests;
