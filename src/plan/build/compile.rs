//! Expressions → programs, literal text → data.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Builder;
use super::scope::{Place, Scope};
use crate::dsl::{Expression, Name, Node, Problem, Span, Value, codes};
use crate::expr::{self, CompileError, Data, Look, Program, Template};
use crate::plan::{BUILTIN_VARIABLES, slot};

/// Different expressions that a definition may have. Each costs about half a millisecond, and a plan is built on a thread that others
/// wait for.
pub const MAX_EXPRESSIONS: usize = 2_000;

/// What was compiled, by source, place and variables: the same text in the same surroundings is compiled once.
pub type Programs = BTreeMap<(Arc<str>, Place, Scope), Result<Program, CompileError>>;

impl Builder<'_, '_> {
    pub(super) fn optional(&mut self, expression: Option<&Expression>, place: Place, scope: &Scope) -> Option<Program> {
        self.compile(expression?, place, scope)
    }

    /// `None`: it does not compile, which is reported.
    pub(super) fn compile(&mut self, expression: &Expression, place: Place, scope: &Scope) -> Option<Program> {
        match self.program(expression, place, scope)? {
            Ok(program) => Some(program),
            Err(error) => {
                let problem = self.explain(expression, &error, place, &scope.variables(place));
                self.report.add(problem);
                None
            }
        }
    }

    /// `None`: there are too many expressions, which is reported.
    fn program(&mut self, expression: &Expression, place: Place, scope: &Scope) -> Option<Result<Program, CompileError>> {
        let key = (expression.source.clone(), place, scope.clone());
        if !self.programs.contains_key(&key) {
            if self.programs.len() >= MAX_EXPRESSIONS {
                let message = format!("the document has more than {MAX_EXPRESSIONS} different expressions");
                let start = self.report.source.span(0, 0);
                self.report.add(Problem::new(codes::TOO_MANY_EXPRESSIONS, start, message).help("divide the workflow into several"));
                return None;
            }
            let compiled = expr::compile(&expression.source, &scope.variables(place));
            self.programs.insert(key.clone(), compiled);
        }
        let compiled = self.programs.get(&key)?.clone();
        if let Ok(program) = &compiled
            && program.uses().contains(&slot::SECRETS)
        {
            self.check_secrets(expression);
            self.check_looks(expression, program);
        }
        Some(compiled)
    }

    fn explain(&self, expression: &Expression, error: &CompileError, place: Place, variables: &[(&str, usize)]) -> Problem {
        let source = &expression.source;
        let missing = |name: &&&str| error.message.contains(**name) && !variables.iter().any(|(known, _)| *known == **name);
        let unavailable = BUILTIN_VARIABLES.iter().filter(missing).find_map(|name| Some((name, variable(source, name)?)));
        if let Some((name, at)) = unavailable {
            let known = variables.iter().map(|(name, _)| format!("${name}")).collect::<Vec<_>>().join(", ");
            let message = format!("`${name}` does not exist in {}", place.name());
            let span = self.span(expression, at);
            return Problem::new(codes::UNAVAILABLE_VARIABLE, span, message).help(format!("these do: {known}"));
        }
        let span = error.offset.map_or(expression.scalar.span, |offset| self.span(expression, offset));
        let problem = Problem::new(codes::BAD_EXPRESSION, span, format!("this expression does not compile: {}", error.message));
        let nested = source.contains("${").then(|| "one `${ }` encloses the whole expression".to_owned());
        problem.maybe_help(error.help.clone()).maybe_help(nested)
    }

    fn span(&self, expression: &Expression, offset: usize) -> Span {
        self.report.source.within(&expression.scalar, expression.offset + offset)
    }

    /// Secrets must be declared: the names in `use.secrets` are all that a run may read.
    fn check_secrets(&mut self, expression: &Expression) {
        for (at, name) in secrets(&expression.source) {
            if self.uses.secrets.contains_key(name) {
                continue;
            }
            if self.report.is_full() {
                return;
            }
            let near = self.report.did_you_mean(name, self.uses.secrets.keys().map(String::as_str));
            let problem = Problem::new(codes::UNKNOWN_REFERENCE, self.span(expression, at), format!("`use.secrets` has no `{name}`"));
            self.report.add(problem.help("declare it in `use.secrets`").maybe_help(near));
        }
    }

    /// A secret is a marker until it is used: what looks inside one fails whenever it is evaluated.
    fn check_looks(&mut self, expression: &Expression, program: &Program) {
        let Some(Look { offset, what }) = program.looks_inside_secrets() else { return };
        let problem = Problem::new(codes::LOOKS_INSIDE_SECRET, self.span(expression, *offset), format!("{what} looks inside a secret"));
        self.report
            .add(problem.help("a secret can be passed on, joined with text, and encoded by `@base64`, `@uri`, `@html`, `@sh` and `@json`"));
    }

    pub(super) fn optional_template(&mut self, node: Option<&Node>, place: Place, scope: &Scope) -> Option<Template> {
        self.template(node?, place, scope)
    }

