//! Messages and values ↔ payloads of the SDK. Reading is lenient: any form that a peer's converter writes.

use prost::{Message, Name};
use serde_json::Value;
use temporalio_common::{data_converters::RawValue, protos::temporal::api::common::v1::Payload};

use crate::stigmer::payload::{self, BINARY_NULL, Parts};

/// `json/protobuf` with its message type.
pub(super) fn message<M: Message + Name>(message: &M) -> RawValue {
    raw(payload::encode(message))
}

/// `json/plain`.
pub(super) fn value(value: &Value) -> RawValue {
    raw(payload::encode_value(value))
}

/// The one argument as a message. Fails on none and on null; the text is for whoever sent it.
pub(super) fn read_message<M: Message + Name + Default>(raw: &RawValue) -> Result<M, String> {
    let argument = raw.payloads.first().ok_or_else(|| format!("a {} is needed, and there is no argument", M::full_name()))?;
    payload::decode(encoding(argument), metadata(argument, "messageType"), &argument.data).map_err(|error| error.to_string())
}

/// The one argument as JSON; null when there is none.
pub(super) fn read_value(raw: &RawValue) -> Result<Value, String> {
    let Some(argument) = raw.payloads.first() else { return Ok(Value::Null) };
    payload::decode_value(encoding(argument), metadata(argument, "messageType"), &argument.data).map_err(|error| error.to_string())
}

fn raw(parts: Parts) -> RawValue {
    let mut payload = Payload { data: parts.data, ..Default::default() };
    payload.metadata.insert("encoding".to_owned(), parts.encoding.into_bytes());
    if let Some(message_type) = parts.message_type {
        payload.metadata.insert("messageType".to_owned(), message_type.into_bytes());
    }
    RawValue::new(vec![payload])
}

/// A function without a result leaves a payload without metadata: null.
fn encoding(payload: &Payload) -> &str {
    metadata(payload, "encoding").unwrap_or(if payload.data.is_empty() { BINARY_NULL } else { "" })
}

fn metadata<'a>(payload: &'a Payload, key: &str) -> Option<&'a str> {
    payload.metadata.get(key).and_then(|bytes| std::str::from_utf8(bytes).ok())
}
