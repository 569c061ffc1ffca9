//! Which text is an expression. Nothing is compiled here.
//!
//! Strict mode: text is an expression when `${` and `}` enclose the whole of it. Some fields always hold an expression and may do
//! without them.

use std::sync::Arc;

use super::diagnostic::Span;
use super::node::Node;

/// A jq program and where it stands in the document.
#[derive(Clone, Debug)]
pub struct Expression {
    /// The program, without `${ }`.
    pub source: Arc<str>,
    /// The scalar that holds it.
    pub scalar: Node,
    /// Byte offset of the program in the scalar's value.
    pub offset: usize,
}

/// The value of `input.from`, `output.as` and `export.as`.
#[derive(Clone, Debug)]
pub enum Transform {
    Expression(Expression),
    Template(Node),
}

impl Expression {
    /// Text that is an expression in strict mode.
    pub fn strict(node: &Node) -> Option<Self> {
        let (offset, source) = enclosed(node.as_str()?)?;
        Some(Self { source: source.into(), scalar: node.clone(), offset })
    }

    /// Text in a field that always holds an expression.
    pub fn always(node: &Node) -> Option<Self> {
        let text = node.as_str()?;
        let offset = text.len() - text.trim_start().len();
        Self::strict(node).or_else(|| Some(Self { source: text.trim().into(), scalar: node.clone(), offset }))
    }

    /// Stands for an expression that is missing, so that the rest of the document can be looked at. The document is refused already.
    pub fn missing(span: Span) -> Self {
        Self { source: ".".into(), scalar: Node::string(span, "."), offset: 0 }
    }
}

/// The inside of `${ … }` and its byte offset, when nothing but spaces is around it.
pub fn enclosed(text: &str) -> Option<(usize, &str)> {
    let inside = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    let begin = text.len() - text.trim_start().len() + "${".len();
    Some((begin + inside.len() - inside.trim_start().len(), inside.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_strings_are_expressions() {
        for (text, expected) in [
            ("${ .a }", Some((3, ".a"))),
            ("  ${.a}\n", Some((4, ".a"))),
            ("${\n  .a\n  | .b\n}\n", Some((5, ".a\n  | .b"))),
            ("${}", Some((2, ""))),
            ("Hello ${ .a }", None),
            ("${ .a } !", None),
            ("$ { .a }", None),
            ("", None),
        ] {
            assert_eq!(enclosed(text), expected, "{text}");
        }
    }
}
