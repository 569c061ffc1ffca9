//! Where something stands in a definition, by its JSON pointer.

use crate::dsl::{self, Node, Report, Span, Value};

/// The place of what `pointer` leads to, or of the last thing on the way that is there.
pub(super) fn of(text: &str, pointer: &str) -> Option<Span> {
    let mut report = Report::new(text, "");
    let root = dsl::load(&mut report)?;
    let mut at = &root;
    let mut span = None;
    for segment in pointer.split('/').skip(1) {
        let Some((next, place)) = step(at, segment) else { break };
        (at, span) = (next, Some(place));
    }
    span
}

/// One step down, and the place of its key, or of the item.
fn step<'n>(node: &'n Node, segment: &str) -> Option<(&'n Node, Span)> {
    let name = segment.replace("~1", "/").replace("~0", "~");
    match &node.value {
        Value::Sequence(items) => items.get(name.parse::<usize>().ok()?).map(|item| (item, item.span)),
        Value::Mapping(entries) => entries.iter().find(|entry| *entry.key.text == *name).map(|entry| (&entry.value, entry.key.span)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_a_line() {
        let text = "do:\n  - first:\n      set: {x: 1}\n  - ask/it:\n      call: agent\n      with:\n        agent: a\n";
        let line = |pointer| of(text, pointer).map(|span| (span.line, span.column));
        assert_eq!(line("/do/0/first"), Some((2, 5)));
        assert_eq!(line("/do/1/ask~1it"), Some((4, 5)));
        assert_eq!(line("/do/1/ask~1it/with/agent"), Some((7, 9)));
        assert_eq!(line("/do/0/first/try/0/none"), Some((2, 5)), "as far as it leads");
        assert_eq!(line("/none"), None);
        assert_eq!(of("{", "/do"), None);
    }
}
