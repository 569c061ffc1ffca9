//! The values of `parameters` in their places: an operation's HTTP request.

use super::super::EffectError;
use super::operation::{Body, Media, Operation, Parameter, Place, Style};
use super::{near, style};
use crate::expr::Data;

const WHOLE_BODY: &str = "body";

/// `{"method", "uri", "headers", "body"?}`, as `effects::http` takes it.
///
/// Errors: `validation` 400 for what is missing, for names that the operation does not have, and for values that cannot be sent in their place.
pub(super) fn request(operation: &Operation, arguments: &Data) -> Result<Data, EffectError> {
    if !arguments.is_object() && !arguments.is_null() {
        return Err(EffectError::validation(format!("parameters: an object is needed, not {}", arguments.kind())));
    }
    let given: Vec<_> = arguments.entries().into_iter().flatten().filter(|(_, value)| !value.is_null()).collect();
    let values = values(operation, &given)?;
    let body = body(operation, &given, &values)?;
    let mut headers: Vec<_> = operation.accept.iter().map(|accept| ("accept".to_owned(), Data::string(accept))).collect();
    for (parameter, value) in values.iter().filter(|(parameter, _)| parameter.place == Place::Header) {
        headers.push((parameter.name.clone(), Data::from(style::in_header(parameter, value)?)));
    }
    let cookies = joined(&values, Place::Cookie, "; ")?;
    if !cookies.is_empty() {
        headers.push(("cookie".to_owned(), Data::from(cookies)));
    }
    headers.extend(body.iter().map(|(content_type, _)| ("content-type".to_owned(), Data::string(content_type))));
    let request = Data::object([
        ("method", Data::string(&operation.method)),
        ("uri", Data::from(uri(operation, &values)?)),
        ("headers", Data::object(headers)),
    ]);
    Ok(match body {
        Some((_, body)) => request.with("body", body),
        None => request,
    })
}

type Values<'o> = Vec<(&'o Parameter, Data)>;

/// Each parameter with its value; of those that are missing, only the required ones matter.
fn values<'o>(operation: &'o Operation, given: &[(String, Data)]) -> Result<Values<'o>, EffectError> {
    let (mut values, mut missing) = (Vec::new(), Vec::new());
    for parameter in &operation.parameters {
        let value = given.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value.clone());
        match value.or_else(|| parameter.default.clone().filter(|_| parameter.required).map(Data::from)) {
            Some(value) => values.push((parameter, value)),
            None if parameter.required => missing.push(format!("`{}`", parameter.name)),
            None => {}
        }
    }
    if missing.is_empty() {
        return Ok(values);
    }
    Err(EffectError::validation(format!("operation `{}` needs {}", operation.id, missing.join(", "))))
}

fn uri(operation: &Operation, values: &Values<'_>) -> Result<String, EffectError> {
    let (mut uri, mut rest) = (operation.server.clone(), operation.path.as_str());
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let found = values.iter().find(|(parameter, _)| parameter.place == Place::Path && parameter.name == name);
        let (parameter, value) = found.ok_or_else(|| {
            EffectError::configuration(format!("operation `{}`: its path has `{{{name}}}`, which is no parameter of it", operation.id))
        })?;
        let text = style::in_path(parameter, value)?;
        uri.push_str(before);
        uri.push_str(&text);
        // `..` is a step up the path in every spelling; a value is a name on it, never a step.
        if matches!(uri.rsplit('/').next(), Some("." | "..")) && (after.is_empty() || after.starts_with('/')) {
            return Err(EffectError::validation(format!("parameter `{name}` cannot be `.` or `..`")));
        }
        rest = after;
    }
    uri.push_str(rest);
    match joined(values, Place::Query, "&")? {
        query if query.is_empty() => Ok(uri),
        query => Ok(format!("{uri}{}{query}", if uri.contains('?') { '&' } else { '?' })),
    }
}

