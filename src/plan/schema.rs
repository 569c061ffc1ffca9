//! JSON Schemas of inputs, outputs and contexts.

use std::fmt;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};

use super::schema_work::Work;
use crate::expr::Data;

/// Faults of one value that a message names at most.
const FAULTS_SHOWN: usize = 5;

/// Steps back that matching one pattern may take, and bytes that it may have when it is compiled: a pattern is as foreign as its document.
const BACKTRACKS_MAX: usize = 50_000;
const PATTERN_SIZE_MAX: usize = 256 * 1024;

/// One schema, compiled once. 2020-12 unless it says otherwise; nothing outside of it is ever fetched.
#[derive(Clone)]
pub struct Schema(Arc<(Validator, Work)>);

impl Schema {
    /// # Errors
    /// The text for people when `schema` is no schema, or refers to something outside of itself.
    pub fn compile(schema: &serde_json::Value) -> Result<Self, String> {
        let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS_MAX).size_limit(PATTERN_SIZE_MAX);
        let validator = jsonschema::options().with_pattern_options(patterns).build(schema).map_err(|error| error.to_string())?;
        let work = Work::of(schema).ok_or("checking data against it would take too long, or never end")?;
        Ok(Self(Arc::new((validator, work))))
    }

    /// # Errors
    /// Where and why the value does not fit, the first few.
    pub fn validate(&self, value: &Data) -> Result<(), String> {
        let json = value.to_json();
        let (validator, work) = &*self.0;
        let (depth, values) = extent(&json);
        if !work.allows(depth, values) {
            return Err(format!("{values} values, nested {depth} deep, are more than can be checked against this schema"));
        }
        let mut faults = validator.iter_errors(&json).map(|error| match error.instance_path().as_str() {
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

/// Depth and number of the values in a value.
fn extent(value: &serde_json::Value) -> (usize, usize) {
    let inner = |all: &mut dyn Iterator<Item = &serde_json::Value>| {
        let (depth, count) = all.map(extent).fold((0, 0), |sum, one| (sum.0.max(one.0), sum.1 + one.1));
        (depth + 1, count + 1)
    };
    match value {
        serde_json::Value::Array(items) => inner(&mut items.iter()),
        serde_json::Value::Object(members) => inner(&mut members.values()),
        _ => (0, 1),
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}
