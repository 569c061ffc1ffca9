//! `call`: which function is called.

use super::{Body, Site, call_agent, call_http};
use crate::dsl::codes;
use crate::dsl::node::Node;
use crate::dsl::report::{Problem, Report};
use crate::dsl::suggest::nearest;
use crate::dsl::unsupported::unsupported;

type Reader = fn(&mut Report<'_>, &Node) -> Option<Body>;

const BUILT: [(&str, Reader); 2] = [("http", call_http::read), ("agent", call_agent::read)];

/// Functions of the language, and of this runtime, that are not built yet.
const NOT_YET: [(&str, &str, &str); 6] = [
    ("openapi", codes::CALL_OPENAPI, "use `call: http` with the method and path of the operation"),
    ("grpc", codes::CALL_GRPC, "use `call: http` where the service has an HTTP interface"),
    ("asyncapi", codes::CALL_ASYNCAPI, "use `call: http` where the broker has an HTTP interface"),
    ("a2a", codes::CALL_A2A, "use `call: agent`, or `call: http` with a JSON-RPC body"),
    ("mcp", codes::CALL_MCP, "use `call: http` with a JSON-RPC body"),
    ("activity", codes::CALL_ACTIVITY, "serve the activity over HTTP and use `call: http`"),
];

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let name = report.text(site.value("call")?, "`call`")?;
    if let Some((_, code, help)) = NOT_YET.iter().find(|(function, ..)| *function == &*name.text) {
        unsupported(report, code, name.span, &format!("`call: {}`", name.text), help);
        return None;
    }
    let Some((function, read)) = BUILT.iter().find(|(function, _)| *function == &*name.text) else {
        let near = nearest(&name.text, BUILT.iter().map(|(function, _)| *function));
        let help = near.map_or_else(
            || "use `call: http` or `call: agent`, or put the function's task in the place of the call".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        unsupported(report, codes::CUSTOM_FUNCTION, name.span, &format!("the custom function `{}`", name.text), &help);
        return None;
    };
    let Some(with) = site.fields.get("with") else {
        report.add(Problem::new(codes::MISSING_KEY, name.span, format!("`with` is missing: `call: {function}` needs it")));
        return None;
    };
    read(report, with)
}
