//! Where two JSON values differ.

use std::fmt;

use serde_json::Value;

/// Differences that are looked for at most: whoever reads them fixes the first ones first.
const MOST: usize = 20;

/// Whether the actual value may have members that nobody expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    Allowed,
    Refused,
}

/// One place. A side that is missing is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// JSON pointer.
    pub path: String,
    pub expected: Option<Value>,
    pub actual: Option<Value>,
}

#[must_use]
pub fn of(expected: &Value, actual: &Value, extra: Extra) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(&mut found, String::new(), Some(expected), Some(actual), extra);
    found
}

fn compare(found: &mut Vec<Difference>, path: String, expected: Option<&Value>, actual: Option<&Value>, extra: Extra) {
    if found.len() >= MOST {
        return;
    }
    match (expected, actual) {
        (Some(Value::Object(wanted)), Some(Value::Object(given))) => {
            for (key, value) in wanted {
                compare(found, below(&path, key), Some(value), given.get(key), extra);
            }
            for (key, value) in given.iter().filter(|(key, _)| extra == Extra::Refused && !wanted.contains_key(*key)) {
                compare(found, below(&path, key), None, Some(value), extra);
            }
        }
        (Some(Value::Array(wanted)), Some(Value::Array(given))) => {
            for at in 0..wanted.len().max(given.len()) {
                compare(found, format!("{path}/{at}"), wanted.get(at), given.get(at), extra);
            }
        }
        (Some(wanted), Some(given)) if same(wanted, given) => {}
        (expected, actual) => found.push(Difference { path, expected: expected.cloned(), actual: actual.cloned() }),
    }
}

/// As jq has it: 1 and 1.0 are one number.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

fn below(path: &str, key: &str) -> String {
    format!("{path}/{}", crate::dsl::escape(key))
}

/// `/pets/0/name: expected "Ada", got "Bob"`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, expected, actual } = self;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        match (expected, actual) {
            (Some(expected), Some(actual)) => write!(f, "expected {expected}, got {actual}"),
            (Some(expected), None) => write!(f, "expected {expected}, there is nothing"),
            (_, Some(actual)) => write!(f, "not expected, got {actual}"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(expected: &Value, actual: &Value, extra: Extra) -> Vec<String> {
        of(expected, actual, extra).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn places_are_named() {
        let (expected, actual) = (json!({"a": [1, {"b/c": "x"}], "n": null}), json!({"a": [1.0, {"b/c": "y"}, 3], "z": 1}));
        assert_eq!(
            shown(&expected, &actual, Extra::Refused),
            [
                "/a/1/b~1c: expected \"x\", got \"y\"",
                "/a/2: not expected, got 3",
                "/n: expected null, there is nothing",
                "/z: not expected, got 1"
            ]
        );
        assert_eq!(shown(&json!(1), &json!("1"), Extra::Allowed), ["expected 1, got \"1\""]);
        assert_eq!(shown(&json!({"a": {"b": 1}}), &json!({"a": {"b": 1, "c": 2}, "d": 3}), Extra::Allowed), [""; 0]);
        assert_eq!(of(&json!([0; 99].to_vec()), &json!([1; 99].to_vec()), Extra::Refused).len(), MOST);
    }
}
