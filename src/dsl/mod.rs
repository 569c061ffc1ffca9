//! The language: YAML text → typed [`Definition`], and what is wrong with it.
//!
//! Text becomes a tree of nodes that know their place ([`yaml`]), the tree becomes a definition ([`definition`], one file per task type in
//! [`tasks`]). Nothing is ignored: what is not understood, or not built yet, is a [`Diagnostic`], and all of them are reported at once.
//! Names that point elsewhere (`then`, components of `use`) and expressions are the plan's matter.
#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

pub mod codes;
mod definition;
mod diagnostic;
mod duration;
mod error;
mod expression;
mod node;
mod read;
mod report;
mod retry;
mod source;
mod suggest;
pub mod tasks;
#[cfg(test)]
mod tests;
mod unsupported;
mod uri_template;
mod usage;
mod yaml;

pub use definition::{Definition, Document, read};
pub use diagnostic::{Diagnostic, Label, Severity, Span};
pub use duration::{Duration, DurationError, MAX_DURATION, parse_iso8601};
pub use error::ErrorDefinition;
pub use expression::{Expression, Transform};
pub use node::{Entry, Name, Node, Value};
pub use report::{MAX_DIAGNOSTICS, Problem, Report};
pub use retry::{Backoff, Retry};
pub use uri_template::UriPart;
pub use usage::{Components, Reference, Use};
pub use yaml::{MAX_BYTES, MAX_DEPTH, MAX_NODES};

/// Reads a definition. `file` is the name that the diagnostics give it.
///
/// The definition is there when there is a document to look at, even a wrong one; it may be used only when no diagnostic is an error.
pub fn parse(text: &str, file: &str) -> (Option<Definition>, Vec<Diagnostic>) {
    let mut report = Report::new(text, file);
    let definition = read(&mut report);
    (definition, report.into_diagnostics())
}
