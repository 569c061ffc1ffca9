//! The forms in which a message or a value travels as a Temporal payload, on plain parts: the `encoding` and `messageType` metadata and
//! the bytes. Readers accept every form that a peer's default converter can write; we write `json/protobuf`, which all of them read.

use prost::{Message, Name};
use serde_json::Value;

use super::json::{self, JsonError};

/// Protobuf as JSON; the type is in `messageType`.
pub const JSON_PROTOBUF: &str = "json/protobuf";
/// Protobuf in its binary form; the type is in `messageType`.
pub const BINARY_PROTOBUF: &str = "binary/protobuf";
/// Any JSON.
pub const JSON_PLAIN: &str = "json/plain";
/// No value, and no bytes.
pub const BINARY_NULL: &str = "binary/null";

/// A payload in parts, to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Parts {
    /// Metadata `encoding`.
    pub encoding: String,
    /// Metadata `messageType`.
    pub message_type: Option<String>,
    /// The bytes.
    pub data: Vec<u8>,
}

/// Why a payload cannot be read or written. No text of it repeats the payload's bytes.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// A form that no converter of ours or of a peer uses.
    #[error("unsupported payload encoding '{0}' (expected {JSON_PROTOBUF}, {BINARY_PROTOBUF}, {JSON_PLAIN} or {BINARY_NULL})")]
    Encoding(String),
    /// The payload holds another message.
    #[error("payload holds a '{found}' where a '{expected}' is expected")]
    MessageType {
        /// Full name of the message that is wanted.
        expected: String,
        /// Its `messageType`.
        found: String,
    },
    /// No value where a message is expected.
    #[error("payload is null where a '{0}' is expected")]
    Null(String),
    /// Binary protobuf without a type cannot be shown as JSON.
    #[error("a {BINARY_PROTOBUF} payload without messageType")]
    NoMessageType,
    /// The bytes are no JSON. The position only: the parser's own text may quote the data.
    #[error("payload is not JSON (line {line}, column {column})")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// The bytes are no such message.
    #[error("payload is not a valid {0}")]
    Binary(String),
    /// The JSON does not fit the message.
    #[error(transparent)]
    Json(#[from] JsonError),
}

/// Reads a message. `json/plain` goes by the JSON mapping too: a peer without generated types sends it.
pub fn decode<M: Message + Name + Default>(encoding: &str, message_type: Option<&str>, data: &[u8]) -> Result<M, PayloadError> {
    let expected = M::full_name();
    if let Some(found) = message_type.filter(|found| *found != expected) {
        return Err(PayloadError::MessageType { expected, found: found.to_owned() });
    }
    match encoding {
        BINARY_NULL => Err(PayloadError::Null(expected)),
        BINARY_PROTOBUF => M::decode(data).map_err(|_| PayloadError::Binary(expected)),
        JSON_PROTOBUF | JSON_PLAIN => match parse(data)? {
            Value::Null => Err(PayloadError::Null(expected)),
            value => Ok(json::from_json(&value)?),
        },
        other => Err(PayloadError::Encoding(other.to_owned())),
    }
}

/// Reads any payload as a JSON value; a null payload is `null`, a binary message its JSON mapping.
pub fn decode_value(encoding: &str, message_type: Option<&str>, data: &[u8]) -> Result<Value, PayloadError> {
    match encoding {
        BINARY_NULL => Ok(Value::Null),
        JSON_PROTOBUF | JSON_PLAIN => parse(data),
        BINARY_PROTOBUF => Ok(json::any_to_json(message_type.ok_or(PayloadError::NoMessageType)?, data)?),
        other => Err(PayloadError::Encoding(other.to_owned())),
    }
}

/// Writes a message as `json/protobuf` with its `messageType`. What JSON cannot express goes as `binary/protobuf`, which peers read too.
pub fn encode<M: Message + Name>(message: &M) -> Parts {
    let (encoding, data) = match json::to_json(message) {
        Ok(value) => (JSON_PROTOBUF, value.to_string().into_bytes()),
        Err(_) => (BINARY_PROTOBUF, message.encode_to_vec()),
    };
    Parts { encoding: encoding.to_owned(), message_type: Some(M::full_name()), data }
}

/// Writes a value as `json/plain`, null as `binary/null`.
pub fn encode_value(value: &Value) -> Parts {
    let (encoding, data) = match value {
        Value::Null => (BINARY_NULL, Vec::new()),
        value => (JSON_PLAIN, value.to_string().into_bytes()),
    };
    Parts { encoding: encoding.to_owned(), message_type: None, data }
}

fn parse(data: &[u8]) -> Result<Value, PayloadError> {
    serde_json::from_slice(data).map_err(|error| PayloadError::Syntax { line: error.line(), column: error.column() })
}

#[cfg(test)]
mod tests;
