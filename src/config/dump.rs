//! The settings as YAML.

use std::fmt::Write as _;

use super::key::{self, Key};
use super::{Loaded, duration};

const MASK: &str = "***";

const HEAD: &str = "\
# Every setting of workflow-runner with its default; one without a default is commented out.
# A setting has one name: `http.timeout` is the environment's WORKFLOW_RUNNER_HTTP__TIMEOUT. Flags win over the environment, the environment
# wins over this file. Durations are written as 500ms, 3s, 10m or 24h.
";

/// The reference: all settings with their defaults, names and texts, in the form of a configuration file.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for area in key::areas() {
        let _ = write!(text, "\n{area}:\n");
        for key in key::keys().filter(|key| key.area() == area) {
            describe(key, &mut text);
        }
    }
    text
}

fn describe(key: &Key, text: &mut String) {
    let _ = writeln!(text, "  # {}", key.doc);
    if !key.also.is_empty() {
        let _ = writeln!(text, "  # Also: {}", key.also.join(", "));
    }
    let _ = match key.default {
        "" => writeln!(text, "  # {}:", key.name()),
        default => writeln!(text, "  {}: {}", key.name(), scalar(default)),
    };
}

impl Loaded {
    /// The settings in effect, each with where it comes from; secrets are masked.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for area in key::areas() {
            let _ = writeln!(text, "{area}:");
            for key in key::keys().filter(|key| key.area() == area) {
                let found = self.values.get(key.path);
                let value = found.map_or(key.default, |found| found.text.as_str());
                let value = if key.secret && !value.is_empty() { MASK } else { value };
                let origin = found.map_or_else(|| "default".to_owned(), |found| found.origin.to_string());
                let value = if value.is_empty() { "null".to_owned() } else { scalar(value) };
                let _ = writeln!(text, "  {}: {value} # {origin}", key.name());
            }
        }
        text
    }
}

/// A text as a YAML scalar on one line that is read back as the same text.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    let number = text.parse::<f64>().is_ok() && text.parse::<u64>().map(|number| number.to_string()).as_deref() != Ok(text);
    if duration::parse(text).is_ok() || (text.chars().all(plain) && !text.ends_with(':') && !text.starts_with('-') && !number) {
        return text.to_owned();
    }
    // JSON's strings are YAML's double-quoted ones.
    serde_json::Value::from(text).to_string()
}
