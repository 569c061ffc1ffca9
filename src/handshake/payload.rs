//! Payloads of the raw rpcs. The SDK's handles encode by themselves; what goes past them has to pass the client's codec here.

use std::collections::HashMap;

use serde::Serialize;
use temporalio_client::{Client, NamespacedClient, tonic};
use temporalio_common::data_converters::{SerializationContextData, WorkflowSerializationContext};
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads};

/// `json/plain`.
pub fn json<T: Serialize>(value: &T) -> Payload {
    // Our own types have string keys only, so writing them cannot fail.
    json_text(serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec()))
}

/// `json/plain` of what is JSON already.
pub fn json_text(data: Vec<u8>) -> Payload {
    Payload { metadata: HashMap::from([("encoding".to_owned(), b"json/plain".to_vec())]), data, ..Default::default() }
}

pub async fn encode(client: &Client, payload: Payload) -> Result<Payloads, tonic::Status> {
    let payloads = client
        .data_converter()
        .codec()
        .encode(&context(), vec![payload])
        .await
        .map_err(|e| tonic::Status::invalid_argument(format!("the payload codec refuses it: {e}")))?;
    Ok(Payloads { payloads })
}

pub async fn decode(client: &Client, payloads: Option<Payloads>) -> Result<Option<Payloads>, tonic::Status> {
    let Some(payloads) = payloads else { return Ok(None) };
    let payloads = client
        .data_converter()
        .codec()
        .decode(&context(), payloads.payloads)
        .await
        .map_err(|e| tonic::Status::data_loss(format!("the payload codec cannot read it: {e}")))?;
    Ok(Some(Payloads { payloads }))
}

fn context() -> SerializationContextData {
    SerializationContextData::Workflow(WorkflowSerializationContext::new())
}
