//! Steps → tasks in tasks.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts::Facts;
use super::model::{Problem, Retry, State, Task};
use super::redact::redacted;
use crate::engine::fault::Fault;
use crate::expr::Data;
use crate::temporal::replay::{Step, StepKind, split_id};

/// Tasks while they are put together. A task stands behind the one that it is in.
#[derive(Debug, Default)]
pub struct Tree {
    pub nodes: Vec<Node>,
    /// Those that have begun and not ended.
    open: Vec<usize>,
    /// Bytes of the payloads so far.
    shown: usize,
}

/// More than that nobody looks at, and a loop over a large state would show it anew in each of its tasks.
const SHOWN_BYTES_MAX: usize = 128 * 1024 * 1024;

#[derive(Debug)]
pub struct Node {
    pub task: Task,
    pub parent: Option<usize>,
    /// For the call of a function: its task among the plan's.
    calls: Option<u32>,
}

impl Tree {
    /// Adds the steps of one run, behind those of the runs before it.
    pub fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.kind {
                StepKind::Started(input) => {
                    self.begin(step);
                    let input = self.payload(input);
                    if let Some(node) = self.nodes.last_mut() {
                        node.task.input = Some(input);
                    }
                }
                StepKind::Resumed(_) => {
                    if self.find(step).is_none() {
                        self.begin(step);
                    }
                }
                StepKind::Completed(output) => {
                    let output = self.payload(output);
                    if let Some(task) = self.end(step, State::Completed) {
                        task.output = Some(output);
                    }
                }
                StepKind::Failed(fault) => {
                    if let Some(task) = self.end(step, State::Failed) {
                        task.error = Some(problem(fault));
                    }
                }
                StepKind::Skipped => drop(self.end(step, State::Skipped)),
                StepKind::Cancelled => drop(self.end(step, State::Cancelled)),
                StepKind::Retrying { attempt, delay, fault } => {
                    let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                    let retry = Retry { attempt: *attempt, at: step.at, delay_ms, error: problem(fault) };
                    if let Some(at) = self.find(step) {
                        self.nodes[at].task.retries.push(retry);
                    }
                }
            }
        }
    }

    /// As it is shown, as long as all of them together are not too much.
    fn payload(&mut self, data: &Data) -> Value {
        self.shown = self.shown.saturating_add(data.json_len());
        if self.shown > SHOWN_BYTES_MAX {
            json!("left out: the payloads of this history are too large to show")
        } else {
            redacted(data.to_json())
        }
    }

    /// What the calls of a run alone tell: one task for each reference that calls were made for.
    pub fn calls(&mut self, facts: &Facts) {
        let mut known: HashSet<(String, String)> =
            self.nodes.iter().map(|node| (node.task.reference.clone(), node.task.path.clone())).collect();
        for call in facts.calls.iter().filter(|call| call.id.starts_with('/')) {
            let (reference, path, _) = split_id(&call.id);
            if !known.insert((reference.to_owned(), path.to_owned())) {
                continue;
            }
            let task = Task {
                reference: reference.to_owned(),
                path: path.to_owned(),
                name: name_of(reference),
                kind: "call".to_owned(),
                state: call.state,
                started_at: call.scheduled_at,
                ended_at: call.ended_at,
                duration_ms: duration(call.scheduled_at, call.ended_at),
                ..Task::default()
            };
            self.nodes.push(Node { task, parent: None, calls: None });
        }
    }

    fn begin(&mut self, step: &Step) {
        let parent = self.parent(step);
        let task = Task {
            reference: step.reference.to_string(),
            path: step.path.clone(),
            name: step.name.to_string(),
            kind: step.task_kind.to_owned(),
            started_at: Some(step.at),
            ..Task::default()
        };
        self.open.push(self.nodes.len());
        self.nodes.push(Node { task, parent, calls: step.calls });
    }

    /// The open task of a step, the innermost where a function calls itself.
    fn find(&self, step: &Step) -> Option<usize> {
        let is = |at: &&usize| {
            let task = &self.nodes[**at].task;
            *task.reference == *step.reference && task.path == step.path
        };
        self.open.iter().rev().find(is).copied()
    }

    fn end(&mut self, step: &Step, state: State) -> Option<&mut Task> {
        let at = self.find(step)?;
        self.open.retain(|open| *open != at);
        let task = &mut self.nodes[at].task;
        task.state = state;
        task.ended_at = Some(step.at);
        task.duration_ms = duration(task.started_at, task.ended_at);
        Some(task)
    }

    /// The open task that a new one is in: what its reference stands in, the function's call, or, for an extension's task, what it extends.
    fn parent(&self, step: &Step) -> Option<usize> {
        let open = || self.open.iter().rev().copied();
        let around = |at: &usize| {
            let task = &self.nodes[*at].task;
            let rest = step.reference.strip_prefix(task.reference.as_str());
            rest.is_some_and(|rest| rest.starts_with('/')) && step.path.starts_with(&task.path)
        };
        let deepest = open().filter(around).max_by_key(|at| self.nodes[*at].task.reference.len());
        let caller = || open().find(|at| self.nodes[*at].calls == Some(step.task));
        let extended = || open().find(|at| self.nodes[*at].task.path == step.path);
        let elsewhere = !step.reference.starts_with("/do/");
        deepest.or_else(caller).or_else(|| if elsewhere { extended() } else { None })
    }

    /// As they are told: each task with those in it.
    #[must_use]
    pub fn into_tasks(self) -> Vec<Task> {
        let parents: Vec<Option<usize>> = self.nodes.iter().map(|node| node.parent).collect();
        let mut tasks: Vec<Option<Task>> = self.nodes.into_iter().map(|node| Some(node.task)).collect();
        let mut roots = Vec::new();
        // Backwards: what is in a task is complete before the task itself is moved.
        for at in (0..tasks.len()).rev() {
            let Some(mut task) = tasks[at].take() else { continue };
            task.tasks.reverse();
            match parents[at].and_then(|parent| tasks[parent].as_mut()) {
                Some(parent) => parent.tasks.push(task),
                None => roots.push(task),
            }
        }
        roots.reverse();
        roots
    }
}

pub fn duration(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<i64> {
    let millis = to?.duration_since(from?).as_millis();
    i64::try_from(millis.max(0)).ok()
}

pub fn problem(fault: &Fault) -> Problem {
    let texts = [fault.title.clone(), fault.detail.clone()];
    let message = texts.into_iter().flatten().collect::<Vec<_>>().join(": ");
    Problem { type_: fault.type_.clone(), status: Some(fault.status), message, instance: fault.instance.clone() }
}

/// The last part of a JSON pointer.
fn name_of(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
}
