//! `call: agent`: a message to an agent, which may take minutes or days to answer.

use super::Body;
use crate::dsl::codes;
use crate::dsl::expression::Expression;
use crate::dsl::node::{Node, Value};
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};

/// All members are literal values or expressions in `${ }`.
#[derive(Debug)]
pub struct Agent {
    pub agent: Node,
    pub scope: Option<Node>,
    pub message: Node,
    pub env: Option<Node>,
    pub config: Option<Node>,
}

const WITH: Shape = Shape { what: "`call: agent`", keys: &["agent", "scope", "message", "env", "config"], required: &["agent", "message"] };
const CONFIG: Shape = Shape { what: "`config`", keys: &["model", "timeout", "temperature"], required: &[] };

pub(super) fn read(report: &mut Report<'_>, with: &Node) -> Option<Body> {
    let fields = report.fields(with, &WITH)?;
    let agent = fields.text_template(report, "agent");
    let message = fields.text_template(report, "message");
    for (key, node) in [("agent", &agent), ("message", &message)] {
        if let Some(node) = node.as_ref().filter(|node| node.as_str().is_some_and(|text| text.trim().is_empty())) {
            report.add(Problem::new(codes::EMPTY, node.span, format!("`{key}` is empty")));
        }
    }
    let scope = fields.text_template(report, "scope");
    let env = fields.get("env").and_then(|node| report.text_values(node, "`env`"));
    let config = fields.get("config").and_then(|node| config(report, node));
    Some(Body::Agent(Box::new(Agent { agent: agent?, message: message?, scope, env, config })))
}

fn config(report: &mut Report<'_>, node: &Node) -> Option<Node> {
    if Expression::strict(node).is_some() {
        return Some(node.clone());
    }
    let fields = report.fields(node, &CONFIG)?;
    fields.text(report, "model");
    if let Some(timeout) = fields.get("timeout").filter(|node| Expression::strict(node).is_none()) {
        report.integer(timeout, "`timeout` (seconds)", 1);
    }
    if let Some(temperature) = fields.get("temperature").filter(|node| Expression::strict(node).is_none()) {
        let number = matches!(&temperature.value, Value::Number(number) if number.as_f64().is_some_and(|value| value >= 0.0));
        if !number {
            report.add(Problem::new(codes::WRONG_TYPE, temperature.span, "`temperature` must be a number from 0 up"));
        }
    }
    Some(node.clone())
}
