//! `fork`: branches at the same time. Each branch is one named task.

use super::{Body, Site, Task, list};
use crate::dsl::codes;
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};

#[derive(Debug)]
pub struct Fork {
    pub branches: Vec<Task>,
    /// The first branch to end wins; the others are cancelled.
    pub compete: bool,
}

const FORK: Shape = Shape { what: "`fork`", keys: &["branches", "compete"], required: &["branches"] };

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let fields = report.fields(site.value("fork")?, &FORK)?;
    let compete = fields.get("compete").and_then(|node| report.boolean(node, "`compete`")).unwrap_or(false);
    let node = fields.get("branches")?;
    let branches = list(report, node, &format!("{}/fork/branches", site.reference));
    if report.list(node, "`branches`").is_some_and(<[_]>::is_empty) {
        report.add(Problem::new(codes::EMPTY, node.span, "a `fork` needs at least one branch"));
    }
    Some(Body::Fork(Fork { branches, compete }))
}
