//! How values become text in a URL, a header or a form: the styles of `OpenAPI` 3, which are RFC 6570's, and the formats of Swagger 2.0.

use std::fmt::Write as _;

use super::super::EffectError;
use super::operation::{Parameter, Style};
use crate::expr::Data;

/// A value by the number of its parts.
enum Shape {
    One(String),
    Many(Vec<String>),
    Members(Vec<(String, String)>),
}

/// Names and values of a query, a form or a cookie, encoded. An empty list gives none.
pub(super) fn pairs(parameter: &Parameter, value: &Data) -> Result<Vec<(String, String)>, EffectError> {
    let name = || encoded(&parameter.name);
    let explode = parameter.explode;
    Ok(match (shape(parameter, value)?, parameter.style) {
        (Shape::One(text), _) => vec![(name(), encoded(&text))],
        (Shape::Members(members), Style::Deep) => {
            members.iter().map(|(key, text)| (encoded(&format!("{}[{key}]", parameter.name)), encoded(text))).collect()
        }
        (Shape::Many(_), Style::Deep) => return Err(refused(parameter, "an array cannot be a deep object")),
        (Shape::Many(texts), _) if explode => texts.iter().map(|text| (name(), encoded(text))).collect(),
        (Shape::Members(members), _) if explode => members.iter().map(|(key, text)| (encoded(key), encoded(text))).collect(),
        (Shape::Many(texts), _) if texts.is_empty() => Vec::new(),
        (shape, style) => vec![(name(), flat(shape, encoded).join(separator(style)))],
    })
}

/// The value of a variable in the path, encoded.
pub(super) fn in_path(parameter: &Parameter, value: &Data) -> Result<String, EffectError> {
    let shape = shape(parameter, value)?;
    let name = encoded(&parameter.name);
    // RFC 6570: `;name` alone for an empty value.
    let pair = |name: &str, text: &str| if text.is_empty() { format!(";{name}") } else { format!(";{name}={text}") };
    Ok(match (parameter.style, parameter.explode, shape) {
        (Style::Label, true, shape) => each(shape).iter().fold(String::new(), |out, text| out + "." + text),
        (Style::Label, false, shape) => format!(".{}", flat(shape, encoded).join(",")),
        (Style::Matrix, true, Shape::Members(members)) => members.iter().map(|(key, text)| pair(&encoded(key), &encoded(text))).collect(),
        (Style::Matrix, true, shape) => flat(shape, encoded).iter().map(|text| pair(&name, text)).collect(),
        (Style::Matrix, false, shape) => pair(&name, &flat(shape, encoded).join(",")),
        (_, true, shape) => each(shape).join(","),
        (style, false, shape) => flat(shape, encoded).join(separator(style)),
    })
}

/// The value of a header, as it is.
pub(super) fn in_header(parameter: &Parameter, value: &Data) -> Result<String, EffectError> {
    Ok(match shape(parameter, value)? {
        Shape::Members(members) if parameter.explode => {
            members.iter().map(|(key, text)| format!("{key}={text}")).collect::<Vec<_>>().join(",")
        }
        shape => flat(shape, str::to_owned).join(match parameter.style {
            Style::Space => " ",
            Style::Tab => "\t",
            Style::Pipe => "|",
            _ => ",",
        }),
    })
}

/// Encoded, as it stands between the parts of a value.
fn separator(style: Style) -> &'static str {
    match style {
        Style::Space => "%20",
        Style::Tab => "%09",
        Style::Pipe => "%7C",
        _ => ",",
    }
}

/// All texts in a row; an object gives its keys too.
fn flat(shape: Shape, encode: impl Fn(&str) -> String) -> Vec<String> {
    match shape {
        Shape::One(text) => vec![encode(&text)],
        Shape::Many(texts) => texts.iter().map(|text| encode(text)).collect(),
        Shape::Members(members) => members.iter().flat_map(|(key, text)| [encode(key), encode(text)]).collect(),
    }
}

/// Like [`flat`], encoded, where an object gives `key=value`.
fn each(shape: Shape) -> Vec<String> {
    match shape {
        Shape::Members(members) => members.iter().map(|(key, text)| format!("{}={}", encoded(key), encoded(text))).collect(),
        shape => flat(shape, encoded),
    }
}

