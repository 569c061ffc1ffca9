//! `use`: the components that tasks name.

use indexmap::IndexMap;

use super::codes;
use super::diagnostic::Span;
use super::duration::{self, Duration};
use super::error::{self, ErrorDefinition};
use super::node::{Entry, Name, Node};
use super::read::Shape;
use super::report::{Problem, Report};
use super::retry::{self, Retry};
use super::unsupported::unsupported;

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
    /// Names of secrets and where they are declared, in document order.
    pub secrets: IndexMap<String, Span>,
}

const USE: Shape = Shape {
    what: "`use`",
    keys: &["authentications", "catalogs", "errors", "extensions", "functions", "retries", "secrets", "timeouts"],
    required: &[],
};
const TIMEOUT: Shape = Shape { what: "a timeout", keys: &["after"], required: &["after"] };

const UNSUPPORTED: [(&str, &str, &str); 4] = [
    ("functions", codes::USE_FUNCTIONS, "put the function's task in the place of each call of it"),
    ("extensions", codes::USE_EXTENSIONS, "put the extension's tasks before and after the tasks that it extends"),
    ("catalogs", codes::USE_CATALOGS, "put the function's task in the place of each call of it"),
    ("authentications", codes::USE_AUTHENTICATIONS, "set the header: `authorization: ${ \"Bearer \\($secrets.token)\" }`"),
];

pub fn read(report: &mut Report<'_>, node: &Node) -> Use {
    let Some(fields) = report.fields(node, &USE) else { return Use::default() };
    for (key, code, help) in UNSUPPORTED {
        if let Some(entry) = fields.entry(key) {
            unsupported(report, code, entry.key.span, &format!("`use.{key}`"), help);
        }
    }
    Use {
        errors: components(report, fields.get("errors"), "`use.errors`", error::read),
        retries: components(report, fields.get("retries"), "`use.retries`", retry::read),
        timeouts: components(report, fields.get("timeouts"), "`use.timeouts`", timeout),
        secrets: fields.get("secrets").map(|node| secrets(report, node)).unwrap_or_default(),
    }
}

fn components<T>(report: &mut Report<'_>, node: Option<&Node>, what: &str, read: fn(&mut Report<'_>, &Node) -> Option<T>) -> Components<T> {
    let entries = node.and_then(|node| report.mapping(node, what)).unwrap_or_default();
    entries.iter().map(|Entry { key, value }| (key.text.to_string(), (key.clone(), read(report, value)))).collect()
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
