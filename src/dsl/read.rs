//! Reading typed values out of nodes. What does not fit is reported where it stands and comes back as `None`.

use std::sync::Arc;

use serde_json::Number;

use super::codes;
use super::diagnostic::Span;
use super::expression::{Expression, Transform};
use super::node::{Entry, Name, Node, Value};
use super::report::{Problem, Report};

/// What a mapping may hold.
pub struct Shape {
    /// What the mapping is, with its article: `a retry policy`.
    pub what: &'static str,
    pub keys: &'static [&'static str],
    pub required: &'static [&'static str],
}

/// A mapping whose keys are all known.
#[derive(Clone, Copy)]
pub struct Fields<'n> {
    pub entries: &'n [Entry],
    pub span: Span,
}

impl Report<'_> {
    /// Holds a node against a shape: not a mapping, keys that do not belong there and keys that are missing are reported.
    pub fn fields<'n>(&mut self, node: &'n Node, shape: &Shape) -> Option<Fields<'n>> {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, shape.what, "a mapping");
            return None;
        };
        for entry in entries.iter().filter(|entry| !shape.keys.contains(&&*entry.key.text)) {
            self.unknown_key(&entry.key, shape.what, shape.keys);
        }
        let fields = Fields { entries, span: node.span };
        for key in shape.required.iter().filter(|key| fields.get(key).is_none()) {
            self.add(Problem::new(codes::MISSING_KEY, node.span, format!("`{key}` is missing: {} needs it", shape.what)));
        }
        Some(fields)
    }

    pub fn unknown_key(&mut self, key: &Name, what: &str, known: &[&'static str]) {
        let help = self.did_you_mean(&key.text, known.iter().copied()).unwrap_or_else(|| match known {
            [] => format!("{what} has no settings"),
            known => format!("{what} may have: {}", known.join(", ")),
        });
        self.add(Problem::new(codes::UNKNOWN_KEY, key.span, format!("{what} has no key `{}`", key.text)).help(help));
    }

    pub fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let problem = Problem::new(codes::WRONG_TYPE, node.span, format!("{what} must be {expected}, this is {}", node.kind()));
        self.add(problem.maybe_help(type_help(node, expected)));
    }

    pub fn text(&mut self, node: &Node, what: &str) -> Option<Name> {
        if let Value::String(text) = &node.value {
            return Some(Name { text: text.clone(), span: node.span });
        }
        self.wrong_type(node, what, "text");
        None
    }

    /// Text in a field that always holds an expression, with or without `${ }`.
    pub fn expression(&mut self, node: &Node, what: &str) -> Option<Expression> {
        if node.as_str().is_none() {
            self.wrong_type(node, what, "an expression");
        }
        Expression::always(node)
    }

    /// An expression, or a mapping with expressions among its values.
    pub fn transform(&mut self, node: &Node, what: &str) -> Option<Transform> {
        match &node.value {
            Value::String(_) => Expression::always(node).map(Transform::Expression),
            Value::Mapping(_) => Some(Transform::Template(node.clone())),
            _ => {
                self.wrong_type(node, what, "an expression or a mapping");
                None
            }
        }
    }

    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        if let Value::Bool(value) = node.value {
            return Some(value);
        }
        self.wrong_type(node, what, "a boolean");
        None
    }

    /// A whole number of at least `least`.
    pub fn integer(&mut self, node: &Node, what: &str, least: u32) -> Option<u32> {
        let Value::Number(number) = &node.value else {
            self.wrong_type(node, what, "a whole number");
            return None;
        };
        let value = number.as_u64().and_then(|value| u32::try_from(value).ok()).filter(|value| *value >= least);
        if value.is_none() {
            let message = format!("{what} must be a whole number from {least} to {}, this is {number}", u32::MAX);
            self.add(Problem::new(codes::BAD_VALUE, node.span, message));
        }
        value
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, node: &Node, what: &str, choices: &[(&'static str, T)]) -> Option<T> {
        let name = self.text(node, what)?;
        let found = choices.iter().find(|(word, _)| *word == &*name.text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let help = format!("write one of: {}", words.join(", "));
            let near = self.did_you_mean(&name.text, words);
            let problem = Problem::new(codes::BAD_VALUE, node.span, format!("{what} cannot be `{}`", name.text));
            self.add(problem.help(help).maybe_help(near));
        }
        found
    }

    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        if let Value::Sequence(items) = &node.value {
            return Some(items);
        }
        self.wrong_type(node, what, "a list");
        None
    }

    pub fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        if node.entries().is_none() {
            self.wrong_type(node, what, "a mapping");
        }
        node.entries()
    }

    /// The one name and value of a list item such as `- getPet: …`.
    pub fn named_item<'n>(&mut self, item: &'n Node, what: &str) -> Option<&'n Entry> {
        let message = match item.entries() {
            Some([entry]) => return Some(entry),
            Some([]) => format!("{what} needs a name"),
            Some([_, second, ..]) => {
                let message = format!("{what} has one name, `{}` is a second one", second.key.text);
                let help = "begin a new item with `- `, or indent the key if it belongs to the name above it";
                self.add(Problem::new(codes::BAD_LIST_ITEM, second.key.span, message).help(help));
                return None;
            }
            None => format!("{what} must be a mapping of one name, this is {}", item.kind()),
        };
        self.add(Problem::new(codes::BAD_LIST_ITEM, item.span, message).help("write `- name:` and the content indented below it"));
        None
    }

    /// A mapping of values that end up as text, or an expression that gives one. Whole numbers and booleans are taken as they are
    /// written; a number with a fraction would not come back as it was written (`1.10`), so it must be quoted.
    pub fn text_values(&mut self, node: &Node, what: &str) -> Option<Node> {
        self.values(node, what, false)
    }

    /// The same where a name may come more than once: a list gives it once for each item.
    pub fn query_values(&mut self, node: &Node, what: &str) -> Option<Node> {
        self.values(node, what, true)
    }

    fn values(&mut self, node: &Node, what: &str, lists: bool) -> Option<Node> {
        if Expression::strict(node).is_some() || (self.surroundings.loose && node.as_str().is_some()) {
            return Some(node.clone());
        }
        let Some(entries) = node.entries() else {
            self.wrong_type(node, what, "a mapping or an expression in `${ }`");
            return None;
        };
        let mut values = Vec::with_capacity(entries.len());
        for Entry { key, value } in entries {
            let what = format!("`{}` in {what}", key.text);
            let text = match &value.value {
                Value::Sequence(items) if lists => {
                    let items: Vec<_> = items.iter().filter_map(|item| self.text_value(item, &what)).collect();
                    Some(Node { span: value.span, value: Value::Sequence(items.into()) })
                }
                _ => self.text_value(value, &what),
            };
            values.extend(text.map(|value| Entry { key: key.clone(), value }));
        }
        Some(Node { span: node.span, value: Value::Mapping(values.into()) })
    }

    /// A scalar that ends up as text.
    pub fn text_value(&mut self, node: &Node, what: &str) -> Option<Node> {
        let text: Arc<str> = match &node.value {
            Value::String(text) => text.clone(),
            Value::Bool(value) => value.to_string().into(),
            Value::Number(number) if !number.is_f64() => Number::to_string(number).into(),
            _ => {
                self.wrong_type(node, what, "text");
                return None;
            }
        };
        Some(Node::string(node.span, text))
    }

    /// Reports it unless exactly one of `keys` is there.
    pub fn exactly_one(&mut self, fields: &Fields<'_>, what: &str, keys: &[&str]) {
        let mut given = fields.entries.iter().filter(|entry| keys.contains(&&*entry.key.text));
        let problem = match (given.next(), given.next()) {
            (Some(_), None) => return,
            (None, _) => Problem::new(codes::MISSING_KEY, fields.span, format!("`{}` is missing: {what} needs it", keys.join("` or `"))),
            (Some(first), Some(second)) => {
                let message = format!("{what} has `{}` or `{}`, not both", first.key.text, second.key.text);
                Problem::new(codes::EXCLUSIVE_KEYS, second.key.span, message).help(format!("keep one of: {}", keys.join(", ")))
            }
        };
        self.add(problem);
    }
}

