//! Results of cases, for people and for programs.

use std::fmt::Write as _;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::judge::Failure;

pub struct Result {
    pub file: String,
    pub name: String,
    /// Virtual time.
    pub took: SignedDuration,
    pub failures: Vec<Failure>,
}

impl Result {
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// A line per case, and below it what was not as expected.
pub fn text(results: &[Result]) -> String {
    let mut text = String::new();
    for result in results {
        let sign = if result.passed() { "ok  " } else { "FAIL" };
        let took = if result.took.is_zero() { String::new() } else { format!(" ({:#})", result.took) };
        let _ = writeln!(text, "{sign}  {}: {}{took}", result.file, result.name);
        for failure in &result.failures {
            let joint = if failure.message.starts_with('/') { "" } else { ": " };
            let _ = writeln!(text, "      {}{joint}{}", failure.what, failure.message);
        }
    }
    text
}

/// An array with one object per case, each on a line: `{"file", "name", "status": "passed" or "failed", "took": ISO 8601 in virtual time,
/// "failures": [{"what", "message", "expected"?, "actual"?}]}`.
pub fn json(results: &[Result]) -> String {
    let lines: Vec<String> = results.iter().map(|result| object(result).to_string()).collect();
    if lines.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", lines.join(",\n")) }
}

fn object(result: &Result) -> Value {
    let failures = result.failures.iter().map(|failure| {
        let mut object = json!({"what": failure.what, "message": failure.message});
        for (key, value) in [("expected", &failure.expected), ("actual", &failure.actual)] {
            if let Some(value) = value {
                object[key] = value.clone();
            }
        }
        object
    });
    json!({
        "file": result.file,
        "name": result.name,
        "status": if result.passed() { "passed" } else { "failed" },
        "took": result.took.to_string(),
        "failures": failures.collect::<Vec<_>>(),
    })
}
