//! `run: workflow`: another workflow, by its name.

use super::Body;
use crate::dsl::expression::Expression;
use crate::dsl::node::Node;
use crate::dsl::read::Shape;
use crate::dsl::report::Report;

/// All members are literal values or expressions in `${ }`.
#[derive(Debug)]
pub struct SubWorkflow {
    pub namespace: Node,
    pub name: Node,
    pub version: Option<Node>,
    pub input: Option<Node>,
    pub awaited: bool,
}

const WORKFLOW: Shape =
    Shape { what: "`run: workflow`", keys: &["namespace", "name", "version", "input"], required: &["namespace", "name"] };

pub(super) fn read(report: &mut Report<'_>, node: &Node, awaited: bool) -> Option<Body> {
    let fields = report.fields(node, &WORKFLOW)?;
    let namespace = fields.text_template(report, "namespace");
    let name = fields.text_template(report, "name");
    let version = fields.text_template(report, "version");
    let input = fields.get("input");
    if let Some(input) = input.filter(|input| Expression::strict(input).is_none()) {
        report.mapping(input, "`input`");
    }
    Some(Body::Workflow(Box::new(SubWorkflow { namespace: namespace?, name: name?, version, input: input.cloned(), awaited })))
}
