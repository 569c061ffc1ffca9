//! A problem of a definition, with everything needed to show it to its author.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A place in the text: bytes `start..end`, and the line and column (in characters) of `start`, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    pub start: u32,
    pub end: u32,
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The definition is wrong and cannot run.
    Error,
    /// The definition is right, but this runner cannot run it yet.
    Unsupported,
    /// It runs, but perhaps not as its author meant.
    Warning,
}

/// A second place that explains the first, such as the earlier of two equal keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// One of [`super::codes`].
    pub code: &'static str,
    pub severity: Severity,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    pub file: Arc<str>,
    pub span: Span,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// JSON pointer of the task it stands in; `None` outside of tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Diagnostic {
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether the definition cannot run because of it.
    pub fn prevents_run(&self) -> bool {
        self.severity != Severity::Warning
    }
}

/// `file:line:column: error[E0101]: message (help: …)`, one line.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, file, span, .. } = self;
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Unsupported => "unsupported",
            Severity::Warning => "warning",
        };
        write!(f, "{file}:{}:{}: {severity}[{code}]: {message}", span.line, span.column)?;
        if let Some(help) = &self.help {
            write!(f, " (help: {help})")?;
        }
        Ok(())
    }
}
