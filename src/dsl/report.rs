//! Collects the problems of one definition, so that all of them are shown at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::codes;
use super::diagnostic::{Diagnostic, Label, Severity, Span};
use super::node::Name;
use super::source::Source;
use super::suggest::nearest;

/// Problems kept of one definition. A definition with more is not worth reading to its end, and the list has readers.
pub const MAX_DIAGNOSTICS: usize = 100;

/// Documents elsewhere that a definition is made of at most.
pub const MAX_OUTSIDES: usize = 64;

/// Bytes of a message, which may quote the document.
const MAX_TEXT: usize = 1_000;

/// A problem before it is given its file and task. Its code tells how bad it is: `W` warnings, `E05` what cannot be run yet.
#[must_use]
pub struct Problem {
    code: &'static str,
    span: Span,
    message: String,
    help: Option<String>,
    labels: Vec<Label>,
}

impl Problem {
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        debug_assert!(codes::meaning(code).is_some(), "{code} is not in the table of codes");
        Self { code, span, message: cut(message.into()), help: None, labels: Vec::new() }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(cut(help.into()));
        self
    }

    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.map(cut).or(self.help);
        self
    }

    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    text
}

pub struct Report<'t> {
    pub source: Source<'t>,
    diagnostics: Vec<Diagnostic>,
    /// What is already reported: a component of `use` is read once for each place that names it.
    seen: BTreeSet<(Span, &'static str, String)>,
    reference: Option<Arc<str>>,
    errors: usize,
    unsupported: usize,
    /// What the document says at its top and the readers of its tasks must know.
    pub surroundings: Surroundings,
    /// Documents elsewhere that are needed before a run, in the order in which they are named.
    pub outsides: Vec<Outside>,
}

/// What decides how a task is read, wherever it stands.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// `evaluate.mode: loose`.
    pub loose: bool,
    /// Names in `use.functions`.
    pub functions: BTreeSet<Arc<str>>,
    /// Catalogs whose functions are called, each call of one.
    pub catalogs: Vec<Name>,
}

/// A document elsewhere that the plan is made of, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// As it is written: `https://…` or `file:…`.
    pub uri: Arc<str>,
    pub kind: OutsideKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideKind {
    /// A JSON Schema, in JSON or YAML.
    Schema,
    /// One task, in YAML: what `call` calls.
    Function,
}

impl<'t> Report<'t> {
    pub fn new(text: &'t str, file: &str) -> Self {
        Self {
            source: Source::new(text, file),
            diagnostics: Vec::new(),
            seen: BTreeSet::new(),
            reference: None,
            errors: 0,
            unsupported: 0,
            surroundings: Surroundings::default(),
            outsides: Vec::new(),
        }
    }

    pub fn add(&mut self, problem: Problem) {
        let Problem { code, span, message, help, labels } = problem;
        let severity = codes::severity(code);
        self.errors += usize::from(severity == Severity::Error);
        self.unsupported += usize::from(severity == Severity::Unsupported);
        if self.is_full() || !self.seen.insert((span, code, message.clone())) {
            return;
        }
        let reference = self.reference.as_deref().map(str::to_owned);
        let file = self.source.file.clone();
        self.diagnostics.push(Diagnostic { code, severity, message, help, file, span, labels, reference });
    }

    /// Whether further problems are only counted. What is costly to explain need not be explained then.
    pub fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// `did you mean …?`, when a known word is near to this one.
    pub fn did_you_mean<'c>(&self, word: &str, known: impl IntoIterator<Item = &'c str>) -> Option<String> {
        let near = if self.is_full() { None } else { nearest(word, known) };
        near.map(|near| format!("did you mean `{near}`?"))
    }

    /// Counts the problems that follow to the task at `reference`. Returns what [`Self::leave`] needs.
    pub fn enter(&mut self, reference: &Arc<str>) -> Option<Arc<str>> {
        self.reference.replace(reference.clone())
    }

    /// Goes back to the task around the one entered last.
    pub fn leave(&mut self, outer: Option<Arc<str>>) {
        self.reference = outer;
    }

    /// Whether there was an error, one that is not listed included.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether something was found that cannot be run yet, or an error.
    pub fn prevents_run(&self) -> bool {
        self.errors + self.unsupported > 0
    }

    /// Notes that a document elsewhere is needed before a run. One more than there may be are kept, so that the excess shows.
    pub fn needs(&mut self, uri: &Arc<str>, kind: OutsideKind) {
        if self.outsides.len() <= MAX_OUTSIDES && !self.outsides.iter().any(|known| known.uri == *uri && known.kind == kind) {
            self.outsides.push(Outside { uri: uri.clone(), kind });
        }
    }

    /// All problems in the order of the text.
    pub fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.severity == Severity::Warning));
        self.diagnostics
    }
}
