//! An activity of this process that hands its token to a child, as `ExecuteWorkflow` does: for tests in which no process of ours may run yet, or
//! the child is to be started in a way in which ours never starts one. Run it by a [`Plan`](super::caller::Plan) on [`QUEUE`].

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_client::{Client, UntypedWorkflow, WorkflowStartOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use workflow_runner::activities::payload::{first, raw_of};
use workflow_runner::handshake::{Begun, Callback, ChildInput, Reply, StartRequest, WORKFLOW_TYPE, child_id, start_or_attach};

pub const QUEUE: &str = "test-hand-over";
/// The activity's name.
pub const ACTIVITY: &str = "HandOver";

/// The activity's argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandOver {
    /// Where the child runs.
    pub queue: String,
    /// The child's input without its callback; `workflow_execution_id` names it.
    pub input: Value,
    /// Set: the child is started by hand with this time to live. Otherwise as by our own activity.
    pub execution_timeout_ms: Option<u64>,
}

pub struct Activities;

#[activities]
impl Activities {
    #[activity(name = "HandOver")]
    pub async fn hand_over(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let order: HandOver = serde_json::from_value(first(&input).expect("JSON").to_json()).expect("an order");
        let callback = Callback::of(ctx.info(), Reply::Plain).expect("a normal activity");
        let child = ChildInput::from_json(&order.input).expect("a child's input");
        if let Some(timeout) = order.execution_timeout_ms {
            let mut options = WorkflowStartOptions::new(order.queue, child_id(&child.workflow_execution_id)).build();
            options.execution_timeout = Some(Duration::from_millis(timeout));
            let input = raw_of(&child.with_callback(Some(&callback)));
            ctx.client().start_workflow(UntypedWorkflow::new(WORKFLOW_TYPE), input, options).await.expect("the child starts");
            return Err(ActivityError::WillCompleteAsync);
        }
        let attempt_deadline = ctx.info().deadline;
        let request = StartRequest {
            task_queue: order.queue,
            input: child,
            attempt_deadline,
            search_attribute: false,
            listens: vec![],
            summary: None,
            traceparent: None,
        };
        match start_or_attach(&ctx.client(), &request, &callback).await {
            Ok(Begun::Pending { .. }) => Err(ActivityError::WillCompleteAsync),
            Ok(Begun::Finished(outcome)) => outcome.into_activity_result(),
            Err(e) => panic!("{e}"),
        }
    }
}

/// The running worker; dropping it stops it.
pub struct HandOvers(Box<dyn Fn() + Send + Sync>);

impl HandOvers {
    pub fn start(client: &Client) -> Self {
        let runtime = Runtime::from_current_tokio(Default::default()).expect("a runtime");
        let options = WorkerOptions::new(QUEUE).register_activities(Activities).build();
        let mut worker = Worker::new(&runtime, client.clone(), options).expect("a worker");
        let stop = Box::new(worker.shutdown_handle());
        let tokio = tokio::runtime::Handle::current();
        std::thread::spawn(move || {
            let _entered = tokio.enter();
            tokio.block_on(worker.run()).expect("the hand-over worker runs");
            drop((worker, runtime));
        });
        Self(stop)
    }
}

impl Drop for HandOvers {
    fn drop(&mut self) {
        (self.0)();
    }
}
