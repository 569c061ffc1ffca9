//! `call: http`: one HTTP request.

use super::Body;
use crate::dsl::codes;
use crate::dsl::expression::Expression;
use crate::dsl::node::{Node, Value};
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};
use crate::dsl::unsupported::unsupported;
use crate::dsl::uri_template::{self, UriPart};

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

#[derive(Debug)]
pub enum Endpoint {
    Uri(Vec<UriPart>),
    Expression(Expression),
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
const ENDPOINT: Shape = Shape { what: "`endpoint`", keys: &["uri", "authentication"], required: &["uri"] };
const OUTPUTS: [(&str, HttpOutput); 3] = [("content", HttpOutput::Content), ("raw", HttpOutput::Raw), ("response", HttpOutput::Response)];

pub(super) fn read(report: &mut Report<'_>, with: &Node) -> Option<Body> {
    let fields = report.fields(with, &WITH)?;
    let method = fields.get("method").and_then(|node| method(report, node));
    let endpoint = fields.get("endpoint").and_then(|node| endpoint(report, node));
    let headers = fields.get("headers").and_then(|node| report.text_values(node, "`headers`"));
    let query = fields.get("query").and_then(|node| report.text_values(node, "`query`"));
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

fn endpoint(report: &mut Report<'_>, node: &Node) -> Option<Endpoint> {
    match &node.value {
        Value::Mapping(_) => {
            let fields = report.fields(node, &ENDPOINT)?;
            if let Some(entry) = fields.entry("authentication") {
                let help = "set the header instead: `authorization: ${ \"Bearer \\($secrets.token)\" }`";
                unsupported(report, codes::ENDPOINT_AUTHENTICATION, entry.key.span, "`authentication` of an endpoint", help);
            }
            let uri = fields.get("uri")?;
            uri_or_expression(report, uri, "`uri`")
        }
        _ => uri_or_expression(report, node, "`endpoint`"),
    }
}

fn uri_or_expression(report: &mut Report<'_>, node: &Node, what: &str) -> Option<Endpoint> {
    if let Some(expression) = Expression::strict(node) {
        return Some(Endpoint::Expression(expression));
    }
    let name = report.text(node, what)?;
    let text = name.text.trim();
    let start = name.text.len() - name.text.trim_start().len();
    match uri_template::parse(text) {
        Ok(parts) => check_scheme(report, node, parts).map(Endpoint::Uri),
        Err(error) => {
            let span = report.source.within(node, start + error.offset);
            report.add(Problem::new(codes::BAD_URI, span, error.message).help(error.help));
            None
        }
    }
}

/// What can be told before the variables are known.
fn check_scheme(report: &mut Report<'_>, node: &Node, parts: Vec<UriPart>) -> Option<Vec<UriPart>> {
    let problem = match parts.first() {
        None => Problem::new(codes::EMPTY, node.span, "the endpoint is empty"),
        Some(UriPart::Variable(name)) => {
            if matches!(parts.get(1), Some(UriPart::Text(text)) if text.starts_with("://")) {
                return Some(parts);
            }
            let message = format!("no address begins with `{{{name}}}`: the value of a variable is percent-encoded, its `://` too");
            let help = format!("make the whole endpoint one expression: `${{ \"\\(.{name})/…\" }}`");
            Problem::new(codes::BAD_URI, node.span, message).help(help)
        }
        Some(UriPart::Text(text)) => {
            let lower = text.to_ascii_lowercase();
            if text.contains(char::is_whitespace) {
                Problem::new(codes::BAD_URI, node.span, "an endpoint cannot have spaces").help("write a space as `%20`")
            } else if lower.starts_with("http://") || lower.starts_with("https://") {
                return Some(parts);
            } else if let Some((scheme, _)) = text.split_once("://") {
                let message = format!("`{scheme}` is no scheme of HTTP");
                Problem::new(codes::BAD_URI, node.span, message).help("write http:// or https://")
            } else if text.starts_with('.') || text.starts_with('$') {
                Problem::new(codes::BAD_URI, node.span, "this endpoint is literal text").help("enclose an expression in `${ }`")
            } else {
                unsupported(report, codes::RELATIVE_ENDPOINT, node.span, "a relative endpoint", "write the whole address, with https://");
                return None;
            }
        }
    };
    report.add(problem);
    None
}
