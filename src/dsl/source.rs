//! The text of a definition and the way from an offset in it to a line.

use std::sync::Arc;

use super::diagnostic::Span;
use super::node::{Node, Value};

/// A text, its name and where its lines begin.
pub struct Source<'t> {
    pub text: &'t str,
    pub file: Arc<str>,
    /// Byte offset of the start of each line.
    lines: Vec<u32>,
    /// Byte offset of each character; empty when all characters are one byte.
    characters: Vec<u32>,
}

impl<'t> Source<'t> {
    pub fn new(text: &'t str, file: &str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| offset(at) + 1)).collect();
        let characters = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| offset(at)).collect() };
        Self { text, file: file.into(), lines, characters }
    }

    /// Byte offset of the `index`-th character; the end of the text for one beyond it.
    pub fn byte_of_character(&self, index: usize) -> u32 {
        let end = offset(self.text.len());
        if self.characters.is_empty() { offset(index).min(end) } else { self.characters.get(index).copied().unwrap_or(end) }
    }

    /// The span of bytes `start..end`. Offsets beyond the text are moved to its end.
    pub fn span(&self, start: u32, end: u32) -> Span {
        let last = offset(self.text.len());
        let (start, end) = (start.min(last), end.clamp(start.min(last), last));
        let line = self.lines.partition_point(|begin| *begin <= start).max(1);
        let line_text = self.text.get(self.lines[line - 1] as usize..start as usize).unwrap_or_default();
        Span { start, end, line: offset(line), column: offset(line_text.chars().count()) + 1 }
    }

    /// Where byte `at` of a scalar's *value* stands in the text: quotes, escapes, folding and indentation lie between the two.
    /// The whole scalar when that cannot be told.
    pub fn within(&self, scalar: &Node, at: usize) -> Span {
        self.align(scalar, at).map_or(scalar.span, |start| self.span(start, scalar.span.end.max(start)))
    }

    /// Walks value and text side by side. Spaces count in neither, and the text may have characters that only its style needs.
    fn align(&self, scalar: &Node, at: usize) -> Option<u32> {
        let Value::String(value) = &scalar.value else { return None };
        let (before, after) = (value.get(..at)?, value.get(at..)?);
        // A scalar's span begins at its quote, or with its first character: the header of a block is not in it.
        let written = self.text.get(scalar.span.start as usize..scalar.span.end as usize)?;
        let mut rest = written.char_indices().skip(usize::from(written.starts_with(['\'', '"'])));
        let next = after.chars().find(|c| !c.is_whitespace())?;
        let mut found = None;
        for wanted in before.chars().filter(|c| !c.is_whitespace()).chain([next]) {
            found = Some(rest.by_ref().take_while(|(_, c)| *c == wanted || is_style(*c)).find(|(_, c)| *c == wanted)?.0);
        }
        Some(scalar.span.start + offset(found?))
    }
}

/// A position as spans hold it. A definition is smaller than 4 GiB, the limit on its size sees to that.
pub fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A character that a scalar's style may add to its value.
fn is_style(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\\' | '\'' | '"')
}
