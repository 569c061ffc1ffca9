//! What a document says that a value must look like.

use regex::{Regex, RegexBuilder};

use crate::expr::{Data, Program, Template};
use crate::plan::is_event_pattern;

/// Largest compiled pattern: one of the document's own must not take the worker's memory.
const COMPILED_BYTES_MAX: usize = 1024 * 1024;

/// A literal text of the document: what equals it, or matches it as a regular expression from end to end. A text whose only signs are dots (an
/// event type, a host name) is itself alone, and so is one that is no regular expression.
#[derive(Debug)]
pub(super) struct Text {
    literal: String,
    regex: Option<Regex>,
}

impl Text {
    /// A text of the document.
    pub fn pattern(literal: &str) -> Self {
        let compile = || RegexBuilder::new(&format!("^(?:{literal})$")).size_limit(COMPILED_BYTES_MAX).build().ok();
        Self { literal: literal.to_owned(), regex: is_event_pattern(literal).then(compile).flatten() }
    }

    /// A value that came from elsewhere: whatever signs it holds, it is itself alone.
    pub fn exact(text: String) -> Self {
        Self { literal: text, regex: None }
    }

    pub fn matches(&self, text: &str) -> bool {
        self.literal == text || self.regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// What a part of an event's data must hold. Objects may have more members than are asked for; arrays have as many items.
#[derive(Debug)]
pub(super) enum Shape {
    Text(Text),
    Equal(Data),
    /// What it gives for the event's data; in loose mode the text itself where it has no value.
    Expr(Program, Option<Text>),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Evaluates an expression of a shape; none when it has no value.
pub(super) type Evaluate<'e> = &'e dyn Fn(&Program) -> Option<Data>;

impl Shape {
    pub fn new(template: &Template) -> Self {
        match template {
            Template::Literal(literal) => Self::of(literal, &|text| Self::Text(Text::pattern(text))),
            Template::Expr(program) => Self::Expr(program.clone(), None),
            Template::Loose(program, text) => Self::Expr(program.clone(), text.as_str().map(Text::pattern)),
            Template::Array(items) => Self::Array(items.iter().map(Self::new).collect()),
            Template::Object(members) => Self::Object(members.iter().map(|(key, member)| (key.clone(), Self::new(member))).collect()),
        }
    }

    /// Of a value that an expression gave: its texts are no patterns.
    pub fn of_value(value: &Data) -> Self {
        Self::of(value, &|text| Self::Equal(Data::string(text)))
    }

    fn of(value: &Data, text: &dyn Fn(&str) -> Self) -> Self {
        if let Some(literal) = value.as_str() {
            return text(literal);
        }
        if let Some(members) = value.entries() {
            return Self::Object(members.map(|(key, member)| (key, Self::of(&member, text))).collect());
        }
        match value.items() {
            Some(items) => Self::Array(items.map(|item| Self::of(&item, text)).collect()),
            None => Self::Equal(value.clone()),
        }
    }

    pub fn matches(&self, value: &Data, evaluate: Evaluate<'_>) -> bool {
        match self {
            Self::Text(text) => value.as_str().is_some_and(|value| text.matches(value)),
            Self::Equal(wanted) => wanted == value,
            Self::Expr(program, text) => match evaluate(program) {
                Some(wanted) => Self::of_value(&wanted).matches(value, evaluate),
                None => value.as_str().zip(text.as_ref()).is_some_and(|(value, text)| text.matches(value)),
            },
            Self::Array(shapes) => {
                let same_length = value.is_array() && value.len() == shapes.len();
                same_length && value.items().is_some_and(|items| items.zip(shapes).all(|(item, shape)| shape.matches(&item, evaluate)))
            }
            Self::Object(members) => {
                let holds = |(key, shape): &(String, Self)| value.get(key).is_some_and(|value| shape.matches(&value, evaluate));
                value.is_object() && members.iter().all(holds)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_itself_or_a_whole_match() {
        for (pattern, text, matches) in [
            ("com.acme.order", "com.acme.order", true),
            ("com.acme.order", "comXacme.order", false),
            (r"com\.acme\..*", "com.acme.order.placed", true),
            (r"com\.acme\..*", "org.com.acme.order", false),
            ("a|b", "b", true),
            ("a|b", "ab", false),
            ("application/cloudevents+json", "application/cloudevents+json", true),
            ("https://x.test/?q=(", "https://x.test/?q=(", true),
            ("[", "x", false),
            ("(a{1000}){1000}{1000}", "a", false),
        ] {
            assert_eq!(Text::pattern(pattern).matches(text), matches, "{pattern} {text}");
        }
        assert!(!Text::exact("a|b".to_owned()).matches("a"));
    }

    #[test]
    fn data_may_hold_more_than_is_asked_for() {
        let literal = json!({"order": {"state": "open|new", "n": 1}, "tags": ["a", {"b": true}]});
        let shape = Shape::new(&Template::Literal(literal.into()));
        let matches = |value: serde_json::Value| shape.matches(&value.into(), &|_| None);
        assert!(matches(json!({"order": {"n": 1, "state": "new", "more": 0}, "tags": ["a", {"b": true, "c": 1}], "more": {}})));
        assert!(!matches(json!({"order": {"n": 2, "state": "new"}, "tags": ["a", {"b": true}]})));
        assert!(!matches(json!({"order": {"n": 1, "state": "closed"}, "tags": ["a", {"b": true}]})));
        assert!(!matches(json!({"order": {"n": 1, "state": "new"}, "tags": ["a", {"b": true}, 3]})));
        assert!(!matches(json!([])));
        assert!(!Shape::of_value(&json!("a|b").into()).matches(&json!("a").into(), &|_| None));
    }
}
