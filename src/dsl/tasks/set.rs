//! `set`: a mapping, or one expression that gives the whole output.

use super::{Body, Site};
use crate::dsl::codes;
use crate::dsl::expression::Expression;
use crate::dsl::node::Value;
use crate::dsl::report::{Problem, Report};

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let node = site.value("set")?;
    match &node.value {
        Value::Mapping(entries) if entries.is_empty() => {
            report.add(Problem::new(codes::EMPTY, node.span, "`set` sets nothing").help("give it at least one name and value"));
            None
        }
        Value::String(_) if Expression::strict(node).is_none() && !report.surroundings.loose => {
            let problem = Problem::new(codes::BAD_VALUE, node.span, "`set` must be a mapping or an expression, this is literal text");
            report.add(problem.help("enclose the expression in `${ }`"));
            None
        }
        Value::Mapping(_) | Value::String(_) => Some(Body::Set(node.clone())),
        _ => {
            report.wrong_type(node, "`set`", "a mapping or an expression");
            None
        }
    }
}
