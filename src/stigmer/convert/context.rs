//! What a conversion knows and collects on its way through the tasks.

use std::collections::{BTreeMap, BTreeSet};

use super::{ConvertError, Problem, Queues};
use crate::stigmer::environment::EnvironmentValue;

/// A variable that a surrounding task brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Local {
    /// Of a loop: its item or its index.
    Item,
    /// The error of a catch.
    Error,
}

pub(super) struct Context<'a> {
    declared: &'a BTreeMap<String, EnvironmentValue>,
    queues: &'a Queues,
    /// The document's namespace, as it is written.
    namespace: String,
    secrets: BTreeSet<String>,
    locals: Vec<(String, Local)>,
    notes: Vec<String>,
    problems: Vec<Problem>,
}

impl<'a> Context<'a> {
    /// `declared` are the variables of the specification itself.
    pub(super) fn new(declared: &'a BTreeMap<String, EnvironmentValue>, queues: &'a Queues) -> Self {
        let namespace = String::new();
        Self { declared, queues, namespace, secrets: BTreeSet::new(), locals: Vec::new(), notes: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn queues(&self) -> &'a Queues {
        self.queues
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn set_namespace(&mut self, namespace: &str) {
        namespace.clone_into(&mut self.namespace);
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Converts something inside a task that brings `locals`.
    pub(super) fn inside<T>(&mut self, locals: &[(&str, Local)], convert: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.locals.len();
        self.locals.extend(locals.iter().map(|(name, local)| ((*name).to_owned(), *local)));
        let converted = convert(self);
        self.locals.truncate(outer);
        converted
    }

    pub(super) fn local(&self, name: &str) -> Option<Local> {
        self.locals.iter().rev().find(|(known, _)| known == name).map(|(_, local)| *local)
    }

    /// The document names each secret that an expression uses.
    pub(super) fn uses_secret(&mut self, name: &str) {
        self.secrets.insert(name.to_owned());
    }

    /// The expression for the placeholder `.secrets.NAME`.
    pub(super) fn secret(&mut self, name: &str) -> String {
        self.uses_secret(name);
        format!("$secrets.{name}")
    }

    /// The expression for the placeholder `.env_vars.NAME`. One that the specification declares as secret is a secret, however it is spelt:
    /// the environment that expressions see holds no secret values. One that has no value is an error that names it: `Bearer null` helps nobody.
    pub(super) fn variable(&mut self, name: &str) -> String {
        if self.declared.get(name).is_some_and(|value| value.is_secret) {
            return self.secret(name);
        }
        format!(r#"($env.{name}.value // error("the variable {name} has no value"))"#)
    }

    pub(super) fn secrets(&self) -> Vec<&str> {
        self.secrets.iter().map(String::as_str).collect()
    }

    /// The notes, unless there was a problem.
    pub(super) fn finish(self) -> Result<Vec<String>, ConvertError> {
        if self.problems.is_empty() { Ok(self.notes) } else { Err(ConvertError { problems: self.problems }) }
    }
}
