//! `for`: the tasks of `do` once per item of a collection.

use super::{Body, Site, Task, list};
use crate::dsl::codes;
use crate::dsl::expression::Expression;
use crate::dsl::node::{Name, Node, Value};
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};

#[derive(Debug)]
pub struct For {
    /// Name of the variable that holds the item; `item` when the document gives none.
    pub each: Name,
    /// Name of the variable that holds the position, from 0; `index` when the document gives none.
    pub at: Name,
    pub collection: Collection,
    pub condition: Option<Expression>,
    pub body: Vec<Task>,
}

#[derive(Debug)]
pub enum Collection {
    Expression(Expression),
    /// A list written out; expressions in `${ }` among its values are evaluated.
    Inline(Node),
}

const FOR: Shape = Shape { what: "`for`", keys: &["each", "in", "at"], required: &["in"] };

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let node = site.value("for")?;
    let condition = site.fields.expression(report, "while");
    let tasks = site.fields.get("do");
    if tasks.is_none() {
        let span = site.fields.entry("for").map_or(node.span, |entry| entry.key.span);
        report.add(Problem::new(codes::MISSING_KEY, span, "`do` is missing: a `for` task needs it"));
    }
    let body = tasks.map(|node| list(report, node, &format!("{}/do", site.reference))).unwrap_or_default();
    let fields = report.fields(node, &FOR)?;
    let default = |name: &str| Name { text: name.into(), span: node.span };
    let each = fields.text(report, "each").unwrap_or_else(|| default("item"));
    let at = fields.text(report, "at").unwrap_or_else(|| default("index"));
    let collection = fields.get("in").and_then(|node| collection(report, node));
    // A collection that is missing is reported; the body is looked at all the same.
    let collection = collection.unwrap_or_else(|| Collection::Expression(Expression::missing(node.span)));
    Some(Body::For(For { each, at, collection, condition, body }))
}

fn collection(report: &mut Report<'_>, node: &Node) -> Option<Collection> {
    match &node.value {
        Value::String(_) => Expression::always(node).map(Collection::Expression),
        Value::Sequence(_) => Some(Collection::Inline(node.clone())),
        _ => {
            report.wrong_type(node, "`in`", "an expression or a list");
            None
        }
    }
}
