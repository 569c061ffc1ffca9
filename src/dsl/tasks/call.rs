//! `call`: which function is called.

use super::{Body, Site, call_a2a, call_activity, call_agent, call_asyncapi, call_function, call_grpc, call_http, call_mcp, call_openapi};
use crate::dsl::codes;
use crate::dsl::node::Node;
use crate::dsl::report::{Problem, Report};
use crate::dsl::unsupported::unsupported;

type Reader = fn(&mut Report<'_>, &Node) -> Option<Body>;
type FormReader = fn(&mut Report<'_>, &Node, &str) -> Option<()>;

/// Functions of the language.
const BUILT: [(&str, Reader); 2] = [("http", call_http::read), ("openapi", call_openapi::read)];

/// Functions of this runtime. A function of the document that has the same name is the one that is meant.
const OURS: [(&str, Reader); 2] = [("agent", call_agent::read), ("activity", call_activity::read)];

/// Functions of the language that are read for their form only.
const NOT_YET: [(&str, &str, FormReader, &str); 4] = [
    ("grpc", codes::CALL_GRPC, call_grpc::read, "use `call: http` where the service has an HTTP interface"),
    ("asyncapi", codes::CALL_ASYNCAPI, call_asyncapi::read, "use `call: http` where the broker has an HTTP interface"),
    ("a2a", codes::CALL_A2A, call_a2a::read, "use `call: agent`, or `call: http` with a JSON-RPC body"),
    ("mcp", codes::CALL_MCP, call_mcp::read, "use `call: http` with a JSON-RPC body"),
];

/// Names of functions that need no declaration and can be called.
pub fn known() -> impl Iterator<Item = &'static str> {
    BUILT.iter().chain(&OURS).map(|(name, _)| *name).chain(NOT_YET.iter().map(|(name, ..)| *name))
}

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let name = report.text(site.value("call")?, "`call`")?;
    let function = &*name.text;
    let ours = OURS.iter().filter(|_| !report.surroundings.functions.contains(&name.text));
    let built = BUILT.iter().chain(ours).find(|(known, _)| *known == function).map(|(_, read)| *read);
    let not_yet = NOT_YET.iter().find(|(known, ..)| *known == function);
    if built.is_none() && not_yet.is_none() {
        return call_function::read(report, site, name);
    }
    let with = site.fields.get("with");
    if with.is_none() {
        report.add(Problem::new(codes::MISSING_KEY, name.span, format!("`with` is missing: `call: {function}` needs it")));
    }
    if let Some((_, code, read, help)) = not_yet {
        with.and_then(|with| read(report, with, site.reference));
        unsupported(report, code, name.span, &format!("`call: {function}`"), help);
        return None;
    }
    built?(report, with?)
}
