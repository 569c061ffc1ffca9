//! CloudEvents 1.0 in their JSON form, as the engine handles them:
//! `{specversion, id, source, type, time?, subject?, datacontenttype?, dataschema?, data? | data_base64?, extensions…}`.

mod filter;
mod pattern;
mod strategy;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

pub(super) use self::filter::{Correlations, Expected};
pub(super) use self::strategy::{Met, Strategy, is_met};
use crate::expr::Data;
use crate::plan::Read;

/// Attributes that are always texts; the first four are required.
const TEXTS: [&str; 8] = ["specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema"];
const REQUIRED: usize = 4;

/// Whether an attribute of this name can only be a text.
pub(super) fn is_text(attribute: &str) -> bool {
    TEXTS.contains(&attribute)
}

/// A valid event, as it travels: attributes that are null are left out.
///
/// # Errors
/// What is missing or malformed, for people.
pub fn check(event: &Data) -> Result<Data, String> {
    let entries = event.entries().ok_or_else(|| format!("an event is an object, not {}", event.kind()))?;
    let members: Vec<(String, Data)> = entries.filter(|(name, value)| name == "data" || !value.is_null()).collect();
    for (name, value) in &members {
        member(name, value)?;
    }
    let has = |name: &str| members.iter().any(|(member, _)| member == name);
    if let Some(missing) = TEXTS[..REQUIRED].iter().find(|name| !has(name)) {
        return Err(format!("the attribute `{missing}` is required"));
    }
    if has("data") && has("data_base64") {
        return Err("an event has `data` or `data_base64`, not both".to_owned());
    }
    Ok(Data::object(members))
}

/// An event from outside: checked, and `data_base64` that its `datacontenttype` calls JSON or text made `data`.
///
/// # Errors
/// What is missing or malformed, for people.
pub fn receive(event: &Data) -> Result<Data, String> {
    let event = check(event)?;
    let content_type = event.get("datacontenttype").and_then(|text| text.as_str().map(str::to_ascii_lowercase)).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let json = essence.ends_with("/json") || essence.ends_with("+json");
    let Some(encoded) = event.get("data_base64").filter(|_| json || essence.starts_with("text/")) else { return Ok(event) };
    let bytes = BASE64_STANDARD.decode(encoded.as_str().unwrap_or_default()).map_err(|error| format!("`data_base64`: {error}"))?;
    let data = if json {
        Data::parse(&bytes).map_err(|error| format!("the data is not JSON, as its content type says: {error}"))?
    } else {
        Data::from(String::from_utf8(bytes).map_err(|_| "the data is not UTF-8")?)
    };
    let others = event.entries().into_iter().flatten().filter(|(name, _)| name != "data_base64");
    Ok(Data::object(others).with("data", data))
}

fn member(name: &str, value: &Data) -> Result<(), String> {
    match name {
        "data" => return Ok(()),
        "specversion" if value.as_str() != Some("1.0") => return Err(format!("`specversion` must be \"1.0\", not {value}")),
        "time" if value.as_str().is_none_or(|time| time.parse::<Timestamp>().is_err()) => {
            return Err(format!("`time` must be a time as of RFC 3339, not {value}"));
        }
        "data_base64" if value.is_string() => return Ok(()),
        name if is_text(name) || name == "data_base64" => {
            let filled = value.as_str().is_some_and(|text| !text.is_empty());
            return if filled { Ok(()) } else { Err(format!("`{name}` must be a text that is not empty, not {value}")) };
        }
        _ => {}
    }
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Err(format!("`{name}`: names of attributes are made of lower-case letters and digits"));
    }
    let scalar = value.is_string() || value.as_bool().is_some() || value.as_i64().is_some();
    if scalar { Ok(()) } else { Err(format!("the extension attribute `{name}` must be a text, a boolean or a whole number")) }
}

/// What a listener gets of an event. `raw` is the data as text, not read: text as it is, binary data in base64, everything else its JSON.
pub(super) fn read(event: &Data, read: Read) -> Data {
    match read {
        Read::Data => data(event),
        Read::Envelope => event.clone(),
        Read::Raw => match data(event) {
            data if data.is_string() || data.is_null() => data,
            data => Data::string(data.to_string()),
        },
    }
}

/// Null where there is none; binary data stays in base64.
fn data(event: &Data) -> Data {
    event.get("data").or_else(|| event.get("data_base64")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(more: &Value) -> Data {
        Data::from(json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"})).merged(&Data::from(more))
    }

    #[test]
    fn an_event_is_held_to_the_standard() {
        let whole = event(&json!({"time": "2026-01-02T03:04:05.5+01:00", "subject": null, "data": null, "roomid": 7, "flag": true}));
        assert_eq!(check(&whole).unwrap().get("subject"), None);
        assert_eq!(check(&whole).unwrap().get("data"), Some(Data::null()));
        for (more, problem) in [
            (json!({"id": null}), "`id` is required"),
            (json!({"id": 5}), "`id` must be a text that is not empty, not 5"),
            (json!({"source": ""}), "`source` must be a text"),
            (json!({"specversion": "0.3"}), "`specversion` must be \"1.0\""),
            (json!({"time": "yesterday"}), "RFC 3339"),
            (json!({"roomId": "x"}), "`roomId`: names"),
            (json!({"room": {"a": 1}}), "`room` must be a text, a boolean"),
            (json!({"data": 1, "data_base64": "AQ=="}), "not both"),
            (json!({"data_base64": 1}), "`data_base64` must be a text"),
        ] {
            let found = check(&event(&more)).unwrap_err();
            assert!(found.contains(problem), "{more}: {found}");
        }
        assert_eq!(check(&Data::from("x")).unwrap_err(), "an event is an object, not string");
    }

    #[test]
    fn data_that_came_as_bytes_is_read_by_its_content_type() {
        let received = |content_type: &str, bytes: &[u8]| {
            receive(&event(&json!({"datacontenttype": content_type, "data_base64": BASE64_STANDARD.encode(bytes)})))
                .map(|event| read(&event, Read::Data).to_json())
        };
        assert_eq!(received("application/vnd.x+json; charset=utf-8", br#"{"a":1.0}"#), Ok(json!({"a": 1.0})));
        assert_eq!(received("text/plain", b"hi"), Ok(json!("hi")));
        assert_eq!(received("image/png", b"hi"), Ok(json!("aGk=")));
        assert!(received("application/json", b"{").unwrap_err().contains("not JSON"));
        assert!(received("text/plain", b"\xff").unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn an_event_is_read_in_three_ways() {
        let text = event(&json!({"data": "hello"}));
        let object = event(&json!({"data": {"b": 1, "a": [true]}}));
        let binary = event(&json!({"data_base64": "AQ=="}));
        assert_eq!(read(&object, Read::Envelope), object);
        for (event, as_data, as_raw) in [
            (&text, json!("hello"), json!("hello")),
            (&object, json!({"b": 1, "a": [true]}), json!(r#"{"b":1,"a":[true]}"#)),
            (&binary, json!("AQ=="), json!("AQ==")),
            (&event(&json!({})), json!(null), json!(null)),
        ] {
            assert_eq!((read(event, Read::Data).to_json(), read(event, Read::Raw).to_json()), (as_data, as_raw));
        }
    }
}
