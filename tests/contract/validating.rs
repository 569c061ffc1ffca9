//! A1 to A9: what `validateWorkflow` says, over the wire.

use serde_json::json;
use temporalio_client::{UntypedWorkflow, WorkflowStartOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use workflow_runner::plan;
use workflow_runner::stigmer::payload as wire;
use workflow_runner::stigmer::sls::{ServerlessWorkflowValidation, ValidationState};
use workflow_runner::stigmer::wf;

use crate::specs::{named, set, task};
use crate::support::Stage;
use crate::support::wait::within;

fn payload(encoding: &str, message_type: Option<&str>, data: Vec<u8>) -> Payload {
    let message_type = message_type.map(|text| ("messageType".to_owned(), text.as_bytes().to_vec()));
    let metadata = [("encoding".to_owned(), encoding.as_bytes().to_vec())].into_iter().chain(message_type).collect();
    Payload { metadata, data, ..Default::default() }
}

fn of(spec: &wf::WorkflowSpec) -> Payload {
    let parts = wire::encode(spec);
    payload(&parts.encoding, parts.message_type.as_deref(), parts.data)
}

/// What the platform's own workflow gets as its answer.
async fn verdict(stage: &Stage, id: &str, argument: Payload) -> ServerlessWorkflowValidation {
    let options = WorkflowStartOptions::new("workflow_validation_stigmer", format!("stigmer/workflow-validation/{id}")).build();
    let started = stage.client.start_workflow(UntypedWorkflow::new("ValidateWorkflow"), RawValue::new(vec![argument]), options).await;
    let handle = started.expect("it starts");
    let answer = within("the verdict", handle.get_result(Default::default())).await;
    let answer = answer.unwrap_or_else(|error| panic!("{id}: never an error of the activity: {error}"));
    let payload = &answer.payloads[0];
    assert_eq!(payload.metadata["messageType"], b"ai.stigmer.agentic.workflow.v1.serverless.ServerlessWorkflowValidation");
    let verdict: ServerlessWorkflowValidation = wire::decode("json/protobuf", None, &payload.data).expect("a verdict");
    assert!(verdict.validated_at.is_some(), "{id}");
    assert_eq!(verdict.validation_workflow_id, format!("stigmer/workflow-validation/{id}"));
    verdict
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_to_a9_verdicts() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let greet = || named("test-workflow", vec![set("greet", json!({"message": "hello"}))]);
    let state = |verdict: &ServerlessWorkflowValidation| verdict.state();

    let good = verdict(&stage, "A1", of(&greet())).await;
    assert_eq!((state(&good), good.errors.as_slice()), (ValidationState::Valid, &[][..]), "A1");
    assert!(["test-workflow", "document:", "do:"].iter().all(|part| good.yaml.contains(part)), "A1: {}", good.yaml);

    let nil = verdict(&stage, "A2", payload("binary/null", None, Vec::new())).await;
    assert_eq!((state(&nil), nil.errors.as_slice()), (ValidationState::Failed, &["WorkflowSpec cannot be nil".to_owned()][..]), "A2, A9");

    let nameless = verdict(&stage, "A3", of(&wf::WorkflowSpec { document: None, ..greet() })).await;
    assert!(state(&nameless) == ValidationState::Invalid && nameless.errors[0].contains("document"), "A3: {nameless:?}");

    let mut without_name = greet();
    without_name.document.as_mut().expect("a document").name.clear();
    let without_name = verdict(&stage, "A6", of(&without_name)).await;
    // The service before this one listed it and said VALID all the same.
    assert!(state(&without_name) == ValidationState::Invalid && without_name.errors[0].contains("document.name"), "A6: {without_name:?}");

    let empty = verdict(&stage, "A7", of(&named("test-workflow", vec![]))).await;
    assert!(state(&empty) == ValidationState::Invalid && empty.errors[0].contains("at least one task"), "A7: {empty:?}");

    let uri = json!({"method": "GET", "endpoint": {"uri": "${ .env.API_BASE_URL + \"/data\" }"}, "timeoutSeconds": 30});
    let dynamic = verdict(&stage, "A8", of(&named("test-workflow", vec![task("call", "HTTP_CALL", uri)]))).await;
    assert_eq!((state(&dynamic), dynamic.errors.as_slice()), (ValidationState::Valid, &[][..]), "A8");

    let broken = verdict(&stage, "A9", of(&named("test-workflow", vec![set("a", json!({"x": "${ .y | }", "z": "${ $nobody }"}))]))).await;
    assert_eq!((state(&broken), broken.errors.len()), (ValidationState::Invalid, 2), "A9: {broken:?}");
    assert!(!broken.yaml.is_empty() && broken.errors[0].starts_with("task 'a' (/do/0/a): "), "A9: {broken:?}");

    let garbage = verdict(&stage, "A9-garbage", payload("json/protobuf", None, b"{\"tasks\":".to_vec())).await;
    assert_eq!(state(&garbage), ValidationState::Failed, "A9");
    drop(worker);
    stage.stop().await;
}

/// A4 and A5: documents themselves.
#[test]
fn a4_and_a5_documents() {
    let good = "document: {dsl: 1.0.0, namespace: test, name: a, version: 1.0.0}\ndo:\n  - greet: {set: {message: hello}}\n";
    assert!(plan::check(good, "a.yaml").is_empty(), "A4");
    assert!(plan::check(&good.replace("hello", "\"hello"), "a.yaml").iter().any(|problem| problem.prevents_run()), "A5");
    assert!(plan::check(&good.replace("name: a,", ""), "a.yaml")[0].to_string().contains("name"), "A6");
    // A7 is a rule of the platform: a document that does nothing does that.
}
