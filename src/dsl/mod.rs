//! The language: YAML text → typed [`Definition`], and what is wrong with it.
//!
//! Text becomes a tree of nodes that know their place ([`yaml`]), the tree becomes a definition ([`definition`], one file per task type in
//! [`tasks`]). Nothing is ignored: what is not understood, or not built yet, is a [`Diagnostic`], and all of them are reported at once.
//! Names that point elsewhere (`then`, components of `use`) and expressions are the plan's matter.
#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

mod authentication;
pub mod codes;
mod definition;
mod diagnostic;
mod duration;
mod error;
mod event;
mod expression;
mod extension;
mod node;
mod read;
mod report;
mod resource;
mod retry;
mod schedule;
mod schema;
mod source;
mod suggest;
pub mod tasks;
#[cfg(test)]
mod tests;
mod unsupported;
mod uri_template;
mod usage;
mod yaml;

pub use authentication::{Policy, Scheme};
pub use definition::{DataFlow, Definition, Document, read, read_function, read_value};
pub use diagnostic::{Diagnostic, Label, Severity, Span};
pub use duration::{Duration, DurationError, MAX_DURATION, parse_iso8601};
pub use error::ErrorDefinition;
pub use event::{Consumption, Correlation, EventFilter, Until};
pub use expression::{Expression, Transform};
pub use extension::{Extend, Extension};
pub use node::{Entry, Name, Node, Value};
pub use read::{Fields, Shape};
pub use report::{MAX_DIAGNOSTICS, MAX_OUTSIDES, Outside, OutsideKind, Problem, Report};
pub use resource::{Address, Endpoint, Resource};
pub use retry::{Backoff, Retry};
pub use schema::{Schema, SchemaSource};
pub use suggest::nearest;
pub use tasks::escape;
pub use uri_template::UriPart;
pub use usage::{Components, Reference, Use};
pub use yaml::load;
pub use yaml::{MAX_BYTES, MAX_DEPTH, MAX_NODES};

/// Reads a definition. `file` is the name that the diagnostics give it.
///
/// The definition is there when there is a document to look at, even a wrong one; it may be used only when no diagnostic is an error.
pub fn parse(text: &str, file: &str) -> (Option<Definition>, Vec<Diagnostic>) {
    let mut report = Report::new(text, file);
    let definition = read(&mut report);
    (definition, report.into_diagnostics())
}
