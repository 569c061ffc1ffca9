//! The definition of an error to raise.

use super::codes;
use super::expression::Expression;
use super::node::{Node, Value};
use super::read::Shape;
use super::report::{Problem, Report};

/// Members are literal values or expressions in `${ }`.
#[derive(Clone, Debug)]
pub struct ErrorDefinition {
    pub type_: Node,
    /// A whole number from 100 to 599, or an expression.
    pub status: Node,
    pub title: Option<Node>,
    pub detail: Option<Node>,
    pub instance: Option<Node>,
}

const ERROR: Shape = Shape { what: "an error", keys: &["type", "status", "title", "detail", "instance"], required: &["type", "status"] };

pub fn read(report: &mut Report<'_>, node: &Node) -> Option<ErrorDefinition> {
    let fields = report.fields(node, &ERROR)?;
    let type_ = fields.text_template(report, "type");
    if let Some(node) = type_.as_ref().filter(|node| node.as_str().is_some_and(|text| text.trim().is_empty())) {
        report.add(Problem::new(codes::EMPTY, node.span, "the type of an error is a URI, this is empty"));
    }
    let status = fields.get("status").and_then(|node| status(report, node));
    let title = fields.text_template(report, "title");
    let detail = fields.text_template(report, "detail");
    let instance = fields.text_template(report, "instance");
    Some(ErrorDefinition { type_: type_?, status: status?, title, detail, instance })
}

/// The status of an error, in a definition or in a filter.
pub fn status(report: &mut Report<'_>, node: &Node) -> Option<Node> {
    if Expression::strict(node).is_some() {
        return Some(node.clone());
    }
    let Value::Number(number) = &node.value else {
        report.wrong_type(node, "`status`", "a whole number");
        return None;
    };
    if !number.as_u64().is_some_and(|status| (100..600).contains(&status)) {
        let message = format!("`status` must be an HTTP status from 100 to 599, this is {number}");
        report.add(Problem::new(codes::BAD_VALUE, node.span, message));
        return None;
    }
    Some(node.clone())
}
