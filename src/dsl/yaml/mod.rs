//! YAML text → [`Node`] tree, built on the events of the parser.
//!
//! Decided here, since a definition that two readers understand differently is worse than one refused: YAML 1.2 (`on` and `yes` are
//! text); one document; no key twice; anchors and aliases are expanded, within limits; merge keys (`<<`) are refused; keys are taken as
//! the text that is written (`200:` is the key `"200"`); only tags of the core schema.

mod limits;
mod scalar;

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as YamlSpan, Tag};

use self::limits::{Limits, Weight, depth};
pub use self::limits::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
use super::codes;
use super::diagnostic::Span;
use super::node::{Entry, Name, Node, Value};
use super::report::{Problem, Report};
use super::source::offset;

/// Reads the one document of the text. `None`: something is wrong that leaves no tree to look at; it is reported.
pub fn load(report: &mut Report<'_>) -> Option<Node> {
    let text = report.source.text;
    if text.len() > MAX_BYTES {
        let message = format!("the definition has more than {MAX_BYTES} bytes");
        report.add(Problem::new(codes::TOO_LARGE, report.source.span(0, 0), message));
        return None;
    }
    let mut loader = Loader { report, open: Vec::new(), anchors: BTreeMap::new(), limits: Limits::default(), root: None };
    match loader.run(text) {
        Ok(()) => {}
        Err(Stop::Problem(problem)) => {
            loader.report.add(problem);
            return None;
        }
        Err(Stop::Syntax(error)) => {
            let marker = error.marker();
            let at = report.source.byte_of_character(marker.index());
            let span = Span { start: at, end: at, line: offset(marker.line()), column: offset(marker.col()) + 1 };
            report.add(Problem::new(codes::SYNTAX, span, format!("this is not YAML: {}", error.info())));
            return None;
        }
    }
    let root = loader.root.take();
    if root.is_none() {
        let start = report.source.span(0, 0);
        report.add(Problem::new(codes::EMPTY_DOCUMENT, start, "there is no document in this text"));
    }
    root
}

/// What ends the reading early.
enum Stop {
    Syntax(ScanError),
    Problem(Problem),
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Syntax(error)
    }
}

struct Loader<'r, 't> {
    report: &'r mut Report<'t>,
    /// Lists and mappings that are not closed yet, the outermost first.
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, Weight)>,
    limits: Limits,
    root: Option<Node>,
}

struct Open {
    span: Span,
    anchor: usize,
    /// What was read before it opened.
    before: Weight,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, keys: BTreeMap<Arc<str>, Span>, key: Key },
}

/// What a mapping waits for.
enum Key {
    Awaited,
    Read(Name),
    /// A key that is refused: its value is read and dropped.
    Refused,
}

