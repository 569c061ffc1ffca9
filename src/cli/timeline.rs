//! A run as people watch it, on stderr: redrawn in place on a terminal, a line for each change elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

use jiff::Timestamp;

use crate::activities::status::{TaskList, TaskRow, TaskState};
use crate::stigmer::wfx::{WorkflowTask, WorkflowTaskStatus};

/// One task as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The task's JSON pointer.
    pub reference: String,
    pub name: String,
    pub state: TaskState,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub error: Option<String>,
}

impl Line {
    fn of_row(row: &TaskRow) -> Self {
        Self {
            reference: row.reference.clone(),
            name: row.name.clone(),
            state: row.state,
            started_at: row.started_at.as_deref().and_then(|t| t.parse().ok()),
            completed_at: row.completed_at.as_deref().and_then(|t| t.parse().ok()),
            error: row.error.clone(),
        }
    }

    /// As the control plane stores it.
    #[must_use]
    pub fn of_task(task: &WorkflowTask) -> Self {
        Self {
            reference: task.task_id.clone(),
            name: task.task_name.clone(),
            state: match task.status() {
                WorkflowTaskStatus::WorkflowTaskCompleted => TaskState::Completed,
                WorkflowTaskStatus::WorkflowTaskFailed => TaskState::Failed,
                WorkflowTaskStatus::WorkflowTaskSkipped => TaskState::Skipped,
                _ => TaskState::InProgress,
            },
            started_at: task.started_at.parse().ok(),
            completed_at: task.completed_at.parse().ok(),
            error: Some(task.error.clone()).filter(|e| !e.is_empty()),
        }
    }

    fn show(&self) -> String {
        let sign = match self.state {
            TaskState::InProgress => "…",
            TaskState::Completed => "✓",
            TaskState::Failed => "✗",
            TaskState::Skipped => "-",
            TaskState::Cancelled => "∅",
        };
        let word = match self.state {
            TaskState::InProgress => "running",
            TaskState::Completed => "completed",
            TaskState::Failed => "failed",
            TaskState::Skipped => "skipped",
            TaskState::Cancelled => "cancelled",
        };
        // Three parts a level (`/do/0/name`), and the first level stands at the margin.
        let indent = "  ".repeat((self.reference.matches('/').count() / 3).saturating_sub(1));
        let mut text = format!("  {sign} {indent}{:<28} {word}", self.name);
        if let (Some(from), Some(to)) = (self.started_at, self.completed_at) {
            let took = to.duration_since(from);
            let _ = write!(text, " after {:.3} s", took.as_secs_f64());
        }
        if let Some(error) = &self.error {
            let _ = write!(text, ": {error}");
        }
        text
    }
}

/// Shows one run.
pub struct Timeline {
    terminal: bool,
    shown: BTreeMap<String, Line>,
    drawn: usize,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new(std::io::stderr().is_terminal())
    }
}

impl Timeline {
    #[must_use]
    pub fn new(terminal: bool) -> Self {
        Self { terminal, shown: BTreeMap::new(), drawn: 0 }
    }

    pub fn rows(&mut self, list: &TaskList) {
        self.show(list.rows.iter().map(Line::of_row).collect());
    }

    /// Shows the tasks as they stand now.
    pub fn show(&mut self, lines: Vec<Line>) {
        let text = self.text(lines);
        if !text.is_empty() {
            // Nobody may be left to watch.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }

    fn text(&mut self, lines: Vec<Line>) -> String {
        let mut text = String::new();
        let changed: Vec<&Line> = lines.iter().filter(|line| self.shown.get(&line.reference) != Some(*line)).collect();
        if changed.is_empty() {
            return text;
        }
        if self.terminal {
            if self.drawn > 0 {
                // Up to the first line of the block, and clear from there on.
                let _ = write!(text, "\x1b[{}A\x1b[J", self.drawn);
            }
            lines.iter().for_each(|line| text.extend([line.show().as_str(), "\n"]));
            self.drawn = lines.len();
        } else {
            changed.iter().for_each(|line| text.extend([line.show().as_str(), "\n"]));
        }
        self.shown = lines.into_iter().map(|line| (line.reference.clone(), line)).collect();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, state: TaskState) -> Line {
        Line { reference: format!("/do/0/{name}"), name: name.to_owned(), state, started_at: None, completed_at: None, error: None }
    }

    #[test]
    fn elsewhere_each_change_is_a_line() {
        let mut timeline = Timeline::new(false);
        let text = timeline.text(vec![line("a", TaskState::InProgress)]);
        assert!(text.contains('a') && text.contains("running") && text.ends_with('\n'));
        assert_eq!(timeline.text(vec![line("a", TaskState::InProgress)]), "");
        let text = timeline.text(vec![line("a", TaskState::Completed), line("b", TaskState::InProgress)]);
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn a_terminal_is_redrawn() {
        let mut timeline = Timeline::new(true);
        timeline.text(vec![line("a", TaskState::InProgress)]);
        let text = timeline.text(vec![line("a", TaskState::Completed), line("b", TaskState::InProgress)]);
        assert!(text.starts_with("\x1b[1A\x1b[J"), "{text:?}");
        assert_eq!(text.lines().count(), 2);
    }
}
