//! Runs without a caller, started as anybody with a client starts them.

use serde_json::{Value, json};
use temporalio_client::{Client, UntypedWorkflow, WorkflowHandle, WorkflowStartOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflow_runner::activities::payload::{data_of, json_of};

use super::history::{closed, events};

pub const QUEUE: &str = "zigflow_execution";
pub const WORKFLOW_TYPE: &str = "ExecuteServerlessWorkflow";

pub type Handle = WorkflowHandle<Client, UntypedWorkflow>;

/// Starts a definition.
pub async fn start(client: &Client, id: &str, yaml: &str, input: &Value) -> Handle {
    start_raw(client, id, vec![json_of(&json!({"workflow_yaml": yaml, "initial_data": input}))]).await
}

/// Starts the workflow type with these arguments, whatever they are.
pub async fn start_raw(client: &Client, id: &str, arguments: Vec<Payload>) -> Handle {
    let options = WorkflowStartOptions::new(QUEUE, id).build();
    client.start_workflow(UntypedWorkflow::new(WORKFLOW_TYPE), RawValue::new(arguments), options).await.expect("the run starts")
}

/// How a run ended.
#[derive(Debug, PartialEq)]
pub enum End {
    Completed(Value),
    /// Message, type, and the first of its details.
    Failed(String, String, Value),
    Cancelled,
    Other(String),
}

/// Waits for the end of the latest run; its end, and its events.
pub async fn end(client: &Client, id: &str) -> (End, Vec<HistoryEvent>) {
    let status = closed(client, id).await;
    let events = events(client, id, "").await;
    let end = match events.last().and_then(|last| last.attributes.clone()) {
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(a)) => End::Completed(first(a.result.map(|r| r.payloads))),
        Some(Attributes::WorkflowExecutionFailedEventAttributes(a)) => failed(a.failure.unwrap_or_default()),
        Some(Attributes::WorkflowExecutionCanceledEventAttributes(_)) => End::Cancelled,
        _ => End::Other(format!("{status:?}")),
    };
    (end, events)
}

/// The output of a run that has to complete, and its events.
pub async fn completed(client: &Client, id: &str) -> (Value, Vec<HistoryEvent>) {
    match end(client, id).await {
        (End::Completed(output), events) => (output, events),
        (other, _) => panic!("{id}: {other:?}"),
    }
}

fn failed(failure: Failure) -> End {
    match failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            End::Failed(failure.message, info.r#type, first(info.details.map(|details| details.payloads)))
        }
        _ => End::Failed(failure.message, String::new(), Value::Null),
    }
}

fn first(payloads: Option<Vec<Payload>>) -> Value {
    payloads.unwrap_or_default().first().map_or(Value::Null, |payload| data_of(payload).expect("JSON").to_json())
}