/// What helps against the usual traps of YAML.
fn type_help(node: &Node, expected: &str) -> Option<String> {
    match (&node.value, expected) {
        (Value::Number(number), "text") => Some(format!("put it in quotes: '{number}'")),
        (Value::Bool(value), "text" | "an expression") => Some(format!("put it in quotes: '{value}'")),
        (Value::String(text), "a boolean") => match text.to_lowercase().as_str() {
            "yes" | "on" | "true" => Some("write `true`, without quotes: in YAML 1.2 `yes` and `on` are text".to_owned()),
            "no" | "off" | "false" => Some("write `false`, without quotes: in YAML 1.2 `no` and `off` are text".to_owned()),
            _ => None,
        },
        (Value::String(text), "a whole number") if text.parse::<i64>().is_ok() => Some("write it without quotes".to_owned()),
        (Value::Mapping(_), "a list") => Some("begin each item with `- `".to_owned()),
        (Value::Null, _) => Some("give a value, or remove the key".to_owned()),
        _ => None,
    }
}

impl<'n> Fields<'n> {
    pub fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| &*entry.key.text == key)
    }

    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn expression(&self, report: &mut Report<'_>, key: &str) -> Option<Expression> {
        report.expression(self.get(key)?, &format!("`{key}`"))
    }

    pub fn text(&self, report: &mut Report<'_>, key: &str) -> Option<Name> {
        report.text(self.get(key)?, &format!("`{key}`"))
    }

    /// Text that may be an expression.
    pub fn text_template(&self, report: &mut Report<'_>, key: &str) -> Option<Node> {
        let node = self.get(key)?;
        report.text(node, &format!("`{key}`")).map(|_| node.clone())
    }
}
