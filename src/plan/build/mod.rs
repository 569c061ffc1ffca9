//! Definition → [`Plan`].
//!
//! [`tasks`] turns each task into its executable form, [`flow`] resolves where `then` leads, [`scope`] knows which variables an expression
//! may name in its place, [`compile`] compiles it. Everything is looked at even when something is wrong, so that all problems come at once.

mod calls;
mod compile;
mod events;
mod extensions;
mod flow;
mod functions;
mod outside;
mod processes;
mod reach;
mod scope;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use self::compile::MAX_EXPRESSIONS;
use self::compile::Programs;
use self::events::Listens;
pub use self::events::is_event_pattern;
pub use self::functions::MAX_NESTING;
use self::functions::Units;
use self::outside::Schemas;
pub use self::outside::{Outsides, missing, needs};
use self::scope::{Place, Scope};
use super::cache::digest;
use super::{DurationSpec, Plan, Task, parse_iso8601, slot};
use crate::dsl::{self, DataFlow, Definition, Diagnostic, Duration, Name, Problem, Reference, Report, Transform, Use, codes};
use crate::expr::{Data, Template};

/// A definition that cannot run, and everything that is wrong with it, warnings included, in the order of the text.
#[derive(Debug)]
pub struct BuildError {
    /// At least one is an error, or tells of something that cannot be run yet.
    pub diagnostics: Vec<Diagnostic>,
}

/// What prevents the run: the first error in one line (what cannot be run yet where there is no error), and how many there are.
impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = || self.diagnostics.iter().filter(|diagnostic| diagnostic.prevents_run());
        match reasons().find(|diagnostic| diagnostic.is_error()).or_else(|| reasons().next()) {
            Some(first) => write!(f, "{first}")?,
            None => f.write_str("the definition is not valid")?,
        }
        match reasons().count() {
            0 | 1 => Ok(()),
            count => write!(f, " (and {} more)", count - 1),
        }
    }
}

impl std::error::Error for BuildError {}

/// Reads and resolves a definition that needs no document elsewhere. `file` is the name that diagnostics give it.
///
/// # Errors
/// Anything that keeps the definition from running, all at once.
pub fn build(text: &str, file: &str) -> Result<Plan, BuildError> {
    build_with(text, file, &Outsides::new())
}

/// The same with the documents elsewhere that [`needs`] names.
///
/// # Errors
/// Anything that keeps the definition from running, all at once; a document that is not there included.
pub fn build_with(text: &str, file: &str, outsides: &Outsides) -> Result<Plan, BuildError> {
    let (plan, report) = resolve(text, file, outsides, true);
    let prevented = report.prevents_run();
    let diagnostics = report.into_diagnostics();
    match plan {
        Some(plan) if !prevented => Ok(Plan { warnings: diagnostics, ..plan }),
        _ => Err(BuildError { diagnostics }),
    }
}

/// Everything that is to be said of a definition. Documents elsewhere are not looked at.
#[must_use]
pub fn check(text: &str, file: &str) -> Vec<Diagnostic> {
    check_with(text, file, &Outsides::new())
}

/// The same with documents elsewhere; those that are not there are not looked at.
#[must_use]
pub fn check_with(text: &str, file: &str, outsides: &Outsides) -> Vec<Diagnostic> {
    resolve(text, file, outsides, false).1.into_diagnostics()
}

/// The plan may be used only when nothing that was reported prevents a run.
fn resolve<'t>(text: &'t str, file: &str, outsides: &'t Outsides, complete: bool) -> (Option<Plan>, Report<'t>) {
    let mut report = Report::new(text, file);
    let Some(definition) = dsl::read(&mut report) else { return (None, report) };
    let nothing = Use::default();
    let mut builder = Builder::new(report, &definition.uses, &nothing, outsides, complete);
    let plan = builder.plan(&definition, digest(text));
    (Some(plan), builder.report)
}

