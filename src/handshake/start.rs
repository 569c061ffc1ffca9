//! Start the child of an attempt, or meet the one that is there. Rows 1, 2, 3, and 9's limit on its life.
//!
//! | the server answers | start | then |
//! |---|---|---|
//! | started, running | `Started` | pending |
//! | not started, running | `Attached` | signal the new callback; child closed in between: start over |
//! | started, but closed | `Closed`, ours | this attempt's own child is done already (the answer was late) |
//! | AlreadyExists | `Closed` | an earlier attempt's child |
//!
//! | the closed child | ours | another attempt's |
//! |---|---|---|
//! | completed | its result, at once | its result, at once |
//! | failed, delivered | pending: this attempt has been told | run again: the caller's policy wanted another attempt |
//! | failed, not delivered | its failure, non-retryable | its failure, non-retryable |
//! | cancelled, terminated, timed out, delivered | pending | run again |
//! | cancelled, terminated, timed out, not delivered | a retryable failure | run again |
//! | its history is gone | start over | start over |

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use prost::Message;
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient, grpc::WorkflowService};
use temporalio_common::protos::temporal::api::common::v1::{Header, SearchAttributes, WorkflowType};
use temporalio_common::protos::temporal::api::enums::v1::{
    WorkflowExecutionStatus, WorkflowIdConflictPolicy, WorkflowIdReusePolicy as Reuse,
};
use temporalio_common::protos::temporal::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure;
use temporalio_common::protos::temporal::api::sdk::v1::UserMetadata;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::{StartWorkflowExecutionRequest, StartWorkflowExecutionResponse};
use temporalio_common::protos::utilities::decode_status_detail;

use super::callback::Callback;
use super::child::{ChildInput, EXECUTION_ID_ATTRIBUTE, WORKFLOW_TYPE, child_id};
use super::closed::{self, Close};
use super::deadline;
use super::listens;
use super::look::{Seen, look};
use super::outcome::{LIMIT_BYTES, Outcome};
use super::payload;
use super::rpc::short;
use super::signal::{Signalled, signal_callback};
use super::trace;

/// Each turn needs a child that closes just then; more than two have never been seen.
const TURNS_MAX: u32 = 8;

/// What an attempt wants to be run.
#[derive(Clone, Debug)]
pub struct StartRequest {
    pub task_queue: String,
    /// Its `workflow_execution_id` names the child; its callback is set here.
    pub input: ChildInput,
    /// The end of the attempt that starts, as its activity info says.
    pub attempt_deadline: Option<SystemTime>,
    /// Only where the namespace has the attribute: an unknown one fails the start.
    pub search_attribute: bool,
    /// Types of events that the child listens to; empty where it does not, or where the namespace has no attribute for them.
    pub listens: Vec<String>,
    /// One line for people who look at the run.
    pub summary: Option<String>,
    /// `traceparent` of the span that the run is a part of.
    pub traceparent: Option<String>,
}

/// What starting came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// The attempt returns pending: the child will deliver.
    Pending { run_id: String, attached: bool },
    /// The attempt answers at once. A completed outcome is the child's own result: the caller of this function gives it the reply's form.
    Finished(Outcome),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    #[error("the execution's id is missing: it names the child workflow")]
    NoExecutionId,
    #[error("the caller's activity is no longer there, so no work is started for it")]
    CallerGone,
    #[error("attempt {newer} of the caller's activity has taken over")]
    Superseded { newer: u32 },
    #[error("the child workflow closed {TURNS_MAX} times while it was being started")]
    Unsettled,
    #[error("the server refuses the child workflow: {0}")]
    Refused(String),
    /// Row 11.
    #[error(
        "the child workflow's input has {size_bytes} bytes, and Temporal takes {LIMIT_BYTES}; hand over a reference to the data instead"
    )]
    TooLarge { size_bytes: usize },
    #[error("the server cannot be asked: {0}")]
    Unavailable(String),
}

