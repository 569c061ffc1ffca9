//! The effect's input as a request that can be sent.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::super::EffectError;
use super::super::authentication::{Credentials, Login};
use super::redact::Redaction;
use crate::config::Detour;
use crate::expr::Data;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Which part of the answer becomes the task's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Content,
    Raw,
    Response,
}

/// A checked request: everything that can be wrong with the document's side is found before anything is sent.
pub(super) struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Vec<u8>>,
    pub output: Output,
    pub redirect: bool,
    /// For the answer to a challenge.
    pub digest: Option<Login>,
}

impl Request {
    pub fn parse(input: &Data, idempotency_key: &str) -> Result<Self, EffectError> {
        let method = method(input)?;
        let url = url(input)?;
        let mut headers = headers(input)?;
        let body = body(input, &mut headers);
        if may_change(&method) && !headers.contains_key(IDEMPOTENCY_KEY) {
            let key = HeaderValue::from_str(idempotency_key)
                .map_err(|_| EffectError::validation("the idempotency key cannot be sent as a header"))?;
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        let digest = authenticate(input, &mut headers)?;
        Ok(Self { method, url, headers, body, output: output(input)?, redirect: redirect(input)?, digest })
    }

    /// Host and port of the other side, for messages: never the path or the query, which may hold a secret.
    pub fn peer(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub fn to_send(&self) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = self.body.clone().map(Into::into);
        request
    }

    /// The same request on another way: the host of the URL stays in the `Host` header.
    pub fn to_send_by(&self, detour: &Detour) -> reqwest::Request {
        let mut request = self.to_send();
        let mut url = detour.origin.clone();
        url.set_path(self.url.path());
        url.set_query(self.url.query());
        if let Ok(host) = HeaderValue::from_str(&self.peer()) {
            request.headers_mut().entry(HOST).or_insert(host);
        }
        *request.url_mut() = url;
        request
    }

    /// `{method, uri, headers}` as they were sent, without credentials.
    pub fn echo(&self, redaction: &Redaction) -> Data {
        Data::object([
            ("method", Data::string(self.method.as_str())),
            ("uri", Data::string(self.url.as_str())),
            ("headers", redaction.headers(&self.headers)),
        ])
    }
}

/// Sets the `Authorization` header, or gives the login for the challenge that is to come. A document that sets the header itself beside
/// `authentication` says two things, and is refused.
fn authenticate(input: &Data, headers: &mut HeaderMap) -> Result<Option<Login>, EffectError> {
    let Some(credentials) = Credentials::of(input)? else { return Ok(None) };
    if headers.contains_key(AUTHORIZATION) {
        return Err(EffectError::validation("`authentication` and the header `authorization` cannot both be given"));
    }
    if let Some(text) = credentials.header() {
        let mut value = HeaderValue::from_bytes(text.as_bytes())
            .map_err(|_| EffectError::validation("`authentication` holds characters that no header may have"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    match credentials {
        Credentials::Digest(login) => Ok(Some(login)),
        Credentials::Basic { .. } | Credentials::Bearer { .. } => Ok(None),
    }
}

fn method(input: &Data) -> Result<Method, EffectError> {
    let name = input.get("method").and_then(|method| method.as_str().map(str::to_ascii_uppercase)).unwrap_or_default();
    match Method::from_bytes(name.as_bytes()) {
        Ok(method) if method != Method::CONNECT => Ok(method),
        _ => Err(EffectError::validation(format!("`{name}` is not an HTTP method that can be called"))),
    }
}

/// Methods that are not safe in the sense of RFC 9110.
fn may_change(method: &Method) -> bool {
    !method.is_safe()
}

fn url(input: &Data) -> Result<Url, EffectError> {
    let uri = input.get("uri").unwrap_or_default();
    let Some(text) = uri.as_str() else {
        return Err(EffectError::validation(format!("the endpoint must be a text, not {}", uri.kind())));
    };
    let mut url = Url::parse(text).map_err(|error| EffectError::validation(format!("`{text}` is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(EffectError::validation(format!("`{text}`: only http and https can be called")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EffectError::validation("an endpoint cannot hold a name or a password: use `authentication`"));
    }
    let pairs = query(input)?;
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(url)
}

/// Pairs to add to the URL's own query. A list gives its name once per item; null is left out.
fn query(input: &Data) -> Result<Vec<(String, String)>, EffectError> {
    let mut pairs = Vec::new();
    for (name, value) in object(input, "query")? {
        let values = value.items().map_or_else(|| vec![value.clone()], Iterator::collect);
        for value in values.iter().filter(|value| !value.is_null()) {
            let Some(text) = scalar(value) else {
                return Err(EffectError::validation(format!("query `{name}`: cannot send {} as text", article(value))));
            };
            pairs.push((name.clone(), text));
        }
    }
    Ok(pairs)
}

/// A header whose value is null is left out.
fn headers(input: &Data) -> Result<HeaderMap, EffectError> {
    let mut headers = HeaderMap::new();
    for (name, value) in object(input, "headers")?.into_iter().filter(|(_, value)| !value.is_null()) {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| EffectError::validation(format!("`{name}` is not a header name")))?;
        let Some(text) = scalar(&value) else {
            return Err(EffectError::validation(format!("header `{name}`: cannot send {} as text", article(&value))));
        };
        // The message never shows the value: it may be a secret.
        let text = HeaderValue::from_str(&text)
            .map_err(|_| EffectError::validation(format!("header `{name}`: its value holds characters that no header may have")))?;
        headers.insert(key, text);
    }
    Ok(headers)
}

/// Text goes out as it is, everything else as JSON; null is no body. Sets the content type that fits unless the document did.
fn body(input: &Data, headers: &mut HeaderMap) -> Option<Vec<u8>> {
    let body = input.get("body").filter(|body| !body.is_null())?;
    let (bytes, content_type) = match body.as_str() {
        Some(text) => (text.as_bytes().to_vec(), "text/plain; charset=utf-8"),
        None => (body.to_string().into_bytes(), "application/json"),
    };
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    Some(bytes)
}

fn output(input: &Data) -> Result<Output, EffectError> {
    let output = input.get("output").unwrap_or_default();
    match output.as_str() {
        None if output.is_null() => Ok(Output::Content),
        Some("content") => Ok(Output::Content),
        Some("raw") => Ok(Output::Raw),
        Some("response") => Ok(Output::Response),
        _ => Err(EffectError::validation(format!("output: content, raw or response, not {output}"))),
    }
}

fn redirect(input: &Data) -> Result<bool, EffectError> {
    let redirect = input.get("redirect").unwrap_or_default();
    match redirect.as_bool() {
        Some(redirect) => Ok(redirect),
        None if redirect.is_null() => Ok(false),
        None => Err(EffectError::validation(format!("redirect: true or false, not {}", article(&redirect)))),
    }
}

fn object(input: &Data, key: &str) -> Result<Vec<(String, Data)>, EffectError> {
    let value = input.get(key).unwrap_or_default();
    match value.entries() {
        Some(entries) => Ok(entries.collect()),
        None if value.is_null() => Ok(Vec::new()),
        None => Err(EffectError::validation(format!("{key}: an object is needed, not {}", article(&value)))),
    }
}

/// A value that has one plain text: a string, a number, a boolean.
fn scalar(value: &Data) -> Option<String> {
    match value.kind() {
        "string" => value.as_str().map(str::to_owned),
        "number" | "boolean" => Some(value.to_string()),
        _ => None,
    }
}

fn article(value: &Data) -> String {
    match value.kind() {
        "null" => "null".to_owned(),
        kind @ ("array" | "object") => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}
