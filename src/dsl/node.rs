//! YAML as a tree in which every value knows its place. Clones share their children.

use std::sync::Arc;

use serde_json::Number;

use super::diagnostic::Span;

#[derive(Clone, Debug)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(Arc<str>),
    Sequence(Arc<[Node]>),
    Mapping(Arc<[Entry]>),
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Name,
    pub value: Node,
}

/// A piece of text and where it stands.
#[derive(Clone, Debug)]
pub struct Name {
    pub text: Arc<str>,
    pub span: Span,
}

impl Node {
    pub fn string(span: Span, text: impl Into<Arc<str>>) -> Self {
        Self { span, value: Value::String(text.into()) }
    }

    /// What the value is, with its article, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of `key` in a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|entry| &*entry.key.text == key).map(|entry| &entry.value)
    }

    /// The same value as JSON, keys in document order.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(value) => serde_json::Value::Number(value.clone()),
            Value::String(value) => (&**value).into(),
            Value::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Value::Mapping(entries) => entries.iter().map(|entry| (entry.key.text.to_string(), entry.value.to_json())).collect(),
        }
    }
}
