//! From the engine's events to what people see: the platform's task list and the run's current details.
//!
//! Nothing here is a history event. It happens only when the run is not replaying, so a take-over repeats nothing and the next wait repairs
//! what a crash lost.

use std::sync::Arc;

use jiff::Timestamp;
use temporalio_workflow::WorkflowContext;

use super::run::now;
use super::workflow::ServerlessWorkflow;
use crate::activities::lifecycle::LifecycleOutlet;
use crate::activities::status::{Publisher, RunKey, TaskList, TaskRow, TaskState};
use crate::engine::Outcome;
use crate::engine::host::Place;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::progress::{Event, Progress, Row, RowStatus};

/// Outputs that travel to the run that continues this one; larger ones are left out of the list from then on.
const CARRIED_OUTPUT_BYTES: usize = 2 * 1024;

/// Sees every step of a run as it is taken, on a replay too: for tools that look at a history. It changes nothing.
pub trait Observer: Send + Sync {
    /// `now` is workflow time; `events` of the history had been read by then.
    fn step(&self, event: Event<'_>, place: &Place<'_>, now: Timestamp, events: u32);
}

pub struct Reporter {
    /// What the runs before this one did.
    earlier: TaskList,
    progress: Progress,
    run: RunKey,
    publisher: Arc<dyn Publisher>,
    changed: bool,
    lifecycle: Option<Telling>,
    observer: Option<Arc<dyn Observer>>,
}

/// Lifecycle events and where they go.
struct Telling {
    events: Lifecycle,
    outlet: LifecycleOutlet,
}

impl Reporter {
    pub fn new(run: RunKey, publisher: Arc<dyn Publisher>) -> Self {
        let (earlier, progress) = (TaskList::default(), Progress::default());
        Self { earlier, progress, run, publisher, changed: false, lifecycle: None, observer: None }
    }

    /// Goes on with the list of the run that this one continues.
    #[must_use]
    pub fn after(mut self, earlier: TaskList) -> Self {
        self.earlier = earlier;
        self
    }

    /// Every step is told to `observer` too.
    #[must_use]
    pub fn observed(mut self, observer: Option<Arc<dyn Observer>>) -> Self {
        self.observer = observer;
        self
    }

    /// The list for the run that will continue this one.
    #[must_use]
    pub fn carried(&self) -> TaskList {
        let mut tasks = self.tasks();
        for row in &mut tasks.rows {
            row.output.take_if(|output| output.json_len() > CARRIED_OUTPUT_BYTES);
        }
        tasks
    }

    /// From now on the run's lifecycle events go to `outlet`. They are counted on a replay too, but not sent again.
    pub fn tell(&mut self, events: Lifecycle, outlet: LifecycleOutlet) {
        self.lifecycle = Some(Telling { events, outlet });
    }

    /// The run begins; one that continues another has begun before.
    pub fn began(&mut self, ctx: &WorkflowContext<ServerlessWorkflow>) {
        if let Some(telling) = self.lifecycle.as_ref().filter(|_| !ctx.is_replaying()) {
            telling.outlet.send(telling.events.started(now(ctx)));
        }
    }

    pub fn ended(&mut self, ctx: &WorkflowContext<ServerlessWorkflow>, outcome: &Outcome) {
        if let Some(telling) = self.lifecycle.as_ref().filter(|_| !ctx.is_replaying())
            && let Some(event) = telling.events.ended(outcome, now(ctx))
        {
            telling.outlet.send(event);
        }
    }

    pub fn record(&mut self, event: Event<'_>, place: &Place<'_>, ctx: &WorkflowContext<ServerlessWorkflow>) {
        if let Some(observer) = &self.observer {
            observer.step(event, place, now(ctx), ctx.history_length());
        }
        self.progress.apply(event);
        self.changed = true;
        if let Some(telling) = &mut self.lifecycle {
            let events = telling.events.step(event, now(ctx));
            if !ctx.is_replaying() {
                events.into_iter().for_each(|event| telling.outlet.send(event));
            }
        }
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
        continued(&self.earlier, task_list(&self.progress))
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

/// A list gone on by a later run's: rows of the same task become one.
fn continued(earlier: &TaskList, later: TaskList) -> TaskList {
    // The usual run continues none, and asks at each of its waits.
    if earlier.rows.is_empty() {
        return later;
    }
    let mut all = earlier.clone();
    all.left_out = all.left_out.max(later.left_out);
    for row in later.rows {
        if let Some(known) = all.rows.iter_mut().find(|known| known.reference == row.reference) {
            // A task that stood open when the run was handed over is the same run of that task.
            let open = u32::from(known.state == TaskState::InProgress && row.runs > 0);
            let (started_at, runs) = (known.started_at.take(), known.runs.saturating_add(row.runs) - open);
            *known = TaskRow { runs, started_at, ..row };
        } else if all.rows.len() < Progress::MOST_ROWS {
            all.rows.push(row);
        } else {
            all.left_out = all.left_out.saturating_add(1);
        }
    }
    all
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(reference: &str, state: TaskState, runs: u32, started_at: &str) -> TaskRow {
        TaskRow {
            name: reference.rsplit('/').next().unwrap_or_default().to_owned(),
            reference: reference.to_owned(),
            kind: "set".to_owned(),
            state,
            runs,
            started_at: Some(started_at.to_owned()),
            completed_at: None,
            error: None,
            output: None,
        }
    }

    #[test]
    fn a_list_goes_on_in_the_run_that_continues() {
        use TaskState::{Completed, InProgress};
        let first = TaskList { rows: vec![row("/do/0/a", Completed, 4, "1"), row("/do/1/b", InProgress, 3, "2")], left_out: 0 };
        let later = TaskList { rows: vec![row("/do/1/b", Completed, 2, "5"), row("/do/2/c", Completed, 1, "6")], left_out: 0 };
        let all = continued(&first, later);
        let seen = all.rows.iter().map(|row| (row.name.as_str(), row.state, row.runs, row.started_at.as_deref().unwrap_or_default()));
        assert_eq!(seen.collect::<Vec<_>>(), [("a", Completed, 4, "1"), ("b", Completed, 4, "2"), ("c", Completed, 1, "6")]);
    }
}
