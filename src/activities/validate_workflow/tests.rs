use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::*;
use crate::stigmer::{from_json, random_spec};

fn json_payload(encoding: &str, data: &[u8]) -> RawValue {
    let metadata = [("encoding".to_owned(), encoding.as_bytes().to_vec())].into();
    RawValue::new(vec![Payload { metadata, data: data.to_vec(), ..Default::default() }])
}

async fn validated(raw: &RawValue) -> ServerlessWorkflowValidation {
    let answer = run(raw, &Queues::new(), Some("stigmer/workflow-validation/1")).await;
    let payload = answer.payloads.first().expect("one payload");
    let verdict: ServerlessWorkflowValidation =
        wire::decode(payload::encoding(payload), None, &payload.data).expect("the platform can read it");
    assert!(verdict.validated_at.is_some());
    assert_eq!(verdict.validation_workflow_id, "stigmer/workflow-validation/1");
    verdict
}

async fn of_tasks(tasks: Value) -> ServerlessWorkflowValidation {
    let spec = json!({"document": {"dsl": "1.0.0", "namespace": "test", "name": "flow", "version": "1.0.0"}, "tasks": tasks});
    let spec: WorkflowSpec = from_json(&spec).expect("a spec");
    validated(&RawValue::new(vec![wire_payload(wire::encode(&spec))])).await
}

fn set(name: &str, text: &str) -> Value {
    json!({"name": name, "kind": "WORKFLOW_TASK_KIND_SET", "task_config": {"variables": {"x": text}}})
}

#[tokio::test]
async fn what_would_run_is_valid_and_has_its_yaml() {
    let verdict = of_tasks(json!([set("a", "${ $data.y }")])).await;
    assert_eq!((verdict.state(), verdict.errors.as_slice(), verdict.warnings.as_slice()), (ValidationState::Valid, &[][..], &[][..]));
    assert!(verdict.yaml.contains("- a:"), "{}", verdict.yaml);
}

/// Every kind, at random: whatever keeps to the platform's rules would run.
#[test]
fn random_specifications_are_valid() {
    let queues = random_spec::queues();
    for seed in 0..150 {
        let spec = RawValue::new(vec![wire_payload(wire::encode(&random_spec::spec(seed)))]);
        let verdict = verdict(&spec, &queues);
        assert_eq!((verdict.state(), verdict.errors.as_slice()), (ValidationState::Valid, &[][..]), "seed {seed}\n{}", verdict.yaml);
    }
}

#[tokio::test]
async fn causes_stand_before_what_follows_from_them() {
    let mut first = set("a", "${ .x | }");
    first["flow"] = json!({"then": "nowhere"});
    let verdict = of_tasks(json!([first, set("b", "${ $nobody }"), set("b", "fine"), set("c", "fine")])).await;
    assert_eq!(verdict.state(), ValidationState::Invalid);
    // Names first, in the order of the tasks, then expressions.
    let expected = [
        ("task 'a' (/do/0/a): ", "nowhere"),
        ("", "two tasks `b`"),
        ("task 'a' (/do/0/a): ", "E0401"),
        ("task 'b' (/do/1/b): ", "$nobody"),
    ];
    assert_eq!(verdict.errors.len(), expected.len(), "{:#?}", verdict.errors);
    for (error, (place, what)) in verdict.errors.iter().zip(expected) {
        assert!(error.starts_with(place) && error.contains(what) && error.contains(" of the YAML]"), "{place}{what}: {error}");
    }
    assert!(!verdict.yaml.is_empty(), "an invalid document is shown as it would be");
}

#[tokio::test]
async fn what_does_not_convert_is_told_by_task() {
    let grpc = json!({"name": "call", "kind": "WORKFLOW_TASK_KIND_GRPC_CALL", "task_config": {"service": "s", "method": "m"}});
    let own = json!({"name": "own", "kind": "WORKFLOW_TASK_KIND_CALL_ACTIVITY", "task_config": {"activity": "Greet"}});
    let verdict = of_tasks(json!([grpc, own])).await;
    assert_eq!((verdict.state(), verdict.yaml.as_str(), verdict.errors.len()), (ValidationState::Invalid, "", 2));
    assert!(verdict.errors[0].contains("task 'call'") && verdict.errors[0].contains("gRPC"), "{}", verdict.errors[0]);
    assert!(verdict.errors[1].contains("task 'own'") && verdict.errors[1].contains("activities.queues"), "{}", verdict.errors[1]);
}

#[tokio::test]
async fn notes_and_warnings_change_no_state() {
    let mut spec = json!({"document": {"dsl": "1.0.0", "namespace": "test", "name": "My Flow", "version": "1.0"}, "tasks": []});
    let mut ends = set("a", "1");
    ends["flow"] = json!({"then": "end"});
    spec["tasks"] = json!([ends, set("b", "2")]);
    let spec: WorkflowSpec = from_json(&spec).expect("a spec");
    let verdict = validated(&RawValue::new(vec![wire_payload(wire::encode(&spec))])).await;
    assert_eq!(verdict.state(), ValidationState::Valid, "{:?}", verdict.errors);
    assert!(verdict.warnings[0].contains("My-Flow") && verdict.warnings[1].contains("1.0.0"), "{:?}", verdict.warnings);
    assert!(verdict.warnings[2].contains("the flow never comes to `b`"), "{:?}", verdict.warnings);
}

#[tokio::test]
async fn whatever_comes_is_a_verdict() {
    let deep = |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    let nested = format!(r#"{{"tasks":[{{"name":"a","kind":1,"task_config":{}}}]}}"#, deep(r#"{"variables":"#, "}", 100));
    for (encoding, data) in [
        ("binary/null", Vec::new()),
        ("json/plain", b"null".to_vec()),
        ("json/protobuf", b"{".to_vec()),
        ("json/protobuf", b"[]".to_vec()),
        ("json/protobuf", br#"{"tasks": 7}"#.to_vec()),
        ("json/protobuf", deep("[", "]", 100_000).into_bytes()),
        ("json/protobuf", nested.into_bytes()),
        ("binary/protobuf", vec![0xff; 1_000]),
        ("binary/protobuf", [0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f].to_vec()),
        ("binary/encrypted", vec![1, 2, 3]),
    ] {
        let verdict = validated(&json_payload(encoding, &data)).await;
        assert!(matches!(verdict.state(), ValidationState::Failed | ValidationState::Invalid), "{encoding}");
        assert!(!verdict.errors.is_empty() && verdict.yaml.is_empty(), "{encoding}");
    }
    let verdict = validated(&RawValue::new(vec![])).await;
    assert_eq!((verdict.state(), verdict.errors), (ValidationState::Failed, vec!["WorkflowSpec cannot be nil".to_owned()]));
}

#[tokio::test]
async fn a_verdict_fits_into_a_payload() {
    let nameless: Vec<Value> = (0..5_000).map(|_| set("", &"x".repeat(20))).collect();
    let verdict = of_tasks(json!(nameless)).await;
    assert_eq!((verdict.state(), verdict.errors.len()), (ValidationState::Invalid, MOST + 1));
    assert_eq!(verdict.errors[MOST], format!("and {} more", 5_000 - MOST));
    let verdict = of_tasks(json!([set("a", &"x".repeat(YAML_LIMIT_BYTES + 1))])).await;
    assert_eq!((verdict.state(), verdict.yaml.as_str()), (ValidationState::Invalid, ""));
    assert!(verdict.errors[0].contains("bytes of YAML"), "{:?}", verdict.errors);
}
