//! A `WorkflowSpec` of the platform as a document of the standard DSL.
//!
//! Each kind of task has a file in `kinds/`. The platform's own spellings (placeholders for secrets and variables, single quotes,
//! expressions inside longer text, `.item` for a loop variable) become standard expressions; what has no standard form is refused by name.

mod context;
mod document;
mod expression;
mod kinds;
mod problem;
mod rewrite;
mod rules;
mod scan;
mod task;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub use problem::{ConvertError, Problem};

use super::wf;
use context::Context;

/// A converted specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The document.
    pub yaml: String,
    /// What was changed for the document to be valid, one sentence each.
    pub notes: Vec<String>,
}

/// Task queues by name of activity, as the worker's settings have them; or why that activity may not be called.
pub type Queues = BTreeMap<String, Result<String, String>>;

/// Converts a specification; reports every problem at once. A `CALL_ACTIVITY` names no queue: `queues` has it.
pub fn convert(spec: &wf::WorkflowSpec, queues: &Queues) -> Result<Converted, ConvertError> {
    let none = BTreeMap::new();
    let declared = spec.env_spec.as_ref().map_or(&none, |env| &env.data);
    let mut context = Context::new(declared, queues);
    let document = document::block(spec, &mut context);
    if spec.tasks.is_empty() {
        context.problem(Problem::Workflow("workflow must have at least one task".to_owned()));
    }
    let tasks = task::list(&spec.tasks, &mut context);

    let mut root = Map::new();
    root.insert("document".to_owned(), document);
    let secrets = context.secrets();
    if !secrets.is_empty() {
        root.insert("use".to_owned(), json!({ "secrets": secrets }));
    }
    root.insert("do".to_owned(), tasks);
    let notes = context.finish()?;
    let yaml = serde_yaml::to_string(&Value::Object(root))
        .map_err(|error| ConvertError::of(Problem::Workflow(format!("the document cannot be written: {error}"))))?;
    Ok(Converted { yaml, notes })
}

/// The document alone, without the notes.
pub fn to_yaml(spec: &wf::WorkflowSpec, queues: &Queues) -> Result<String, ConvertError> {
    convert(spec, queues).map(|converted| converted.yaml)
}

#[cfg(test)]
mod tests;
