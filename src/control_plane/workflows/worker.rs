//! The workers of the platform's queues. Workflow code of one queue runs on a thread of its own, activities on the process's runtime.

use std::{sync::Arc, thread, time::Duration};

use temporalio_client::Client;
use temporalio_sdk::{Runtime, Worker, WorkerOptions, WorkerOptionsBuilder, runtime::RuntimeOptions};
use tokio::sync::oneshot;

use super::{
    agent_execution::{AgentActivities, InvokeAgentExecution},
    callback::Callbacks,
    validation::ValidateWorkflow,
    workflow_execution::{InvokeWorkflowExecution, WorkflowExecutionActivities},
};
use crate::control_plane::{CallbackPolicy, ControlPlaneError, Queues, cast::Cast, store::Store};

/// Workers end in milliseconds unless an rpc of theirs hangs; then their threads are left behind.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const HEARTBEAT_THROTTLE: Duration = Duration::from_millis(500);

/// Running workers. Dropping them asks them to stop; [`Workers::stop`] also waits.
pub(in crate::control_plane) struct Workers(Vec<WorkerThread>);

struct WorkerThread {
    queue: String,
    stop: Box<dyn Fn() + Send + Sync>,
    ended: oneshot::Receiver<()>,
}

impl Workers {
    /// Makes one worker for each of the platform's queues and starts it.
    pub(in crate::control_plane) fn start(
        client: &Client,
        queues: &Queues,
        store: &Arc<Store>,
        cast: &Arc<Cast>,
        policy: CallbackPolicy,
    ) -> Result<Self, ControlPlaneError> {
        let failed = |queue: &str| {
            let queue = queue.to_owned();
            move |message: String| ControlPlaneError::Worker { queue, message }
        };
        let runtime = Runtime::from_current_tokio(RuntimeOptions::default()).map_err(|error| failed("")(error.to_string()))?;
        let executions = WorkerOptions::new(queues.workflow_execution.clone())
            .register_activities(WorkflowExecutionActivities { store: Arc::clone(store) })
            .register_workflow::<InvokeWorkflowExecution>();
        let validations = WorkerOptions::new(queues.workflow_validation.clone()).register_workflow::<ValidateWorkflow>();
        // So that a cancel reaches a question to a model soon: it comes with the answer to a heartbeat.
        let agents = WorkerOptions::new(queues.agent_execution.clone())
            .max_heartbeat_throttle_interval(HEARTBEAT_THROTTLE)
            .register_activities(AgentActivities { store: Arc::clone(store), cast: Arc::clone(cast), policy })
            .register_activities(Callbacks)
            .register_workflow::<InvokeAgentExecution>();
        let mut workers = Self(Vec::new());
        for (queue, options) in [
            (&queues.workflow_execution, executions.map(WorkerOptionsBuilder::build)),
            (&queues.workflow_validation, validations.map(WorkerOptionsBuilder::build)),
            (&queues.agent_execution, agents.map(WorkerOptionsBuilder::build)),
        ] {
            let options = options.map_err(|error| failed(queue)(error.to_string()))?;
            let worker = Worker::new(&runtime, client.clone(), options).map_err(|error| failed(queue)(error.to_string()))?;
            workers.0.push(WorkerThread::run(queue.clone(), worker).map_err(|error| failed(queue)(error.to_string()))?);
        }
        Ok(workers)
    }

    /// Stops all and waits until they have ended.
    pub(in crate::control_plane) async fn stop(mut self) {
        let threads = std::mem::take(&mut self.0);
        for thread in &threads {
            (thread.stop)();
        }
        for thread in threads {
            // An error says that the thread has ended in a panic, which its own log line tells.
            if tokio::time::timeout(STOP_TIMEOUT, thread.ended).await.is_err() {
                tracing::warn!(task_queue = thread.queue, "the worker did not stop in time");
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for thread in &self.0 {
            (thread.stop)();
        }
    }
}

impl WorkerThread {
    fn run(queue: String, mut worker: Worker) -> std::io::Result<Self> {
        let stop = Box::new(worker.shutdown_handle());
        let (end, ended) = oneshot::channel();
        let tokio = tokio::runtime::Handle::current();
        let name = queue.clone();
        thread::Builder::new().name(format!("control-plane {queue}")).spawn(move || {
            let _entered = tokio.enter();
            if let Err(error) = tokio.block_on(worker.run()) {
                tracing::error!(task_queue = name, %error, "the worker has ended");
            }
            // Its client and core go before the end is told.
            drop(worker);
            let _ = end.send(());
        })?;
        Ok(Self { queue, stop, ended })
    }
}
