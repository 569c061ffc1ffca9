//! `run: shell`: a command of the shell.

use super::Body;
use super::run::{self, Process, Return};
use crate::dsl::node::Node;
use crate::dsl::read::Shape;
use crate::dsl::report::Report;

#[derive(Debug)]
pub struct Shell {
    pub command: Node,
    pub process: Process,
}

const SHELL: Shape = Shape { what: "`run: shell`", keys: &["command", "arguments", "stdin", "environment"], required: &["command"] };

pub(super) fn read(report: &mut Report<'_>, node: &Node, awaited: bool, returns: Return) -> Option<Body> {
    let fields = report.fields(node, &SHELL)?;
    let process = run::process(report, &fields, awaited, returns);
    let command = fields.text_template(report, "command")?;
    Some(Body::Shell(Box::new(Shell { command, process })))
}
