//! `call: openapi`: an operation of an API that an OpenAPI document describes.

use super::Body;
use super::call_http::{HttpOutput, OUTPUTS};
use crate::dsl::authentication::{self, Policy};
use crate::dsl::expression::Expression;
use crate::dsl::node::Node;
use crate::dsl::read::Shape;
use crate::dsl::report::Report;
use crate::dsl::resource::{self, Resource};
use crate::dsl::usage::Reference;

#[derive(Debug)]
pub struct OpenApi {
    pub document: Resource,
    pub operation_id: Node,
    /// A mapping, or an expression that gives one.
    pub parameters: Option<Node>,
    pub authentication: Option<Reference<Policy>>,
    pub output: HttpOutput,
    /// Statuses from 300 to 399 are no errors.
    pub redirect: bool,
}

const WITH: Shape = Shape {
    what: "`call: openapi`",
    keys: &["document", "operationId", "parameters", "authentication", "output", "redirect"],
    required: &["document", "operationId"],
};

pub(super) fn read(report: &mut Report<'_>, with: &Node) -> Option<Body> {
    let fields = report.fields(with, &WITH)?;
    let document = fields.get("document").and_then(|node| resource::read(report, node));
    let operation_id = fields.text_template(report, "operationId");
    let parameters = fields.get("parameters").cloned();
    if let Some(node) = parameters.as_ref().filter(|node| Expression::strict(node).is_none()) {
        report.mapping(node, "`parameters`");
    }
    let authentication = authentication::of(report, &fields);
    let output = fields.get("output").and_then(|node| report.choice(node, "`output`", &OUTPUTS)).unwrap_or_default();
    let redirect = fields.get("redirect").and_then(|node| report.boolean(node, "`redirect`")).unwrap_or(false);
    Some(Body::OpenApi(Box::new(OpenApi {
        document: document?,
        operation_id: operation_id?,
        parameters,
        authentication,
        output,
        redirect,
    })))
}
