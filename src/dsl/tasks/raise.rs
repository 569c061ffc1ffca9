//! `raise`: an error, written out or named in `use.errors`.

use super::{Body, Site};
use crate::dsl::error;
use crate::dsl::node::{Name, Value};
use crate::dsl::read::Shape;
use crate::dsl::report::Report;
use crate::dsl::usage::Reference;

const RAISE: Shape = Shape { what: "`raise`", keys: &["error"], required: &["error"] };

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let error = report.fields(site.value("raise")?, &RAISE)?.get("error")?;
    let reference = match &error.value {
        Value::String(text) => Reference::Named(Name { text: text.clone(), span: error.span }),
        _ => Reference::Inline(error::read(report, error)?),
    };
    Some(Body::Raise(reference))
}
