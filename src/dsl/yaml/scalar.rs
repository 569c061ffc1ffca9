//! What a plain scalar means: the core schema of YAML 1.2. `yes`, `on` and `1:30` are text here, `true` and `12` are not.

use std::sync::Arc;

use serde_json::Number;

use crate::dsl::node::Value;

/// Why a scalar has no value. The text is a message.
pub type Unusable = &'static str;

/// The value of a plain scalar without a tag.
pub fn plain(text: &str) -> Result<Value, Unusable> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match number(text) {
            Some(number) => Value::Number(number?),
            None => Value::String(Arc::from(text)),
        },
    })
}

/// The value of a scalar with a tag of the core schema (`!!str` has the suffix `str`). `None`: the tag and the text do not go together.
pub fn tagged(suffix: &str, text: &str) -> Result<Option<Value>, Unusable> {
    if suffix == "str" {
        return Ok(Some(Value::String(Arc::from(text))));
    }
    let value = plain(text)?;
    let fits = matches!((suffix, &value), ("null", Value::Null) | ("bool", Value::Bool(_)) | ("int" | "float", Value::Number(_)));
    Ok(fits.then_some(value))
}

/// `None`: the text is no number.
fn number(text: &str) -> Option<Result<Number, Unusable>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Err("infinity and NaN have no place in JSON"));
    }
    let radix = text.strip_prefix("0x").map(|digits| (digits, 16)).or(text.strip_prefix("0o").map(|digits| (digits, 8)));
    if let Some((digits, radix)) = radix {
        let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        return valid.then(|| u64::from_str_radix(digits, radix).map(Number::from).map_err(|_| TOO_LARGE));
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|digit| digit.is_ascii_digit()) {
        return Some(integer(text.strip_prefix('+').unwrap_or(text)));
    }
    is_float(unsigned).then(|| text.parse().ok().and_then(Number::from_f64).ok_or("this number is larger than a double can hold"))
}

const TOO_LARGE: Unusable = "this integer does not fit into 64 bits; quote it to keep it as text";

fn integer(text: &str) -> Result<Number, Unusable> {
    text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from)).map_err(|_| TOO_LARGE)
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the sign already taken off.
fn is_float(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa_fits && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dsl::diagnostic::Span;
    use crate::dsl::node::Node;

    fn json(text: &str) -> serde_json::Value {
        Node { span: Span::default(), value: plain(text).unwrap() }.to_json()
    }

    #[test]
    fn core_schema() {
        for text in ["yes", "on", "off", "1:30", "0x", "0b1", "1_000", "e3", ".", "-", "1.0.3", "P1D", "0o8", "--1", "nan"] {
            assert_eq!(json(text), json!(text), "{text}");
        }
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("True", json!(true)),
            ("007", json!(7)),
            ("-12", json!(-12)),
            ("+3", json!(3)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1.", json!(1.0)),
            (".5", json!(0.5)),
            ("-1e3", json!(-1000.0)),
            ("18446744073709551615", json!(u64::MAX)),
        ] {
            assert_eq!(json(text), value, "{text}");
        }
        for text in [".inf", "-.INF", ".nan", "18446744073709551616", "1e999", "0xfffffffffffffffff"] {
            assert!(plain(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tags_decide_over_the_look_of_the_text() {
        assert!(matches!(tagged("str", "1"), Ok(Some(Value::String(text))) if &*text == "1"));
        assert!(matches!(tagged("int", "1"), Ok(Some(Value::Number(_)))));
        assert!(matches!(tagged("int", "x"), Ok(None)));
        assert!(matches!(tagged("binary", "aGk="), Ok(None)));
    }
}
