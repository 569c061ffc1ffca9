//! What happened, for whoever watches: events as they come, and the list of tasks that they add up to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::fault::Fault;
use crate::expr::Data;
use crate::plan::{Kind, Task, TaskId};

/// One step of one task. A skipped task is started first.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    Started {
        task: &'a Task,
        at: Timestamp,
    },
    /// A task that was open when the run was handed over goes on. `at` is when it started.
    Resumed {
        task: &'a Task,
        at: Timestamp,
    },
    Completed {
        task: &'a Task,
        output: &'a Data,
        at: Timestamp,
    },
    Failed {
        task: &'a Task,
        fault: &'a Fault,
        at: Timestamp,
    },
    Skipped {
        task: &'a Task,
        at: Timestamp,
    },
    Cancelled {
        task: &'a Task,
        at: Timestamp,
    },
    /// A `try` goes on with attempt `attempt` (2 for the first retry) after `delay`.
    Retrying {
        task: &'a Task,
        attempt: u32,
        delay: Duration,
        fault: &'a Fault,
    },
}

impl<'a> Event<'a> {
    #[must_use]
    pub fn task(&self) -> &'a Task {
        match self {
            Self::Started { task, .. }
            | Self::Resumed { task, .. }
            | Self::Completed { task, .. }
            | Self::Failed { task, .. }
            | Self::Skipped { task, .. }
            | Self::Cancelled { task, .. }
            | Self::Retrying { task, .. } => task,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowStatus {
    InProgress,
    Completed,
    Failed,
    Skipped,
    Cancelled,
}

/// One task as it stands. Iterations, visits and attempts are counted in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub name: String,
    /// JSON pointer of the task in the document.
    pub reference: String,
    /// `set`, `do`, `for`, `switch`, `fork`, `try`, `raise`, `wait`, `http` or `agent`.
    pub kind: &'static str,
    pub status: RowStatus,
    /// First start.
    pub started_at: Timestamp,
    /// Last end, of whatever kind.
    pub completed_at: Option<Timestamp>,
    pub runs: u32,
    /// Of the last run, or of the attempt that is being retried.
    pub error: Option<String>,
    /// Of the last completed run.
    pub output: Option<Data>,
}

/// Events folded into rows, ordered by first start. Cumulative: a row never goes away.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    rows: Vec<Row>,
    index: BTreeMap<TaskId, usize>,
    left_out: BTreeSet<TaskId>,
}

impl Progress {
    /// A status object must stay small enough to be sent on every change.
    pub const MOST_ROWS: usize = 500;

    pub fn apply(&mut self, event: Event<'_>) {
        let Some(row) = self.row(event) else { return };
        match event {
            Event::Started { .. } => {
                row.status = RowStatus::InProgress;
                row.runs = row.runs.saturating_add(1);
                row.completed_at = None;
                row.error = None;
            }
            Event::Resumed { .. } => row.runs = row.runs.max(1),
            Event::Completed { output, at, .. } => {
                row.error = None;
                row.output = Some(output.clone());
                row.end(RowStatus::Completed, at);
            }
            Event::Failed { fault, at, .. } => {
                row.error = Some(fault.to_string());
                row.end(RowStatus::Failed, at);
            }
            Event::Skipped { at, .. } => row.end(RowStatus::Skipped, at),
            Event::Cancelled { at, .. } => row.end(RowStatus::Cancelled, at),
            Event::Retrying { fault, .. } => row.error = Some(fault.to_string()),
        }
    }

    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many tasks started without getting a row.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out.len()
    }

    fn row(&mut self, event: Event<'_>) -> Option<&mut Row> {
        let task = event.task();
        if let Some(&index) = self.index.get(&task.id) {
            return self.rows.get_mut(index);
        }
        let (Event::Started { at, .. } | Event::Resumed { at, .. }) = event else { return None };
        if self.rows.len() == Self::MOST_ROWS {
            self.left_out.insert(task.id);
            return None;
        }
        self.index.insert(task.id, self.rows.len());
        self.rows.push(Row {
            name: task.name.to_string(),
            reference: task.reference.to_string(),
            kind: kind_name(&task.kind),
            status: RowStatus::InProgress,
            started_at: at,
            completed_at: None,
            runs: 0,
            error: None,
            output: None,
        });
        self.rows.last_mut()
    }
}

impl Row {
    fn end(&mut self, status: RowStatus, at: Timestamp) {
        self.status = status;
        self.completed_at = Some(at);
    }
}

/// The task type as one word.
#[must_use]
pub fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Set(_) => "set",
        Kind::Do(_) => "do",
        Kind::For(_) => "for",
        Kind::Switch(_) => "switch",
        Kind::Fork(_) => "fork",
        Kind::Try(_) => "try",
        Kind::Raise(_) => "raise",
        Kind::Wait(_) => "wait",
        Kind::Http(_) => "http",
        Kind::Agent(_) => "agent",
        Kind::OpenApi(_) => "openapi",
        Kind::Activity(_) => "activity",
        Kind::Function(_) => "function",
        Kind::Shell(_) => "shell",
        Kind::Script(_) => "script",
        Kind::Workflow(_) => "workflow",
        Kind::Emit(_) => "emit",
        Kind::Listen(_) => "listen",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::plan::{List, Then};

    pub fn task(id: u32) -> Task {
        Task {
            id: TaskId(id),
            name: format!("t{id}").into(),
            reference: format!("/do/{id}/t{id}").into(),
            definition: Data::null(),
            condition: None,
            input_schema: None,
            input_from: None,
            output_as: None,
            output_schema: None,
            export_as: None,
            export_schema: None,
            extensions: Vec::new(),
            timeout: None,
            then: Then::Continue,
            local: false,
            kind: Kind::Do(List::default()),
        }
    }

    #[test]
    fn rows_are_bounded_and_what_is_left_out_is_counted_once() {
        let tasks: Vec<_> = (0..502).map(task).collect();
        let mut progress = Progress::default();
        for _ in 0..2 {
            for task in &tasks {
                progress.apply(Event::Started { task, at: Timestamp::UNIX_EPOCH });
            }
        }
        assert_eq!((progress.rows().len(), progress.left_out()), (500, 2));
        assert_eq!((progress.rows()[499].name.as_str(), progress.rows()[499].runs), ("t499", 2));
    }

    #[test]
    fn a_row_shows_the_last_run() {
        let (task, at) = (task(0), Timestamp::UNIX_EPOCH);
        let fault = Fault { type_: "urn:x".into(), status: 500, title: None, detail: None, instance: None };
        let mut progress = Progress::default();
        progress.apply(Event::Completed { task: &task, output: &Data::null(), at });
        assert_eq!(progress.rows(), [], "nothing is known of a task before it starts");
        progress.apply(Event::Started { task: &task, at });
        progress.apply(Event::Retrying { task: &task, attempt: 2, delay: Duration::ZERO, fault: &fault });
        let row = &progress.rows()[0];
        assert_eq!((row.status, row.completed_at, row.error.as_deref()), (RowStatus::InProgress, None, Some("[500] urn:x")));
        progress.apply(Event::Completed { task: &task, output: &Data::from(true), at });
        let row = &progress.rows()[0];
        assert_eq!((row.status, row.completed_at, row.error.as_deref()), (RowStatus::Completed, Some(at), None));
        assert_eq!(row.output, Some(Data::from(true)));
    }
}
