//! Runs without a caller in Temporal: begun, cancelled, paused and resumed from outside, by execution id.
//!
//! | verb | run is not there | closed | otherwise |
//! |---|---|---|---|
//! | start | begins | `Ended` | attaches |
//! | cancel, terminate | nothing | nothing | asks the server |
//! | pause | `NotFound` | `Ended` | signals, `AlreadyPaused` when it is |
//! | resume | `NotFound` | `Ended` | signals, `NotPaused` when it is not |
//!
//! Whether a run is paused is read from its history: the last of the two signals, or how the run began. So it needs no worker, and the answer is
//! right however many processes steer the same run.

use std::time::Duration;

use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient, grpc::WorkflowService};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::{WorkflowExecutionStatus, WorkflowIdReusePolicy as Reuse};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    GetWorkflowExecutionHistoryReverseRequest, RequestCancelWorkflowExecutionRequest, SignalWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
};

use super::child::{ChildInput, PAUSE_SIGNAL, RESUME_SIGNAL, child_id};
use super::look::{Described, describe};
use super::payload;
use super::rpc::short;
use super::start::{Start, StartError, StartRequest, start, unlike_any};

/// Events of a history that are asked for at a time.
const PAGE_SIZE: i32 = 200;
/// A signal that comes while a workflow task is under way stands in the history when that has ended; a task has 10 s.
const RECORDED_WITHIN: Duration = Duration::from_secs(12);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Steers the runs of one namespace.
#[derive(Clone)]
pub struct Control {
    client: Client,
}

/// A run that was there, or is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub workflow_id: String,
    pub run_id: String,
    /// It had been there before.
    pub attached: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    #[error("there is no run of execution `{0}`")]
    NotFound(String),
    #[error("the run of execution `{id}` has ended: {status}")]
    Ended { id: String, status: &'static str },
    #[error("the run of execution `{0}` is paused already")]
    AlreadyPaused(String),
    #[error("the run of execution `{0}` is not paused")]
    NotPaused(String),
    /// The server will not take it, however often it is asked.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Unavailable(String),
}

impl Control {
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Whether the execution has a run, open or closed.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn is_known(&self, execution_id: &str) -> Result<bool, ControlError> {
        Ok(describe(&self.client, &child_id(execution_id), "").await.map_err(unavailable)?.is_some())
    }

    /// One run for each execution: begun by the first call, found by the others.
    ///
    /// # Errors
    /// It has ended, or cannot be started.
    pub async fn start(&self, request: &StartRequest) -> Result<Started, ControlError> {
        let execution_id = &request.input.workflow_execution_id;
        let workflow_id = child_id(execution_id);
        let started = start(&self.client, request, None, None, Reuse::RejectDuplicate, &unlike_any(execution_id)).await;
        match started.map_err(refused)? {
            Start::Started { run_id } | Start::Closed { run_id, ours: true } => Ok(Started { workflow_id, run_id, attached: false }),
            Start::Attached { run_id } => Ok(Started { workflow_id, run_id, attached: true }),
            Start::Closed { .. } => {
                let status = self.described(execution_id).await.map_or("closed", |run| words(run.status));
                Err(ControlError::Ended { id: execution_id.clone(), status })
            }
        }
    }

