//! A run onto the graph: each task says how it stands, and how often it ran.

use std::collections::BTreeMap;

use super::model::{Graph, Item, Mark};
use crate::cli::history::model::{State, Story, Task, times};

/// What the runs of one task come to.
#[derive(Debug, Default)]
struct Summary {
    /// Of those that are open, else of the last.
    mark: Option<Mark>,
    open: bool,
    /// Without those that were skipped.
    runs: usize,
    failed: usize,
    retries: usize,
    attempts: i32,
}

/// Paints `story` onto the graph of its definition. Tasks are found by their references.
pub fn onto(graph: &mut Graph, story: &Story) {
    let mut summaries: BTreeMap<&str, Summary> = BTreeMap::new();
    for (_, task) in story.flat() {
        summaries.entry(&task.reference).or_default().add(task);
    }
    graph.flow.items.iter_mut().chain(&mut graph.others).for_each(|item| paint(item, &summaries));
}

fn paint(item: &mut Item, summaries: &BTreeMap<&str, Summary>) {
    if let Some(reference) = &item.reference {
        let summary = summaries.get(reference.as_ref());
        item.mark = Some(summary.and_then(|summary| summary.mark).unwrap_or(Mark::NotReached));
        item.lines.push(summary.map_or_else(|| "not reached".to_owned(), Summary::words));
    }
    item.inside.iter_mut().flat_map(|scope| &mut scope.items).for_each(|item| paint(item, summaries));
}

impl Summary {
    fn add(&mut self, task: &Task) {
        let mark = match task.state {
            State::Completed | State::Continued => Mark::Done,
            State::Running => Mark::Running,
            State::Waiting => Mark::Waiting,
            State::Failed | State::Terminated | State::TimedOut => Mark::Failed,
            State::Skipped => Mark::Skipped,
            State::Cancelled | State::Unfinished => Mark::Cancelled,
        };
        let open = task.state.is_open();
        if open || !self.open {
            self.mark = Some(mark);
            self.open |= open;
        }
        self.runs += usize::from(mark != Mark::Skipped);
        self.failed += usize::from(mark == Mark::Failed);
        self.retries += task.retries.len();
        self.attempts = task.calls.iter().map(|call| call.attempts).fold(self.attempts, i32::max);
    }

    fn words(&self) -> String {
        let mut words = vec![match self.mark {
            Some(Mark::NotReached) | None => "not reached".to_owned(),
            Some(mark) => mark.word().to_owned(),
        }];
        if self.runs > 1 {
            words.push(format!("ran {} times", self.runs));
        }
        // How the last one ended is said already.
        if self.failed > 0 && self.runs > 1 {
            words.push(format!("{} failed", self.failed));
        }
        if self.retries > 0 {
            words.push(format!("retried {}", times(self.retries)));
        }
        if self.attempts > 1 {
            words.push(format!("{} attempts", self.attempts));
        }
        words.join(", ")
    }
}
