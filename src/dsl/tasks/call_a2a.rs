//! `call: a2a`: read for its form only.

use crate::dsl::codes;
use crate::dsl::expression::Expression;
use crate::dsl::node::Node;
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};
use crate::dsl::resource;

const WITH: Shape = Shape { what: "`call: a2a`", keys: &["agentCard", "server", "method", "parameters"], required: &["method"] };
const METHODS: [&str; 11] = [
    "message/send",
    "message/stream",
    "tasks/get",
    "tasks/list",
    "tasks/cancel",
    "tasks/resubscribe",
    "tasks/pushNotificationConfig/set",
    "tasks/pushNotificationConfig/get",
    "tasks/pushNotificationConfig/list",
    "tasks/pushNotificationConfig/delete",
    "agent/getAuthenticatedExtendedCard",
];

pub(super) fn read(report: &mut Report<'_>, with: &Node, _: &str) -> Option<()> {
    let fields = report.fields(with, &WITH)?;
    report.exactly_one(&fields, WITH.what, &["agentCard", "server"]);
    if let Some(card) = fields.get("agentCard") {
        resource::read(report, card);
    }
    if let Some(server) = fields.get("server") {
        resource::endpoint(report, server, resource::HTTP);
    }
    if let Some(method) = fields.get("method") {
        report.choice(method, "`method`", &METHODS.map(|method| (method, ())));
    }
    let parameters = fields.get("parameters").filter(|node| Expression::strict(node).is_none())?;
    if report.mapping(parameters, "`parameters`")?.is_empty() {
        report.add(Problem::new(codes::EMPTY, parameters.span, "`parameters` has no members").help("remove it, or give it some"));
    }
    Some(())
}