fn joined(values: &Values<'_>, place: Place, separator: &str) -> Result<String, EffectError> {
    let mut pairs = Vec::new();
    for (parameter, value) in values.iter().filter(|(parameter, _)| parameter.place == place) {
        pairs.extend(style::pairs(parameter, value)?.into_iter().map(|(name, text)| format!("{name}={text}")));
    }
    Ok(pairs.join(separator))
}

/// Content type and body.
fn body(operation: &Operation, given: &[(String, Data)], values: &Values<'_>) -> Result<Option<(String, Data)>, EffectError> {
    let is_parameter = |name: &str| operation.parameters.iter().any(|parameter| parameter.name == name);
    let left: Vec<_> = given.iter().filter(|(name, _)| !is_parameter(name)).collect();
    let Some(body) = &operation.body else {
        return left.first().map_or(Ok(None), |(name, _)| Err(unknown(operation, name)));
    };
    let has_form = operation.parameters.iter().any(|parameter| parameter.place == Place::Form);
    let whole = body.name.as_deref().unwrap_or(WHOLE_BODY);
    let value = match left.as_slice() {
        [] if has_form => return form_of_parameters(operation, body, values),
        [] if body.required => return Err(EffectError::validation(format!("operation `{}` needs `{whole}`", operation.id))),
        [] => return Ok(None),
        [(name, value)] if name == whole && !has_form => value.clone(),
        // What is named here is not known beside `body`.
        left if body.name.is_some() || has_form || left.iter().any(|(name, _)| name == whole) => {
            let stranger = left.iter().find(|(name, _)| name != whole || has_form).map_or("", |(name, _)| name);
            return Err(unknown(operation, stranger));
        }
        left => Data::object(left.iter().map(|(name, value)| (name, value.clone()))),
    };
    written(operation, body, &value).map(Some)
}

fn form_of_parameters(operation: &Operation, body: &Body, values: &Values<'_>) -> Result<Option<(String, Data)>, EffectError> {
    let form = joined(values, Place::Form, "&")?;
    match &body.media {
        _ if form.is_empty() => Ok(None),
        Media::Unsupported(name) => Err(unsupported(operation, name)),
        _ => Ok(Some((FORM.to_owned(), Data::from(form)))),
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn written(operation: &Operation, body: &Body, value: &Data) -> Result<(String, Data), EffectError> {
    let refuse = |why: &str| EffectError::validation(format!("operation `{}`: its body must be {why}", operation.id));
    match &body.media {
        // A text of its own would go out without its quotes.
        Media::Json(name) => Ok((name.clone(), Data::from(value.to_string()))),
        Media::Text(name) => match style::scalar(value) {
            Some(text) => Ok((name.clone(), Data::from(text))),
            None => Err(refuse(&format!("a text ({name})"))),
        },
        Media::Form => {
            let members = value.entries().ok_or_else(|| refuse("an object (a form)"))?;
            let mut pairs = Vec::new();
            for (name, member) in members.filter(|(_, member)| !member.is_null()) {
                // The specification: lists are repeated, objects are JSON.
                let style = if member.is_object() { Style::Json } else { Style::Form };
                let parameter = Parameter { name, place: Place::Form, style, explode: true, required: false, default: None };
                pairs.extend(style::pairs(&parameter, &member)?.into_iter().map(|(name, text)| format!("{name}={text}")));
            }
            Ok((FORM.to_owned(), Data::from(pairs.join("&"))))
        }
        Media::Unsupported(name) => Err(unsupported(operation, name)),
    }
}

fn unsupported(operation: &Operation, media: &str) -> EffectError {
    EffectError::configuration(format!("operation `{}`: a body in {media} is not supported", operation.id))
}

fn unknown(operation: &Operation, name: &str) -> EffectError {
    let known: Vec<_> = operation.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let error = EffectError::validation(format!("operation `{}` has no parameter `{name}`", operation.id));
    let near = near::names(name, &known);
    match near.as_str() {
        "" if known.is_empty() => error,
        "" => error.with_detail(format!("it has {}", known.join(", "))),
        near => error.with_detail(format!("did you mean {near}?")),
    }
}
