//! A run as people watch it, on stderr: redrawn in place on a terminal, a line for each change elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

use jiff::Timestamp;

use super::print::line;
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
        let mut text = format!("  {sign} {indent}{:<28} {word}", line(&self.name));
        if let (Some(from), Some(to)) = (self.started_at, self.completed_at) {
            let took = to.duration_since(from);
            let _ = write!(text, " after {:.3} s", took.as_secs_f64());
        }
        if let Some(error) = &self.error {
            let _ = write!(text, ": {}", line(error));
        }
        text
    }
}

/// A line below the tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about: a newer note of the same key stands in its place.
    pub key: String,
    pub text: String,
    /// Whether it is worth a line where nothing can be redrawn.
    pub lasting: bool,
}

/// Shows one run.
pub struct Timeline {
    terminal: bool,
    shown: BTreeMap<String, Line>,
    noted: BTreeMap<String, String>,
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
        Self { terminal, shown: BTreeMap::new(), noted: BTreeMap::new(), drawn: 0 }
    }

    pub fn rows(&mut self, list: &TaskList) {
        self.show(list.rows.iter().map(Line::of_row).collect());
    }

    /// Shows the tasks as they stand now.
    pub fn show(&mut self, lines: Vec<Line>) {
        self.show_with(lines, &[]);
    }

    /// The same with notes below them.
    pub fn show_with(&mut self, lines: Vec<Line>, notes: &[Note]) {
        let text = self.text(lines, notes);
        if !text.is_empty() {
            // Nobody may be left to watch.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }

    /// Says something else below the tasks. What follows is drawn anew, below that.
    pub fn say(&mut self, text: &str) {
        eprintln!("{}", text.trim_end());
        self.drawn = 0;
    }

    fn text(&mut self, lines: Vec<Line>, notes: &[Note]) -> String {
        let mut text = String::new();
        let changed: Vec<&Line> = lines.iter().filter(|line| self.shown.get(&line.reference) != Some(*line)).collect();
        let news = |note: &&Note| self.noted.get(&note.key) != Some(&note.text) && (self.terminal || note.lasting);
        let fresh: Vec<&Note> = notes.iter().filter(news).collect();
        if changed.is_empty() && fresh.is_empty() {
            return text;
        }
        if self.terminal {
            if self.drawn > 0 {
                // Up to the first line of the block, and clear from there on.
                let _ = write!(text, "\x1b[{}A\x1b[J", self.drawn);
            }
            lines.iter().for_each(|line| text.extend([line.show().as_str(), "\n"]));
            notes.iter().for_each(|note| text.extend(["    ", &line(&note.text), "\n"]));
            self.drawn = lines.len() + notes.len();
        } else {
            changed.iter().for_each(|line| text.extend([line.show().as_str(), "\n"]));
            fresh.iter().for_each(|note| text.extend(["    ", &line(&note.text), "\n"]));
        }
        self.noted.extend(fresh.into_iter().map(|note| (note.key.clone(), note.text.clone())));
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
        let text = timeline.text(vec![line("a", TaskState::InProgress)], &[]);
        assert!(text.contains('a') && text.contains("running") && text.ends_with('\n'));
        assert_eq!(timeline.text(vec![line("a", TaskState::InProgress)], &[]), "");
        let text = timeline.text(vec![line("a", TaskState::Completed), line("b", TaskState::InProgress)], &[]);
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn a_terminal_is_redrawn() {
        let mut timeline = Timeline::new(true);
        timeline.text(vec![line("a", TaskState::InProgress)], &[]);
        let text = timeline.text(vec![line("a", TaskState::Completed), line("b", TaskState::InProgress)], &[]);
        assert!(text.starts_with("\x1b[1A\x1b[J"), "{text:?}");
        assert_eq!(text.lines().count(), 2);
    }
    #[test]
    fn a_note_is_redrawn_on_a_terminal_and_elsewhere_told_when_it_lasts() {
        let note = |text: &str, lasting| Note { key: "agent".to_owned(), text: text.to_owned(), lasting };
        let mut timeline = Timeline::new(true);
        let first = timeline.text(vec![line("a", TaskState::InProgress)], &[note("10 characters", false)]);
        assert!(first.ends_with("    10 characters\n"), "{first:?}");
        let second = timeline.text(vec![line("a", TaskState::InProgress)], &[note("20 characters", false)]);
        assert!(second.starts_with("\x1b[2A\x1b[J") && second.ends_with("    20 characters\n"), "{second:?}");
        assert_eq!(timeline.text(vec![line("a", TaskState::InProgress)], &[note("20 characters", false)]), "");

        let mut lines = Timeline::new(false);
        lines.text(vec![line("a", TaskState::InProgress)], &[]);
        assert_eq!(lines.text(vec![line("a", TaskState::InProgress)], &[note("10 characters", false)]), "");
        assert_eq!(lines.text(vec![line("a", TaskState::InProgress)], &[note("done", true)]), "    done\n");
        assert_eq!(lines.text(vec![line("a", TaskState::InProgress)], &[note("done", true)]), "");
    }
}
