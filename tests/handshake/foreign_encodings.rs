//! Agents' sides in other languages complete with protobuf, as JSON or binary: an unfinished object is read back whatever it is written in, and of a
//! finished one the run keeps neither the token nor the environment.

use std::collections::HashMap;

use prost::{Message as _, Name as _};
use serde_json::{Value, json};
use temporalio_client::{ActivityIdentifier, RpcOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::TaskToken;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use workflow_runner::stigmer::agx::{AgentExecution, ExecutionPhase, MessageType};
use workflow_runner::stigmer::exc::ExecutionValue;
use workflow_runner::stigmer::payload::encode;

use crate::support::by_hand::{ASK, SILENT, complete, the_one};
use crate::support::{Stage, document};

fn payload(encoding: &str, data: Vec<u8>) -> Payload {
    let metadata = [("encoding", encoding.to_owned()), ("messageType", AgentExecution::full_name())];
    let metadata = metadata.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect::<HashMap<_, _>>();
    Payload { metadata, data, ..Default::default() }
}

/// The step's answer when its agent's side completes it with what `write` makes of its execution.
async fn answer(write: impl FnOnce(AgentExecution) -> Payload) -> Value {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let mut agent = the_one(&stage).await;
    complete(&stage, &agent, &[(MessageType::MessageAi, "fine")]);
    let spec = agent.spec.as_mut().expect("a spec");
    spec.runtime_env.insert("KEY".to_owned(), ExecutionValue { value: "private-value".to_owned(), is_secret: true });
    let token = TaskToken::from(spec.callback_token.clone());
    let handle = stage.client.get_async_activity_handle(ActivityIdentifier::from_task_token(token));
    handle.complete(Some(RawValue::new(vec![write(agent)])), RpcOptions::default()).await.expect("the step waits");
    let mut output = stage.output(&execution_id).await;
    drop(worker);
    stage.stop().await;
    output["answer"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_object_in_binary_protobuf_is_read_back() {
    let initial = |agent: AgentExecution| payload("binary/protobuf", agent.encode_to_vec());
    assert_eq!(answer(initial).await, json!("fine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_object_in_protobufs_json_is_read_back() {
    let initial = |agent: AgentExecution| payload("json/protobuf", encode(&agent).data);
    assert_eq!(answer(initial).await, json!("fine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_object_is_the_answer_without_its_private_parts() {
    let finished = |mut agent: AgentExecution| {
        agent.status.get_or_insert_default().set_phase(ExecutionPhase::ExecutionCompleted);
        payload("json/protobuf", encode(&agent).data)
    };
    let answer = answer(finished).await;
    assert_eq!((&answer["kind"], &answer["status"]["phase"]), (&json!("AgentExecution"), &json!("EXECUTION_COMPLETED")), "{answer}");
    let spec = answer["spec"].as_object().expect("a spec");
    assert_eq!(spec["message"], json!("how are you"));
    assert!(!spec.contains_key("callbackToken") && !spec.contains_key("runtimeEnv"), "{answer}");
}
