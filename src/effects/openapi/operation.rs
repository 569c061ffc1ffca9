//! An operation, in words that hold for every version of the specification.

use serde_json::Value;

/// What one call needs to know.
#[derive(Debug)]
pub(super) struct Operation {
    pub id: String,
    /// In capitals.
    pub method: String,
    /// Without a slash at its end.
    pub server: String,
    /// With variables in braces.
    pub path: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// Header `Accept`.
    pub accept: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameter {
    pub name: String,
    pub place: Place,
    pub style: Style,
    pub explode: bool,
    pub required: bool,
    /// Sent where a required value is not given.
    pub default: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
    Cookie,
    /// A member of a form body.
    Form,
}

/// How a value of many parts becomes text. Swagger's `collectionFormat` is a choice among these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Simple,
    Form,
    Label,
    Matrix,
    Space,
    Tab,
    Pipe,
    Deep,
    /// The value's JSON text.
    Json,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// Swagger's parameter name; without one, `body` or the members that are no parameter.
    pub name: Option<String>,
    pub media: Media,
    pub required: bool,
}

/// How a body is written; the text is the content type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Json(String),
    Form,
    Text(String),
    Unsupported(String),
}

const FORM: &str = "application/x-www-form-urlencoded";

impl Media {
    /// The first of a list that can be written, JSON before forms before text.
    pub fn of<'t>(types: impl IntoIterator<Item = &'t str>) -> Self {
        let types: Vec<_> = types.into_iter().collect();
        let find = |wanted: fn(&str) -> bool| types.iter().find(|name| wanted(&essence(name))).map(|name| (*name).to_owned());
        if let Some(json) = find(is_json) {
            return Self::Json(json);
        }
        if find(|name| name == FORM).is_some() {
            return Self::Form;
        }
        if let Some(text) = find(|name| !name.starts_with("multipart/") && !name.contains('*')) {
            return Self::Text(text);
        }
        match types.first() {
            Some(name) if !name.contains('*') => Self::Unsupported((*name).to_owned()),
            _ => Self::Json("application/json".to_owned()),
        }
    }
}

/// `Accept` for what an operation may give: JSON alone where it is among it.
pub(super) fn accept<'t>(types: impl IntoIterator<Item = &'t str>) -> Option<String> {
    let types: Vec<_> = types.into_iter().filter(|name| name.bytes().all(|byte| (0x20..0x7f).contains(&byte))).collect();
    let json: Vec<_> = types.iter().copied().filter(|name| is_json(&essence(name))).collect();
    let chosen = if json.is_empty() { types } else { json };
    (!chosen.is_empty()).then(|| chosen.join(", "))
}

fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// A content type without its parameters, in lower case.
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A member that is a text.
pub(super) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

/// A member that is true.
pub(super) fn is_true(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_in_the_order_of_what_documents_mean_by_them() {
        let json = |name: &str| Media::Json(name.to_owned());
        for (types, expected) in [
            (&["application/xml", "application/json; charset=utf-8"][..], json("application/json; charset=utf-8")),
            (&["text/plain", FORM], Media::Form),
            (&["multipart/form-data", "application/merge-patch+JSON"], json("application/merge-patch+JSON")),
            (&["multipart/form-data", "text/csv"], Media::Text("text/csv".to_owned())),
            (&["multipart/form-data"], Media::Unsupported("multipart/form-data".to_owned())),
            (&["*/*"], json("application/json")),
            (&[], json("application/json")),
        ] {
            assert_eq!(Media::of(types.iter().copied()), expected, "{types:?}");
        }
        assert_eq!(accept(["application/xml", "application/json"]).as_deref(), Some("application/json"));
        assert_eq!(accept(["text/csv", "application/xml"]).as_deref(), Some("text/csv, application/xml"));
        assert_eq!(accept([]), None);
    }
}
