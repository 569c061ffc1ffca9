//! What is noted of a run while it is replayed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::commands::Command;
use crate::engine::fault::Fault;
use crate::engine::host::Place;
use crate::engine::progress::{Event, kind_name};
use crate::expr::Data;
use crate::plan::Kind;
use crate::temporal::progress::Observer;

/// Steps that are kept. Enough for anything that is looked at; a run of 51,200 events can have millions of pure steps.
pub const MOST_STEPS: usize = 100_000;

/// Steps and commands of one run, each in the order in which they came.
#[derive(Debug, Default)]
pub struct Record {
    pub steps: Vec<Step>,
    pub commands: Vec<Command>,
    /// Steps that came after [`MOST_STEPS`].
    pub left_out: usize,
    /// References of the tasks that have begun and not ended, the innermost last.
    open: Vec<Arc<str>>,
}

/// One step of one task.
#[derive(Clone, Debug)]
pub struct Step {
    pub reference: Arc<str>,
    /// Indexes of the loops around it: `[7][0]`.
    pub path: String,
    pub name: Arc<str>,
    /// `set`, `http`, …
    pub task_kind: &'static str,
    /// Workflow time.
    pub at: Timestamp,
    /// Events that had been read by then.
    pub events: u32,
    /// For the call of a function: position of its task among the plan's.
    pub calls: Option<u32>,
    /// Position of the task among the plan's.
    pub task: u32,
    pub kind: StepKind,
}

#[derive(Clone, Debug)]
pub enum StepKind {
    /// With its raw input.
    Started(Data),
    /// It was open when an earlier run was handed over.
    Resumed(Data),
    Completed(Data),
    Failed(Fault),
    Skipped,
    Cancelled,
    Retrying {
        attempt: u32,
        delay: Duration,
        fault: Fault,
    },
}

impl Record {
    /// The task that runs now; the innermost where tasks nest.
    pub(super) fn running(&self) -> Option<Arc<str>> {
        self.open.last().cloned()
    }

    fn take(&mut self, event: Event<'_>, place: &Place<'_>, now: Timestamp, events: u32) {
        let task = event.task();
        match event {
            Event::Started { .. } | Event::Resumed { .. } => self.open.push(task.reference.clone()),
            Event::Retrying { .. } => {}
            _ => {
                if let Some(at) = self.open.iter().rposition(|open| *open == task.reference) {
                    self.open.remove(at);
                }
            }
        }
        if self.steps.len() == MOST_STEPS {
            self.left_out += 1;
            return;
        }
        let (at, kind) = match event {
            Event::Started { at, .. } => (at, StepKind::Started(place.input().clone())),
            Event::Resumed { at, .. } => (at, StepKind::Resumed(place.input().clone())),
            Event::Completed { output, at, .. } => (at, StepKind::Completed(output.clone())),
            Event::Failed { fault, at, .. } => (at, StepKind::Failed(fault.clone())),
            Event::Skipped { at, .. } => (at, StepKind::Skipped),
            Event::Cancelled { at, .. } => (at, StepKind::Cancelled),
            Event::Retrying { attempt, delay, fault, .. } => (now, StepKind::Retrying { attempt, delay, fault: fault.clone() }),
        };
        let calls = if let Kind::Function(function) = &task.kind { Some(function.task.0) } else { None };
        self.steps.push(Step {
            reference: task.reference.clone(),
            path: place.path(),
            name: task.name.clone(),
            task_kind: kind_name(&task.kind),
            at,
            events,
            calls,
            task: task.id.0,
            kind,
        });
    }
}

/// Notes what it is told.
pub(super) struct Recorder(pub Arc<Mutex<Record>>);

impl Observer for Recorder {
    fn step(&self, event: Event<'_>, place: &Place<'_>, now: Timestamp, events: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(event, place, now, events);
    }
}
