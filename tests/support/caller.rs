//! A caller as anybody could write one: a workflow that runs one activity and returns its result.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_client::{Client, UntypedWorkflow, WorkflowHandle, WorkflowStartOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ActivityCancellationType, ActivityExecutionError, ActivityOptions, Runtime, Worker, WorkerOptions};
use temporalio_workflow::{WorkflowContext, WorkflowResult};
use workflow_runner::activities::payload::{first, raw_of};
use workflow_runner::expr::Data;

/// What the caller is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub activity: String,
    pub queue: String,
    pub activity_id: String,
    /// The activity's one argument; a string in `proto` stands for a `json/protobuf` payload of that message type.
    pub input: Value,
    pub message_type: Option<String>,
    /// The bytes of a `binary/protobuf` payload of that message type, in place of the input.
    #[serde(default)]
    pub binary: Option<Vec<u8>>,
    pub start_to_close_ms: u64,
    pub heartbeat_ms: Option<u64>,
    pub attempts: u32,
    pub retry_interval_ms: u64,
    pub wait_for_cancellation: bool,
    /// Done after this, whatever became of it; its end is then the caller's.
    #[serde(default)]
    pub then: Option<Box<Plan>>,
}

impl Plan {
    pub fn new(activity: &str, queue: &str, input: Value) -> Self {
        Self {
            activity: activity.to_owned(),
            queue: queue.to_owned(),
            activity_id: "step".to_owned(),
            input,
            message_type: None,
            binary: None,
            start_to_close_ms: 120_000,
            heartbeat_ms: None,
            attempts: 1,
            retry_interval_ms: 100,
            wait_for_cancellation: false,
            then: None,
        }
    }
}

#[workflow]
#[derive(Default)]
pub struct TestCaller;

#[workflow_methods]
impl TestCaller {
    #[run(name = "TestCaller")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: RawValue) -> WorkflowResult<RawValue> {
        let plan: Plan = serde_json::from_value(first(&input).expect("JSON").to_json()).expect("a plan");
        let mut done = call(ctx, &plan).await;
        let mut next = plan.then;
        while let Some(plan) = next {
            done = call(ctx, &plan).await;
            next = plan.then;
        }
        Ok(done?)
    }
}

async fn call(ctx: &WorkflowContext<TestCaller>, plan: &Plan) -> Result<RawValue, ActivityExecutionError> {
    let mut argument = raw_of(&plan.input);
    if let Some(message_type) = &plan.message_type {
        argument.payloads[0].metadata.insert("encoding".to_owned(), b"json/protobuf".to_vec());
        argument.payloads[0].metadata.insert("messageType".to_owned(), message_type.clone().into_bytes());
        if let Some(binary) = &plan.binary {
            argument.payloads[0].metadata.insert("encoding".to_owned(), b"binary/protobuf".to_vec());
            argument.payloads[0].data.clone_from(binary);
        }
    }
    let mut options = ActivityOptions::with_start_to_close_timeout(Duration::from_millis(plan.start_to_close_ms))
        .activity_id(plan.activity_id.clone())
        .task_queue(plan.queue.clone())
        .retry_policy(
            RetryPolicy::builder()
                .initial_interval(Duration::from_millis(plan.retry_interval_ms))
                .backoff_coefficient(1.0)
                .maximum_attempts(plan.attempts)
                .build(),
        )
        .cancellation_type(if plan.wait_for_cancellation {
            ActivityCancellationType::WaitCancellationCompleted
        } else {
            ActivityCancellationType::TryCancel
        })
        .build();
    options.heartbeat_timeout = plan.heartbeat_ms.map(Duration::from_millis);
    ctx.execute_activity(UntypedActivity::new(plan.activity.clone()), argument, options).await
}

/// A running worker for callers, in this process.
pub struct Callers {
    client: Client,
    queue: String,
    stop: Box<dyn Fn() + Send + Sync>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Callers {
    pub fn start(client: &Client) -> Self {
        let queue = "test-callers".to_owned();
        let runtime = Runtime::from_current_tokio(Default::default()).expect("a runtime");
        let options = WorkerOptions::new(queue.clone()).register_workflow::<TestCaller>().expect("registered").build();
        let mut worker = Worker::new(&runtime, client.clone(), options).expect("a worker");
        let stop = Box::new(worker.shutdown_handle());
        let tokio = tokio::runtime::Handle::current();
        let thread = std::thread::spawn(move || {
            let _entered = tokio.enter();
            tokio.block_on(worker.run()).expect("the callers' worker runs");
            drop((worker, runtime));
        });
        Self { client: client.clone(), queue, stop, thread: Some(thread) }
    }

    /// Starts a caller with this workflow id.
    pub async fn call(&self, workflow_id: &str, plan: &Plan) -> WorkflowHandle<Client, UntypedWorkflow> {
        let options = WorkflowStartOptions::new(self.queue.clone(), workflow_id).build();
        self.client.start_workflow(UntypedWorkflow::new("TestCaller"), raw_of(plan), options).await.expect("the caller starts")
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        (self.stop)();
        // Its thread ends with the test's runtime.
        drop(self.thread.take());
    }
}

/// The caller's result, or its failure as text.
pub async fn result(handle: &WorkflowHandle<Client, UntypedWorkflow>) -> Result<Value, String> {
    let raw = super::wait::within("the caller to end", handle.get_result(Default::default())).await;
    raw.map_err(|e| format!("{e:?}")).map(|raw| first(&raw).unwrap_or_else(|_| Data::null()).to_json())
}
