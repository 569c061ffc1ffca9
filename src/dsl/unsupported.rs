//! Valid language that this runner cannot run yet: its form is read, a run is refused, nothing is ignored.

use super::diagnostic::Span;
use super::report::{Problem, Report};

/// Reports that `what` cannot be run yet. `help` says what to do instead.
pub fn unsupported(report: &mut Report<'_>, code: &'static str, span: Span, what: &str, help: &str) {
    report.add(Problem::new(code, span, format!("{what} cannot be run yet")).help(help));
}