impl StartError {
    /// Whether another attempt may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unsettled | Self::Unavailable(_) | Self::Superseded { .. })
    }
}

/// One child for this attempt and all others: started, told where to deliver, or found at its end.
///
/// # Errors
/// Nothing was started, or what was started will deliver to a later attempt.
pub async fn start_or_attach(client: &Client, request: &StartRequest, callback: &Callback) -> Result<Begun, StartError> {
    if request.input.workflow_execution_id.is_empty() {
        return Err(StartError::NoExecutionId);
    }
    let seen = look(client, &callback.address).await.map_err(|e| unavailable(&e))?;
    let timeout = lifetime(&seen, callback.address.attempt, request.attempt_deadline)?;
    let id = child_id(&request.input.workflow_execution_id);
    let mut reuse = Reuse::RejectDuplicate;
    for _ in 0..TURNS_MAX {
        let request_id = request_id(callback);
        let (run_id, ours) = match start(client, request, Some(callback), timeout, reuse, &request_id).await? {
            Start::Started { run_id } => return Ok(Begun::Pending { run_id, attached: false }),
            Start::Attached { run_id } => {
                match signal_callback(client, &id, &run_id, callback, &request_id).await.map_err(|e| unavailable(&e))? {
                    Signalled::Sent => return Ok(Begun::Pending { run_id, attached: true }),
                    Signalled::ChildClosed => {
                        reuse = Reuse::RejectDuplicate;
                        continue;
                    }
                }
            }
            Start::Closed { run_id, ours } => (run_id, ours),
        };
        let close = closed::read(client, &id, &run_id).await.map_err(|e| unavailable(&e))?;
        match after_close(close, ours) {
            AfterClose::Pending => return Ok(Begun::Pending { run_id, attached: false }),
            AfterClose::Finished(outcome) => return Ok(Begun::Finished(outcome)),
            AfterClose::RunAgain => reuse = Reuse::AllowDuplicateFailedOnly,
            AfterClose::StartOver => reuse = Reuse::RejectDuplicate,
        }
    }
    Err(StartError::Unsettled)
}

/// Whether there is still somebody to work for, and for how long.
fn lifetime(seen: &Seen, attempt: u32, attempt_deadline: Option<SystemTime>) -> Result<Option<Duration>, StartError> {
    match seen {
        Seen::Gone | Seen::Closed(_) | Seen::NoActivity => Err(StartError::CallerGone),
        Seen::Pending(pending) if pending.attempt > attempt => Err(StartError::Superseded { newer: pending.attempt }),
        Seen::Pending(pending) => Ok(deadline::execution_timeout(SystemTime::now(), pending, attempt_deadline)),
    }
}

/// Another one for each call: the server answers `started` to a used one, even when that run is closed or, after an operator has reset the
/// activity, was started by another first attempt. Repetitions by the client itself send the same request, id included.
fn request_id(callback: &Callback) -> String {
    let address = &callback.address;
    unlike_any(&format!("{}/{}/{}", address.run_id, address.activity_id, address.attempt))
}

/// This text, and what makes it unlike that of any other call.
pub(super) fn unlike_any(text: &str) -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    format!("{text}/{:x}.{call:x}", now.as_nanos())
}

/// What the server made of a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Started { run_id: String },
    Attached { run_id: String },
    Closed { run_id: String, ours: bool },
}

