//! The four rpcs. What they mean stands where executions run; here they are read and answered.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::Runs;
use super::order::{self, Order};
use super::refusal::Refusal;
use crate::stigmer::wfr::workflow_runner_service_controller_server::WorkflowRunnerServiceController;
use crate::stigmer::wfr::{
    CancelExecutionRequest, PauseExecutionRequest, ResumeExecutionRequest, WorkflowExecuteInput, WorkflowExecuteResponse,
};

/// What `status` says of a run that has been taken.
const RUNNING: &str = "running";

pub(super) struct Controller {
    pub runs: Arc<Runs>,
}

/// An execution that runs now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Empty where it does not run on Temporal.
    pub temporal_workflow_id: String,
    pub message: &'static str,
}

#[tonic::async_trait]
impl WorkflowRunnerServiceController for Controller {
    async fn execute_async(&self, request: Request<WorkflowExecuteInput>) -> Result<Response<WorkflowExecuteResponse>, Status> {
        let order = Order::of(request.into_inner())?;
        let workflow_execution_id = order.execution_id.clone();
        let runs = Arc::clone(&self.runs);
        // Goes on to its end when the client hangs up: half of it would be an execution that is told to be in progress and does not run.
        let taken = tokio::spawn(async move {
            match &*runs {
                Runs::Durable(runs) => runs.execute(order).await,
                Runs::InProcess(runs) => runs.execute(order).await,
            }
        });
        let taken = taken.await.map_err(|error| Status::internal(error.to_string()))?.inspect_err(|refusal| {
            tracing::info!(execution_id = %workflow_execution_id, reason = %refusal, "executeAsync is refused");
        })?;
        tracing::info!(execution_id = %workflow_execution_id, workflow_id = %taken.temporal_workflow_id, message = taken.message, "executeAsync");
        Ok(Response::new(WorkflowExecuteResponse {
            workflow_execution_id,
            status: RUNNING.to_owned(),
            message: taken.message.to_owned(),
            temporal_workflow_id: taken.temporal_workflow_id,
            ..Default::default()
        }))
    }

    async fn cancel_execution(&self, request: Request<CancelExecutionRequest>) -> Result<Response<()>, Status> {
        let CancelExecutionRequest { execution_id, reason, force } = request.into_inner();
        let execution_id = order::execution_id("execution_id", execution_id)?;
        let there = match &*self.runs {
            Runs::Durable(runs) => runs.cancel(&execution_id, &reason, force).await,
            Runs::InProcess(runs) => Ok(runs.cancel(&execution_id, &reason, force)),
        };
        // Nothing to cancel is as good as cancelled.
        told("cancelExecution", &execution_id, &reason, there.map(drop))
    }

    async fn pause_execution(&self, request: Request<PauseExecutionRequest>) -> Result<Response<()>, Status> {
        let PauseExecutionRequest { execution_id, reason } = request.into_inner();
        let execution_id = order::execution_id("execution_id", execution_id)?;
        let paused = match &*self.runs {
            Runs::Durable(runs) => runs.pause(&execution_id, &reason).await,
            Runs::InProcess(runs) => runs.pause(&execution_id, &reason),
        };
        told("pauseExecution", &execution_id, &reason, paused)
    }

    async fn resume_execution(&self, request: Request<ResumeExecutionRequest>) -> Result<Response<()>, Status> {
        let ResumeExecutionRequest { execution_id, reason } = request.into_inner();
        let execution_id = order::execution_id("execution_id", execution_id)?;
        let resumed = match &*self.runs {
            Runs::Durable(runs) => runs.resume(&execution_id, &reason).await,
            Runs::InProcess(runs) => runs.resume(&execution_id),
        };
        told("resumeExecution", &execution_id, &reason, resumed)
    }
}

fn told(rpc: &str, execution_id: &str, reason: &str, done: Result<(), Refusal>) -> Result<Response<()>, Status> {
    match done {
        Ok(()) => {
            tracing::info!(execution_id, reason, "{rpc}");
            Ok(Response::new(()))
        }
        Err(refusal) => {
            tracing::info!(execution_id, reason = %refusal, "{rpc} is refused");
            Err(refusal.into())
        }
    }
}
