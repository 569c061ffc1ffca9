//! Valid language that is not built yet: refused by name, never ignored.

use super::diagnostic::Span;
use super::report::{Problem, Report};

/// Reports that `what` is not supported yet. `help` says what to do instead.
pub fn unsupported(report: &mut Report<'_>, code: &'static str, span: Span, what: &str, help: &str) {
    report.add(Problem::new(code, span, format!("{what} is not supported yet")).help(help));
}
