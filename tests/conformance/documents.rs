//! The specification's documents outside of scenarios: examples that must be taken, and run where their tasks are built; and documents that
//! must be refused at a place.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use workflow_runner::dsl::Diagnostic;
use workflow_runner::plan;

use super::ran::{End, Ran};
use super::scenario::Job;

/// A row of `examples.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Example {
    pub file: String,
    pub input: Option<Value>,
    events: Vec<Value>,
    pub output: Option<Value>,
    has: Vec<String>,
    texts: Vec<String>,
    items: Option<usize>,
    faults: Map<String, Value>,
    cancelled: bool,
    pub later: Option<String>,
    /// Definitions that it runs.
    pub registered: Vec<String>,
    /// Why a fault is right.
    #[allow(dead_code, reason = "for readers of the file")]
    note: Option<String>,
}

impl Example {
    /// All rows.
    ///
    /// # Errors
    /// The file is not of its shape.
    pub fn table() -> Result<Vec<Self>, String> {
        serde_yaml::from_str(include_str!("examples.yaml")).map_err(|error| format!("examples.yaml: {error}"))
    }

    pub fn job(&self, definition: String) -> Job {
        let input = self.input.clone().unwrap_or_else(|| json!({}));
        Job { definition, input, events: super::scenario::complete(self.events.clone()), cancel: self.cancelled }
    }

    /// # Errors
    /// What is not as the row says.
    pub fn check(&self, ran: &Ran) -> Result<(), String> {
        self.problem(ran).map_or(Ok(()), |problem| Err(format!("{problem}\n  {ran}")))
    }

    fn problem(&self, ran: &Ran) -> Option<String> {
        let output = match &ran.end {
            End::Cancelled => return (!self.cancelled).then(|| "it was cancelled".to_owned()),
            End::Refused { .. } => return Some("it was refused".to_owned()),
            End::Faulted(_) if self.faults.is_empty() => return Some("it faulted".to_owned()),
            End::Faulted(error) => return self.faults.iter().find(|(key, value)| error[*key] != **value).map(|(key, _)| key.clone()),
            End::Completed(_) if self.cancelled || !self.faults.is_empty() => return Some("it completed".to_owned()),
            End::Completed(output) => output,
        };
        if self.output.as_ref().is_some_and(|wanted| wanted != output) {
            return Some("the output differs".to_owned());
        }
        if let Some(path) = self.has.iter().find(|path| super::ran::at(output, path).is_none()) {
            return Some(format!("the output has no `{path}`"));
        }
        if let Some(text) = self.texts.iter().find(|text| !output.as_str().is_some_and(|output| output.contains(*text))) {
            return Some(format!("the output does not hold `{text}`"));
        }
        let count = output.as_array().map(Vec::len);
        self.items.filter(|items| count != Some(*items)).map(|items| format!("the output has not {items} items"))
    }
}

/// The files of a folder with this ending, by name.
///
/// # Errors
/// The folder cannot be read.
pub fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == extension));
    files.sort();
    Ok(files)
}

/// # Errors
/// The diagnostics.
pub fn is_taken(text: &str) -> Result<(), String> {
    match errors(text).first() {
        Some(error) => Err(error.to_string()),
        None => Ok(()),
    }
}

/// # Errors
/// It was not refused, or without a place.
pub fn is_refused(text: &str) -> Result<(), String> {
    let errors = errors(text);
    match errors.iter().all(|error| error.span.line > 0 && error.span.column > 0) {
        _ if errors.is_empty() => Err("it was taken".to_owned()),
        true => Ok(()),
        false => Err(format!("an error has no place: {errors:?}")),
    }
}

fn errors(text: &str) -> Vec<Diagnostic> {
    plan::check(text, "document.yaml").into_iter().filter(Diagnostic::is_error).collect()
}
