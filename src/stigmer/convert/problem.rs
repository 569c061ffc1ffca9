//! Why a specification cannot be converted.

use std::fmt::{Display, Formatter, Result};

/// Everything that is wrong with a specification, in its own order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConvertError {
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// With the workflow as a whole.
    Workflow(String),
    /// With a task.
    Task {
        /// The task's name.
        name: String,
        /// Name of its kind, e.g. `WORKFLOW_TASK_KIND_HTTP_CALL`.
        kind: String,
        /// Path of the field inside the task's configuration, e.g. `cases[0].then`.
        field: Option<String>,
        /// What is wrong; follows "field '…'" where there is a field.
        message: String,
    },
}

impl ConvertError {
    pub(super) fn of(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl Display for ConvertError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let [problem] = self.problems.as_slice() {
            return write!(f, "{problem}");
        }
        write!(f, "validation failed with {} errors:", self.problems.len())?;
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "\n  {}. {problem}", index + 1)?;
        }
        Ok(())
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Workflow(message) => write!(f, "{message}"),
            Self::Task { name, kind, field: Some(field), message } => {
                write!(f, "validation failed for task '{name}' ({kind}): field '{field}' {message}")
            }
            Self::Task { name, kind, field: None, message } => write!(f, "validation failed for task '{name}' ({kind}): {message}"),
        }
    }
}