/// Without a callback nobody is told of the end.
pub(super) async fn start(
    client: &Client,
    request: &StartRequest,
    callback: Option<&Callback>,
    timeout: Option<Duration>,
    reuse: Reuse,
    request_id: &str,
) -> Result<Start, StartError> {
    let input = request.input.clone().with_callback(callback).to_payload();
    let size_bytes = input.encoded_len();
    if size_bytes > LIMIT_BYTES {
        return Err(StartError::TooLarge { size_bytes });
    }
    let execution_id = request.search_attribute.then(|| payload::json(&request.input.workflow_execution_id));
    let attributes = [(EXECUTION_ID_ATTRIBUTE, execution_id), (listens::ATTRIBUTE, listens::value(&request.listens))];
    let indexed_fields: HashMap<_, _> = attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let message = StartWorkflowExecutionRequest {
        namespace: client.namespace(),
        identity: client.identity(),
        workflow_id: child_id(&request.input.workflow_execution_id),
        workflow_type: Some(WorkflowType { name: WORKFLOW_TYPE.to_owned() }),
        task_queue: Some(TaskQueue { name: request.task_queue.clone(), ..Default::default() }),
        input: Some(payload::encode(client, input).await.map_err(|e| StartError::Refused(short(&e)))?),
        request_id: request_id.to_owned(),
        workflow_id_reuse_policy: reuse.into(),
        workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting.into(),
        // What does not fit into the server's durations is as good as none.
        workflow_execution_timeout: timeout.and_then(|t| t.try_into().ok()),
        search_attributes: (!indexed_fields.is_empty()).then_some(SearchAttributes { indexed_fields }),
        header: request.traceparent.as_ref().map(|traceparent| {
            let mut fields = HashMap::new();
            trace::write(&mut fields, traceparent);
            Header { fields }
        }),
        user_metadata: request.summary.as_ref().map(|text| UserMetadata { summary: Some(payload::json(text)), details: None }),
        ..Default::default()
    };
    let result = WorkflowService::start_workflow_execution(&mut client.clone(), message.into_request()).await;
    after_start(result.map(temporalio_client::tonic::Response::into_inner))
}

