//! `call: asyncapi`: read for its form only.

use super::listen;
use crate::dsl::authentication;
use crate::dsl::codes;
use crate::dsl::duration;
use crate::dsl::expression::Expression;
use crate::dsl::node::Node;
use crate::dsl::read::{Fields, Shape};
use crate::dsl::report::{Problem, Report};
use crate::dsl::resource;

const WITH: Shape = Shape {
    what: "`call: asyncapi`",
    keys: &["document", "channel", "operation", "server", "protocol", "message", "subscription", "authentication"],
    required: &["document"],
};
const SERVER: Shape = Shape { what: "`server`", keys: &["name", "variables"], required: &["name"] };
const MESSAGE: Shape = Shape { what: "`message`", keys: &["payload", "headers"], required: &[] };
const SUBSCRIPTION: Shape = Shape { what: "`subscription`", keys: &["filter", "consume", "foreach"], required: &["consume"] };
const CONSUME: Shape = Shape { what: "`consume`", keys: &["amount", "while", "until", "for"], required: &[] };
const PROTOCOLS: [&str; 19] = [
    "amqp",
    "amqp1",
    "anypointmq",
    "googlepubsub",
    "http",
    "ibmmq",
    "jms",
    "kafka",
    "mercure",
    "mqtt",
    "mqtt5",
    "nats",
    "pulsar",
    "redis",
    "sns",
    "solace",
    "sqs",
    "stomp",
    "ws",
];

pub(super) fn read(report: &mut Report<'_>, with: &Node, reference: &str) -> Option<()> {
    let fields = report.fields(with, &WITH)?;
    if let Some(document) = fields.get("document") {
        resource::read(report, document);
    }
    report.exactly_one(&fields, WITH.what, &["operation", "channel"]);
    report.exactly_one(&fields, WITH.what, &["message", "subscription"]);
    for key in ["operation", "channel"] {
        fields.text(report, key);
    }
    authentication::of(report, &fields);
    if let Some(protocol) = fields.get("protocol") {
        report.choice(protocol, "`protocol`", &PROTOCOLS.map(|protocol| (protocol, ())));
    }
    if let Some(server) = fields.get("server").and_then(|node| report.fields(node, &SERVER)) {
        server.text(report, "name");
        mappings(report, &server, &["variables"]);
    }
    if let Some(message) = fields.get("message").and_then(|node| report.fields(node, &MESSAGE)) {
        mappings(report, &message, &["payload", "headers"]);
    }
    subscription(report, fields.get("subscription")?, reference)
}

fn subscription(report: &mut Report<'_>, node: &Node, reference: &str) -> Option<()> {
    let fields = report.fields(node, &SUBSCRIPTION)?;
    enclosed(report, &fields, "filter");
    if let Some(foreach) = fields.get("foreach") {
        listen::foreach(report, foreach, &format!("{reference}/with/subscription/foreach"));
    }
    let consume = report.fields(fields.get("consume")?, &CONSUME)?;
    report.exactly_one(&consume, CONSUME.what, &["amount", "while", "until"]);
    if let Some(amount) = consume.get("amount") {
        report.integer(amount, "`amount`", 1);
    }
    enclosed(report, &consume, "while");
    enclosed(report, &consume, "until");
    if let Some(length) = consume.get("for") {
        duration::read(report, length, "`for`");
    }
    Some(())
}

fn mappings(report: &mut Report<'_>, fields: &Fields<'_>, keys: &[&str]) {
    for key in keys {
        if let Some(node) = fields.get(key) {
            report.mapping(node, &format!("`{key}`"));
        }
    }
}

/// The specification demands `${ }` here, other than in its other conditions.
fn enclosed(report: &mut Report<'_>, fields: &Fields<'_>, key: &str) {
    let Some(node) = fields.get(key) else { return };
    if report.text(node, &format!("`{key}`")).is_some() && Expression::strict(node).is_none() {
        let problem = Problem::new(codes::BAD_VALUE, node.span, format!("`{key}` must be an expression in `${{ }}` here"));
        report.add(problem.help("enclose the expression in `${ }`"));
    }
}
