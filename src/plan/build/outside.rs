//! Documents elsewhere that a plan is made of, and schemas, which may be such documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Builder;
use crate::dsl::{self, MAX_OUTSIDES, Node, Outside, OutsideKind, Problem, Report, SchemaSource, Span, Value, codes};
use crate::plan::Schema;

/// Texts of documents elsewhere, by the address that the definition gives them.
pub type Outsides = BTreeMap<String, String>;

/// Values of one schema, and schemas of one definition, at most. Each schema is compiled when the plan is built.
const MAX_SCHEMA_NODES: usize = 5_000;
const MAX_SCHEMAS: usize = 500;
/// Problems of a document elsewhere that are told.
const PROBLEMS_SHOWN: usize = 5;

/// How many schemas there are, and those that stand elsewhere, each compiled once.
#[derive(Debug, Default)]
pub struct Schemas {
    count: usize,
    outside: BTreeMap<Arc<str>, Option<Schema>>,
}

/// Documents elsewhere that are needed to build the plan of a text. Those that they need in turn are named by [`missing`] once they are there.
#[must_use]
pub fn needs(text: &str, file: &str) -> Vec<Outside> {
    missing(text, file, &Outsides::new())
}

/// Documents that are needed beside those that are there. When none is, [`super::build_with`] finds what it needs; when `outsides` has
/// [`MAX_OUTSIDES`] of them and still one is missing, the definition is refused.
#[must_use]
pub fn missing(text: &str, file: &str, outsides: &Outsides) -> Vec<Outside> {
    let mut report = Report::new(text, file);
    dsl::read(&mut report);
    let (mut open, mut seen, mut missing) = (report.outsides, BTreeSet::new(), Vec::new());
    while let Some(outside) = open.pop().filter(|_| seen.len() <= MAX_OUTSIDES) {
        if !seen.insert((outside.uri.clone(), outside.kind == OutsideKind::Schema)) {
            continue;
        }
        match (outsides.get(&*outside.uri), outside.kind) {
            (None, _) => missing.push(outside),
            (Some(_), OutsideKind::Schema) => {}
            (Some(text), OutsideKind::Function) => {
                let mut inner = Report::new(text, &outside.uri);
                dsl::read_function(&mut inner, &outside.uri, &outside.uri);
                open.extend(inner.outsides);
            }
        }
    }
    missing.sort_by(|a, b| a.uri.cmp(&b.uri));
    missing
}

impl<'t> Builder<'_, 't> {
    /// The text at an address. One that is not there is reported at `place`, unless the plan need not be complete.
    pub(super) fn outside(&mut self, uri: &str, place: Span) -> Option<&'t str> {
        let text = self.outsides.get(uri);
        if text.is_none() && self.complete {
            let problem = Problem::new(codes::NOT_FETCHED, place, format!("`{uri}` was not fetched"));
            self.report
                .add(problem.help(format!("a definition is made of {MAX_OUTSIDES} documents at most; what may be read is a setting")));
        }
        text.map(String::as_str)
    }

    /// Tells the problems of a document elsewhere at the place that names it.
    pub(super) fn absorb(&mut self, inner: Report<'_>, place: Span) {
        for found in inner.into_diagnostics().into_iter().take(PROBLEMS_SHOWN) {
            let message = format!("in {}, line {}, column {}: {}", found.file, found.span.line, found.span.column, found.message);
            self.report.add(Problem::new(found.code, place, message).maybe_help(found.help));
        }
    }

    pub(super) fn schema(&mut self, written: Option<&dsl::Schema>) -> Option<Schema> {
        let written = written?;
        match &written.source {
            SchemaSource::Document(node) => self.compile_schema(node, written.span),
            SchemaSource::Outside(uri) => {
                if let Some(known) = self.schemas.outside.get(uri) {
                    return known.clone();
                }
                let text = self.outside(uri, written.span)?;
                let mut inner = Report::new(text, uri);
                let node = dsl::read_value(&mut inner);
                self.absorb(inner, written.span);
                let schema = node.and_then(|node| self.compile_schema(&node, written.span));
                self.schemas.outside.insert(uri.clone(), schema.clone());
                schema
            }
        }
    }

    fn compile_schema(&mut self, node: &Node, place: Span) -> Option<Schema> {
        self.schemas.count += 1;
        let compiled = if self.schemas.count > MAX_SCHEMAS {
            Err(format!("the document has more than {MAX_SCHEMAS} schemas"))
        } else if nodes(node) > MAX_SCHEMA_NODES {
            Err(format!("the schema has more than {MAX_SCHEMA_NODES} values"))
        } else {
            Schema::compile(&node.to_json()).map_err(|error| format!("this is no JSON Schema: {error}"))
        };
        compiled.map_err(|message| self.report.add(Problem::new(codes::BAD_SCHEMA, place, message))).ok()
    }
}

/// Keys and values of a tree.
fn nodes(node: &Node) -> usize {
    1 + match &node.value {
        Value::Sequence(items) => items.iter().map(nodes).sum(),
        Value::Mapping(entries) => entries.iter().map(|entry| 1 + nodes(&entry.value)).sum(),
        _ => 0,
    }
}
