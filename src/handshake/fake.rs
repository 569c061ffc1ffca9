//! A server in the test's own process: it answers each rpc by a function and remembers what it was asked.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use prost::Message;
use temporalio_client::callback_based::{CallbackBasedGrpcService, GrpcRequest, GrpcSuccessResponse};
use temporalio_client::tonic::{self, Status};
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, Url};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::{PendingActivityState, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::workflow::v1::{PendingActivityInfo, WorkflowExecutionInfo};
use temporalio_common::protos::temporal::api::workflowservice::v1::{DescribeWorkflowExecutionResponse, GetSystemInfoResponse};

/// What the server was asked: the name of each rpc and its request.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<Call>>>);

type Call = (String, Vec<u8>);

impl Asked {
    pub fn names(&self) -> Vec<String> {
        self.calls().into_iter().map(|(name, _)| name).collect()
    }

    /// The requests of one rpc, in order.
    pub fn requests<T: Message + Default>(&self, rpc: &str) -> Vec<T> {
        self.calls().into_iter().filter(|(name, _)| name == rpc).map(|(_, request)| T::decode(&*request).unwrap()).collect()
    }

    fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A client of a server that answers the n-th call, counted from 0, by `answer(n, rpc)`.
pub async fn client(answer: impl Fn(usize, &str) -> Result<Vec<u8>, Status> + Send + Sync + 'static) -> (Client, Asked) {
    let asked = Asked::default();
    let record = asked.clone();
    let callback = move |request: GrpcRequest| {
        let proto = if request.rpc == "GetSystemInfo" {
            Ok(GetSystemInfoResponse::default().encode_to_vec())
        } else {
            let mut calls = record.0.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push((request.rpc.clone(), request.proto.to_vec()));
            answer(calls.len() - 1, &request.rpc)
        };
        std::future::ready(proto.map(|proto| GrpcSuccessResponse { headers: tonic::metadata::MetadataMap::new().into_headers(), proto }))
            .boxed()
    };
    let options = ConnectionOptions::new(Url::parse("http://127.0.0.1:1").unwrap())
        .dns_load_balancing(None)
        .service_override(CallbackBasedGrpcService { callback: Arc::new(callback) })
        .build();
    let connection = Connection::connect(options).await.unwrap();
    (Client::new(connection, ClientOptions::new("default").build()).unwrap(), asked)
}

#[allow(clippy::unnecessary_wraps, reason = "it stands where answers stand")]
pub fn ok(message: &impl Message) -> Result<Vec<u8>, Status> {
    Ok(message.encode_to_vec())
}

/// An open caller whose activity `5` is at that attempt; none: it has no such activity.
pub fn caller_at(attempt: Option<u32>) -> DescribeWorkflowExecutionResponse {
    let activity = |attempt: u32| PendingActivityInfo {
        activity_id: "5".to_owned(),
        state: PendingActivityState::Started.into(),
        attempt: i32::try_from(attempt).unwrap(),
        ..Default::default()
    };
    DescribeWorkflowExecutionResponse {
        workflow_execution_info: Some(WorkflowExecutionInfo {
            execution: Some(WorkflowExecution { workflow_id: "caller".to_owned(), run_id: "r".to_owned() }),
            status: WorkflowExecutionStatus::Running.into(),
            ..Default::default()
        }),
        pending_activities: attempt.map(activity).into_iter().collect(),
        ..Default::default()
    }
}
