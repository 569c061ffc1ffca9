//! Collects the problems of one definition, so that all of them are shown at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::codes;
use super::diagnostic::{Diagnostic, Label, Severity, Span};
use super::source::Source;
use super::suggest::nearest;

/// Problems kept of one definition. A definition with more is not worth reading to its end, and the list has readers.
pub const MAX_DIAGNOSTICS: usize = 100;

/// Bytes of a message, which may quote the document.
const MAX_TEXT: usize = 1_000;

/// A problem before it is given its file and task. Codes that begin with `W` are warnings.
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
}

impl<'t> Report<'t> {
    pub fn new(text: &'t str, file: &str) -> Self {
        Self { source: Source::new(text, file), diagnostics: Vec::new(), seen: BTreeSet::new(), reference: None, errors: 0 }
    }

    pub fn add(&mut self, problem: Problem) {
        let Problem { code, span, message, help, labels } = problem;
        let severity = if code.starts_with('W') { Severity::Warning } else { Severity::Error };
        self.errors += usize::from(severity == Severity::Error);
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

    /// All problems in the order of the text.
    pub fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.severity == Severity::Warning));
        self.diagnostics
    }
}
