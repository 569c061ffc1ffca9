//! From the engine's events to what people see: the platform's task list and the run's current details.
//!
//! Nothing here is a history event. It happens only when the run is not replaying, so a take-over repeats nothing and the next wait repairs
//! what a crash lost.

use std::sync::Arc;

use temporalio_workflow::WorkflowContext;

use super::workflow::ServerlessWorkflow;
use crate::activities::status::{Publisher, RunKey, TaskList, TaskRow, TaskState};
use crate::engine::progress::{Event, Progress, Row, RowStatus};

pub struct Reporter {
    progress: Progress,
    run: RunKey,
    publisher: Arc<dyn Publisher>,
    changed: bool,
}

impl Reporter {
    pub fn new(run: RunKey, publisher: Arc<dyn Publisher>) -> Self {
        Self { progress: Progress::default(), run, publisher, changed: false }
    }

    pub fn record(&mut self, event: Event<'_>) {
        self.progress.apply(event);
        self.changed = true;
    }

    /// Sends the list if something has happened since the last time.
    pub fn publish(&mut self, ctx: &WorkflowContext<ServerlessWorkflow>) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        ctx.set_current_details(self.details());
        if !ctx.is_replaying() {
            self.publisher.progress(&self.run, self.tasks());
        }
    }

    pub fn run(&self) -> &RunKey {
        &self.run
    }

    pub fn publisher(&self) -> &Arc<dyn Publisher> {
        &self.publisher
    }

    #[must_use]
    pub fn tasks(&self) -> TaskList {
        task_list(&self.progress)
    }

    /// The tasks that are running now, one a line, in Markdown as Temporal's UI shows it.
    fn details(&self) -> String {
        let running = self.progress.rows().iter().filter(|row| row.status == RowStatus::InProgress);
        running.map(|row| format!("- `{}` ({})", row.reference, row.kind)).collect::<Vec<_>>().join("\n")
    }
}

/// The list as it travels.
#[must_use]
pub fn task_list(progress: &Progress) -> TaskList {
    TaskList { rows: progress.rows().iter().map(task_row).collect(), left_out: progress.left_out() }
}

fn task_row(row: &Row) -> TaskRow {
    TaskRow {
        name: row.name.clone(),
        reference: row.reference.clone(),
        kind: row.kind.to_owned(),
        state: match row.status {
            RowStatus::InProgress => TaskState::InProgress,
            RowStatus::Completed => TaskState::Completed,
            RowStatus::Failed => TaskState::Failed,
            RowStatus::Skipped => TaskState::Skipped,
            RowStatus::Cancelled => TaskState::Cancelled,
        },
        runs: row.runs,
        started_at: Some(row.started_at.to_string()),
        completed_at: row.completed_at.map(|t| t.to_string()),
        error: row.error.clone(),
        output: row.output.clone(),
    }
}