/// Null is no part.
fn shape(parameter: &Parameter, value: &Data) -> Result<Shape, EffectError> {
    if parameter.style == Style::Json {
        return Ok(Shape::One(value.to_string()));
    }
    let part = |value: &Data| scalar(value).ok_or_else(|| refused(parameter, "its parts must be texts, numbers or booleans"));
    if let Some(items) = value.items() {
        return Ok(Shape::Many(items.filter(|item| !item.is_null()).map(|item| part(&item)).collect::<Result<_, _>>()?));
    }
    match value.entries() {
        Some(entries) => {
            let entries = entries.filter(|(_, member)| !member.is_null());
            Ok(Shape::Members(entries.map(|(key, member)| Ok((key, part(&member)?))).collect::<Result<_, EffectError>>()?))
        }
        None => Ok(Shape::One(part(value)?)),
    }
}

pub(super) fn scalar(value: &Data) -> Option<String> {
    match value.kind() {
        "string" => value.as_str().map(str::to_owned),
        "number" | "boolean" => Some(value.to_string()),
        _ => None,
    }
}

fn refused(parameter: &Parameter, why: &str) -> EffectError {
    EffectError::validation(format!("parameter `{}`: {why}", parameter.name))
}

/// Everything but RFC 3986 unreserved characters, byte by byte.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::operation::Place;
    use super::*;

    fn parameter(style: Style, explode: bool) -> Parameter {
        Parameter { name: "color".to_owned(), place: Place::Query, style, explode, required: false, default: None }
    }

    /// The table of the specification: an empty text, one text, a list, an object.
    fn values() -> [Value; 4] {
        [json!(""), json!("blue"), json!(["blue", "black", "brown"]), json!({"R": 100, "G": 200, "B": 150})]
    }

    #[test]
    fn paths_as_the_specification_shows_them() {
        for (style, explode, expected) in [
            (Style::Simple, false, ["", "blue", "blue,black,brown", "R,100,G,200,B,150"]),
            (Style::Simple, true, ["", "blue", "blue,black,brown", "R=100,G=200,B=150"]),
            (Style::Label, false, [".", ".blue", ".blue,black,brown", ".R,100,G,200,B,150"]),
            (Style::Label, true, [".", ".blue", ".blue.black.brown", ".R=100.G=200.B=150"]),
            (Style::Matrix, false, [";color", ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"]),
            (Style::Matrix, true, [";color", ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"]),
        ] {
            for (value, expected) in values().into_iter().zip(expected) {
                assert_eq!(
                    in_path(&parameter(style, explode), &value.clone().into()).as_deref(),
                    Ok(expected),
                    "{style:?} {explode} {value}"
                );
            }
        }
    }

    #[test]
    fn queries_as_the_specification_shows_them() {
        let query = |style, explode, value: &Value| {
            pairs(&parameter(style, explode), &value.clone().into())
                .map(|pairs| pairs.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join("&"))
        };
        for (style, explode, expected) in [
            (Style::Form, false, ["color=", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"]),
            (Style::Form, true, ["color=", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"]),
            (Style::Space, false, ["color=", "color=blue", "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"]),
            (Style::Pipe, false, ["color=", "color=blue", "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"]),
            (Style::Tab, false, ["color=", "color=blue", "color=blue%09black%09brown", "color=R%09100%09G%09200%09B%09150"]),
        ] {
            for (value, expected) in values().iter().zip(expected) {
                assert_eq!(query(style, explode, value).as_deref(), Ok(expected), "{style:?} {explode} {value}");
            }
        }
        assert_eq!(query(Style::Deep, true, &values()[3]).as_deref(), Ok("color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"));
        assert_eq!(query(Style::Form, false, &json!(["a,b&c", true, null, "ü"])).as_deref(), Ok("color=a%2Cb%26c,true,%C3%BC"));
        assert_eq!(query(Style::Json, false, &json!({"a": [1]})).as_deref(), Ok("color=%7B%22a%22%3A%5B1%5D%7D"));
        assert_eq!(query(Style::Form, false, &json!([])).as_deref(), Ok(""));
        for (style, value) in [(Style::Deep, json!([1])), (Style::Form, json!([[1]])), (Style::Form, json!({"a": {}}))] {
            assert!(
                query(style, true, &value).is_err_and(|error| error.kind == "validation" && error.title.contains("`color`")),
                "{value}"
            );
        }
    }

    #[test]
    fn headers_are_not_encoded() {
        for (explode, value, expected) in
            [(false, json!(["a b", 2]), "a b,2"), (true, json!({"R": 100, "G": "x y"}), "R=100,G=x y"), (false, json!({"R": 100}), "R,100")]
        {
            assert_eq!(in_header(&parameter(Style::Simple, explode), &value.into()).as_deref(), Ok(expected));
        }
    }
}
