//! `run: container`: read for its form only.

use super::run;
use crate::dsl::codes;
use crate::dsl::duration;
use crate::dsl::node::Node;
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};

const CONTAINER: Shape = Shape {
    what: "`run: container`",
    keys: &["image", "name", "command", "ports", "volumes", "environment", "stdin", "arguments", "lifetime", "pullPolicy"],
    required: &["image"],
};
const LIFETIME: Shape = Shape { what: "`lifetime`", keys: &["cleanup", "after"], required: &["cleanup"] };

pub(super) fn read(report: &mut Report<'_>, node: &Node) -> Option<()> {
    let fields = report.fields(node, &CONTAINER)?;
    for key in ["image", "name", "command", "stdin"] {
        fields.text(report, key);
    }
    for key in ["ports", "volumes", "environment"] {
        if let Some(node) = fields.get(key) {
            report.mapping(node, &format!("`{key}`"));
        }
    }
    if let Some(node) = fields.get("arguments") {
        run::arguments(report, node);
    }
    if let Some(node) = fields.get("pullPolicy") {
        report.choice(node, "`pullPolicy`", &[("ifNotPresent", ()), ("always", ()), ("never", ())]);
    }
    let lifetime = report.fields(fields.get("lifetime")?, &LIFETIME)?;
    let cleanup = report.choice(lifetime.get("cleanup")?, "`cleanup`", &[("always", false), ("never", false), ("eventually", true)])?;
    let after = lifetime.entry("after");
    if let Some(entry) = after {
        duration::read(report, &entry.value, "`after`");
    }
    match (cleanup, after) {
        (true, None) => {
            report.add(Problem::new(codes::MISSING_KEY, lifetime.span, "`after` is missing: `cleanup: eventually` needs it"));
        }
        (false, Some(entry)) => {
            let problem = Problem::new(codes::EXCLUSIVE_KEYS, entry.key.span, "`after` goes with `cleanup: eventually` only");
            report.add(problem);
        }
        _ => {}
    }
    Some(())
}
