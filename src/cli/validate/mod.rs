//! `validate FILE…`: everything that is wrong with definitions, at once. What was found goes to stdout in one of four forms, a line that
//! sums it up to stderr.

mod github;
mod json;
mod sarif;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Exit;
use super::diagnostics::{self, Style};
use super::document::Document;
use super::print::{self, counted};
use super::test;
use crate::dsl::{Diagnostic, Severity, Span};

#[derive(Args, Debug)]
pub struct ValidateArgs {
    /// Definitions, and files of tests (`*.test.yaml`); `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// How problems are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Count warnings as errors
    #[arg(long)]
    pub strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: each problem with its line
    Text,
    /// For programs: a JSON array, one object per problem
    Json,
    /// For code scanners: SARIF 2.1.0
    Sarif,
    /// For GitHub: workflow commands, shown beside the lines
    Github,
}

/// One definition and what is wrong with it.
struct Checked {
    document: Document,
    diagnostics: Vec<Diagnostic>,
}

#[must_use]
pub fn run(args: &ValidateArgs) -> Exit {
    let mut checked = Vec::with_capacity(args.files.len());
    let mut unread = 0;
    for file in &args.files {
        match Document::read(file) {
            Ok(document) => checked.push(check(document, file, args.strict)),
            Err(error) => {
                eprintln!("error: {error}");
                unread += 1;
            }
        }
    }
    let shown = match args.format {
        Format::Text => text(&checked, Style::of_stdout()),
        Format::Json => json::array(&checked),
        Format::Sarif => sarif::log(&checked),
        Format::Github => github::commands(&checked),
    };
    let valid = !checked.iter().flat_map(|checked| &checked.diagnostics).any(Diagnostic::is_error);
    let exit = match (unread, valid) {
        (0, true) => Exit::Completed,
        (0, false) => Exit::InvalidDefinition,
        _ => Exit::Usage,
    };
    let exit = print::data(&shown, exit);
    eprintln!("{}", summary(&checked, unread));
    exit
}

fn check(document: Document, file: &Path, strict: bool) -> Checked {
    let mut diagnostics = if test::is_test_file(file) { test::problems(&document, file) } else { document.problems() };
    for diagnostic in diagnostics.iter_mut().filter(|diagnostic| strict && diagnostic.severity == Severity::Warning) {
        diagnostic.severity = Severity::Error;
    }
    Checked { document, diagnostics }
}

fn text(checked: &[Checked], style: Style) -> String {
    checked.iter().map(|Checked { document, diagnostics }| diagnostics::drawn(diagnostics, &document.text, style)).collect()
}

fn summary(checked: &[Checked], unread: usize) -> String {
    let found = diagnostics::count(checked.iter().flat_map(|checked| &checked.diagnostics));
    let found = if found.is_empty() { "no problems".to_owned() } else { found };
    let unread = if unread > 0 { format!(", {} not read", counted(unread, "file")) } else { String::new() };
    format!("{} checked: {found}{unread}", counted(checked.len(), "file"))
}

/// Line and column (in characters, from 1) just behind a span.
fn end_of(span: &Span, text: &str) -> (u32, u32) {
    let inside = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    match inside.rsplit_once('\n') {
        None => (span.line, span.column.saturating_add(number(inside.chars().count()))),
        Some((before, last)) => (span.line.saturating_add(number(before.matches('\n').count()) + 1), number(last.chars().count()) + 1),
    }
}
