//! `call: http`: one HTTP request.

use super::Body;
use crate::dsl::codes;
use crate::dsl::expression::Expression;
use crate::dsl::node::Node;
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};
use crate::dsl::resource::{self, Endpoint};

#[derive(Debug)]
pub struct Http {
    /// In capitals, or an expression.
    pub method: Node,
    pub endpoint: Endpoint,
    pub headers: Option<Node>,
    pub query: Option<Node>,
    pub body: Option<Node>,
    pub output: HttpOutput,
    /// Statuses from 300 to 399 are no errors.
    pub redirect: bool,
}

/// What a call gives back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpOutput {
    /// The body, read by its content type.
    #[default]
    Content,
    /// The body in base64.
    Raw,
    /// `{request, statusCode, headers, content}`.
    Response,
}

const WITH: Shape = Shape {
    what: "`call: http`",
    keys: &["method", "endpoint", "headers", "query", "body", "output", "redirect"],
    required: &["method", "endpoint"],
};
pub(super) const OUTPUTS: [(&str, HttpOutput); 3] =
    [("content", HttpOutput::Content), ("raw", HttpOutput::Raw), ("response", HttpOutput::Response)];

pub(super) fn read(report: &mut Report<'_>, with: &Node) -> Option<Body> {
    let fields = report.fields(with, &WITH)?;
    let method = fields.get("method").and_then(|node| method(report, node));
    let endpoint = fields.get("endpoint").and_then(|node| resource::endpoint(report, node, resource::HTTP));
    let headers = fields.get("headers").and_then(|node| report.text_values(node, "`headers`"));
    let query = fields.get("query").and_then(|node| report.query_values(node, "`query`"));
    let output = fields.get("output").and_then(|node| report.choice(node, "`output`", &OUTPUTS)).unwrap_or_default();
    let redirect = fields.get("redirect").and_then(|node| report.boolean(node, "`redirect`")).unwrap_or(false);
    let body = fields.get("body").cloned();
    Some(Body::Http(Box::new(Http { method: method?, endpoint: endpoint?, headers, query, body, output, redirect })))
}

fn method(report: &mut Report<'_>, node: &Node) -> Option<Node> {
    let name = report.text(node, "`method`")?;
    if Expression::strict(node).is_some() {
        return Some(node.clone());
    }
    // RFC 9110: a method is a token; any token is allowed.
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.text.is_empty() || !name.text.chars().all(token) {
        let problem = Problem::new(codes::BAD_VALUE, name.span, format!("`{}` is no HTTP method", name.text));
        report.add(problem.help("write get, post, put, patch, delete, head or options"));
        return None;
    }
    Some(Node::string(node.span, name.text.to_ascii_uppercase()))
}
