//! `google.protobuf.Struct` and JSON values.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as ProtoValue};
use serde_json::{Map, Number, Value};

/// A JSON object as a `Struct`; any other value is stored as `{"value": …}`, since a `Struct` holds objects only.
pub fn object(value: &Value) -> Struct {
    match value {
        Value::Object(fields) => fields_of(fields),
        other => Struct { fields: [("value".to_owned(), to_proto(other))].into() },
    }
}

/// A `Struct` as a JSON object. Its numbers are doubles; integral ones become integers, so that `25` does not print as `25.0`.
pub fn value(message: &Struct) -> Value {
    Value::Object(message.fields.iter().map(|(name, value)| (name.clone(), from_proto(value))).collect())
}

/// The JSON number of a double; one that is not finite has none and becomes null.
pub fn number(number: f64) -> Value {
    /// Beyond 2^53 a double cannot hold every integer.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[allow(clippy::cast_possible_truncation)] // integral, and within the bound above
        return Value::Number(Number::from(number as i64));
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn fields_of(fields: &Map<String, Value>) -> Struct {
    Struct { fields: fields.iter().map(|(name, value)| (name.clone(), to_proto(value))).collect() }
}

fn to_proto(value: &Value) -> ProtoValue {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(*flag),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(items) => Kind::ListValue(ListValue { values: items.iter().map(to_proto).collect() }),
        Value::Object(fields) => Kind::StructValue(fields_of(fields)),
    };
    ProtoValue { kind: Some(kind) }
}

fn from_proto(value: &ProtoValue) -> Value {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(flag)) => Value::Bool(*flag),
        Some(Kind::NumberValue(double)) => number(*double),
        Some(Kind::StringValue(text)) => Value::String(text.clone()),
        Some(Kind::ListValue(list)) => Value::Array(list.values.iter().map(from_proto).collect()),
        Some(Kind::StructValue(object)) => self::value(object),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_come_back_as_they_were() {
        let value = json!({"text": "x", "whole": 25, "part": 2.5, "big": 9_007_199_254_740_992_i64, "flag": true, "none": null,
            "list": [1, {"a": []}], "object": {"nested": {"deep": -1}}});
        assert_eq!(self::value(&object(&value)), value);
    }

    #[test]
    fn what_is_no_object_is_wrapped() {
        assert_eq!(value(&object(&json!([1]))), json!({"value": [1]}));
        assert_eq!(value(&object(&json!(null))), json!({"value": null}));
    }

    #[test]
    fn numbers_that_json_cannot_write_are_null() {
        assert_eq!(number(f64::NAN), Value::Null);
        assert_eq!(number(f64::INFINITY), Value::Null);
        assert_eq!(number(30.0).to_string(), "30");
        assert_eq!(number(1e300).as_f64(), Some(1e300));
    }
}
