//! Fields that may hold expressions, as the standard DSL writes them: one whole `${ … }` or none.

use serde_json::Value;

use super::context::Context;
use super::rewrite::{self, Dot};
use super::scan::{self, Piece};

/// A text field. Expressions inside longer text become one expression that makes the whole text.
pub(super) fn text(text: &str, context: &mut Context) -> String {
    let pieces = scan::pieces(text);
    if let Some(expression) = whole(&pieces) {
        let converted = converted(expression, context);
        return if converted == expression { text.to_owned() } else { enclosed(&converted) };
    }
    if !pieces.iter().any(|piece| matches!(piece, Piece::Expression(_))) {
        return text.to_owned();
    }
    let mut template = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => template.push_str(unquoted(&quoted(text))),
            Piece::Expression(expression) => {
                template.push_str("\\(");
                template.push_str(&converted(expression, context));
                template.push(')');
            }
        }
    }
    enclosed(&format!("\"{template}\""))
}

/// A field that is always an expression. It may stand without `${ }`, or with them around its parts: `${ .a } == "x"`.
pub(super) fn condition(text: &str, context: &mut Context) -> String {
    let pieces = scan::pieces(text);
    if whole(&pieces).is_some() {
        return self::text(text, context);
    }
    let mut source = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => source.push_str(text),
            Piece::Expression(expression) if ends_in_string(&source) => {
                source.push_str("\\(");
                source.push_str(expression);
                source.push(')');
            }
            Piece::Expression(expression) => {
                source.push('(');
                source.push_str(expression);
                source.push(')');
            }
        }
    }
    enclosed(&converted(source.trim(), context))
}

/// Every text in a value.
pub(super) fn value(value: &Value, context: &mut Context) -> Value {
    match value {
        Value::String(string) => Value::String(text(string, context)),
        Value::Array(items) => items.iter().map(|item| self::value(item, context)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), self::value(value, context))).collect(),
        other => other.clone(),
    }
}

/// `export.as` of a task. The platform adds the value to `$context` under the task's name; the DSL's export replaces the whole context.
pub(super) fn export(task: &str, text: &str, context: &mut Context) -> String {
    let pieces = scan::pieces(text);
    let value = match whole(&pieces) {
        Some(expression) => rewrite::names(&scan::double_quoted(expression), Dot::Value, context),
        // Without `${ }` the platform exports the text itself, which is not what somebody who writes a path wants.
        None if text.trim_start().starts_with(['.', '$', '{', '[', '(']) && pieces.len() == 1 => {
            rewrite::names(&scan::double_quoted(text.trim()), Dot::Value, context)
        }
        None => quoted(text),
    };
    enclosed(&format!("(($context // {{}}) + {{{}: ({value})}})", quoted(task)))
}

/// The text as a string of jq.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn unquoted(string: &str) -> &str {
    &string[1..string.len() - 1]
}

pub(super) fn enclosed(expression: &str) -> String {
    format!("${{ {expression} }}")
}

/// The only expression of a text with nothing but space around it.
fn whole<'t>(pieces: &[Piece<'t>]) -> Option<&'t str> {
    let mut found = None;
    for piece in pieces {
        match piece {
            Piece::Text(text) if text.trim().is_empty() => {}
            Piece::Expression(expression) if found.is_none() => found = Some(*expression),
            _ => return None,
        }
    }
    found
}

fn converted(expression: &str, context: &mut Context) -> String {
    rewrite::names(&scan::double_quoted(expression), Dot::Input, context)
}

/// Whether an unfinished expression stops inside a string.
fn ends_in_string(source: &str) -> bool {
    let mut open = None;
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        match (open, c) {
            (_, '\\') => drop(chars.next()),
            (None, '"' | '\'') => open = Some(c),
            (Some(quote), c) if c == quote => open = None,
            _ => {}
        }
    }
    open.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(convert: impl FnOnce(&mut Context) -> T) -> T {
        convert(&mut Context::new(&std::collections::BTreeMap::new(), &crate::stigmer::convert::Queues::new()))
    }

    #[test]
    fn text_fields() {
        for (given, expected) in [
            ("plain", "plain"),
            ("${ .items | length }", "${ .items | length }"),
            ("${.}", "${.}"),
            ("${ $context['fetch'].title }", r#"${ $context["fetch"].title }"#),
            ("${.secrets.KEY}", "${ $secrets.KEY }"),
            ("Bearer ${.secrets.KEY}", r#"${ "Bearer \($secrets.KEY)" }"#),
            (
                "https://api-${.env_vars.ENV}.example.com/${ $data.id }",
                r#"${ "https://api-\(($env.ENV.value // error("the variable ENV has no value"))).example.com/\($data.id)" }"#,
            ),
            ("${.secrets.USER}:${.secrets.PASSWORD}", r#"${ "\($secrets.USER):\($secrets.PASSWORD)" }"#),
            ("say \"${ .a }\" \\ \n", r#"${ "say \"\(.a)\" \\ \n" }"#),
            ("not closed ${ .a", "not closed ${ .a"),
        ] {
            assert_eq!(with(|context| text(given, context)), expected, "{given}");
        }
    }

    #[test]
    fn conditions() {
        for (given, expected) in [
            ("${ .value > 100 }", "${ .value > 100 }"),
            (".value > 100", "${ .value > 100 }"),
            ("${ $context.a.status } == 'ok'", r#"${ ($context.a.status) == "ok" }"#),
            ("'${.env_vars.A}' == 'x'", r#"${ "\(($env.A.value // error("the variable A has no value")))" == "x" }"#),
            ("${ .a } and ${ .b }", "${ (.a) and (.b) }"),
        ] {
            assert_eq!(with(|context| condition(given, context)), expected, "{given}");
        }
    }

    #[test]
    fn exports_are_added_under_the_name_of_the_task() {
        for (given, expected) in [
            ("${.}", r#"${ (($context // {}) + {"fetch": (.)}) }"#),
            ("${ .secrets.a | 'x' }", r#"${ (($context // {}) + {"fetch": (.secrets.a | "x")}) }"#),
            (".user", r#"${ (($context // {}) + {"fetch": (.user)}) }"#),
            ("done", r#"${ (($context // {}) + {"fetch": ("done")}) }"#),
        ] {
            assert_eq!(with(|context| export("fetch", given, context)), expected, "{given}");
        }
    }
}