    /// A value in which every text in `${ }` is an expression. What has none becomes one literal.
    pub(super) fn template(&mut self, node: &Node, place: Place, scope: &Scope) -> Option<Template> {
        match &node.value {
            Value::Sequence(items) => {
                let items: Vec<_> = items.iter().map(|item| self.template(item, place, scope)).collect();
                let items = items.into_iter().collect::<Option<Vec<_>>>()?;
                let literals: Option<Vec<Data>> = items.iter().map(|item| item.literal().cloned()).collect();
                Some(literals.map_or(Template::Array(items), |literals| Template::Literal(Data::array(literals))))
            }
            Value::Mapping(entries) => {
                let members: Vec<_> = entries.iter().map(|entry| self.member(&entry.key, &entry.value, place, scope)).collect();
                let members = members.into_iter().collect::<Option<Vec<_>>>()?;
                let literals: Option<Vec<_>> = members.iter().map(|(key, value)| Some((key.clone(), value.literal()?.clone()))).collect();
                Some(literals.map_or(Template::Object(members), |literals| Template::Literal(Data::object(literals))))
            }
            Value::String(text) => {
                if let Some(expression) = Expression::strict(node) {
                    return self.compile(&expression, place, scope).map(Template::Expr);
                }
                if self.loose {
                    return self.loose(node, text, place, scope);
                }
                self.warn_of_literal(node, text, place, scope);
                Some(Template::Literal(Data::string(text)))
            }
            _ => Some(Template::Literal(Data::from(node.to_json()))),
        }
    }

    /// Loose mode: text that happens to be a program is tried as one.
    fn loose(&mut self, node: &Node, text: &str, place: Place, scope: &Scope) -> Option<Template> {
        let literal = Data::string(text);
        let Some(expression) = Expression::always(node).filter(|expression| !expression.source.is_empty()) else {
            return Some(Template::Literal(literal));
        };
        let compiled = self.program(&expression, place, scope)?;
        Some(compiled.map_or_else(|_| Template::Literal(literal.clone()), |program| Template::Loose(program, literal.clone())))
    }

    /// Text of another language, in which `${…}` may have a meaning of its own: an expression only as a whole, in either mode.
    pub(super) fn code(&mut self, node: &Node, scope: &Scope) -> Option<Template> {
        if let Some(expression) = Expression::strict(node) {
            return self.compile(&expression, Place::Task, scope).map(Template::Expr);
        }
        let text = node.as_str().unwrap_or_default();
        // No other language begins an insertion with a point.
        if let Some((at, _)) = text.match_indices("${").find(|(at, _)| text[at + 2..].trim_start().starts_with('.')) {
            let span = self.report.source.within(node, at);
            let problem = Problem::new(codes::EMBEDDED_EXPRESSION, span, "`${ }` inside of longer text is not evaluated");
            self.report.add(problem.help("give the value as an argument or in `environment`"));
        }
        Some(Template::Literal(Data::string(text)))
    }

    fn member(&mut self, key: &Name, value: &Node, place: Place, scope: &Scope) -> Option<(String, Template)> {
        Some((key.text.to_string(), self.template(value, place, scope)?))
    }

    /// Text that its author may have meant as an expression.
    fn warn_of_literal(&mut self, node: &Node, text: &str, place: Place, scope: &Scope) {
        if let Some(at) = text.find("${").filter(|at| text[*at..].contains('}')) {
            let span = self.report.source.within(node, at);
            let problem = Problem::new(codes::EMBEDDED_EXPRESSION, span, "`${ }` inside of longer text is not evaluated");
            self.report.add(problem.help("make the whole text one expression: ${ \"Hello \\(.name)\" }"));
        } else if is_path(text) || scope.variables(place).iter().any(|(name, _)| begins_with_variable(text, name)) {
            let problem = Problem::new(codes::LOOKS_LIKE_EXPRESSION, node.span, format!("`{text}` is literal text here"));
            self.report.add(problem.help(format!("write ${{ {text} }} if it is an expression")));
        }
    }
}

/// Byte of the first `$name` in a program.
fn variable(source: &str, name: &str) -> Option<usize> {
    let boundary = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    source.match_indices('$').map(|(at, _)| at).find(|at| source[at + 1..].strip_prefix(name).is_some_and(boundary))
}

/// Secrets that a program names as `$secrets.name` or `$secrets["name"]`, and where.
fn secrets(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let word = |rest: &str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    source.match_indices("$secrets").filter_map(move |(at, found)| {
        let rest = &source[at + found.len()..];
        let name = match rest.strip_prefix('.').map(|rest| rest.strip_prefix('"').unwrap_or(rest)) {
            Some(quoted) if rest.starts_with(".\"") => quoted.split('"').next()?,
            Some(bare) if !bare.starts_with('[') => &bare[..word(bare)],
            _ => rest.strip_prefix('.').unwrap_or(rest).strip_prefix("[\"")?.split('"').next()?,
        };
        (!name.is_empty()).then_some((at, name))
    })
}

/// `.customer.name`, `.items[0]`: nothing else that people write looks like this.
fn is_path(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('.') else { return false };
    let starts = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && rest.chars().all(|c| c.is_ascii_alphanumeric() || "_.[]".contains(c)) && !rest.contains("..") && !rest.ends_with('.')
}

fn begins_with_variable(text: &str, name: &str) -> bool {
    let rest = text.strip_prefix('$').and_then(|rest| rest.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_expression() {
        for text in [".customer", ".a.b_c[0].d", ".items[]"] {
            assert!(is_path(text), "{text}");
        }
        for text in [".", "..", "...", "./a", ".5", "a.b", ".a b", ".a.", ""] {
            assert!(!is_path(text), "{text}");
        }
        assert!(begins_with_variable("$error.status", "error") && begins_with_variable("$error", "error"));
        assert!(!begins_with_variable("$errors", "error") && !begins_with_variable("error", "error"));
    }

    #[test]
    fn names_in_programs() {
        let found: Vec<_> = secrets(r#"$secrets.a + $secrets["b-c"] + $secrets.["d"] + $secrets."e" + $secrets[.f] + $secrets"#).collect();
        assert_eq!(found.iter().map(|(_, name)| *name).collect::<Vec<_>>(), ["a", "b-c", "d", "e"]);
        assert_eq!(found[0].0, 0);
        assert_eq!(variable("$input_x + $input.a", "input"), Some(11));
        assert_eq!(variable("$inputs", "input"), None);
    }
}
