//! `run`: a program, or another workflow. One file for each kind.

use super::{Body, Site, run_container, run_script, run_shell, run_workflow};
use crate::dsl::codes;
use crate::dsl::expression::Expression;
use crate::dsl::node::{Node, Value};
use crate::dsl::read::{Fields, Shape};
use crate::dsl::report::{Problem, Report};
use crate::dsl::unsupported::unsupported;

/// What programs have in common.
#[derive(Debug)]
pub struct Process {
    /// A list of texts, or an expression that gives one.
    pub arguments: Option<Node>,
    pub stdin: Option<Node>,
    pub environment: Option<Node>,
    /// `await`: whether the task waits for the end.
    pub awaited: bool,
    pub returns: Return,
}

/// Which part of a program's result is the task's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Return {
    #[default]
    Stdout,
    Stderr,
    Code,
    All,
    None,
}

const RUN: Shape = Shape { what: "`run`", keys: &["container", "script", "shell", "workflow", "await", "return"], required: &[] };
const KINDS: [&str; 4] = ["container", "script", "shell", "workflow"];
const RETURNS: [(&str, Return); 5] =
    [("stdout", Return::Stdout), ("stderr", Return::Stderr), ("code", Return::Code), ("all", Return::All), ("none", Return::None)];

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let node = site.value("run")?;
    let fields = report.fields(node, &RUN)?;
    let awaited = fields.get("await").and_then(|node| report.boolean(node, "`await`")).unwrap_or(true);
    let returns = fields.get("return").and_then(|node| report.choice(node, "`return`", &RETURNS)).unwrap_or_default();
    let mut given = fields.entries.iter().filter(|entry| KINDS.contains(&&*entry.key.text));
    let Some(kind) = given.next() else {
        let problem = Problem::new(codes::MISSING_KEY, node.span, "`run` does not say what to run");
        report.add(problem.help(format!("write one of: {}", KINDS.join(", "))));
        return None;
    };
    if let Some(second) = given.next() {
        let message = format!("a task runs one thing: `{}` or `{}`", kind.key.text, second.key.text);
        report.add(Problem::new(codes::EXCLUSIVE_KEYS, second.key.span, message).help("make two tasks of it"));
    }
    match &*kind.key.text {
        "shell" => run_shell::read(report, &kind.value, awaited, returns),
        "script" => run_script::read(report, &kind.value, awaited, returns),
        "workflow" => {
            if let Some(entry) = fields.entry("return") {
                let problem = Problem::new(codes::NO_EFFECT, entry.key.span, "`return` has no effect here");
                report.add(problem.help("a workflow gives its output"));
            }
            run_workflow::read(report, &kind.value, awaited)
        }
        _ => {
            run_container::read(report, &kind.value);
            unsupported(report, codes::RUN_CONTAINER, kind.key.span, "`run: container`", "use `run: shell` where the program is at hand");
            None
        }
    }
}

/// The keys of a program that its kind does not decide.
pub(super) fn process(report: &mut Report<'_>, fields: &Fields<'_>, awaited: bool, returns: Return) -> Process {
    let arguments = fields.get("arguments").and_then(|node| arguments(report, node));
    let stdin = fields.text_template(report, "stdin");
    let environment = fields.get("environment").and_then(|node| report.text_values(node, "`environment`"));
    Process { arguments, stdin, environment, awaited, returns }
}

/// A list of texts. Whole numbers and booleans are taken as they are written.
pub(super) fn arguments(report: &mut Report<'_>, node: &Node) -> Option<Node> {
    if Expression::strict(node).is_some() {
        return Some(node.clone());
    }
    let items = report.list(node, "`arguments`")?;
    let texts = items.iter().map(|item| report.text_value(item, "an argument")).collect::<Vec<_>>();
    let texts: Option<Vec<Node>> = texts.into_iter().collect();
    Some(Node { span: node.span, value: Value::Sequence(texts?.into()) })
}
