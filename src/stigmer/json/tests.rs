use serde_json::json;

use super::*;
use crate::stigmer::{agx, ar, sls, structs, tasks, wf, wfx};

#[test]
fn writes_names_in_camel_case_and_leaves_defaults_out() {
    let config = tasks::HttpCallTaskConfig {
        method: "GET".into(),
        endpoint: Some(tasks::HttpEndpoint { uri: "https://api.example.com".into() }),
        timeout_seconds: 30,
        ..Default::default()
    };
    assert_eq!(to_json(&config).unwrap(), json!({"method": "GET", "endpoint": {"uri": "https://api.example.com"}, "timeoutSeconds": 30}));
}

#[test]
fn reads_both_spellings_and_enums_by_name_or_number() {
    for value in [
        json!({"executionId": "wex-1", "status": {"phase": "EXECUTION_FAILED", "startedAt": "now"}}),
        json!({"execution_id": "wex-1", "status": {"phase": 4, "started_at": "now"}}),
    ] {
        let input: wfx::WorkflowExecutionUpdateStatusInput = from_json(&value).unwrap();
        let status = input.status.unwrap();
        assert_eq!(
            (input.execution_id.as_str(), status.phase(), status.started_at.as_str()),
            ("wex-1", wfx::ExecutionPhase::ExecutionFailed, "now")
        );
    }
}

#[test]
fn what_a_newer_peer_adds_is_tolerated_and_what_a_user_misspells_is_not() {
    let value = json!({"seconds": 5, "minutes": 1});
    assert_eq!(from_json::<tasks::WaitTaskConfig>(&value).unwrap().seconds, 5);
    let error = from_json_strict::<tasks::WaitTaskConfig>(&value).unwrap_err();
    assert!(error.message.contains("minutes"), "{error}");
    assert_eq!(error.message_type, "ai.stigmer.agentic.workflow.v1.tasks.WaitTaskConfig");

    let value = json!({"phase": "EXECUTION_DREAMING", "error": "x"});
    assert_eq!(from_json::<wfx::WorkflowExecutionStatus>(&value).unwrap().error, "x");
    assert!(from_json_strict::<wfx::WorkflowExecutionStatus>(&value).is_err());
}

#[test]
fn integers_must_be_integral() {
    assert_eq!(from_json_strict::<tasks::WaitTaskConfig>(&json!({"seconds": 5.0})).unwrap().seconds, 5);
    assert!(from_json_strict::<tasks::WaitTaskConfig>(&json!({"seconds": 5.5})).is_err());
    assert!(from_json_strict::<tasks::WaitTaskConfig>(&json!({"seconds": "soon"})).is_err());
}

#[test]
fn bytes_are_base64() {
    let spec = agx::AgentExecutionSpec { callback_token: vec![0, 255, 16], ..Default::default() };
    let value = to_json(&spec).unwrap();
    assert_eq!(value, json!({"callbackToken": "AP8Q"}));
    assert_eq!(from_json::<agx::AgentExecutionSpec>(&value).unwrap(), spec);
    assert_eq!(from_json::<agx::AgentExecutionSpec>(&json!({"callback_token": "AP8Q"})).unwrap(), spec);
}

#[test]
fn structs_are_plain_objects_and_timestamps_are_text() {
    let output = json!({"answer": 42, "list": [1, "two", null]});
    let status = wfx::WorkflowExecutionStatus { output: Some(structs::object(&output)), ..Default::default() };
    let value = to_json(&status).unwrap();
    assert_eq!(value["output"]["list"][1], "two");
    let back: wfx::WorkflowExecutionStatus = from_json(&value).unwrap();
    assert_eq!(structs::value(&back.output.unwrap()), output);

    let at = prost_types::Timestamp { seconds: 1_700_000_000, nanos: 500_000_000 };
    let verdict = sls::ServerlessWorkflowValidation { validated_at: Some(at), ..Default::default() };
    let value = to_json(&verdict).unwrap();
    assert_eq!(value, json!({"validatedAt": "2023-11-14T22:13:20.500Z"}));
    assert_eq!(from_json::<sls::ServerlessWorkflowValidation>(&value).unwrap(), verdict);
}

/// The object that the platform's agent workflow delivers: `snake_case`, enums as numbers, timestamps as objects, the token as base64.
#[test]
fn reads_the_plain_encoding_of_a_generated_struct() {
    let at = json!({"seconds": 1_700_000_000, "nanos": 7});
    let execution: agx::AgentExecution = from_json(&json!({
        "api_version": "agentic.stigmer.ai/v1",
        "kind": "AgentExecution",
        "metadata": {"id": "aex-1", "name": "a", "owner_scope": 2},
        "spec": {"agent_id": "agt-1", "callback_token": "AP8Q", "runtime_env": {"A": {"value": "1", "is_secret": true}}},
        "status": {"phase": 1, "audit": {"spec_audit": {"created_at": at, "created_by": {"id": "u"}}}},
    }))
    .unwrap();
    assert_eq!(execution.metadata.unwrap().owner_scope(), ar::ApiResourceOwnerScope::Organization);
    assert_eq!(execution.spec.unwrap().callback_token, [0, 255, 16]);
    let status = execution.status.unwrap();
    assert_eq!(status.phase(), agx::ExecutionPhase::ExecutionPending);
    assert_eq!(status.audit.unwrap().spec_audit.unwrap().created_at, Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 7 }));
}

#[test]
fn what_json_cannot_express_is_an_error() {
    let number = prost_types::Value { kind: Some(prost_types::value::Kind::NumberValue(f64::NAN)) };
    let config = prost_types::Struct { fields: [("x".to_owned(), number)].into() };
    assert!(to_json(&wf::WorkflowTask { task_config: Some(config), ..Default::default() }).is_err());
    assert!(from_json::<wf::WorkflowSpec>(&json!([1])).is_err());
}
