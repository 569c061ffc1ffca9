//! A document of the DSL as a `WorkflowSpec` of the platform: the way back of [`convert`](super::convert), where there is one.
//!
//! Each task is written as the kind that becomes it. What is written is then converted again, and what comes back must be the document that was
//! given, task by task: so nothing is lost and nothing changes its meaning, or it is refused. All that has no form is told at once.

mod calls;
mod compare;
mod control;
mod root;
mod tasks;
#[cfg(test)]
mod tests;
mod values;

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use super::convert::{self, Queues};
use super::{json, wf};
use crate::dsl;

/// A document in the platform's form.
#[derive(Clone, Debug, PartialEq)]
pub struct Expressed {
    /// What converts to the document.
    pub spec: wf::WorkflowSpec,
    /// What of the document is not kept, or was added, one sentence each: nothing that a run would notice.
    pub notes: Vec<String>,
}

/// Something that has no form on the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoForm {
    /// JSON pointer of the task, e.g. `/do/2/fetch`; empty for the document itself.
    pub reference: String,
    /// The task's name.
    pub name: String,
    /// What, and what to write instead.
    pub reason: String,
}

impl Display for NoForm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { reference, name, reason } = self;
        if reference.is_empty() { write!(f, "{reason}") } else { write!(f, "task '{name}' ({reference}): {reason}") }
    }
}

/// Writes a document that can be run; `queues` are those that a `CALL_ACTIVITY` of it will have.
///
/// # Errors
/// Everything that has no form, in the order of the document's own tasks.
pub fn express(text: &str, queues: &Queues) -> Result<Expressed, Vec<NoForm>> {
    let (definition, problems) = dsl::parse(text, "workflow.yaml");
    let whole = |reason: String| vec![NoForm { reference: String::new(), name: String::new(), reason }];
    if let Some(error) = problems.iter().find(|problem| problem.is_error()) {
        return Err(whole(error.to_string()));
    }
    let document = definition.map(|definition| definition.root.to_json()).unwrap_or_default();
    let mut writer = Writer::default();
    let (spec, canonical) = root::root(&document, &mut writer);
    let spec = json::from_json_strict::<wf::WorkflowSpec>(&spec).map_err(|error| whole(error.message));
    if let Ok(spec) = &spec {
        match convert::to_yaml(spec, queues) {
            Ok(again) => compare::documents(&canonical, &read(&again), &mut writer),
            Err(error) => {
                compare::rules(&error, &canonical, &mut writer);
                // What is wrong with one task hides nothing of the others.
                for (at, task) in spec.tasks.iter().enumerate() {
                    let alone = wf::WorkflowSpec { tasks: vec![task.clone()], ..spec.clone() };
                    if let Ok(again) = convert::to_yaml(&alone, queues) {
                        compare::task(&canonical, at, &read(&again), &mut writer);
                    }
                }
            }
        }
    }
    let Writer { mut refused, notes, .. } = writer;
    if refused.is_empty() {
        return Ok(Expressed { spec: spec?, notes });
    }
    refused.sort_by_key(|reason| reason.reference.split('/').nth(2).and_then(|index| index.parse::<usize>().ok()));
    Err(refused)
}

/// A document that a conversion has written.
fn read(yaml: &str) -> Value {
    dsl::parse(yaml, "workflow.yaml").0.map(|definition| definition.root.to_json()).unwrap_or_default()
}

/// What is collected on the way through the tasks, and where it stands.
#[derive(Default)]
struct Writer {
    refused: Vec<NoForm>,
    notes: Vec<String>,
    namespace: String,
    /// Reference and name of the task at hand.
    task: (String, String),
}

impl Writer {
    fn refuse(&mut self, reason: impl Into<String>) {
        let (reference, name) = self.task.clone();
        self.refused.push(NoForm { reference, name, reason: reason.into() });
    }

    fn note(&mut self, note: &str) {
        let (reference, name) = &self.task;
        self.notes.push(if reference.is_empty() { note.to_owned() } else { format!("task '{name}' ({reference}): {note}") });
    }

    /// Does something as the task at `reference`.
    fn at<T>(&mut self, reference: String, name: &str, write: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.task, (reference, name.to_owned()));
        let written = write(self);
        self.task = outer;
        written
    }

    /// Refuses each key that is there and not among `known`; `advice` says what to do for a key, where there is something.
    fn only(&mut self, what: &str, value: &Value, known: &[&str], advice: &[(&str, &str)]) {
        for key in value.as_object().into_iter().flatten().map(|(key, _)| key).filter(|key| !known.contains(&key.as_str())) {
            let advice = advice.iter().find(|(named, _)| named == key).map(|(_, advice)| format!(": {advice}")).unwrap_or_default();
            self.refuse(format!("{what} has no `{key}` on the platform{advice}"));
        }
    }
}
