//! Problems as workflow commands of GitHub Actions, which shows them beside the lines of a change.
//!
//! `::error file=a.yaml,line=5,col=7,endColumn=11,title=E0201::message`; a property cannot hold `%`, line ends, `:` and `,`, a message
//! only `%` and line ends, so these are escaped as the runner of the actions reads them.

use super::{Checked, end_of};
use crate::dsl::{Diagnostic, Severity};

pub(super) fn commands(checked: &[Checked]) -> String {
    checked.iter().flat_map(|checked| checked.diagnostics.iter().map(|diagnostic| command(diagnostic, &checked.document.text))).collect()
}

fn command(diagnostic: &Diagnostic, text: &str) -> String {
    let Diagnostic { code, span, file, message, help, .. } = diagnostic;
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Unsupported => "notice",
        Severity::Warning => "warning",
    };
    let (end_line, end_column) = end_of(span, text);
    let message = help.as_ref().map_or_else(|| message.clone(), |help| format!("{message}\nhelp: {help}"));
    // Columns are allowed within one line only; the first line is the one to show.
    let end = if end_line == span.line { format!(",endColumn={end_column}") } else { String::new() };
    let place = format!("file={},line={},col={}{end}", property(file), span.line, span.column);
    format!("::{level} {place},title={}::{}\n", property(code), escaped(&message))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}
