//! Endpoints, and documents that stand at one.

use std::sync::Arc;

use super::authentication::{self, Policy};
use super::codes;
use super::expression::Expression;
use super::node::{Node, Value};
use super::read::Shape;
use super::report::{OutsideKind, Problem, Report};
use super::unsupported::unsupported;
use super::uri_template::{self, UriPart};
use super::usage::Reference;

/// `endpoint`: text, or `{uri, authentication}`.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub address: Address,
    pub authentication: Option<Reference<Policy>>,
}

#[derive(Clone, Debug)]
pub enum Address {
    Uri(Vec<UriPart>),
    Expression(Expression),
}

/// A document elsewhere: `{name, endpoint}`. The name is its author's.
#[derive(Clone, Debug)]
pub struct Resource {
    pub endpoint: Endpoint,
}

/// Schemes of what is called.
pub const HTTP: &[&str] = &["http", "https"];
/// Schemes of documents. Whether files may be read is the host's decision.
pub const DOCUMENT: &[&str] = &["http", "https", "file"];

const ENDPOINT: Shape = Shape { what: "`endpoint`", keys: &["uri", "authentication"], required: &["uri"] };
const RESOURCE: Shape = Shape { what: "an external resource", keys: &["name", "endpoint"], required: &["endpoint"] };

/// Where a document stands.
pub fn read(report: &mut Report<'_>, node: &Node) -> Option<Resource> {
    let fields = report.fields(node, &RESOURCE)?;
    fields.text(report, "name");
    endpoint(report, fields.get("endpoint")?, DOCUMENT).map(|endpoint| Resource { endpoint })
}

/// A document that is needed before a run: its address is known, and open. Returns the address.
pub fn outside(report: &mut Report<'_>, node: &Node, kind: OutsideKind) -> Option<Arc<str>> {
    let Resource { endpoint } = read(report, node)?;
    if let (Address::Uri(parts), None) = (&endpoint.address, &endpoint.authentication)
        && let [UriPart::Text(text)] = &parts[..]
    {
        let uri = Arc::from(&**text);
        report.needs(&uri, kind);
        return Some(uri);
    }
    let help = "write the whole address, without variables and authentication, or write the document here";
    unsupported(report, codes::ADDRESS_AT_RUN, node.span, "a document whose address or authentication only a run can tell", help);
    None
}

/// An endpoint whose address has one of `schemes`.
pub fn endpoint(report: &mut Report<'_>, node: &Node, schemes: &[&str]) -> Option<Endpoint> {
    if !matches!(node.value, Value::Mapping(_)) {
        let address = address(report, node, "`endpoint`", schemes)?;
        return Some(Endpoint { address, authentication: None });
    }
    let fields = report.fields(node, &ENDPOINT)?;
    let authentication = authentication::of(report, &fields);
    let address = address(report, fields.get("uri")?, "`uri`", schemes)?;
    Some(Endpoint { address, authentication })
}

/// A URI template or an expression.
pub fn address(report: &mut Report<'_>, node: &Node, what: &str, schemes: &[&str]) -> Option<Address> {
    if let Some(expression) = Expression::strict(node) {
        return Some(Address::Expression(expression));
    }
    let name = report.text(node, what)?;
    let text = name.text.trim();
    let start = name.text.len() - name.text.trim_start().len();
    match uri_template::parse(text) {
        Ok(parts) => check_scheme(report, node, parts, schemes).map(Address::Uri),
        Err(error) => {
            let span = report.source.within(node, start + error.offset);
            report.add(Problem::new(codes::BAD_URI, span, error.message).help(error.help));
            None
        }
    }
}

/// What can be told before the variables are known.
fn check_scheme(report: &mut Report<'_>, node: &Node, parts: Vec<UriPart>, schemes: &[&str]) -> Option<Vec<UriPart>> {
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
            let scheme = scheme(text).map(str::to_ascii_lowercase);
            if text.contains(char::is_whitespace) {
                Problem::new(codes::BAD_URI, node.span, "an endpoint cannot have spaces").help("write a space as `%20`")
            } else if scheme.as_deref().is_some_and(|scheme| schemes.contains(&scheme)) {
                return Some(parts);
            } else if let Some(scheme) = scheme {
                let known = schemes.iter().map(|scheme| format!("{scheme}:")).collect::<Vec<_>>().join(", ");
                Problem::new(codes::BAD_URI, node.span, format!("`{scheme}` is no scheme that can be used here"))
                    .help(format!("these can: {known}"))
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

/// What stands before `://`, and the `file` of `file:/…`.
fn scheme(text: &str) -> Option<&str> {
    let is_file = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:"));
    if is_file { Some(&text[..4]) } else { text.split_once("://").map(|(scheme, _)| scheme) }
}
