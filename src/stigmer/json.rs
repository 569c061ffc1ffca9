//! The JSON mapping of protobuf, by reflection over the embedded descriptors: `camelCase` names, enums by name, 64-bit integers as strings,
//! bytes as base64, defaults left out. Reading also accepts `snake_case` names and enums by number.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, Kind, MessageDescriptor, SerializeOptions};
use serde_json::Value;

use super::DESCRIPTORS;

/// A message that is no valid JSON of its type, or the reverse. No text repeats a value that a peer has sent.
#[derive(Debug, thiserror::Error)]
#[error("{message_type}: {message}")]
pub struct JsonError {
    /// Full name of the message, e.g. `ai.stigmer.agentic.workflow.v1.WorkflowSpec`.
    pub message_type: String,
    /// What is wrong.
    pub message: String,
}

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).expect("the descriptors that build.rs wrote are valid"));

/// The message as JSON. Fails only on what JSON cannot express (a number of a `Struct` that is not finite, a timestamp out of range).
pub fn to_json<M: Message + Name>(message: &M) -> Result<Value, JsonError> {
    let descriptor = descriptor(&M::full_name())?;
    decoded_to_json(descriptor, &message.encode_to_vec())
}

/// Reads a message from JSON and tolerates fields and enum names that it does not know: a newer peer may send them.
/// A timestamp may also be `{"seconds", "nanos"}`, as Go's plain JSON encoding of a generated struct writes it.
pub fn from_json<M: Message + Name + Default>(value: &Value) -> Result<M, JsonError> {
    let descriptor = descriptor(&M::full_name())?;
    let mut value = value.clone();
    plain_timestamps(&descriptor, &mut value);
    let read = read(descriptor, &value, &DeserializeOptions::new().deny_unknown_fields(false));
    read.map_err(|error| JsonError { message: without_value(&error.message), ..error })
}

/// Reads a message from JSON; a field or an enum name that it does not know is an error. For what a user wrote.
pub fn from_json_strict<M: Message + Name + Default>(value: &Value) -> Result<M, JsonError> {
    read(descriptor(&M::full_name())?, value, &DeserializeOptions::new().deny_unknown_fields(true))
}

/// The JSON of an encoded message whose type is known by name only.
pub(super) fn any_to_json(message_type: &str, bytes: &[u8]) -> Result<Value, JsonError> {
    decoded_to_json(descriptor(message_type)?, bytes)
}

fn descriptor(message_type: &str) -> Result<MessageDescriptor, JsonError> {
    POOL.get_message_by_name(message_type)
        .ok_or_else(|| JsonError { message_type: message_type.to_owned(), message: "no such message type".to_owned() })
}

fn decoded_to_json(descriptor: MessageDescriptor, bytes: &[u8]) -> Result<Value, JsonError> {
    let name = descriptor.full_name().to_owned();
    let failed = |message: String| JsonError { message_type: name.clone(), message };
    let message = DynamicMessage::decode(descriptor, bytes).map_err(|error| failed(error.to_string()))?;
    message.serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new()).map_err(|error| failed(error.to_string()))
}

fn read<M: Message + Default>(descriptor: MessageDescriptor, value: &Value, options: &DeserializeOptions) -> Result<M, JsonError> {
    let name = descriptor.full_name().to_owned();
    let failed = |message: String| JsonError { message_type: name.clone(), message };
    let message = DynamicMessage::deserialize_with_options(descriptor, value, options).map_err(|error| failed(error.to_string()))?;
    M::decode(message.encode_to_vec().as_slice()).map_err(|error| failed(error.to_string()))
}

/// serde quotes a text of the wrong type; what a peer sends may be secret.
fn without_value(message: &str) -> String {
    const QUOTE: &str = "string \"";
    match (message.find(QUOTE), message.rfind('"')) {
        (Some(start), Some(end)) if end >= start + QUOTE.len() => format!("{}string{}", &message[..start], &message[end + 1..]),
        _ => message.to_owned(),
    }
}

/// Turns `{"seconds": s, "nanos": n}` into the text form wherever the message has a timestamp.
fn plain_timestamps(descriptor: &MessageDescriptor, value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields.iter_mut() {
        let Some(field) = descriptor.get_field_by_json_name(name).or_else(|| descriptor.get_field_by_name(name)) else { continue };
        let Kind::Message(inner) = field.kind() else { continue };
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| plain_timestamps(&inner, item)),
            Value::Object(entries) if field.is_map() => {
                if let Kind::Message(entry) = inner.map_entry_value_field().kind() {
                    entries.values_mut().for_each(|value| plain_timestamps(&entry, value));
                }
            }
            Value::Object(parts) if inner.full_name() == "google.protobuf.Timestamp" => {
                let part = |name: &str| parts.get(name).and_then(Value::as_i64).unwrap_or_default();
                let nanos = i32::try_from(part("nanos")).unwrap_or_default();
                *value = Value::String(prost_types::Timestamp { seconds: part("seconds"), nanos }.to_string());
            }
            other => plain_timestamps(&inner, other),
        }
    }
}

#[cfg(test)]
mod tests;
