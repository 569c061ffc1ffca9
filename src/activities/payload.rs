//! Data ↔ Temporal payloads. Plain JSON both ways; what comes in may also be null, or a protobuf message in either of its forms.

use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;

use crate::expr::Data;
use crate::handshake::payload::json_text;
use crate::stigmer::payload as wire;

/// Payloads and results stay under this.
pub use crate::handshake::outcome::LIMIT_BYTES as PAYLOAD_LIMIT_BYTES;
pub use crate::handshake::payload::json as json_of;

/// `json/plain`.
#[must_use]
pub fn json_payload(data: &Data) -> Payload {
    json_text(data.to_string().into_bytes())
}

#[must_use]
pub fn raw(data: &Data) -> RawValue {
    RawValue::new(vec![json_payload(data)])
}

pub fn raw_of<T: serde::Serialize>(value: &T) -> RawValue {
    RawValue::new(vec![json_of(value)])
}

/// How a payload says that it is written.
#[must_use]
pub fn encoding(payload: &Payload) -> &str {
    payload.metadata.get("encoding").and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
}

/// The JSON in a payload: `json/plain` and `json/protobuf` as they are, a message of the platform in `binary/protobuf` by its JSON mapping,
/// `binary/null` and an empty payload as null.
///
/// # Errors
/// Names the encoding that cannot be read as JSON, or the place where the text stops being JSON.
pub fn data_of(payload: &Payload) -> Result<Data, String> {
    match encoding(payload) {
        "binary/null" => Ok(Data::null()),
        "json/plain" | "json/protobuf" => Data::parse(&payload.data).map_err(|e| format!("the payload is not JSON: {e}")),
        wire::BINARY_PROTOBUF => message_of(payload),
        "" if payload.data.is_empty() => Ok(Data::null()),
        "" => Data::parse(&payload.data).map_err(|e| format!("the payload has no encoding and is not JSON: {e}")),
        other => Err(format!("the payload's encoding is `{other}`; send `json/plain`")),
    }
}

/// A message by its `messageType`. Its maps have no order of their own: sorted, they are the same in each replay.
fn message_of(payload: &Payload) -> Result<Data, String> {
    let message_type = payload.metadata.get("messageType").map(|name| String::from_utf8_lossy(name));
    let mut value = wire::decode_value(encoding(payload), message_type.as_deref(), &payload.data).map_err(|e| e.to_string())?;
    value.sort_all_objects();
    Ok(Data::from(value))
}

/// The one argument of a call, null when there is none.
///
/// # Errors
/// As [`data_of`].
pub fn first(raw: &RawValue) -> Result<Data, String> {
    raw.payloads.first().map_or_else(|| Ok(Data::null()), data_of)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use prost::{Message as _, Name as _};

    use super::*;
    use crate::stigmer::ar::ApiResourceMetadata;

    fn payload(encoding: &str, data: &[u8]) -> Payload {
        Payload {
            metadata: HashMap::from([("encoding".to_owned(), encoding.as_bytes().to_vec())]),
            data: data.to_vec(),
            ..Default::default()
        }
    }

    #[test]
    fn reads_what_callers_send() {
        assert_eq!(data_of(&payload("json/plain", br#"{"a":1}"#)).unwrap().to_string(), r#"{"a":1}"#);
        assert_eq!(data_of(&payload("json/protobuf", br#"{"a":1}"#)).unwrap().to_string(), r#"{"a":1}"#);
        assert!(data_of(&payload("binary/null", b"")).unwrap().is_null());
        assert!(data_of(&Payload::default()).unwrap().is_null());
        assert!(first(&RawValue::new(vec![])).unwrap().is_null());
    }

    #[test]
    fn reads_a_message_by_its_type() {
        let metadata = ApiResourceMetadata {
            id: "wex-1".to_owned(),
            labels: ["c", "a", "b"].map(|label| (label.to_owned(), "1".to_owned())).into(),
            ..Default::default()
        };
        let mut sent = payload("binary/protobuf", &metadata.encode_to_vec());
        assert!(data_of(&sent).unwrap_err().contains("messageType"));
        sent.metadata.insert("messageType".to_owned(), ApiResourceMetadata::full_name().into_bytes());
        assert_eq!(data_of(&sent).unwrap().to_string(), r#"{"id":"wex-1","labels":{"a":"1","b":"1","c":"1"}}"#);
    }

    #[test]
    fn says_what_it_cannot_read() {
        assert!(data_of(&payload("binary/plain", b"x")).unwrap_err().contains("binary/plain"));
        assert!(data_of(&payload("json/plain", b"{")).unwrap_err().contains("not JSON"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let data = Data::from(serde_json::json!({"z": [1, 2.5, null], "a": "x"}));
        assert_eq!(data_of(&json_payload(&data)).unwrap(), data);
    }
}
