//! Executions on Temporal: the same child as `ExecuteWorkflow` starts, without a callback.

use super::order::{self, Order};
use super::refusal::Refusal;
use super::service::Taken;
use crate::activities::execution::{Sources, in_progress, prepare};
use crate::activities::resources::Platform;
use crate::effects::resources::Resources;
use crate::handshake::{Control, ControlError, StartRequest};
use crate::stigmer::convert::Queues;

/// What starting and steering needs. Cheap to clone.
#[derive(Clone)]
pub struct Durable {
    pub control: Control,
    /// Where the children run.
    pub task_queue: String,
    /// The control plane, where there is one.
    pub platform: Option<Platform>,
    /// Of the activities that a specification names.
    pub queues: Queues,
    /// Documents elsewhere, which a definition is made of.
    pub outside: Resources,
    /// Whether `WorkflowExecutionID` was ensured; a start that sets an unknown attribute fails.
    pub search_attribute: bool,
    /// The same for `WorkflowRunnerListens`.
    pub listens_attribute: bool,
}

impl Durable {
    pub(super) async fn execute(&self, order: Order) -> Result<Taken, Refusal> {
        let Order { execution_id, yaml } = order;
        let stigmer = self.platform.as_ref().map(|platform| &platform.stigmer);
        if let Some(yaml) = &yaml {
            order::check(yaml).await?;
        }
        let prepared = prepare(Sources { stigmer, queues: &self.queues, outside: &self.outside }, &execution_id, yaml).await?;
        // One that runs or has run tells its phase itself: it is not told to be in progress again.
        let runs_already = self.control.is_known(&execution_id).await?;
        if !runs_already && let Some(stigmer) = stigmer.filter(|_| prepared.known) {
            in_progress(stigmer, &execution_id).await;
        }
        let request = StartRequest {
            task_queue: self.task_queue.clone(),
            input: prepared.input,
            attempt_deadline: None,
            search_attribute: self.search_attribute,
            listens: if self.listens_attribute { prepared.listens } else { Vec::new() },
            summary: prepared.name,
            traceparent: None,
        };
        let started = match self.control.start(&request).await {
            Ok(started) => started,
            Err(ended @ ControlError::Ended { .. }) => return Err(Refusal::AlreadyEnded(ended.to_string())),
            Err(error) => {
                self.failed(&execution_id, prepared.known && !runs_already, &error).await;
                return Err(error.into());
            }
        };
        let message =
            if started.attached { "Workflow execution is running in Temporal already" } else { "Workflow execution started in Temporal" };
        Ok(Taken { temporal_workflow_id: started.workflow_id, message })
    }

    /// An execution that Temporal will never take must not stay in progress.
    async fn failed(&self, execution_id: &str, known: bool, error: &ControlError) {
        if let (ControlError::Refused(text), Some(platform), true) = (error, &self.platform, known)
            && let Err(e) = platform.publisher.ensure_ended(execution_id, false, text).await
        {
            tracing::warn!(execution_id, error = %e, "cannot send FAILED");
        }
    }

    /// False where there is nothing to cancel: that is no error.
    pub(super) async fn cancel(&self, execution_id: &str, reason: &str, force: bool) -> Result<bool, Refusal> {
        if !force {
            return Ok(self.control.cancel(execution_id, reason).await?);
        }
        let there = self.control.terminate(execution_id, reason).await?;
        // A run that is terminated says nothing any more.
        if let Some(platform) = self.platform.as_ref().filter(|_| there) {
            let text =
                if reason.is_empty() { "the workflow was terminated".to_owned() } else { format!("the workflow was terminated: {reason}") };
            match platform.publisher.ensure_ended(execution_id, true, &text).await {
                Err(e) if !e.is_not_found() => tracing::warn!(execution_id, error = %e, "cannot send CANCELLED"),
                _ => {}
            }
        }
        Ok(there)
    }

    pub(super) async fn pause(&self, execution_id: &str, reason: &str) -> Result<(), Refusal> {
        Ok(self.control.pause(execution_id, reason).await?)
    }

    pub(super) async fn resume(&self, execution_id: &str, reason: &str) -> Result<(), Refusal> {
        Ok(self.control.resume(execution_id, reason).await?)
    }
}
