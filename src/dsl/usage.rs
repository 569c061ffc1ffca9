//! `use`: the components that tasks name.

use std::sync::Arc;

use indexmap::IndexMap;

use super::authentication::{self, Policy};
use super::codes;
use super::diagnostic::Span;
use super::duration::{self, Duration};
use super::error::{self, ErrorDefinition};
use super::extension::{self, Extension};
use super::node::{Entry, Name, Node};
use super::read::Shape;
use super::report::{Problem, Report};
use super::resource;
use super::retry::{self, Retry};
use super::tasks::{self, Task};

/// A component in place, or the name of one in `use`.
#[derive(Clone, Debug)]
pub enum Reference<T> {
    Inline(T),
    Named(Name),
}

/// Components by name, in document order; a component that could not be read is `None`, its problem is reported.
pub type Components<T> = IndexMap<String, (Name, Option<T>)>;

#[derive(Debug, Default)]
pub struct Use {
    pub errors: Components<ErrorDefinition>,
    pub retries: Components<Retry>,
    pub timeouts: Components<Duration>,
    pub authentications: Components<Policy>,
    pub functions: Components<Task>,
    pub extensions: Vec<Extension>,
    /// Read for their form only.
    pub catalogs: Components<()>,
    /// Names of secrets and where they are declared, in document order.
    pub secrets: IndexMap<String, Span>,
}

const USE: Shape = Shape {
    what: "`use`",
    keys: &["authentications", "catalogs", "errors", "extensions", "functions", "retries", "secrets", "timeouts"],
    required: &[],
};
const TIMEOUT: Shape = Shape { what: "a timeout", keys: &["after"], required: &["after"] };

const CATALOG: Shape = Shape { what: "a catalog", keys: &["endpoint"], required: &["endpoint"] };

pub fn read(report: &mut Report<'_>, node: &Node) -> Use {
    let Some(fields) = report.fields(node, &USE) else { return Use::default() };
    // A task that stands before the functions may call them.
    let names = fields.get("functions").and_then(Node::entries).unwrap_or_default();
    report.surroundings.functions = names.iter().map(|entry| entry.key.text.clone()).collect();
    Use {
        errors: components(report, fields.get("errors"), "`use.errors`", error::read),
        retries: components(report, fields.get("retries"), "`use.retries`", retry::read),
        timeouts: components(report, fields.get("timeouts"), "`use.timeouts`", timeout),
        authentications: components(report, fields.get("authentications"), "`use.authentications`", authentication::read),
        functions: functions(report, fields.get("functions")),
        extensions: fields.get("extensions").map(|node| extension::read(report, node)).unwrap_or_default(),
        catalogs: components(report, fields.get("catalogs"), "`use.catalogs`", catalog),
        secrets: fields.get("secrets").map(|node| secrets(report, node)).unwrap_or_default(),
    }
}

fn components<T>(report: &mut Report<'_>, node: Option<&Node>, what: &str, read: fn(&mut Report<'_>, &Node) -> Option<T>) -> Components<T> {
    let entries = node.and_then(|node| report.mapping(node, what)).unwrap_or_default();
    entries.iter().map(|Entry { key, value }| (key.text.to_string(), (key.clone(), read(report, value)))).collect()
}

/// Each is one task, which has its own place in the document.
fn functions(report: &mut Report<'_>, section: Option<&Node>) -> Components<Task> {
    let entries = section.and_then(|node| report.mapping(node, "`use.functions`")).unwrap_or_default();
    let read = |Entry { key, value }: &Entry| {
        let reference: Arc<str> = format!("/use/functions/{}", tasks::escape(&key.text)).into();
        let outer = report.enter(&reference);
        let task = tasks::single(report, key, value, &reference);
        report.leave(outer);
        (key.text.to_string(), (key.clone(), Some(task)))
    };
    entries.iter().map(read).collect()
}

fn catalog(report: &mut Report<'_>, node: &Node) -> Option<()> {
    let fields = report.fields(node, &CATALOG)?;
    resource::endpoint(report, fields.get("endpoint")?, resource::DOCUMENT).map(drop)
}

/// `{after: duration}`.
pub fn timeout(report: &mut Report<'_>, node: &Node) -> Option<Duration> {
    let after = report.fields(node, &TIMEOUT)?.get("after")?;
    duration::read(report, after, "`after`")
}

fn secrets(report: &mut Report<'_>, node: &Node) -> IndexMap<String, Span> {
    let mut names: IndexMap<String, Span> = IndexMap::new();
    for item in report.list(node, "`use.secrets`").unwrap_or_default() {
        let Some(name) = report.text(item, "the name of a secret") else { continue };
        if name.text.trim().is_empty() {
            report.add(Problem::new(codes::EMPTY, name.span, "the name of a secret is empty"));
        } else if let Some(first) = names.get(&*name.text) {
            let problem = Problem::new(codes::DUPLICATE_NAME, name.span, format!("the secret `{}` is named twice", name.text));
            report.add(problem.label(*first, "first here"));
        } else {
            names.insert(name.text.to_string(), name.span);
        }
    }
    names
}
