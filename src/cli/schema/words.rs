//! What the schema is made of.

#![allow(clippy::needless_pass_by_value, reason = "parts are put into each other, which `json!` does by reference")]

use serde_json::{Map, Value, json};

/// A part of the schema by its name.
pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// A mapping with these members and no others; a `*` marks those that it must have.
pub fn object<'m>(what: &str, members: impl IntoIterator<Item = (&'m str, Value)>) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, schema) in members {
        let key = name.trim_end_matches('*');
        if key != name {
            required.push(key);
        }
        properties.insert(key.to_owned(), schema);
    }
    let mut object = json!({"description": what, "type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}

/// A mapping with names of the author's own.
pub fn map(what: &str, values: Value) -> Value {
    json!({"description": what, "type": "object", "additionalProperties": values})
}

pub fn list(what: &str, items: Value) -> Value {
    json!({"description": what, "type": "array", "items": items})
}

pub fn text(what: &str) -> Value {
    json!({"description": what, "type": "string"})
}

pub fn boolean(what: &str) -> Value {
    json!({"description": what, "type": "boolean"})
}

pub fn integer(what: &str, least: u32) -> Value {
    json!({"description": what, "type": "integer", "minimum": least})
}

/// One of a few words.
pub fn choice(what: &str, words: &[&str]) -> Value {
    json!({"description": what, "enum": words})
}

/// One of a few words, or an expression.
pub fn word(what: &str, words: &[&str]) -> Value {
    json!({"description": what, "anyOf": [{"enum": words}, reference("expression")]})
}

/// A mapping is read as one thing, anything else as another.
pub fn mapping_or(mapping: Value, other: Value) -> Value {
    json!({"if": {"type": "object"}, "then": mapping, "else": other})
}

/// Text is read as one thing, anything else as another.
pub fn text_or(text: Value, other: Value) -> Value {
    json!({"if": {"type": "string"}, "then": text, "else": other})
}

/// An expression in `${ }`, or this.
pub fn or_expression(other: Value) -> Value {
    text_or(reference("expression"), other)
}

/// The same schema, with exactly one of these members.
pub fn with_one_of(mut object: Value, keys: &[&str]) -> Value {
    object["oneOf"] = keys.iter().map(|key| json!({"required": [key]})).collect();
    object
}
