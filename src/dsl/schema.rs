//! `schema`: what data must look like. `{format, document}`, or `{format, resource}` where the document stands elsewhere.

use std::sync::Arc;

use super::codes;
use super::diagnostic::Span;
use super::node::Node;
use super::read::Shape;
use super::report::{OutsideKind, Problem, Report};
use super::resource;
use super::unsupported::unsupported;

#[derive(Clone, Debug)]
pub struct Schema {
    pub source: SchemaSource,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum SchemaSource {
    Document(Node),
    /// The address of a document that is one JSON Schema.
    Outside(Arc<str>),
}

const SCHEMA: Shape = Shape { what: "`schema`", keys: &["format", "document", "resource"], required: &[] };

pub fn read(report: &mut Report<'_>, node: &Node) -> Option<Schema> {
    let fields = report.fields(node, &SCHEMA)?;
    let format = fields.text(report, "format");
    // `json:2020-12` names a version; the schema's own `$schema` is what counts.
    if let Some(format) = format.filter(|format| &*format.text != "json" && !format.text.starts_with("json:")) {
        let what = format!("the schema format `{}`", format.text);
        unsupported(report, codes::SCHEMA_FORMAT, format.span, &what, "write the schema as a JSON Schema");
        return None;
    }
    let source = match (fields.get("document"), fields.entry("resource")) {
        (Some(document), None) => SchemaSource::Document(document.clone()),
        (None, Some(resource)) => SchemaSource::Outside(resource::outside(report, &resource.value, OutsideKind::Schema)?),
        (Some(_), Some(resource)) => {
            let problem = Problem::new(codes::EXCLUSIVE_KEYS, resource.key.span, "a schema is written here or stands elsewhere, not both");
            report.add(problem.help("keep one of `document`, `resource`"));
            return None;
        }
        (None, None) => {
            report.add(Problem::new(codes::MISSING_KEY, node.span, "`document` is missing: a schema needs it, or `resource`"));
            return None;
        }
    };
    Some(Schema { source, span: node.span })
}
