//! The members of one agent's mapping, read one by one. What is wrong is told by the member's key.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_yaml::{Mapping, Value};

use super::near;

/// A key and what is wrong with it.
pub(in crate::effects) type Problem = (String, String);

pub(in crate::effects) struct Fields<'m>(&'m Mapping);

impl<'m> Fields<'m> {
    /// # Errors
    /// It is no mapping.
    pub fn of(value: &'m Value) -> Result<Self, Problem> {
        value.as_mapping().map(Self).ok_or_else(|| ("agent".to_owned(), "an object is needed".to_owned()))
    }

    /// # Errors
    /// A key that is none of `keys`, with the one that may have been meant.
    pub fn only(&self, keys: &[&str]) -> Result<(), Problem> {
        let Some(key) = self.0.keys().map(shown).find(|key| !keys.contains(&key.as_str())) else { return Ok(()) };
        let problem = match near::names(&key, keys) {
            near if near.is_empty() => format!("unknown; known are {}", keys.join(", ")),
            near => format!("unknown; did you mean {near}?"),
        };
        Err((key, problem))
    }

    /// A member that is there and not null.
    pub fn value(&self, key: &str) -> Option<&'m Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    pub fn text(&self, key: &str) -> Result<Option<String>, Problem> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(problem(key, format!("a text is needed, not `{}`", shown(other)))),
        }
    }

    /// A text that must be there and not empty.
    pub fn required(&self, key: &str) -> Result<String, Problem> {
        self.text(key)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| problem(key, "missing"))
    }

    pub fn flag(&self, key: &str) -> Result<bool, Problem> {
        match self.value(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(problem(key, format!("true or false is needed, not `{}`", shown(other)))),
        }
    }

    pub fn duration(&self, key: &str) -> Result<Option<Duration>, Problem> {
        let parse = |text: String| crate::config::duration::parse(&text).map_err(|wrong| problem(key, wrong));
        self.text(key)?.map(parse).transpose()
    }

    /// A whole number.
    pub fn count(&self, key: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, Problem> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let count = value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| range.contains(count));
        count.map(Some).ok_or_else(|| out_of(key, value, range.start(), range.end()))
    }

    pub fn number(&self, key: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, Problem> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = value.as_f64().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| out_of(key, value, range.start(), range.end()))
    }
}

pub(in crate::effects) fn problem(key: &str, text: impl Into<String>) -> Problem {
    (key.to_owned(), text.into())
}

fn out_of(key: &str, value: &Value, from: &impl Display, to: &impl Display) -> Problem {
    problem(key, format!("a number from {from} to {to} is needed, not `{}`", shown(value)))
}

/// A YAML value on one line.
pub(in crate::effects) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim().replace('\n', " "),
    }
}