struct Builder<'b, 't> {
    /// Of the text that is being built: the document's, or that of a function elsewhere.
    report: Report<'t>,
    /// What that text may name.
    uses: &'b Use,
    /// What a function elsewhere may name.
    nothing: &'b Use,
    /// The document's, whose extensions stand around the tasks of all texts.
    document_uses: &'b Use,
    outsides: &'t Outsides,
    /// Whether documents that are not there are errors.
    complete: bool,
    /// `evaluate.mode: loose` of the text that is being built.
    loose: bool,
    /// Whether tasks get extensions: those of extensions do not.
    extending: bool,
    /// By id. `None`: not built yet, or not valid.
    tasks: Vec<Option<Task>>,
    programs: Programs,
    schemas: Schemas,
    units: Units,
    listens: Listens,
    /// Names of components that something refers to, by section of `use`.
    used: BTreeSet<(&'static str, String)>,
}

impl<'b, 't> Builder<'b, 't> {
    fn new(report: Report<'t>, uses: &'b Use, nothing: &'b Use, outsides: &'t Outsides, complete: bool) -> Self {
        let loose = report.surroundings.loose;
        Self {
            report,
            uses,
            nothing,
            document_uses: uses,
            outsides,
            complete,
            loose,
            extending: true,
            tasks: Vec::new(),
            programs: BTreeMap::new(),
            schemas: Schemas::default(),
            units: Units::default(),
            listens: Listens::default(),
            used: BTreeSet::new(),
        }
    }

    fn plan(&mut self, definition: &Definition, digest: String) -> Plan {
        let data = Data::from(definition.root.to_json());
        let scope = Scope::default();
        let (input_schema, input_from) = self.data_flow(&definition.input, Place::WorkflowInput, &scope);
        let timeout = self.timeout(definition.timeout.as_ref(), Place::WorkflowInput, &scope);
        let root = self.list(&definition.tasks, &data.get("do").unwrap_or_default(), &scope);
        let (output_schema, output_as) = self.data_flow(&definition.output, Place::WorkflowOutput, &scope);
        let components = data.get("use").unwrap_or_default();
        let extensions = self.extensions(&components.get("extensions").unwrap_or_default());
        self.functions(&components.get("functions").unwrap_or_default());
        self.check_units();
        self.check_catalogs();
        self.warn_of_unused();
        let uses_data = self.programs.values().flatten().any(|program| program.uses().contains(&slot::DATA));
        let document = &definition.document;
        Plan {
            namespace: document.namespace.clone(),
            name: document.name.clone(),
            version: document.version.clone(),
            definition: data,
            digest,
            input_schema,
            input_from,
            output_as,
            output_schema,
            timeout,
            extensions,
            listens: std::mem::take(&mut self.listens).into_types(),
            secrets: self.uses.secrets.keys().cloned().collect(),
            uses_data,
            root,
            tasks: std::mem::take(&mut self.tasks).into_iter().flatten().collect(),
            warnings: Vec::new(),
        }
    }

    fn data_flow(&mut self, flow: &DataFlow, place: Place, scope: &Scope) -> (Option<super::Schema>, Option<Template>) {
        (self.schema(flow.schema.as_ref()), self.transform(flow.transform.as_ref(), place, scope))
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
        let help = near.unwrap_or_else(|| match parse_iso8601(&name.text) {
            Ok(_) if section == "timeouts" => format!("a time limit is written `timeout: {{ after: {} }}`", name.text),
            _ => format!("declare it in `use.{section}`, or write the settings here"),
        });
        self.report.add(Problem::new(codes::UNKNOWN_REFERENCE, name.span, message).help(help));
        None
    }

    /// `default` is the catalog of the runtime: it needs no declaration.
    fn check_catalogs(&mut self) {
        let uses = self.uses;
        for name in std::mem::take(&mut self.report.surroundings.catalogs) {
            if &*name.text != "default" {
                self.component("catalogs", &uses.catalogs, &name);
            }
        }
    }

    fn warn_of_unused(&mut self) {
        let uses = self.uses;
        let errors = uses.errors.values().map(|(name, _)| ("errors", name));
        let retries = uses.retries.values().map(|(name, _)| ("retries", name));
        let timeouts = uses.timeouts.values().map(|(name, _)| ("timeouts", name));
        let authentications = uses.authentications.values().map(|(name, _)| ("authentications", name));
        let functions = uses.functions.values().map(|(name, _)| ("functions", name));
        let catalogs = uses.catalogs.values().map(|(name, _)| ("catalogs", name));
        let all = errors.chain(retries).chain(timeouts).chain(authentications).chain(functions).chain(catalogs);
        for (section, name) in all {
            if !self.used.contains(&(section, name.text.to_string())) {
                let message = format!("nothing uses `use.{section}.{}`", name.text);
                self.report.add(Problem::new(codes::UNUSED, name.span, message).help("remove it; its expressions were not checked"));
            }
        }
    }
}