    /// False where there is nothing to cancel: no run, or one that has ended.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn cancel(&self, execution_id: &str, reason: &str) -> Result<bool, ControlError> {
        let request = RequestCancelWorkflowExecutionRequest {
            namespace: self.client.namespace(),
            workflow_execution: Some(latest(execution_id)),
            identity: self.client.identity(),
            request_id: unlike_any(execution_id),
            reason: reason.to_owned(),
            ..Default::default()
        };
        reached(WorkflowService::request_cancel_workflow_execution(&mut self.client.clone(), request.into_request()).await)
    }

    /// Ends it at once: nothing in it can clean up. False as for [`Self::cancel`].
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn terminate(&self, execution_id: &str, reason: &str) -> Result<bool, ControlError> {
        let request = TerminateWorkflowExecutionRequest {
            namespace: self.client.namespace(),
            workflow_execution: Some(latest(execution_id)),
            identity: self.client.identity(),
            reason: reason.to_owned(),
            ..Default::default()
        };
        reached(WorkflowService::terminate_workflow_execution(&mut self.client.clone(), request.into_request()).await)
    }

    /// When it returns, the pause stands in the run's history: the run begins nothing after that.
    ///
    /// # Errors
    /// As in the table above.
    pub async fn pause(&self, execution_id: &str, reason: &str) -> Result<(), ControlError> {
        if self.is_paused(execution_id).await? {
            return Err(ControlError::AlreadyPaused(execution_id.to_owned()));
        }
        self.switch(execution_id, PAUSE_SIGNAL, reason, true).await
    }

    /// # Errors
    /// As in the table above.
    pub async fn resume(&self, execution_id: &str, reason: &str) -> Result<(), ControlError> {
        if !self.is_paused(execution_id).await? {
            return Err(ControlError::NotPaused(execution_id.to_owned()));
        }
        self.switch(execution_id, RESUME_SIGNAL, reason, false).await
    }

    async fn switch(&self, execution_id: &str, signal: &str, reason: &str, paused: bool) -> Result<(), ControlError> {
        let argument = payload::json(&serde_json::json!({"reason": reason}));
        let request = SignalWorkflowExecutionRequest {
            namespace: self.client.namespace(),
            // Without a run id: a run that has been continued is the same one.
            workflow_execution: Some(latest(execution_id)),
            signal_name: signal.to_owned(),
            input: Some(payload::encode(&self.client, argument).await.map_err(unavailable)?),
            identity: self.client.identity(),
            request_id: unlike_any(execution_id),
            ..Default::default()
        };
        if !reached(WorkflowService::signal_workflow_execution(&mut self.client.clone(), request.into_request()).await)? {
            return Err(ControlError::Ended { id: execution_id.to_owned(), status: "just now" });
        }
        let recorded = async {
            while self.is_paused(execution_id).await.is_ok_and(|now| now != paused) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        // The signal is certain; only that it stands in the history may take longer.
        let _ = tokio::time::timeout(RECORDED_WITHIN, recorded).await;
        Ok(())
    }

    async fn is_paused(&self, execution_id: &str) -> Result<bool, ControlError> {
        let run = self.described(execution_id).await?;
        if !run.is_open() {
            return Err(ControlError::Ended { id: execution_id.to_owned(), status: words(run.status) });
        }
        let execution = WorkflowExecution { workflow_id: child_id(execution_id), run_id: run.run_id };
        let mut next_page_token = Vec::new();
        loop {
            let request = GetWorkflowExecutionHistoryReverseRequest {
                namespace: self.client.namespace(),
                execution: Some(execution.clone()),
                maximum_page_size: PAGE_SIZE,
                next_page_token,
            };
            let page = WorkflowService::get_workflow_execution_history_reverse(&mut self.client.clone(), request.into_request()).await;
            let page = page.map_err(unavailable)?.into_inner();
            for event in page.history.unwrap_or_default().events {
                if let Some(paused) = self.says(event).await? {
                    return Ok(paused);
                }
            }
            next_page_token = page.next_page_token;
            if next_page_token.is_empty() {
                return Ok(false);
            }
        }
    }

    /// Whether the run is paused after this event; none where the event does not tell.
    async fn says(&self, event: HistoryEvent) -> Result<Option<bool>, ControlError> {
        Ok(match event.attributes {
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(signal)) => match signal.signal_name.as_str() {
                PAUSE_SIGNAL => Some(true),
                RESUME_SIGNAL => Some(false),
                _ => None,
            },
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                let input = payload::decode(&self.client, started.input).await.map_err(unavailable)?;
                let input = input.and_then(|input| ChildInput::from_payload(input.payloads.first()?).ok());
                Some(input.is_some_and(|input| input.begins_paused()))
            }
            _ => None,
        })
    }

    async fn described(&self, execution_id: &str) -> Result<Described, ControlError> {
        let run = describe(&self.client, &child_id(execution_id), "").await.map_err(unavailable)?;
        run.ok_or_else(|| ControlError::NotFound(execution_id.to_owned()))
    }
}

fn latest(execution_id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: child_id(execution_id), run_id: String::new() }
}

/// False where there is no open run.
fn reached<T>(answer: Result<T, Status>) -> Result<bool, ControlError> {
    match answer {
        Ok(_) => Ok(true),
        Err(status) if status.code() == Code::NotFound => Ok(false),
        // Somebody has asked for it before.
        Err(status) if status.code() == Code::AlreadyExists => Ok(true),
        Err(status) if status.code() == Code::InvalidArgument => Err(ControlError::Refused(short(&status))),
        Err(status) => Err(unavailable(status)),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "serves `map_err`")]
fn refused(error: StartError) -> ControlError {
    if error.is_retryable() { ControlError::Unavailable(error.to_string()) } else { ControlError::Refused(error.to_string()) }
}

#[allow(clippy::needless_pass_by_value, reason = "serves `map_err`")]
fn unavailable(status: Status) -> ControlError {
    ControlError::Unavailable(format!("Temporal cannot be asked: {}", short(&status)))
}

/// How a run ended, in a word.
fn words(status: WorkflowExecutionStatus) -> &'static str {
    match status {
        WorkflowExecutionStatus::Completed => "completed",
        WorkflowExecutionStatus::Failed => "failed",
        WorkflowExecutionStatus::Canceled => "cancelled",
        WorkflowExecutionStatus::Terminated => "terminated",
        WorkflowExecutionStatus::TimedOut => "timed out",
        _ => "closed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_answers() {
        for (answer, want) in [
            (Ok(()), Ok(true)),
            (Err(Status::not_found("workflow execution already completed")), Ok(false)),
            (Err(Status::already_exists("cancellation already requested")), Ok(true)),
            (Err(Status::invalid_argument("no")), Err(ControlError::Refused("InvalidArgument: no".to_owned()))),
        ] {
            assert_eq!(reached(answer), want);
        }
        assert!(matches!(reached::<()>(Err(Status::unavailable("away"))), Err(ControlError::Unavailable(_))));
    }

    #[test]
    fn a_run_that_continues_a_paused_one_begins_paused() {
        let input = |continuation| ChildInput { continuation, ..Default::default() };
        assert!(!input(None).begins_paused());
        assert!(!input(Some(serde_json::json!({"cursor": {"root": 1}}))).begins_paused());
        assert!(input(Some(serde_json::json!({"cursor": {"pause": {"since": "2026-01-01T00:00:00Z"}}}))).begins_paused());
    }
}
