//! The story for a terminal: a line for each task, what it was given and what it gave under it.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

use super::model::{Call, Problem, State, Story, Task, times, took};
use crate::cli::print::line;
use crate::handshake::RESUME_SIGNAL;

/// Characters of a payload that are shown, unless all are asked for.
const WIDTH: usize = 100;
/// Where the payloads of a task begin.
const INDENT: &str = "                            ";

pub fn write(story: &Story, full: bool) -> String {
    let mut writer = Writer { text: String::new(), began: story.started_at, full };
    writer.head(story);
    writer.tasks(&story.tasks, 0);
    writer.tail(story);
    writer.text
}

struct Writer {
    text: String,
    began: Option<Timestamp>,
    full: bool,
}

impl Writer {
    fn head(&mut self, story: &Story) {
        let definition = &story.definition;
        let (state, lasted) = (story.state.word().replace('_', " "), span(story.started_at, story.closed_at, " after "));
        let _ = writeln!(self.text, "{} {state}{lasted}", line(&story.workflow_id));
        if story.paused_since.is_some() {
            let since = at(" since ", story.paused_since);
            let _ = writeln!(self.text, "paused{since}: nothing new begins until the signal `{RESUME_SIGNAL}`");
        }
        let events: usize = story.runs.iter().map(|run| run.events).sum();
        let runs = if story.runs.len() > 1 { format!("{} runs, ", story.runs.len()) } else { String::new() };
        let names = line(&format!("{}/{} {}", definition.namespace, definition.name, definition.version));
        let _ = writeln!(self.text, "{names} · {runs}{events} events{}", at(" · began ", story.started_at));
        if story.runs.len() > 1 {
            for (number, run) in story.runs.iter().enumerate() {
                let _ = writeln!(
                    self.text,
                    "  run {} {} {}, {} events{}",
                    number + 1,
                    line(&run.run_id),
                    run.state.word(),
                    run.events,
                    span(run.started_at, run.closed_at, ", ")
                );
            }
        }
        self.payload("", "input", Some(&story.input));
        self.text.push('\n');
    }

    fn tasks(&mut self, tasks: &[Task], depth: usize) {
        for task in tasks {
            self.task(task, depth);
            self.tasks(&task.tasks, depth + 1);
        }
    }

    fn task(&mut self, task: &Task, depth: usize) {
        let began = self.began.zip(task.started_at).map(|(from, at)| format!("+{}", took(from, at))).unwrap_or_default();
        let lasted = task.started_at.zip(task.ended_at).map(|(from, to)| took(from, to)).unwrap_or_default();
        let name = format!("{}{}{}", "  ".repeat(depth), line(&task.name), task.path);
        let mut more = String::new();
        if !matches!(task.state, State::Completed) {
            let _ = write!(more, " {}", task.state.word());
        }
        let attempts = task.calls.iter().map(|call| call.attempts).max().filter(|attempts| *attempts > 1);
        if let Some(attempts) = attempts {
            let _ = write!(more, " · {attempts} attempts");
        }
        if !task.retries.is_empty() {
            let _ = write!(more, " · retried {}", times(task.retries.len()));
        }
        if let Some(waiting) = &task.waiting_for {
            let _ = write!(more, " · for {}", line(waiting));
        }
        let _ = writeln!(self.text, "{} {began:>11} {lasted:>11}  {name:<32} {}{more}", task.state.sign(), task.kind);
        if self.full {
            let _ = writeln!(self.text, "{INDENT}{}", line(&task.reference));
        }
        // What stands in a task says the same in more detail.
        if task.tasks.is_empty() || self.full {
            self.payload(INDENT, "in", task.input.as_ref());
            self.payload(INDENT, "out", task.output.as_ref());
        }
        for retry in &task.retries {
            let _ = writeln!(self.text, "{INDENT}attempt {} in {} ms, after {}", retry.attempt, retry.delay_ms, problem(&retry.error));
        }
        if let Some(error) = &task.error {
            let _ = writeln!(self.text, "{INDENT}error {}", problem(error));
        }
        if self.full {
            task.calls.iter().for_each(|one| self.call(one));
        }
    }

    fn call(&mut self, call: &Call) {
        let _ = writeln!(
            self.text,
            "{INDENT}{} {} ({}) {}, event {}",
            call.kind.replace('_', " "),
            line(&call.id),
            line(&call.name),
            call.state.word(),
            call.event_id
        );
        if let Some(failure) = &call.last_failure {
            let _ = writeln!(self.text, "{INDENT}  attempt before: {}", line(failure));
        }
    }

    fn tail(&mut self, story: &Story) {
        self.text.push('\n');
        self.payload("", "output", story.output.as_ref());
        if let Some(error) = &story.error {
            let _ = writeln!(self.text, "error {}", problem(error));
        }
        for signal in &story.signals {
            let _ = writeln!(self.text, "signal {}{} (event {})", line(&signal.name), at(" at ", signal.at), signal.event_id);
        }
        if self.full {
            story.others.iter().for_each(|call| self.call(call));
        }
        for note in &story.notes {
            let _ = writeln!(self.text, "note: {}", line(note));
        }
    }

    fn payload(&mut self, indent: &str, word: &str, value: Option<&Value>) {
        let Some(value) = value else { return };
        if !self.full {
            let _ = writeln!(self.text, "{indent}{word} {}", clip(&value.to_string()));
            return;
        }
        let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
        let lines = pretty.lines().collect::<Vec<_>>().join(&format!("\n{indent}"));
        let _ = writeln!(self.text, "{indent}{word} {}", plain(&lines));
    }
}

fn problem(error: &Problem) -> String {
    let status = error.status.map(|status| format!("{status} ")).unwrap_or_default();
    let instance = error.instance.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    line(&format!("{status}{}{}{}{instance}", error.type_, if error.message.is_empty() { "" } else { ": " }, error.message))
}

fn span(from: Option<Timestamp>, to: Option<Timestamp>, word: &str) -> String {
    from.zip(to).map(|(from, to)| format!("{word}{}", took(from, to))).unwrap_or_default()
}

fn at(word: &str, at: Option<Timestamp>) -> String {
    at.map(|at| format!("{word}{at:.3}")).unwrap_or_default()
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", plain(&text[..end])),
        None => plain(text),
    }
}

/// Nothing that a document or an agent wrote reaches the terminal as a command to it.
fn plain(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}
