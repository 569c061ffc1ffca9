//! The HTTP binding of `CloudEvents` 1.0: from a request to an event.
//!
//! | mode | content type | the event is |
//! |---|---|---|
//! | structured | `application/cloudevents+json` | the body |
//! | binary | that of the data | in the headers `ce-*`, its data the body |
//! | batched | `application/cloudevents-batch+json` | refused |

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::engine::event;
use crate::expr::Data;

const ATTRIBUTE: &str = "ce-";
const STRUCTURED: &str = "application/cloudevents+json";
const CLOUD_EVENTS: &str = "application/cloudevents";

/// The event that a request carries, checked, in JSON form.
///
/// # Errors
/// What is missing or malformed, for people.
pub fn parse_http(headers: &HeaderMap, body: &[u8]) -> Result<Data, String> {
    let content_type = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let essence = content_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == STRUCTURED {
        let event = Data::parse(body).map_err(|error| format!("the event is not JSON: {error}"))?;
        return event::receive(&event);
    }
    if essence.starts_with("application/cloudevents-batch") {
        return Err("a batch of events is not taken: send each by itself".to_owned());
    }
    if essence.starts_with(CLOUD_EVENTS) {
        return Err(format!("`{essence}` is not taken: send `{STRUCTURED}`, or the attributes in `ce-` headers"));
    }
    binary(headers, content_type, body)
}

fn binary(headers: &HeaderMap, content_type: Option<String>, body: &[u8]) -> Result<Data, String> {
    let mut members = Vec::new();
    for (name, value) in headers {
        if let Some(attribute) = name.as_str().strip_prefix(ATTRIBUTE) {
            members.push((attribute.to_owned(), Data::from(decoded(attribute, value.as_bytes())?)));
        }
    }
    if members.is_empty() {
        return Err(format!("no event: send `{STRUCTURED}`, or the attributes in `ce-` headers"));
    }
    members.extend(content_type.map(|text| ("datacontenttype".to_owned(), Data::from(text))));
    if !body.is_empty() {
        members.push(("data_base64".to_owned(), Data::from(BASE64_STANDARD.encode(body))));
    }
    event::receive(&Data::object(members))
}

/// Attributes travel percent-encoded where they are more than visible ASCII.
fn decoded(attribute: &str, value: &[u8]) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, more @ ..] = rest {
        let escape = match (first, more) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &more[2..] } else { more };
    }
    String::from_utf8(bytes).map_err(|_| format!("the header `{ATTRIBUTE}{attribute}` is not UTF-8"))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use serde_json::{Value, json};

    use super::*;

    const REQUIRED: [(&str, &str); 4] = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")];

    fn parsed(headers: &[(&'static str, &str)], body: &[u8]) -> Result<Value, String> {
        let pairs = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        parse_http(&pairs.collect(), body).map(|event| event.to_json())
    }

    fn with(more: &[(&'static str, &'static str)], body: &[u8]) -> Result<Value, String> {
        parsed(&[&REQUIRED, more].concat(), body)
    }

    #[test]
    fn structured() {
        let event = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "roomid": 7, "data": {"a": 1.0}});
        let headers = [("content-type", "Application/CloudEvents+JSON; charset=utf-8")];
        assert_eq!(parsed(&headers, event.to_string().as_bytes()), Ok(event));
        assert!(parsed(&headers, b"{").unwrap_err().contains("not JSON"));
        assert!(parsed(&headers, b"{}").unwrap_err().contains("`specversion` is required"));
    }

    #[test]
    fn binary() {
        let json_data = with(&[("content-type", "application/json"), ("ce-subject", "caf%C3%A9 100%")], br#"{"a":[1]}"#).unwrap();
        let expected = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": "café 100%",
            "datacontenttype": "application/json", "data": {"a": [1]}});
        assert_eq!(json_data, expected);
        assert_eq!(with(&[("content-type", "text/plain")], b"hi").unwrap()["data"], json!("hi"));
        assert_eq!(with(&[("content-type", "image/png")], b"hi").unwrap()["data_base64"], json!("aGk="));
        assert_eq!(with(&[], b"").unwrap().get("data"), None);
        assert!(with(&[("content-type", "application/json")], b"{").unwrap_err().contains("not JSON"));
        assert!(parsed(&REQUIRED[1..], b"").unwrap_err().contains("`specversion` is required"));
        assert!(with(&[("ce-subject", "%ff")], b"").unwrap_err().contains("not UTF-8"));
    }

    #[test]
    fn what_is_no_event_says_so() {
        assert!(parsed(&[("content-type", "application/json")], b"{}").unwrap_err().starts_with("no event: send"));
        assert!(with(&[("content-type", "application/cloudevents-batch+json")], b"[]").unwrap_err().contains("batch"));
        assert!(with(&[("content-type", "application/cloudevents+avro")], b"").unwrap_err().contains("+avro` is not taken"));
    }
}
