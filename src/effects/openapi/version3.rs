//! Operations of `OpenAPI` 3.0 and 3.1.

use reqwest::Url;
use serde_json::Value;

use super::super::EffectError;
use super::document::{self, Document};
use super::operation::{Body, Media, Operation, Parameter, Place, Style, accept, is_true, text};

/// The specification: parameters of these names mean nothing; the call has its own ways to say it.
const NOT_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

pub(super) fn operation(document: &Document, id: &str, place: &document::Place<'_>) -> Result<Operation, EffectError> {
    let mut parameters = Vec::new();
    for given in document.parameters(place)? {
        let (Some(name), Some(at)) = (text(given, "name"), text(given, "in")) else {
            return Err(document.broken(&format!("operation `{id}` has a parameter without name or place")));
        };
        if at == "header" && NOT_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        let read = parameter(document, given, name, at)?;
        parameters
            .push(read.ok_or_else(|| document.broken(&format!("parameter `{name}` of `{id}` has a place or style that is not known")))?);
    }
    let schemes = document.root.get("components").and_then(|components| components.get("securitySchemes"));
    for key in document.keys(place, schemes)? {
        let Some((name, at)) = text(key, "name").zip(text(key, "in")) else { continue };
        let known = parameter(document, key, name, at)?;
        parameters.extend(known.filter(|key| !parameters.iter().any(|other| other.name == key.name)));
    }
    let body = place.operation.get("requestBody").map(|body| document.resolve(body)).transpose()?;
    Ok(Operation {
        id: id.to_owned(),
        method: place.method.to_ascii_uppercase(),
        server: server(document, place)?,
        path: place.path.to_owned(),
        parameters,
        body: body.map(|body| Body { name: None, media: Media::of(media_types(body)), required: is_true(body, "required") }),
        accept: accepted(document, place.operation)?,
    })
}

fn parameter(document: &Document, given: &Value, name: &str, at: &str) -> Result<Option<Parameter>, EffectError> {
    let place = match at {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        "cookie" => Place::Cookie,
        _ => return Ok(None),
    };
    let style = match (text(given, "style"), place) {
        _ if given.get("content").is_some() => Style::Json,
        (None | Some("simple"), Place::Path | Place::Header) => Style::Simple,
        (None, _) | (Some("form"), Place::Query | Place::Cookie) => Style::Form,
        (Some("label"), Place::Path) => Style::Label,
        (Some("matrix"), Place::Path) => Style::Matrix,
        (Some("spaceDelimited"), Place::Query) => Style::Space,
        (Some("pipeDelimited"), Place::Query) => Style::Pipe,
        (Some("deepObject"), Place::Query) => Style::Deep,
        _ => return Ok(None),
    };
    let explode = given.get("explode").and_then(Value::as_bool).unwrap_or(style == Style::Form);
    let schema = given.get("schema").map(|schema| document.resolve(schema)).transpose()?;
    let default = schema.and_then(|schema| schema.get("default")).cloned();
    let required = is_true(given, "required") || place == Place::Path;
    Ok(Some(Parameter { name: name.to_owned(), place, style, explode, required, default }))
}

fn media_types(value: &Value) -> impl Iterator<Item = &str> {
    value.get("content").and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys).map(String::as_str)
}

/// What the answers that are no errors may be.
fn accepted(document: &Document, operation: &Value) -> Result<Option<String>, EffectError> {
    let mut types: Vec<&str> = Vec::new();
    for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
        if status.starts_with('2') || status == "default" {
            for name in media_types(document.resolve(response)?) {
                if !types.contains(&name) {
                    types.push(name);
                }
            }
        }
    }
    Ok(accept(types))
}

/// The first server of the operation, of its path, or of the document.
fn server(document: &Document, place: &document::Place<'_>) -> Result<String, EffectError> {
    let first = |owner: &Value| owner.get("servers").and_then(|servers| servers.get(0)).cloned();
    let server = [place.operation, place.item, &document.root].into_iter().find_map(first).unwrap_or_default();
    let url = with_defaults(document, text(&server, "url").unwrap_or("/"), server.get("variables"))?;
    // Relative ones are relative to where the document is.
    let url = document.uri.join(&url).map_err(|error| document.broken(&format!("its server `{url}` is no URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || !Url::has_host(&url) {
        return Err(document.broken("it names no server"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn with_defaults(document: &Document, url: &str, variables: Option<&Value>) -> Result<String, EffectError> {
    let (mut out, mut rest) = (String::new(), url);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| document.broken(&format!("its server `{url}` has an open brace")))?;
        let default = variables.and_then(|variables| variables.get(name)).and_then(|variable| variable.get("default"));
        let default = default.map(|default| default.as_str().map_or_else(|| default.to_string(), str::to_owned));
        out.push_str(before);
        out.push_str(&default.ok_or_else(|| document.broken(&format!("variable `{name}` of its server has no default")))?);
        rest = after;
    }
    Ok(out + rest)
}
