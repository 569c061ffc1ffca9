//! Values in the one form that a conversion writes.

use serde_json::{Value, json};

use super::Writer;
use crate::dsl::parse_iso8601;

/// A field that holds an expression, with or without `${ }`.
pub(super) fn enclosed(text: &str) -> String {
    let text = text.trim();
    if text.starts_with("${") && text.ends_with('}') { text.to_owned() } else { format!("${{ {text} }}") }
}

/// A value without expressions as the expression that gives it; a text as it stands.
pub(super) fn literal(value: &Value, what: &str, writer: &mut Writer) -> Value {
    match value {
        Value::String(_) => value.clone(),
        value if has_expression(value) => {
            writer.refuse(format!("{what} is a text on the platform: write it as one expression, `${{ {{…}} }}`"));
            Value::Null
        }
        value => format!("${{ {value} }}").into(),
    }
}

fn has_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(has_expression),
        Value::Object(members) => members.values().any(has_expression),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whole seconds of a duration; refused where there is no such number.
pub(super) fn seconds(duration: &Value, what: &str, writer: &mut Writer) -> Option<u64> {
    let millis = match duration {
        Value::String(text) => parse_iso8601(text).ok().and_then(|length| u64::try_from(length.as_millis()).ok()),
        Value::Object(parts) => {
            let units = [("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000), ("milliseconds", 1)];
            let part = |name: &str| parts.get(name).map_or(Some(0), Value::as_u64);
            units.iter().try_fold(0_u64, |sum, (name, unit)| sum.checked_add(part(name)?.checked_mul(*unit)?))
        }
        _ => None,
    };
    let whole = millis.filter(|millis| millis % 1_000 == 0).map(|millis| millis / 1_000);
    if whole.is_none() {
        writer.refuse(format!("{what} is a whole number of seconds on the platform"));
    }
    whole
}

/// A duration as a conversion writes it.
pub(super) fn duration(seconds: u64) -> Value {
    json!({ "seconds": seconds })
}
