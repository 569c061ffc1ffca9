//! The document as a whole.

use std::sync::Arc;

use super::codes;
use super::duration::Duration;
use super::expression::Transform;
use super::node::{Entry, Name, Node};
use super::read::{Fields, Shape};
use super::report::{Problem, Report};
use super::schedule;
use super::schema::{self, Schema};
use super::tasks::{self, Task};
use super::unsupported::unsupported;
use super::usage::{self, Reference, Use};
use super::yaml;

/// A definition as written. Names that point elsewhere are not resolved.
#[derive(Debug)]
pub struct Definition {
    /// The whole document.
    pub root: Node,
    pub document: Document,
    pub input: DataFlow,
    pub output: DataFlow,
    pub timeout: Option<Reference<Duration>>,
    pub uses: Use,
    pub tasks: Vec<Task>,
}

/// `input`, `output` or `export`: what the data must look like, and what becomes of it.
#[derive(Debug, Default)]
pub struct DataFlow {
    pub schema: Option<Schema>,
    /// `from` or `as`.
    pub transform: Option<Transform>,
}

/// Title, summary, tags and metadata stand in [`Definition::root`] only: nothing depends on them.
#[derive(Debug, Default)]
pub struct Document {
    pub namespace: String,
    pub name: String,
    pub version: String,
}

const ROOT: Shape = Shape {
    what: "a workflow",
    keys: &["document", "input", "use", "do", "timeout", "output", "schedule", "evaluate"],
    required: &["document", "do"],
};
const DOCUMENT: Shape = Shape {
    what: "`document`",
    keys: &["dsl", "namespace", "name", "version", "title", "summary", "tags", "metadata"],
    required: &["dsl", "namespace", "name", "version"],
};
const INPUT: Shape = Shape { what: "`input`", keys: &["schema", "from"], required: &[] };
const OUTPUT: Shape = Shape { what: "`output`", keys: &["schema", "as"], required: &[] };
const EXPORT: Shape = Shape { what: "`export`", keys: &["schema", "as"], required: &[] };
const EVALUATE: Shape = Shape { what: "`evaluate`", keys: &["language", "mode"], required: &[] };

/// Versions 1.0.0 to this one of the DSL are known.
const NEWEST_DSL: (u64, u64, u64) = (1, 0, 3);

/// Reads the text of the report. `None`: there is no tree to look at.
pub fn read(report: &mut Report<'_>) -> Option<Definition> {
    let root = yaml::load(report)?;
    let fields = report.fields(&root, &ROOT)?;
    let document = fields.get("document").map(|node| document(report, node)).unwrap_or_default();
    if let Some(Entry { key, value }) = fields.entry("schedule") {
        schedule::read(report, value);
        let help = "start the workflow by a Temporal schedule, or with `workflow-runner run`";
        unsupported(report, codes::SCHEDULE, key.span, "`schedule`", help);
    }
    if let Some(node) = fields.get("evaluate") {
        evaluate(report, node);
    }
    let uses = fields.get("use").map(|node| usage::read(report, node)).unwrap_or_default();
    let tasks = fields.get("do").map(|node| tasks::list(report, node, "/do")).unwrap_or_default();
    let input = fields.get("input").and_then(|node| input(report, node)).unwrap_or_default();
    let output = fields.get("output").and_then(|node| output(report, node)).unwrap_or_default();
    let timeout = timeout(report, &fields);
    Some(Definition { document, input, output, timeout, uses, tasks, root: root.clone() })
}

/// Reads a document that is one task, the body of a function. `name` and `reference` are the task's.
pub fn read_function(report: &mut Report<'_>, name: &str, reference: &Arc<str>) -> Option<Task> {
    let root = yaml::load(report)?;
    let name = Name { text: name.into(), span: report.source.span(0, 0) };
    Some(tasks::single(report, &name, &root, reference))
}

/// Reads a document that is one value, in YAML or JSON.
pub fn read_value(report: &mut Report<'_>) -> Option<Node> {
    yaml::load(report)
}

/// `input`, of a workflow or a task.
pub fn input(report: &mut Report<'_>, node: &Node) -> Option<DataFlow> {
    data_flow(report, node, &INPUT, "from")
}

/// `output`, of a workflow, a task or a `foreach`.
pub fn output(report: &mut Report<'_>, node: &Node) -> Option<DataFlow> {
    data_flow(report, node, &OUTPUT, "as")
}

/// `export`, of a task or a `foreach`.
pub fn export(report: &mut Report<'_>, node: &Node) -> Option<DataFlow> {
    data_flow(report, node, &EXPORT, "as")
}

