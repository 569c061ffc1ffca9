//! The field rules of the task configurations, as `proto/` states them. A scalar that is left out is zero and is checked as such.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::Queues;

/// Violations, each with the path of its field.
pub(super) struct Rules<'a> {
    pub(super) violations: Vec<(String, String)>,
    queues: &'a Queues,
}

impl<'a> Rules<'a> {
    pub(super) fn new(queues: &'a Queues) -> Self {
        Self { violations: Vec::new(), queues }
    }

    /// Something that no rule of `proto/` forbids, but that cannot be carried out here.
    pub(super) fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.violations.push((field.into(), message.into()));
    }

    /// An activity whose queue is known, and that may be called.
    pub(super) fn activity(&mut self, field: impl Into<String>, name: &str) {
        match self.queues.get(name) {
            Some(Ok(_)) => {}
            Some(Err(reason)) => self.refuse(field, reason.clone()),
            None => self.refuse(field, format!("names an activity without a task queue: set `activities.queues` to '{name}=<queue>' (and let `activities.allow` pass '<queue>/{name}')")),
        }
    }

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
