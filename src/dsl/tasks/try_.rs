//! `try`: tasks whose errors are caught, tried again or handled.

use super::{Body, Site, Task, list};
use crate::dsl::codes;
use crate::dsl::error;
use crate::dsl::expression::Expression;
use crate::dsl::node::{Name, Node};
use crate::dsl::read::{Fields, Shape};
use crate::dsl::report::{Problem, Report};
use crate::dsl::retry::{self, Retry};
use crate::dsl::usage::Reference;

#[derive(Debug)]
pub struct Try {
    pub body: Vec<Task>,
    pub filter: Filter,
    /// Name of the variable that holds the error; `error` when the document gives none.
    pub error: Name,
    pub when: Option<Expression>,
    pub except_when: Option<Expression>,
    pub retry: Option<Reference<Retry>>,
    pub handler: Option<Vec<Task>>,
    /// Where the flow goes once an error was handled: a directive or a name of the try's own list.
    pub then: Option<Name>,
}

/// `catch.errors.with`: the members that an error must have.
#[derive(Debug, Default)]
pub struct Filter {
    pub type_: Option<Node>,
    pub status: Option<Node>,
    pub instance: Option<Node>,
    pub title: Option<Node>,
    pub detail: Option<Node>,
}

const CATCH: Shape = Shape { what: "`catch`", keys: &["errors", "as", "when", "exceptWhen", "retry", "do", "then"], required: &[] };
const ERRORS: Shape = Shape { what: "`errors`", keys: &["with"], required: &[] };
const FILTER: Shape = Shape { what: "an error filter", keys: &["type", "status", "instance", "title", "detail", "details"], required: &[] };

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let node = site.value("try")?;
    let body = list(report, node, &format!("{}/try", site.reference));
    let Some(catch) = site.fields.get("catch") else {
        let span = site.fields.entry("try").map_or(node.span, |entry| entry.key.span);
        let problem = Problem::new(codes::MISSING_KEY, span, "`catch` is missing: a `try` task needs it");
        report.add(problem.help("`catch: {}` catches every error"));
        return None;
    };
    let fields = report.fields(catch, &CATCH)?;
    let handler = fields.get("do").map(|node| list(report, node, &format!("{}/catch/do", site.reference)));
    let filter = fields.get("errors").and_then(|node| report.fields(node, &ERRORS)?.get("with"));
    let error = fields.text(report, "as").unwrap_or_else(|| Name { text: "error".into(), span: catch.span });
    Some(Body::Try(Box::new(Try {
        body,
        filter: filter.and_then(|node| read_filter(report, node)).unwrap_or_default(),
        error,
        when: fields.expression(report, "when"),
        except_when: fields.expression(report, "exceptWhen"),
        retry: retry_policy(report, &fields),
        handler,
        then: fields.text(report, "then"),
    })))
}

fn retry_policy(report: &mut Report<'_>, fields: &Fields<'_>) -> Option<Reference<Retry>> {
    let node = fields.get("retry")?;
    match node.as_str() {
        Some(text) => Some(Reference::Named(Name { text: text.into(), span: node.span })),
        None => retry::read(report, node).map(Reference::Inline),
    }
}

fn read_filter(report: &mut Report<'_>, node: &Node) -> Option<Filter> {
    let fields = report.fields(node, &FILTER)?;
    if fields.entries.is_empty() {
        let problem = Problem::new(codes::EMPTY, node.span, "an error filter needs at least one member");
        report.add(problem.help("remove `errors` to catch every error"));
    }
    // Version 1.0.3 named it `details` here and `detail` in the error itself; later versions say `detail` in both.
    if let (Some(_), Some(alias)) = (fields.entry("detail"), fields.entry("details")) {
        let problem = Problem::new(codes::EXCLUSIVE_KEYS, alias.key.span, "`details` is another name of `detail`");
        report.add(problem.help("keep `detail`"));
    }
    let detail = fields.text_template(report, "detail");
    Some(Filter {
        type_: fields.text_template(report, "type"),
        status: fields.get("status").and_then(|node| error::status(report, node)),
        instance: fields.text_template(report, "instance"),
        title: fields.text_template(report, "title"),
        detail: detail.or_else(|| fields.text_template(report, "details")),
    })
}
