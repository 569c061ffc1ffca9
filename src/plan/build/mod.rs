//! Definition → [`Plan`].
//!
//! [`tasks`] turns each task into its executable form, [`flow`] resolves where `then` leads, [`scope`] knows which variables an expression
//! may name in its place, [`compile`] compiles it. Everything is looked at even when something is wrong, so that all problems come at once.

mod compile;
mod flow;
mod scope;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use self::compile::MAX_EXPRESSIONS;
use self::compile::Programs;
use self::scope::{Place, Scope};
use super::cache::digest;
use super::{DurationSpec, Plan, Task, slot};
use crate::dsl::{self, Definition, Diagnostic, Duration, Name, Problem, Reference, Report, Transform, Use, codes};
use crate::expr::{Data, Template};

/// A definition that cannot run, and everything that is wrong with it, warnings included, in the order of the text.
#[derive(Debug)]
pub struct BuildError {
    /// At least one is an error.
    pub diagnostics: Vec<Diagnostic>,
}

/// The first error in one line, and how many there are.
impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut errors = self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        match errors.next() {
            Some(first) => write!(f, "{first}")?,
            None => f.write_str("the definition is not valid")?,
        }
        match errors.count() {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl std::error::Error for BuildError {}

/// Reads and resolves a definition. `file` is the name that diagnostics give it.
///
/// # Errors
/// Anything that keeps the definition from running, all at once.
pub fn build(text: &str, file: &str) -> Result<Plan, BuildError> {
    let mut report = Report::new(text, file);
    let definition = dsl::read(&mut report);
    let plan = definition.map(|definition| Builder::new(&mut report, &definition.uses).plan(&definition, digest(text)));
    let failed = report.has_errors();
    let diagnostics = report.into_diagnostics();
    match plan {
        Some(plan) if !failed => Ok(Plan { warnings: diagnostics, ..plan }),
        _ => Err(BuildError { diagnostics }),
    }
}

struct Builder<'b, 't> {
    report: &'b mut Report<'t>,
    uses: &'b Use,
    /// By id. `None`: not built yet, or not valid.
    tasks: Vec<Option<Task>>,
    programs: Programs,
    /// Names of components that something refers to, by section of `use`.
    used: BTreeSet<(&'static str, String)>,
}

impl<'b, 't> Builder<'b, 't> {
    fn new(report: &'b mut Report<'t>, uses: &'b Use) -> Self {
        Self { report, uses, tasks: Vec::new(), programs: BTreeMap::new(), used: BTreeSet::new() }
    }

    /// May be used only when nothing was reported as an error.
    fn plan(mut self, definition: &Definition, digest: String) -> Plan {
        let data = Data::from(definition.root.to_json());
        let scope = Scope::default();
        let input_from = self.transform(definition.input_from.as_ref(), Place::WorkflowInput, &scope);
        let timeout = self.timeout(definition.timeout.as_ref(), Place::WorkflowInput, &scope);
        let root = self.list(&definition.tasks, &data.get("do").unwrap_or_default(), &scope);
        let output_as = self.transform(definition.output_as.as_ref(), Place::WorkflowOutput, &scope);
        self.warn_of_unused();
        let uses_data = self.programs.values().flatten().any(|program| program.uses().contains(&slot::DATA));
        let document = &definition.document;
        Plan {
            namespace: document.namespace.clone(),
            name: document.name.clone(),
            version: document.version.clone(),
            definition: data,
            digest,
            input_schema: None,
            input_from,
            output_as,
            output_schema: None,
            timeout,
            extensions: Vec::new(),
            listens: Vec::new(),
            secrets: self.uses.secrets.keys().cloned().collect(),
            uses_data,
            root,
            tasks: self.tasks.into_iter().flatten().collect(),
            warnings: Vec::new(),
        }
    }

    fn transform(&mut self, transform: Option<&Transform>, place: Place, scope: &Scope) -> Option<Template> {
        match transform? {
            Transform::Expression(expression) => self.compile(expression, place, scope).map(Template::Expr),
            Transform::Template(node) => self.template(node, place, scope),
        }
    }

    fn timeout(&mut self, timeout: Option<&Reference<Duration>>, place: Place, scope: &Scope) -> Option<DurationSpec> {
        let uses = self.uses;
        let duration = match timeout? {
            Reference::Inline(duration) => duration,
            Reference::Named(name) => self.component("timeouts", &uses.timeouts, name)?,
        };
        self.duration(duration, place, scope)
    }

    fn duration(&mut self, duration: &Duration, place: Place, scope: &Scope) -> Option<DurationSpec> {
        match duration {
            Duration::Fixed(length) => Some(DurationSpec::Fixed(*length)),
            Duration::Expression(expression) => self.compile(expression, place, scope).map(DurationSpec::Expr),
        }
    }

    /// The component of `use.{section}` that is named; one that does not exist is reported.
    fn component<'u, T>(&mut self, section: &'static str, known: &'u dsl::Components<T>, name: &Name) -> Option<&'u T> {
        if let Some((_, component)) = known.get(&*name.text) {
            self.used.insert((section, name.text.to_string()));
            return component.as_ref();
        }
        let message = format!("`use.{section}` has no `{}`", name.text);
        let near = self.report.did_you_mean(&name.text, known.keys().map(String::as_str));
        let help = near.unwrap_or_else(|| format!("declare it in `use.{section}`, or write the settings here"));
        self.report.add(Problem::new(codes::UNKNOWN_REFERENCE, name.span, message).help(help));
        None
    }

    fn warn_of_unused(&mut self) {
        let uses = self.uses;
        let errors = uses.errors.values().map(|(name, _)| ("errors", name));
        let retries = uses.retries.values().map(|(name, _)| ("retries", name));
        let timeouts = uses.timeouts.values().map(|(name, _)| ("timeouts", name));
        for (section, name) in errors.chain(retries).chain(timeouts) {
            if !self.used.contains(&(section, name.text.to_string())) {
                let message = format!("nothing uses `use.{section}.{}`", name.text);
                self.report.add(Problem::new(codes::UNUSED, name.span, message).help("remove it; its expressions were not checked"));
            }
        }
    }
}
