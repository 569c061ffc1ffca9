use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use super::*;
use crate::activities::payload::data_of;

fn read_json(value: &Value) -> Result<(History, bool), String> {
    parse(value.to_string().as_bytes())
}

/// The start of a run with this type name and these payloads.
fn start(event_type: &str, payloads: &Value) -> Value {
    json!({"eventId": "1", "eventTime": "2026-01-02T03:04:05.678Z", "eventType": event_type, "workflowExecutionStartedEventAttributes": {
        "workflowType": {"name": "ExecuteServerlessWorkflow"}, "taskQueue": {"name": "q", "kind": "TASK_QUEUE_KIND_NORMAL"},
        "input": {"payloads": payloads}, "workflowTaskTimeout": "10s", "workflowRunTimeout": "0s", "attempt": 1, "notOfThisVersion": [1]}})
}

const ENCODED: &str = "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED";

#[test]
fn every_json_form_is_the_same_history() {
    let raw = json!([{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "eyJhIjpbMV19"}]);
    let event = start(ENCODED, &raw);
    let whole = read_json(&json!({"events": [event]})).unwrap();
    assert!(!whole.1);
    let first = &whole.0.events[0];
    assert_eq!((first.event_id, first.event_type, first.event_time.unwrap().nanos), (1, 1, 678_000_000));
    for same in [json!([event]), json!({"history": {"events": [event]}}), json!([start("WorkflowExecutionStarted", &raw)])] {
        assert_eq!(read_json(&same).unwrap(), whole, "{same}");
    }
    let protobuf = whole.0.encode_to_vec();
    assert_eq!(parse(&protobuf).unwrap(), whole);
    let sdk = serde_json::to_vec(&whole.0).unwrap();
    assert_eq!(parse(&sdk).unwrap(), whole);
    let mut marked = b"\xef\xbb\xbf \n".to_vec();
    marked.extend(json!([event]).to_string().into_bytes());
    assert_eq!(parse(&marked).unwrap(), whole);
}

#[test]
fn payloads_for_people_are_made_again() {
    let shown = [
        (json!({"metadata": {"encoding": "json/plain"}, "data": {"a": [1]}}), json!({"a": [1]})),
        (json!({"metadata": {"encoding": "json/plain"}, "data": "text"}), json!("text")),
        (json!({"metadata": {"encoding": "binary/null"}, "data": null}), json!(null)),
        (json!({"a": [1]}), json!({"a": [1]})),
        (json!("text"), json!("text")),
        (json!(7), json!(7)),
    ];
    for (payload, meant) in shown {
        let (history, remade) = read_json(&json!([start(ENCODED, &json!([payload]))])).unwrap_or_else(|error| panic!("{payload}: {error}"));
        assert!(remade, "{payload}");
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &history.events[0].attributes else { panic!("a start") };
        assert_eq!(data_of(&started.input.as_ref().unwrap().payloads[0]).unwrap().to_json(), meant, "{payload}");
    }
}

#[test]
fn what_is_no_history_is_refused_in_words() {
    let bytes: [(&[u8], &str); 12] = [
        (b"", "it is empty"),
        (b" \n ", "it is empty"),
        (b"{", "cut"),
        (b"{\"events\": [{\"eventId\": \"1\"", "cut"),
        (b"{\"events\": 3}", "no list `events`"),
        (b"{}", "no list `events`"),
        (b"[]", "no events"),
        (b"[1]", "event 1 of its list has no `eventId`"),
        (b"[{\"eventId\": \"1\"}]", "says nothing"),
        (b"[{\"eventId\": \"1\", \"eventType\": \"EVENT_TYPE_OF_TOMORROW\"}]", "event 1 of its list says nothing that this version knows"),
        (b"plain text", "neither JSON nor protobuf"),
        (b"\x0a\x05abcde", "protobuf"),
    ];
    for (bytes, words) in bytes {
        let error = parse(bytes).expect_err("no history");
        assert!(error.contains(words), "{}: {error}", String::from_utf8_lossy(bytes));
    }
    let deep = format!("[{}", "[".repeat(100_000));
    assert!(parse(deep.as_bytes()).is_err());
}