impl Loader<'_, '_> {
    fn run(&mut self, text: &str) -> Result<(), Stop> {
        let mut parser = Parser::new_from_str(text);
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, at) = event?;
            let span = self.span(at);
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        let problem = Problem::new(codes::SEVERAL_DOCUMENTS, span, "a second document begins here");
                        return Err(Stop::Problem(problem.help("put each workflow into a file of its own")));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), span)?,
                Event::Alias(anchor) => self.alias(anchor, span)?,
                Event::SequenceStart(anchor, tag) => self.enter(Content::Sequence(Vec::new()), anchor, ("seq", tag.as_deref()), span)?,
                Event::MappingStart(anchor, tag) => {
                    let content = Content::Mapping { entries: Vec::new(), keys: BTreeMap::new(), key: Key::Awaited };
                    self.enter(content, anchor, ("map", tag.as_deref()), span)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.leave(),
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        Ok(())
    }

    fn span(&self, at: YamlSpan) -> Span {
        let byte = |index| self.report.source.byte_of_character(index);
        Span { start: byte(at.start.index()), end: byte(at.end.index()), line: offset(at.start.line()), column: offset(at.start.col()) + 1 }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, span: Span) -> Result<(), Stop> {
        let before = self.limits.read;
        self.limits.count(Weight { nodes: 1, bytes: text.len() }, span).map_err(Stop::Problem)?;
        let is_plain = style == ScalarStyle::Plain;
        if self.awaits_key() && (tag.is_none() || !is_plain) {
            let node = Node::string(span, text);
            self.remember(anchor, &node, before);
            self.key(&node, is_plain);
            return Ok(());
        }
        let value = match tag {
            None if is_plain => scalar::plain(text),
            None => Ok(Value::String(text.into())),
            Some(tag) if tag.is_yaml_core_schema() => scalar::tagged(&tag.suffix, text).map(|value| {
                value.unwrap_or_else(|| {
                    self.refuse_tag(tag, span);
                    Value::Null
                })
            }),
            Some(tag) => {
                self.refuse_tag(tag, span);
                Ok(Value::Null)
            }
        };
        let value = value.unwrap_or_else(|message| {
            self.report.add(Problem::new(codes::BAD_NUMBER, span, message));
            Value::Null
        });
        let node = Node { span, value };
        self.remember(anchor, &node, before);
        self.place(node);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some((node, weight)) = self.anchors.get(&anchor).cloned() else {
            let problem = Problem::new(codes::SYNTAX, span, "this alias stands inside of what it names");
            return Err(Stop::Problem(problem.help("a definition cannot contain itself")));
        };
        self.limits.count(weight, span).map_err(Stop::Problem)?;
        limits::check_depth(self.open.len() + depth(&node), span).map_err(Stop::Problem)?;
        self.place(node);
        Ok(())
    }

    fn enter(&mut self, content: Content, anchor: usize, (kind, tag): (&str, Option<&Tag>), span: Span) -> Result<(), Stop> {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema() || tag.suffix != kind) {
            self.refuse_tag(tag, span);
        }
        let before = self.limits.read;
        self.limits.count(Weight { nodes: 1, bytes: 0 }, span).map_err(Stop::Problem)?;
        limits::check_depth(self.open.len() + 1, span).map_err(Stop::Problem)?;
        self.open.push(Open { span, anchor, before, content });
        Ok(())
    }

    fn leave(&mut self) {
        let Some(Open { span, anchor, before, content }) = self.open.pop() else { return };
        let value = match content {
            Content::Sequence(items) => Value::Sequence(items.into()),
            Content::Mapping { entries, .. } => Value::Mapping(entries.into()),
        };
        let node = Node { span, value };
        self.remember(anchor, &node, before);
        self.place(node);
    }

    /// Keeps what an alias may repeat. Anchor 0 is none.
    fn remember(&mut self, anchor: usize, node: &Node, before: Weight) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.limits.read.since(before)));
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Mapping { key: Key::Awaited, .. }, .. }))
    }

    /// Puts a value where the reading stands.
    fn place(&mut self, node: Node) {
        if self.awaits_key() {
            return self.key(&node, false);
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping { entries, key, .. }) => {
                if let Key::Read(key) = std::mem::replace(key, Key::Awaited) {
                    entries.push(Entry { key, value: node });
                }
            }
        }
    }

    fn key(&mut self, node: &Node, is_plain: bool) {
        let Some(Open { content: Content::Mapping { keys, key, .. }, .. }) = self.open.last_mut() else { return };
        let span = node.span;
        *key = Key::Refused;
        let problem = match &node.value {
            Value::String(text) if is_plain && &**text == "<<" => Problem::new(codes::MERGE_KEY, span, "merge keys are not supported")
                .help("write the keys out, or give the whole value by an alias (`key: *anchor`)"),
            Value::String(text) if is_plain && text.is_empty() => Problem::new(codes::BAD_KEY, span, "there is no key before the colon"),
            Value::String(text) => {
                let Some(first) = keys.insert(text.clone(), span) else {
                    *key = Key::Read(Name { text: text.clone(), span });
                    return;
                };
                Problem::new(codes::DUPLICATE_KEY, span, format!("the key `{text}` stands twice in this mapping"))
                    .label(first, "first here")
                    .help("YAML keeps only one of them: remove the other")
            }
            _ => Problem::new(codes::BAD_KEY, span, format!("a key must be text, this is {}", node.kind())),
        };
        self.report.add(problem);
    }

    fn refuse_tag(&mut self, tag: &Tag, span: Span) {
        let name = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { format!("{}{}", tag.handle, tag.suffix) };
        let problem = Problem::new(codes::UNKNOWN_TAG, span, format!("the tag `{name}` cannot be used here"));
        self.report.add(problem.help("remove it: a definition holds JSON values only"));
    }
}

#[cfg(test)]
mod tests;
