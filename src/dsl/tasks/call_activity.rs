//! `call: activity`: any activity of the namespace. `{activity, queue?, arguments?}`: its type, its task queue (the run's own without
//! one) and the list of its arguments.

use super::Body;
use crate::dsl::codes;
use crate::dsl::expression::Expression;
use crate::dsl::node::Node;
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};

/// All members are literal values or expressions in `${ }`.
#[derive(Debug)]
pub struct Activity {
    pub name: Node,
    pub queue: Option<Node>,
    pub arguments: Option<Node>,
}

const WITH: Shape = Shape { what: "`call: activity`", keys: &["activity", "queue", "arguments"], required: &["activity"] };

pub(super) fn read(report: &mut Report<'_>, with: &Node) -> Option<Body> {
    let fields = report.fields(with, &WITH)?;
    let name = fields.text_template(report, "activity");
    let queue = fields.text_template(report, "queue");
    for (key, node) in [("activity", &name), ("queue", &queue)] {
        if let Some(node) = node.as_ref().filter(|node| node.as_str().is_some_and(|text| text.trim().is_empty())) {
            report.add(Problem::new(codes::EMPTY, node.span, format!("`{key}` is empty")));
        }
    }
    let arguments = fields.get("arguments");
    if let Some(arguments) = arguments.filter(|arguments| Expression::strict(arguments).is_none()) {
        report.list(arguments, "`arguments`");
    }
    Some(Body::Activity(Box::new(Activity { name: name?, queue, arguments: arguments.cloned() })))
}
