//! Extensions: tasks before and after each task of a kind.

use std::sync::Arc;

use super::codes;
use super::expression::Expression;
use super::node::{Name, Node};
use super::read::Shape;
use super::report::{Problem, Report};
use super::tasks::{self, Task};

#[derive(Debug)]
pub struct Extension {
    pub name: Name,
    pub extend: Extend,
    pub when: Option<Expression>,
    pub before: Vec<Task>,
    pub after: Vec<Task>,
}

/// Which tasks an extension stands around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extend {
    All,
    /// The key that gives a task its type.
    Type(&'static str),
}

impl Extend {
    /// Whether tasks with this key are meant.
    pub fn covers(self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::Type(type_) => type_ == key,
        }
    }
}

const EXTENSION: Shape = Shape { what: "an extension", keys: &["extend", "when", "before", "after"], required: &["extend"] };

/// The specification's words. A `fork` is extended by `all` only: it has no word of its own.
const TYPES: [(&str, Extend); 12] = [
    ("call", Extend::Type("call")),
    ("composite", Extend::Type("do")),
    ("emit", Extend::Type("emit")),
    ("for", Extend::Type("for")),
    ("listen", Extend::Type("listen")),
    ("raise", Extend::Type("raise")),
    ("run", Extend::Type("run")),
    ("set", Extend::Type("set")),
    ("switch", Extend::Type("switch")),
    ("try", Extend::Type("try")),
    ("wait", Extend::Type("wait")),
    ("all", Extend::All),
];

/// `use.extensions`: a list of one name and extension each.
pub fn read(report: &mut Report<'_>, node: &Node) -> Vec<Extension> {
    let mut extensions: Vec<Extension> = Vec::new();
    let mut names = std::collections::BTreeMap::new();
    for (index, item) in report.list(node, "`use.extensions`").unwrap_or_default().iter().enumerate() {
        let Some(entry) = report.named_item(item, "an item of `use.extensions`") else { continue };
        if let Some(first) = names.insert(entry.key.text.clone(), entry.key.span) {
            let problem = Problem::new(codes::DUPLICATE_NAME, entry.key.span, format!("there are two extensions `{}`", entry.key.text));
            report.add(problem.label(first, "first here"));
        }
        let pointer: Arc<str> = format!("/use/extensions/{index}/{}", tasks::escape(&entry.key.text)).into();
        let outer = report.enter(&pointer);
        extensions.extend(extension(report, &entry.key, &entry.value, &pointer));
        report.leave(outer);
    }
    extensions
}

fn extension(report: &mut Report<'_>, name: &Name, node: &Node, pointer: &str) -> Option<Extension> {
    let fields = report.fields(node, &EXTENSION)?;
    let when = fields.expression(report, "when");
    let mut list = |key: &str| fields.get(key).map(|node| tasks::list(report, node, &format!("{pointer}/{key}"))).unwrap_or_default();
    let (before, after) = (list("before"), list("after"));
    let extend = report.choice(fields.get("extend")?, "`extend`", &TYPES)?;
    if fields.entry("before").is_none() && fields.entry("after").is_none() {
        report.add(Problem::new(codes::NO_EFFECT, name.span, format!("the extension `{}` has no tasks", name.text)));
    }
    Some(Extension { name: name.clone(), extend, when, before, after })
}
