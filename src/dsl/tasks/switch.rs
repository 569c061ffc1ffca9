//! `switch`: the first case whose condition holds decides where the flow goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Body, Site};
use crate::dsl::codes;
use crate::dsl::diagnostic::Span;
use crate::dsl::expression::Expression;
use crate::dsl::node::Name;
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};

#[derive(Debug)]
pub struct Case {
    pub name: Name,
    /// `None`: the case for all that no other matches.
    pub when: Option<Expression>,
    /// A flow directive or the name of a task of the switch's own list.
    pub then: Name,
}

const CASE: Shape = Shape { what: "a case", keys: &["when", "then"], required: &["then"] };

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let node = site.value("switch")?;
    let items = report.list(node, "`switch`")?;
    if items.is_empty() {
        report.add(Problem::new(codes::EMPTY, node.span, "a `switch` needs at least one case"));
    }
    let mut cases = Vec::with_capacity(items.len());
    let mut default: Option<Span> = None;
    let mut conditions: BTreeMap<Arc<str>, Span> = BTreeMap::new();
    for item in items {
        let Some(entry) = report.named_item(item, "an item of `switch`") else { continue };
        let Some(fields) = report.fields(&entry.value, &CASE) else { continue };
        let when = fields.expression(report, "when");
        if let Some(when) = &when
            && let Some(first) = conditions.insert(when.source.clone(), when.scalar.span)
        {
            let problem = Problem::new(codes::REPEATED_CASE, when.scalar.span, "an earlier case has the same condition");
            report.add(problem.label(first, "first here").help("the first case whose condition holds decides: this one never does"));
        }
        if fields.entry("when").is_none()
            && let Some(first) = default.replace(entry.key.span)
        {
            let problem = Problem::new(codes::SEVERAL_DEFAULTS, entry.key.span, "this is a second case without `when`");
            report.add(problem.label(first, "first here").help("only one case can be the default: give the other a condition"));
        }
        let Some(then) = fields.text(report, "then") else { continue };
        cases.push(Case { name: entry.key.clone(), when, then });
    }
    Some(Body::Switch(cases))
}
