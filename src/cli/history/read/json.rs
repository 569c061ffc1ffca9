//! The JSON forms. Protobuf's own is read by Temporal's descriptors, after its dialects have been made one:
//!
//! * enums by their short names, as before protobuf's JSON was taken over: `WorkflowExecutionStarted`
//! * payloads that were decoded for display, as the web page saves them when asked to: made again as JSON
//! * members that newer servers write and these descriptors do not have: left out

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use temporalio_client::WorkflowHistory;
use temporalio_common::protos::temporal::api::history::v1::{History, HistoryEvent};

/// What describes histories, made by the build.
const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/history.bin"));
const HISTORY: &str = "temporal.api.history.v1.History";
const PAYLOAD: &str = "temporal.api.common.v1.Payload";
const PAYLOADS: &str = "temporal.api.common.v1.Payloads";
/// Deeper than any failure in a failure that a server would keep; below the depth at which JSON is refused.
const DEEPEST: usize = 120;

fn descriptor() -> Result<MessageDescriptor, String> {
    static POOL: OnceLock<Option<DescriptorPool>> = OnceLock::new();
    let pool = POOL.get_or_init(|| DescriptorPool::decode(DESCRIPTORS).ok());
    pool.as_ref().and_then(|pool| pool.get_message_by_name(HISTORY)).ok_or_else(|| "the descriptors of histories are damaged".to_owned())
}

pub(super) fn parse(text: &[u8]) -> Result<(History, bool), String> {
    let value: Value = serde_json::from_slice(text).map_err(|error| {
        if error.is_eof() {
            format!("its JSON ends in the middle, at {}: it was cut", place(&error))
        } else {
            format!("its JSON is broken: {error}")
        }
    })?;
    let events = events(value)?;
    if events.first().is_some_and(|event| event.get("event_id").is_some()) {
        return sdk(&events).map(|history| (history, false));
    }
    let mut history = json!({"events": events});
    let descriptor = descriptor()?;
    let mut dialect = Dialect { remade: false };
    dialect.message(&mut history, &descriptor, 0);
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let message = DynamicMessage::deserialize_with_options(descriptor, history, &options).map_err(|error| error.to_string())?;
    let history = History::decode(message.encode_to_vec().as_slice()).map_err(|error| error.to_string())?;
    let empty = |event: &HistoryEvent| event.event_id == 0 || (event.attributes.is_none() && !event.worker_may_ignore);
    if let Some(at) = history.events.iter().position(empty) {
        return Err(format!("event {} of its list says nothing that this version knows: it lacks its number or its attributes", at + 1));
    }
    Ok((history, dialect.remade))
}

