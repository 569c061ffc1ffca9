//! How much of a document is read. Aliases count as often as they are used: ten lines of them can name a billion values.

use crate::dsl::codes;
use crate::dsl::diagnostic::Span;
use crate::dsl::node::{Node, Value};
use crate::dsl::report::Problem;

/// Bytes of a definition's text.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Values of a document: keys, scalars, lists and mappings, after aliases are expanded.
pub const MAX_NODES: usize = 100_000;
/// Bytes of all scalars, after aliases are expanded.
pub const MAX_SCALAR_BYTES: usize = 4 * MAX_BYTES;
/// Lists and mappings inside each other; a task costs three. All that walks the tree may recurse this deep.
pub const MAX_DEPTH: usize = 128;

/// What part of a document counts against the limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight {
    pub nodes: usize,
    pub bytes: usize,
}

impl Weight {
    pub fn since(self, before: Self) -> Self {
        Self { nodes: self.nodes - before.nodes, bytes: self.bytes - before.bytes }
    }
}

/// Levels of lists and mappings in a value; a scalar has none.
pub fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Mapping(entries) => 1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
        _ => 0,
    }
}

#[derive(Debug, Default)]
pub struct Limits {
    pub read: Weight,
}

impl Limits {
    pub fn count(&mut self, weight: Weight, span: Span) -> Result<(), Problem> {
        self.read.nodes += weight.nodes;
        self.read.bytes += weight.bytes;
        if self.read.nodes > MAX_NODES {
            return Err(Problem::new(codes::TOO_MANY_NODES, span, format!("the document has more than {MAX_NODES} values"))
                .help("aliases count as often as they are used; divide the workflow into several"));
        }
        if self.read.bytes > MAX_SCALAR_BYTES {
            return Err(Problem::new(codes::TOO_MANY_NODES, span, format!("the document has more than {MAX_SCALAR_BYTES} bytes of text"))
                .help("aliases count as often as they are used"));
        }
        Ok(())
    }
}

pub fn check_depth(depth: usize, span: Span) -> Result<(), Problem> {
    if depth > MAX_DEPTH {
        let message = format!("lists and mappings are nested more than {MAX_DEPTH} deep");
        return Err(Problem::new(codes::TOO_DEEP, span, message).help("divide the workflow into several"));
    }
    Ok(())
}