fn data_flow(report: &mut Report<'_>, node: &Node, shape: &Shape, key: &str) -> Option<DataFlow> {
    let fields = report.fields(node, shape)?;
    let schema = fields.get("schema").and_then(|node| schema::read(report, node));
    let transform = fields.get(key).and_then(|node| report.transform(node, &format!("`{key}`")));
    Some(DataFlow { schema, transform })
}

/// `timeout`, of a workflow or a task: written out, or the name of one in `use.timeouts`.
pub fn timeout(report: &mut Report<'_>, fields: &Fields<'_>) -> Option<Reference<Duration>> {
    let node = fields.get("timeout")?;
    match node.as_str() {
        Some(text) => Some(Reference::Named(Name { text: text.into(), span: node.span })),
        None => usage::timeout(report, node).map(Reference::Inline),
    }
}

fn document(report: &mut Report<'_>, node: &Node) -> Document {
    let Some(fields) = report.fields(node, &DOCUMENT) else { return Document::default() };
    dsl_version(report, &fields);
    for key in ["title", "summary"] {
        fields.text(report, key);
    }
    for key in ["tags", "metadata"] {
        if let Some(node) = fields.get(key) {
            report.mapping(node, &format!("`{key}`"));
        }
    }
    let label = "letters, digits and hyphens, at most 63, with a letter or digit at both ends";
    let mut checked = |key: &str, valid: fn(&str) -> bool, demand: &str| {
        let name = fields.text(report, key)?;
        if !valid(&name.text) {
            let message = format!("`{}` is no valid {key}", name.text);
            report.add(Problem::new(codes::BAD_IDENTIFIER, name.span, message).help(format!("write {demand}")));
        }
        Some(name.text.to_string())
    };
    Document {
        namespace: checked("namespace", is_dns_label, label).unwrap_or_default(),
        name: checked("name", is_dns_label, label).unwrap_or_default(),
        version: checked("version", |text| semver(text).is_some(), "a semantic version such as '1.0.0'").unwrap_or_default(),
    }
}

fn dsl_version(report: &mut Report<'_>, fields: &Fields<'_>) {
    let Some(node) = fields.get("dsl") else { return };
    let Some(text) = node.as_str() else {
        let message = format!("`dsl` must be text, this is {}", node.kind());
        let help = "YAML reads 1.0 as a number; put the whole version in quotes: dsl: '1.0.3'";
        return report.add(Problem::new(codes::WRONG_TYPE, node.span, message).help(help));
    };
    match semver(text) {
        Some(version) if version.0 == 1 && version > NEWEST_DSL => {
            let message = format!("DSL {text} is newer than {}.{}.{}, which this runner knows", NEWEST_DSL.0, NEWEST_DSL.1, NEWEST_DSL.2);
            report.add(Problem::new(codes::NEWER_DSL, node.span, message));
        }
        Some(version) if version.0 == 1 => {}
        _ => {
            let message = format!("`{text}` is no version of the DSL that this runner reads");
            report.add(Problem::new(codes::DSL_VERSION, node.span, message).help("write dsl: '1.0.3'; versions 1.x.y are read"));
        }
    }
}

fn evaluate(report: &mut Report<'_>, node: &Node) {
    let Some(fields) = report.fields(node, &EVALUATE) else { return };
    if let Some(language) = fields.text(report, "language").filter(|language| &*language.text != "jq") {
        let what = format!("the expression language `{}`", language.text);
        unsupported(report, codes::EXPRESSION_LANGUAGE, language.span, &what, "write the expressions in jq");
    }
    let mode = fields.get("mode").and_then(|node| report.choice(node, "`mode`", &[("strict", false), ("loose", true)]));
    report.surroundings.loose = mode.unwrap_or(false);
}

fn is_dns_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=63).contains(&text.len()) && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// Major, minor and patch of a semantic version; what follows them is only checked.
fn semver(text: &str) -> Option<(u64, u64, u64)> {
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let number = |part: &str| {
        let valid = !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
        valid.then(|| part.parse().ok()).flatten()
    };
    if ![pre, build].into_iter().flatten().all(|suffix| suffix.split('.').all(word)) {
        return None;
    }
    let mut parts = core.split('.').map(number);
    let version = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_labels() {
        assert_eq!(semver("1.0.3"), Some((1, 0, 3)));
        assert_eq!(semver("0.1.0-alpha.1+build-7"), Some((0, 1, 0)));
        for text in ["1.0", "1", "v1.0.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0+", "1.0.x", "", "1.0.0-a..b", "99999999999999999999.0.0"] {
            assert_eq!(semver(text), None, "{text}");
        }
        for (text, valid) in [("a", true), ("Order-7", true), ("-a", false), ("a-", false), ("a_b", false), ("a.b", false), ("", false)] {
            assert_eq!(is_dns_label(text), valid, "{text}");
        }
        assert!(is_dns_label(&"x".repeat(63)) && !is_dns_label(&"x".repeat(64)));
    }
}
