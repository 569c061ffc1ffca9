//! `call: mcp`: read for its form only.

use super::run;
use crate::dsl::duration;
use crate::dsl::expression::Expression;
use crate::dsl::node::Node;
use crate::dsl::read::Shape;
use crate::dsl::report::Report;
use crate::dsl::resource;

const WITH: Shape = Shape {
    what: "`call: mcp`",
    keys: &["protocolVersion", "method", "parameters", "timeout", "transport", "client"],
    required: &["method", "transport"],
};
const TRANSPORT: Shape = Shape { what: "`transport`", keys: &["http", "stdio", "options"], required: &[] };
const HTTP: Shape = Shape { what: "`http`", keys: &["endpoint", "headers"], required: &["endpoint"] };
const STDIO: Shape = Shape { what: "`stdio`", keys: &["command", "arguments", "environment"], required: &["command"] };
/// `description` stands for the version in the schema of 1.0.3.
const CLIENT: Shape = Shape { what: "`client`", keys: &["name", "version", "description"], required: &["name", "version"] };
const METHODS: [&str; 7] =
    ["tools/list", "tools/call", "prompts/list", "prompts/get", "resources/list", "resources/read", "resources/templates/list"];

pub(super) fn read(report: &mut Report<'_>, with: &Node, _: &str) -> Option<()> {
    let fields = report.fields(with, &WITH)?;
    fields.text(report, "protocolVersion");
    if let Some(method) = fields.get("method") {
        report.choice(method, "`method`", &METHODS.map(|method| (method, ())));
    }
    if let Some(parameters) = fields.get("parameters").filter(|node| Expression::strict(node).is_none()) {
        report.mapping(parameters, "`parameters`");
    }
    if let Some(timeout) = fields.get("timeout") {
        duration::read(report, timeout, "`timeout`");
    }
    if let Some(client) = fields.get("client").and_then(|node| report.fields(node, &CLIENT)) {
        for key in CLIENT.keys {
            client.text(report, key);
        }
    }
    transport(report, fields.get("transport")?)
}

fn transport(report: &mut Report<'_>, node: &Node) -> Option<()> {
    let fields = report.fields(node, &TRANSPORT)?;
    report.exactly_one(&fields, TRANSPORT.what, &["http", "stdio"]);
    if let Some(options) = fields.get("options") {
        report.mapping(options, "`options`");
    }
    if let Some(http) = fields.get("http").and_then(|node| report.fields(node, &HTTP)) {
        if let Some(endpoint) = http.get("endpoint") {
            resource::endpoint(report, endpoint, resource::HTTP);
        }
        if let Some(headers) = http.get("headers") {
            report.text_values(headers, "`headers`");
        }
    }
    let stdio = report.fields(fields.get("stdio")?, &STDIO)?;
    stdio.text(report, "command");
    if let Some(arguments) = stdio.get("arguments") {
        run::arguments(report, arguments);
    }
    if let Some(environment) = stdio.get("environment") {
        report.text_values(environment, "`environment`");
    }
    Some(())
}
