//! The field rules of the task configurations, as `proto/` states them. A scalar that is left out is zero and is checked as such.

use std::fmt::Display;
use std::ops::RangeInclusive;

/// Violations, each with the path of its field.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) violations: Vec<(String, String)>,
}

impl Rules {
    /// At least one character.
    pub(super) fn text(&mut self, field: impl Into<String>, text: &str) {
        self.present(field, !text.is_empty());
    }

    /// A message, a map or a text that must be there.
    pub(super) fn present(&mut self, field: impl Into<String>, present: bool) {
        if !present {
            self.violations.push((field.into(), "is required".to_owned()));
        }
    }

    pub(super) fn one_of(&mut self, field: impl Into<String>, text: &str, allowed: &[&str]) {
        if !allowed.contains(&text) {
            self.violations.push((field.into(), format!("must be one of {}, not '{text}'", allowed.join(", "))));
        }
    }

    pub(super) fn range<T: Copy + PartialOrd + Display>(&mut self, field: impl Into<String>, value: T, range: &RangeInclusive<T>) {
        if !range.contains(&value) {
            self.violations.push((field.into(), format!("must be from {} to {}, not {value}", range.start(), range.end())));
        }
    }

    pub(super) fn at_least(&mut self, field: impl Into<String>, value: i32, least: i32) {
        if value < least {
            self.violations.push((field.into(), format!("must be {least} or more, not {value}")));
        }
    }

    pub(super) fn items(&mut self, field: impl Into<String>, count: usize, least: usize) {
        if count < least {
            let noun = if least == 1 { "item" } else { "items" };
            self.violations.push((field.into(), format!("must have at least {least} {noun}")));
        }
    }

    pub(super) fn longest(&mut self, field: impl Into<String>, text: &str, limit: usize) {
        if text.chars().count() > limit {
            self.violations.push((field.into(), format!("must have at most {limit} characters")));
        }
    }
}
