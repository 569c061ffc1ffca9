//! Calls of functions that a document defines: `call: name` of `use.functions`, `call: https://…/function.yaml` (or `file:…`), and
//! `call: name:version@catalog`.

use std::sync::Arc;

use super::{Body, Site};
use crate::dsl::codes;
use crate::dsl::diagnostic::Span;
use crate::dsl::expression::Expression;
use crate::dsl::node::{Name, Node};
use crate::dsl::report::{OutsideKind, Problem, Report};
use crate::dsl::unsupported::unsupported;

#[derive(Debug)]
pub struct Call {
    pub function: Function,
    /// The raw input of the function's task: a mapping, or an expression that gives one.
    pub with: Option<Node>,
}

/// Where the function's task stands.
#[derive(Clone, Debug)]
pub enum Function {
    /// In `use.functions`, if it is there.
    Declared(Name),
    /// In a document elsewhere.
    Outside { uri: Arc<str>, span: Span },
}

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>, name: Name) -> Option<Body> {
    let with = site.fields.get("with");
    if let Some(with) = with.filter(|with| Expression::strict(with).is_none()) {
        report.mapping(with, "`with`");
    }
    let function = if report.surroundings.functions.contains(&name.text) {
        Function::Declared(name)
    } else if is_address(&name.text) {
        if let Some(at) = name.text.find(['{', '}', ' ']) {
            let span = report.source.within(&Node::string(name.span, name.text.clone()), at);
            let problem = Problem::new(codes::BAD_URI, span, "the address of a function has no variables and no spaces");
            report.add(problem.help("a function is read before the run: write the whole address"));
            return None;
        }
        report.needs(&name.text, OutsideKind::Function);
        Function::Outside { uri: name.text, span: name.span }
    } else if let Some((_, catalog)) = name.text.split_once('@') {
        report.surroundings.catalogs.push(Name { text: catalog.into(), span: name.span });
        let help = "put the function's task into `use.functions`, or call it by its address: https://…/function.yaml";
        unsupported(report, codes::CATALOG, name.span, &format!("the function `{}` of a catalog", name.text), help);
        return None;
    } else {
        Function::Declared(name)
    };
    Some(Body::Function(Box::new(Call { function, with: with.cloned() })))
}

fn is_address(text: &str) -> bool {
    let starts = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    ["https://", "http://", "file:"].into_iter().any(starts)
}