fn after_start(result: Result<StartWorkflowExecutionResponse, Status>) -> Result<Start, StartError> {
    match result {
        Ok(response) => {
            let open = matches!(
                response.status(),
                WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused | WorkflowExecutionStatus::Unspecified
            );
            let (run_id, started) = (response.run_id, response.started);
            Ok(match (open, started) {
                (true, true) => Start::Started { run_id },
                (true, false) => Start::Attached { run_id },
                (false, ours) => Start::Closed { run_id, ours },
            })
        }
        Err(status) if status.code() == Code::AlreadyExists => {
            let detail = decode_status_detail::<WorkflowExecutionAlreadyStartedFailure>(status.details()).unwrap_or_default();
            Ok(Start::Closed { run_id: detail.run_id, ours: false })
        }
        Err(status) if matches!(status.code(), Code::InvalidArgument | Code::NotFound) => Err(StartError::Refused(short(&status))),
        Err(status) => Err(unavailable(&status)),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum AfterClose {
    Pending,
    Finished(Outcome),
    RunAgain,
    StartOver,
}

fn after_close(close: Close, ours: bool) -> AfterClose {
    match close {
        Close::Completed(result) => AfterClose::Finished(Outcome::Completed(result)),
        Close::Open | Close::ContinuedAsNew | Close::Gone => AfterClose::StartOver,
        failed @ Close::Failed { delivered: false, .. } => failed.untold().map_or(AfterClose::RunAgain, AfterClose::Finished),
        Close::Failed { .. } | Close::Cancelled { .. } | Close::Terminated { .. } | Close::TimedOut if !ours => AfterClose::RunAgain,
        Close::Failed { .. } => AfterClose::Pending,
        dead @ (Close::Cancelled { .. } | Close::Terminated { .. } | Close::TimedOut) => {
            dead.untold().map_or(AfterClose::Pending, AfterClose::Finished)
        }
    }
}

fn unavailable(status: &Status) -> StartError {
    StartError::Unavailable(short(status))
}

#[cfg(test)]
mod tests {
    use super::super::callback::tests::callback;
    use super::super::look::{Pending, PendingState};
    use super::*;

    #[test]
    fn what_the_server_answers() {
        let response = |started, status: WorkflowExecutionStatus| StartWorkflowExecutionResponse {
            run_id: "r".to_owned(),
            started,
            status: status.into(),
            ..Default::default()
        };
        let run_id = || "r".to_owned();
        for (answer, want) in [
            (response(true, WorkflowExecutionStatus::Running), Start::Started { run_id: run_id() }),
            (response(true, WorkflowExecutionStatus::Unspecified), Start::Started { run_id: run_id() }),
            (response(false, WorkflowExecutionStatus::Running), Start::Attached { run_id: run_id() }),
            (response(false, WorkflowExecutionStatus::Paused), Start::Attached { run_id: run_id() }),
            (response(true, WorkflowExecutionStatus::Completed), Start::Closed { run_id: run_id(), ours: true }),
            (response(true, WorkflowExecutionStatus::Terminated), Start::Closed { run_id: run_id(), ours: true }),
            (response(false, WorkflowExecutionStatus::Failed), Start::Closed { run_id: run_id(), ours: false }),
        ] {
            assert_eq!(after_start(Ok(answer.clone())), Ok(want), "{answer:?}");
        }
        assert_eq!(after_start(Err(Status::already_exists("x"))), Ok(Start::Closed { run_id: String::new(), ours: false }));
        for (status, retryable) in [
            (Status::invalid_argument("x"), false),
            (Status::not_found("x"), false),
            (Status::unavailable("x"), true),
            (Status::unknown("x"), true),
        ] {
            assert_eq!(after_start(Err(status.clone())).unwrap_err().is_retryable(), retryable, "{status:?}");
        }
    }

    #[test]
    fn row_3() {
        let failed = |delivered| Close::Failed { message: "m".to_owned(), type_: "t".to_owned(), details: None, delivered };
        let result = payload::json(&1);
        let its_failure = AfterClose::Finished(Outcome::permanent("t", "m"));
        let terminated = || Close::Terminated { reason: String::new() };
        for (close, ours, others) in [
            (
                Close::Completed(result.clone()),
                AfterClose::Finished(Outcome::Completed(result.clone())),
                AfterClose::Finished(Outcome::Completed(result)),
            ),
            (failed(true), AfterClose::Pending, AfterClose::RunAgain),
            (failed(false), its_failure.clone(), its_failure),
            (Close::Cancelled { delivered: true }, AfterClose::Pending, AfterClose::RunAgain),
            (Close::Cancelled { delivered: false }, AfterClose::Finished(Outcome::child_cancelled()), AfterClose::RunAgain),
            (terminated(), AfterClose::Finished(closed::lost("terminated")), AfterClose::RunAgain),
            (Close::TimedOut, AfterClose::Finished(closed::lost("timed out")), AfterClose::RunAgain),
            (Close::Gone, AfterClose::StartOver, AfterClose::StartOver),
            (Close::Open, AfterClose::StartOver, AfterClose::StartOver),
        ] {
            assert_eq!(after_close(close.clone(), true), ours, "ours: {close:?}");
            assert_eq!(after_close(close.clone(), false), others, "another attempt's: {close:?}");
        }
    }

    #[test]
    fn nothing_is_started_for_nobody() {
        let pending = |attempt| {
            Seen::Pending(Pending {
                attempt,
                maximum_attempts: 1,
                state: PendingState::Started,
                started: None,
                expiration: None,
                run_ends: None,
            })
        };
        for (seen, want) in [
            (Seen::Gone, Err(StartError::CallerGone)),
            (Seen::Closed(WorkflowExecutionStatus::Terminated), Err(StartError::CallerGone)),
            (Seen::NoActivity, Err(StartError::CallerGone)),
            (pending(3), Err(StartError::Superseded { newer: 3 })),
            (pending(2), Ok(None)),
            (pending(1), Ok(None)),
        ] {
            assert_eq!(lifetime(&seen, 2, None), want, "{seen:?}");
        }
    }

    #[test]
    fn no_request_id_is_used_twice() {
        let callback = callback(1);
        assert_ne!(request_id(&callback), request_id(&callback));
        assert!(request_id(&callback).starts_with("0198c0de-0000-7000-8000-000000000001/5/1/"));
    }
}
