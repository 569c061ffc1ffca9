//! Problems of a definition, shown with the lines they stand in.

use std::fmt;
use std::io::IsTerminal as _;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use super::print::counted;
use crate::dsl::{Diagnostic, Severity};

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colours and box-drawing characters; plain ASCII otherwise.
    pub fancy: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    pub fn of_stderr() -> Self {
        Self::of(std::io::stderr().is_terminal())
    }

    pub fn of_stdout() -> Self {
        Self::of(std::io::stdout().is_terminal())
    }

    /// Fancy on a terminal, and not where `NO_COLOR` is set.
    fn of(terminal: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { fancy: terminal && !plain, width: 120 }
    }
}

/// All problems of one definition, then a line that counts them. `text` is the definition.
pub fn render(diagnostics: &[Diagnostic], text: &str, style: Style) -> String {
    let count = count(diagnostics);
    drawn(diagnostics, text, style) + &if count.is_empty() { count } else { format!("{count}\n") }
}

/// The same without that line.
pub fn drawn(diagnostics: &[Diagnostic], text: &str, style: Style) -> String {
    let theme = if style.fancy { GraphicalTheme::unicode() } else { GraphicalTheme::none() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(style.width).with_context_lines(1).without_syntax_highlighting();
    let mut shown = String::new();
    for diagnostic in diagnostics {
        let source = NamedSource::new(&*diagnostic.file, text.to_owned());
        // What cannot be drawn (a span outside of the text) is told in one line instead.
        let mut drawn = String::new();
        match handler.render_report(&mut drawn, &Shown { diagnostic, source }) {
            Ok(()) => shown.push_str(&drawn),
            Err(fmt::Error) => shown.extend([diagnostic.to_string(), "\n".to_owned()]),
        }
    }
    shown
}

/// `2 errors, 1 warning`; nothing when there is nothing.
pub fn count<'d>(diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> String {
    let (mut errors, mut unsupported, mut warnings) = (0, 0, 0);
    for diagnostic in diagnostics {
        match diagnostic.severity {
            Severity::Error => errors += 1,
            Severity::Unsupported => unsupported += 1,
            Severity::Warning => warnings += 1,
        }
    }
    let parts = [
        (errors, counted(errors, "error")),
        (unsupported, format!("{unsupported} not supported yet")),
        (warnings, counted(warnings, "warning")),
    ];
    parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect::<Vec<_>>().join(", ")
}

/// A diagnostic of ours as one of miette's.
#[derive(Debug)]
struct Shown<'a> {
    diagnostic: &'a Diagnostic,
    source: NamedSource<String>,
}

impl miette::Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Unsupported => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Diagnostic { span, reference, labels, .. } = self.diagnostic;
        let range = |span: &crate::dsl::Span| span.start as usize..(span.end.max(span.start)) as usize;
        let place = reference.as_ref().map_or_else(|| "here".to_owned(), |reference| format!("in {reference}"));
        let others = labels.iter().map(move |label| LabeledSpan::new_with_span(Some(label.text.clone()), range(&label.span)));
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(Some(place), range(span))).chain(others)))
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Shown<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsl::{Label, Span};

    const TEXT: &str = "document:\n  dsl: 1.0.0\ndo:\n  - get:\n      cal: http\n";
    const PLAIN: Style = Style { fancy: false, width: 100 };

    fn span(word: &str) -> Span {
        let start = TEXT.find(word).unwrap();
        let line = TEXT[..start].matches('\n').count() + 1;
        let number = |n: usize| u32::try_from(n).unwrap();
        Span { start: number(start), end: number(start + word.len()), line: number(line), column: 7 }
    }

    fn diagnostic() -> Diagnostic {
        Diagnostic {
            code: "E0101",
            severity: Severity::Error,
            message: "unknown key `cal`".to_owned(),
            help: Some("did you mean `call`?".to_owned()),
            file: "pets.yaml".into(),
            span: span("cal"),
            labels: vec![Label { span: span("get"), text: "this task".to_owned() }],
            reference: Some("/do/0/get".to_owned()),
        }
    }

    #[test]
    fn a_problem_is_shown_with_its_line_code_and_help() {
        let text = render(&[diagnostic()], TEXT, PLAIN);
        for part in ["E0101", "unknown key `cal`", "pets.yaml:5:7", "cal: http", "^|^", "in /do/0/get", "this task", "did you mean `call`?"]
        {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(text.ends_with("1 error\n") && text.is_ascii(), "{text}");
    }

    #[test]
    fn colours_only_where_they_are_wanted() {
        assert!(render(&[diagnostic()], TEXT, Style { fancy: true, width: 100 }).contains('\u{1b}'));
        assert!(!render(&[diagnostic()], TEXT, PLAIN).contains('\u{1b}'));
    }

    #[test]
    fn all_are_counted_and_a_bad_span_hides_nothing() {
        let warning = Diagnostic { severity: Severity::Warning, help: None, reference: None, labels: Vec::new(), ..diagnostic() };
        let outside = Diagnostic { span: Span { start: 9_000, end: 9_001, line: 99, column: 1 }, ..diagnostic() };
        let text = render(&[diagnostic(), warning, outside], TEXT, PLAIN);
        assert_eq!(text.matches("unknown key `cal`").count(), 3, "{text}");
        assert!(text.ends_with("2 errors, 1 warning\n"), "{text}");
        assert_eq!(render(&[], TEXT, PLAIN), "");
    }
}
