//! A document in YAML as JSON, within limits: nesting ends before a stack does, and aliases count as often as they are used.
//!
//! Plain scalars are what they are in JSON, text otherwise; keys are the text that is written (`200:` is `"200"`); tags mean nothing.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

const DEPTH_MAX: usize = 128;
const VALUES_MAX: usize = 500_000;

struct Open {
    anchor: usize,
    content: Content,
    /// Values that were read before it.
    before: usize,
}

enum Content {
    List(Vec<Value>),
    Object(Map<String, Value>, Option<String>),
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    /// All values so far, those of aliases too.
    values: usize,
    root: Option<Value>,
}

/// What an alias stands for.
#[derive(Clone)]
struct Anchored {
    value: Value,
    values: usize,
    depth: usize,
}

/// Reads the first document of a text. The error is a message.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let (mut reader, mut parser) = (Reader::default(), Parser::new_from_str(text));
    while let Some(event) = parser.next_event() {
        let (event, at) = event.map_err(|error| error.to_string())?;
        let taken = match event {
            Event::DocumentEnd => break,
            Event::Scalar(text, style, anchor, _) => reader.scalar(&text, style == ScalarStyle::Plain, anchor),
            Event::Alias(anchor) => reader.alias(anchor),
            Event::SequenceStart(anchor, _) => reader.enter(anchor, Content::List(Vec::new())),
            Event::MappingStart(anchor, _) => reader.enter(anchor, Content::Object(Map::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => reader.leave(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(()),
        };
        taken.map_err(|problem| format!("line {}: {problem}", at.start.line()))?;
    }
    reader.root.ok_or_else(|| "it is empty".to_owned())
}

impl Reader {
    fn count(&mut self, values: usize) -> Result<(), String> {
        self.values = self.values.saturating_add(values);
        if self.values > VALUES_MAX { Err(format!("more than {VALUES_MAX} values")) } else { Ok(()) }
    }

    fn scalar(&mut self, text: &str, is_plain: bool, anchor: usize) -> Result<(), String> {
        self.count(1)?;
        let awaits_key = matches!(self.open.last(), Some(Open { content: Content::Object(_, None), .. }));
        let value = if is_plain && !awaits_key { plain(text) } else { Value::from(text) };
        self.remember(anchor, &value, 1, 0);
        self.place(value)
    }

    fn alias(&mut self, anchor: usize) -> Result<(), String> {
        let Anchored { value, values, depth } = self.anchors.get(&anchor).cloned().ok_or("an alias stands inside of what it names")?;
        self.count(values)?;
        if self.open.len() + depth > DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
        self.place(value)
    }

    fn enter(&mut self, anchor: usize, content: Content) -> Result<(), String> {
        let before = self.values;
        self.count(1)?;
        if self.open.len() >= DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
        self.open.push(Open { anchor, content, before });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), String> {
        let Some(Open { anchor, content, before }) = self.open.pop() else { return Ok(()) };
        let value = match content {
            Content::List(items) => Value::Array(items),
            Content::Object(members, _) => Value::Object(members),
        };
        if anchor != 0 {
            self.remember(anchor, &value, self.values - before, depth(&value));
        }
        self.place(value)
    }

    /// Anchor 0 is none.
    fn remember(&mut self, anchor: usize, value: &Value, values: usize, depth: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, Anchored { value: value.clone(), values, depth });
        }
    }

    fn place(&mut self, value: Value) -> Result<(), String> {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(value),
            Some(Content::List(items)) => items.push(value),
            Some(Content::Object(members, key)) => match key.take() {
                Some(key) => {
                    members.insert(key, value);
                }
                None => *key = Some(value.as_str().ok_or("a key must be text")?.to_owned()),
            },
        }
        Ok(())
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" => Value::Null,
        "inf" | "nan" => Value::from(text),
        _ => serde_json::from_str(text)
            .ok()
            .filter(|value: &Value| !value.is_array() && !value.is_object())
            .unwrap_or_else(|| Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_as_json() {
        let text = "a: &one [1, 2.5, 'x', true, ~, on, 1.0.0]\n200: {b: *one}\n'true': |\n  text\n? &k key\n: *k\n";
        let list = json!([1, 2.5, "x", true, null, "on", "1.0.0"]);
        assert_eq!(read(text), Ok(json!({"a": list, "200": {"b": list}, "true": "text\n", "key": "key"})));
        assert_eq!(read("{a: 1}\n---\nb: 2"), Ok(json!({"a": 1})));
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let deep = "[".repeat(100_000);
        let block = "- ".repeat(100_000);
        let bomb = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| text + &format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1));
        let chain = (1..200).fold("a0: &a0 [x]\n".to_owned(), |text, n| text + &format!("a{n}: &a{n} [*a{}]\n", n - 1));
        for (text, word) in [
            (deep.as_str(), ""),
            (&block, "deeper"),
            (&bomb, "more than"),
            (&chain, "deeper"),
            ("a: &a [*a]", "inside of what it names"),
            ("? [a]\n: b", "must be text"),
            ("", "empty"),
            ("a: b: c", ""),
        ] {
            assert!(read(text).is_err_and(|error| error.contains(word)), "{text:.40}");
        }
    }
}
