//! Operations of Swagger 2.0.

use serde_json::Value;

use super::super::EffectError;
use super::document::{self, Document};
use super::operation::{Body, Media, Operation, Parameter, Place, Style, accept, is_true, text};

pub(super) fn operation(document: &Document, id: &str, place: &document::Place<'_>) -> Result<Operation, EffectError> {
    let consumes = types(document, place.operation, "consumes");
    let (mut parameters, mut body) = (Vec::new(), None);
    for given in document.parameters(place)? {
        let (Some(name), Some(at)) = (text(given, "name"), text(given, "in")) else {
            return Err(document.broken(&format!("operation `{id}` has a parameter without name or place")));
        };
        if at == "body" {
            body = Some(Body {
                name: Some(name.to_owned()),
                media: Media::of(consumes.iter().copied()),
                required: is_true(given, "required"),
            });
            continue;
        }
        parameters.push(parameter(given, name, at).ok_or_else(|| document.broken(&format!("parameter `{name}` of `{id}` is in `{at}`")))?);
    }
    if parameters.iter().any(|parameter| parameter.place == Place::Form) {
        body = Some(Body { name: None, media: form(&consumes), required: false });
    }
    for key in document.keys(place, document.root.get("securityDefinitions"))? {
        let known = text(key, "name").zip(text(key, "in")).and_then(|(name, at)| parameter(key, name, at));
        parameters.extend(known.filter(|key| !parameters.iter().any(|other| other.name == key.name)));
    }
    Ok(Operation {
        id: id.to_owned(),
        method: place.method.to_ascii_uppercase(),
        server: server(document, place.operation)?,
        path: place.path.to_owned(),
        parameters,
        body,
        accept: accept(types(document, place.operation, "produces")),
    })
}

fn parameter(given: &Value, name: &str, at: &str) -> Option<Parameter> {
    let place = match at {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        "formData" => Place::Form,
        _ => return None,
    };
    let (style, explode) = match text(given, "collectionFormat") {
        Some("multi") => (Style::Form, true),
        Some("ssv") => (Style::Space, false),
        Some("tsv") => (Style::Tab, false),
        Some("pipes") => (Style::Pipe, false),
        _ if matches!(place, Place::Path | Place::Header) => (Style::Simple, false),
        _ => (Style::Form, false),
    };
    let required = is_true(given, "required") || place == Place::Path;
    Some(Parameter { name: name.to_owned(), place, style, explode, required, default: given.get("default").cloned() })
}

/// Of the operation, or of the document where the operation has none.
fn types<'d>(document: &'d Document, operation: &'d Value, name: &str) -> Vec<&'d str> {
    let list = operation.get(name).or_else(|| document.root.get(name)).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A form is never JSON, whatever the document says it takes otherwise.
fn form(consumes: &[&str]) -> Media {
    match Media::of(consumes.iter().copied().filter(|name| name.starts_with("multipart/") || name.ends_with("urlencoded"))) {
        Media::Json(_) | Media::Text(_) => Media::Form,
        media => media,
    }
}

/// What the document does not say is as it was for the document itself.
fn server(document: &Document, operation: &Value) -> Result<String, EffectError> {
    let uri = &document.uri;
    let schemes: Vec<_> = operation
        .get("schemes")
        .or_else(|| document.root.get("schemes"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let scheme = match schemes.as_slice() {
        [] => uri.scheme(),
        schemes => ["https", "http"].into_iter().find(|scheme| schemes.contains(scheme)).unwrap_or_default(),
    };
    let own = || uri.host_str().map(|host| uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
    let host = text(&document.root, "host").map(str::to_owned).or_else(own);
    let base = text(&document.root, "basePath").unwrap_or_default().trim_end_matches('/');
    match (scheme, host) {
        ("http" | "https", Some(host)) => Ok(format!("{scheme}://{host}{base}")),
        // The document is a file, and says the host alone.
        ("file", Some(host)) => Ok(format!("https://{host}{base}")),
        (_, None) => Err(document.broken("it names no `host`")),
        _ => Err(document.broken("none of its `schemes` is http or https")),
    }
}