fn place(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

/// The events of whatever stands around them.
fn events(value: Value) -> Result<Vec<Value>, String> {
    let found = match value {
        Value::Array(events) => Some(events),
        Value::Object(mut object) => match (object.remove("events"), object.remove("history")) {
            (Some(Value::Array(events)), _) => Some(events),
            (_, Some(Value::Object(mut history))) => match history.remove("events") {
                Some(Value::Array(events)) => Some(events),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    let events = found.ok_or("there is no list `events` in it: save it with `temporal workflow show --output json`")?;
    match events.iter().position(|event| event.get("eventId").is_none() && event.get("event_id").is_none()) {
        _ if events.is_empty() => Err("it has no events".to_owned()),
        Some(at) => Err(format!("event {} of its list has no `eventId`", at + 1)),
        None => Ok(events),
    }
}

/// The SDK's own form, which has the names and numbers of its types.
fn sdk(events: &[Value]) -> Result<History, String> {
    let text = serde_json::to_vec(&json!({"events": events})).map_err(|error| error.to_string())?;
    let history = WorkflowHistory::from_json(&text).map_err(|error| error.to_string())?;
    let events = futures::executor::block_on(history.into_events()).map_err(|error| error.to_string())?;
    Ok(History { events })
}

/// Makes a JSON value what protobuf's JSON mapping takes.
struct Dialect {
    remade: bool,
}

impl Dialect {
    fn message(&mut self, value: &mut Value, message: &MessageDescriptor, depth: usize) {
        match message.full_name() {
            PAYLOAD => return self.payload(value),
            // The short form of payloads is the list of what is in them.
            PAYLOADS if value.is_array() => *value = json!({"payloads": value.take()}),
            _ => {}
        }
        let Value::Object(members) = value else { return };
        if depth == DEEPEST {
            return;
        }
        for (name, member) in members.iter_mut() {
            if let Some(field) = message.get_field_by_json_name(name).or_else(|| message.get_field_by_name(name)) {
                self.field(member, &field, depth + 1);
            }
        }
        members.retain(|_, member| !member.is_null());
    }

    fn field(&mut self, value: &mut Value, field: &FieldDescriptor, depth: usize) {
        match value {
            Value::Object(entries) if field.is_map() => {
                let Kind::Message(entry) = field.kind() else { return };
                let kind = entry.map_entry_value_field().kind();
                // Null is a payload of its own where payloads are decoded.
                entries.values_mut().for_each(|value| self.one(value, &kind, depth));
            }
            Value::Array(items) if field.is_list() => items.iter_mut().for_each(|item| self.one(item, &field.kind(), depth)),
            value => self.one(value, &field.kind(), depth),
        }
    }

    fn one(&mut self, value: &mut Value, kind: &Kind, depth: usize) {
        match kind {
            Kind::Message(message) => self.message(value, message, depth),
            Kind::Enum(names) => {
                if let Some(long) = value.as_str().and_then(|short| long_name(short, names)) {
                    *value = Value::String(long);
                }
            }
            _ => {}
        }
    }

    /// A payload is `{metadata: {…base64}, data: base64}`; whatever else stands there was decoded for people.
    fn payload(&mut self, value: &mut Value) {
        if is_payload(value) {
            return;
        }
        let shown = match &mut *value {
            Value::Object(members) if members.get("metadata").is_some_and(Value::is_object) && members.len() <= 3 => {
                let encoding = members["metadata"].get("encoding").and_then(Value::as_str).map(str::to_owned);
                (members.remove("data").unwrap_or(Value::Null), encoding)
            }
            other => (other.take(), None),
        };
        *value = payload_of(&shown.0, shown.1.as_deref());
        self.remade = true;
    }
}

fn is_payload(value: &Value) -> bool {
    let Value::Object(members) = value else { return false };
    let text_or_none = |value: Option<&Value>| value.is_none_or(|value| value.as_str().is_some_and(|text| BASE64.decode(text).is_ok()));
    let encodings = |metadata: &Map<String, Value>| {
        let encoding = metadata.get("encoding").and_then(Value::as_str);
        encoding.is_some_and(|text| BASE64.decode(text).is_ok_and(|bytes| bytes.contains(&b'/')))
    };
    match members.get("metadata") {
        Some(Value::Object(metadata)) => encodings(metadata) && text_or_none(members.get("data")),
        // Nothing is said about the data of an empty one.
        None => members.is_empty() || (members.len() == 1 && members.contains_key("data") && text_or_none(members.get("data"))),
        Some(_) => false,
    }
}

fn payload_of(shown: &Value, encoding: Option<&str>) -> Value {
    let encoding = encoding.filter(|name| name.starts_with("json/")).unwrap_or(if shown.is_null() { "binary/null" } else { "json/plain" });
    let data = if encoding == "binary/null" { String::new() } else { shown.to_string() };
    json!({"metadata": {"encoding": BASE64.encode(encoding)}, "data": BASE64.encode(data)})
}

/// `WorkflowExecutionStarted` among the names of its enum: `EVENT_TYPE_WORKFLOW_EXECUTION_STARTED`.
fn long_name(short: &str, names: &EnumDescriptor) -> Option<String> {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>();
    if names.get_value_by_name(short).is_some() {
        return None;
    }
    let wanted = format!("{}{}", plain(names.name()), plain(short));
    names.values().find(|value| plain(value.name()) == wanted).map(|value| value.name().to_owned())
}
