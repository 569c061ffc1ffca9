use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};
use serde_json::json;

use super::*;
use crate::stigmer::{agx, structs, wf, wfx};

fn status() -> wfx::WorkflowExecutionStatus {
    wfx::WorkflowExecutionStatus {
        phase: wfx::ExecutionPhase::ExecutionCompleted.into(),
        output: Some(structs::object(&json!({"total": 3}))),
        ..Default::default()
    }
}

const STATUS: &str = "ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionStatus";

#[test]
fn every_form_gives_the_same_message() {
    let status = status();
    let own = encode(&status);
    assert_eq!((own.encoding.as_str(), own.message_type.as_deref()), (JSON_PROTOBUF, Some(STATUS)));
    let binary = status.encode_to_vec();
    let snake = br#"{"phase": 3, "output": {"total": 3}}"#;
    let forms: [(&str, Option<&str>, &[u8]); 5] = [
        (JSON_PROTOBUF, Some(STATUS), &own.data),
        (JSON_PROTOBUF, None, &own.data),
        (BINARY_PROTOBUF, Some(STATUS), &binary),
        (BINARY_PROTOBUF, None, &binary),
        (JSON_PLAIN, None, snake),
    ];
    for (encoding, message_type, data) in forms {
        assert_eq!(decode::<wfx::WorkflowExecutionStatus>(encoding, message_type, data).unwrap(), status, "{encoding} {message_type:?}");
    }
}

#[test]
fn values_of_every_form() {
    let status = status();
    let expected = json!({"phase": "EXECUTION_COMPLETED", "output": {"total": 3}});
    let value = decode_value(BINARY_PROTOBUF, Some(STATUS), &status.encode_to_vec()).unwrap();
    assert_eq!(value["phase"], expected["phase"]);
    assert_eq!(value["output"]["total"].as_f64(), Some(3.0));
    assert_eq!(decode_value(JSON_PLAIN, None, b"[1]").unwrap(), json!([1]));
    assert_eq!(decode_value(BINARY_NULL, None, b"").unwrap(), Value::Null);
    for value in [json!(null), json!({"a": [1, "x"]})] {
        let parts = encode_value(&value);
        assert_eq!(decode_value(&parts.encoding, None, &parts.data).unwrap(), value);
    }
    assert!(matches!(decode_value(BINARY_PROTOBUF, None, b""), Err(PayloadError::NoMessageType)));
    assert!(matches!(decode_value("binary/plain", None, b""), Err(PayloadError::Encoding(_))));
}

#[test]
fn refusals_name_what_is_wrong_and_never_quote_the_payload() {
    let refused = |encoding: &str, message_type: Option<&str>, data: &[u8]| {
        decode::<wf::WorkflowSpec>(encoding, message_type, data).unwrap_err().to_string()
    };
    assert!(refused("binary/encrypted", None, b"x").contains("binary/encrypted"));
    assert!(refused(JSON_PROTOBUF, Some(STATUS), b"{}").contains(STATUS));
    assert!(refused(BINARY_NULL, None, b"").contains("null"));
    assert!(refused(JSON_PLAIN, None, b"null").contains("null"));
    let mistyped = refused(JSON_PLAIN, None, br#"{"tasks": "hunter2"}"#);
    assert!(mistyped.contains("invalid type: string, expected"), "{mistyped}");
    for text in [mistyped, refused(JSON_PLAIN, None, br#"{"description": hunter2}"#), refused(BINARY_PROTOBUF, None, b"hunter2")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_json_cannot_express_goes_in_binary() {
    let number = prost_types::Value { kind: Some(prost_types::value::Kind::NumberValue(f64::INFINITY)) };
    let status =
        wfx::WorkflowExecutionStatus { output: Some(prost_types::Struct { fields: [("x".into(), number)].into() }), ..Default::default() };
    let parts = encode(&status);
    assert_eq!(parts.encoding, BINARY_PROTOBUF);
    assert_eq!(decode::<wfx::WorkflowExecutionStatus>(&parts.encoding, parts.message_type.as_deref(), &parts.data).unwrap(), status);
}

/// The numbers of the fields in an encoded message.
fn numbers(bytes: &[u8]) -> Vec<(u32, WireType)> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (number, wire_type) = decode_key(&mut rest).unwrap();
        skip_field(wire_type, number, &mut rest, DecodeContext::default()).unwrap();
        found.push((wire_type, number));
    }
    found.into_iter().map(|(wire_type, number)| (number, wire_type)).collect()
}

#[test]
fn callback_token_has_its_number_in_all_four_places() {
    let callback_token = b"token".to_vec();
    let places = [
        (6, agx::AgentExecutionSpec { callback_token: callback_token.clone(), ..Default::default() }.encode_to_vec()),
        (10, agx::AgentExecutionStatus { callback_token: callback_token.clone(), ..Default::default() }.encode_to_vec()),
        (7, wfx::WorkflowExecutionSpec { callback_token: callback_token.clone(), ..Default::default() }.encode_to_vec()),
        (11, wfx::WorkflowExecutionStatus { callback_token, ..Default::default() }.encode_to_vec()),
    ];
    for (number, bytes) in places {
        assert_eq!(numbers(&bytes), [(number, WireType::LengthDelimited)]);
    }
}
