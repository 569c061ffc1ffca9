//! JSON Schemas of inputs, outputs and contexts.

use std::fmt;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};

use crate::expr::Data;

/// Faults of one value that a message names at most.
const FAULTS_SHOWN: usize = 5;

/// Steps back that matching one pattern may take, and bytes that it may have when it is compiled: a pattern is as foreign as its document.
const BACKTRACKS_MAX: usize = 50_000;
const PATTERN_SIZE_MAX: usize = 256 * 1024;

/// One schema, compiled once. 2020-12 unless it says otherwise; nothing outside of it is ever fetched.
#[derive(Clone)]
pub struct Schema(Arc<Validator>);

impl Schema {
    /// # Errors
    /// The text for people when `schema` is no schema, or refers to something outside of itself.
    pub fn compile(schema: &serde_json::Value) -> Result<Self, String> {
        let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS_MAX).size_limit(PATTERN_SIZE_MAX);
        jsonschema::options()
            .with_pattern_options(patterns)
            .build(schema)
            .map(|validator| Self(Arc::new(validator)))
            .map_err(|error| error.to_string())
    }

    /// # Errors
    /// Where and why the value does not fit, the first few.
    pub fn validate(&self, value: &Data) -> Result<(), String> {
        let json = value.to_json();
        let mut faults = self.0.iter_errors(&json).map(|error| match error.instance_path().as_str() {
            "" => error.to_string(),
            path => format!("{path}: {error}"),
        });
        let shown: Vec<String> = faults.by_ref().take(FAULTS_SHOWN).collect();
        if shown.is_empty() {
            return Ok(());
        }
        let more = faults.count();
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        Err(format!("{}{rest}", shown.join("; ")))
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}
