//! How a child ended, read from its last event. Row 3 (an attempt finds it closed) and row 16 (it may have died without a word).
//!
//! | last event | delivered | who is told what, if anybody still waits |
//! |---|---|---|
//! | completed | yes: a child completes only after its caller has the result | – |
//! | failed | as its details say | the child's failure, non-retryable |
//! | cancelled | as its details say | `ChildCancelled`, retryable |
//! | terminated, timed out | no | `ChildLost`, retryable |
//! | continued as new | goes on | – |

use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient, grpc::WorkflowService};
use temporalio_common::protos::temporal::api::common::v1::{Payload, WorkflowExecution};
use temporalio_common::protos::temporal::api::enums::v1::HistoryEventFilterType;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;

use super::outcome::Outcome;
use super::{failure, payload};

#[derive(Clone, Debug, PartialEq)]
pub enum Close {
    /// The child's own result, `json/plain`.
    Completed(Payload),
    Failed {
        message: String,
        type_: String,
        details: Option<Payload>,
        delivered: bool,
    },
    Cancelled {
        delivered: bool,
    },
    Terminated {
        reason: String,
    },
    TimedOut,
    ContinuedAsNew,
    /// The run is still open.
    Open,
    /// The server no longer has the run's history.
    Gone,
}

impl Close {
    /// What a caller that still waits is to be told; none where it has been told, or will be.
    #[must_use]
    pub fn untold(&self) -> Option<Outcome> {
        match self {
            Self::Failed { message, type_, details, delivered: false } => {
                Some(Outcome::Failed { message: message.clone(), type_: type_.clone(), non_retryable: true, details: details.clone() })
            }
            Self::Cancelled { delivered: false } => Some(Outcome::child_cancelled()),
            Self::Terminated { reason } if reason.is_empty() => Some(lost("terminated")),
            Self::Terminated { reason } => Some(lost(&format!("terminated ({reason})"))),
            Self::TimedOut => Some(lost("timed out")),
            Self::Gone => Some(lost("deleted")),
            Self::Completed(_) | Self::Failed { .. } | Self::Cancelled { .. } | Self::ContinuedAsNew | Self::Open => None,
        }
    }
}

/// Row 16: the failure of a caller whose child died without a word. Retryable: another attempt runs the child again (row 3).
#[must_use]
pub fn lost(how: &str) -> Outcome {
    Outcome::retryable(failure::CHILD_LOST, format!("the child workflow ended without delivering its outcome: {how}"))
}

/// Reads the last event of one run.
///
/// # Errors
/// The server cannot be asked.
pub async fn read(client: &Client, workflow_id: &str, run_id: &str) -> Result<Close, Status> {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: client.namespace(),
        execution: Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: run_id.to_owned() }),
        maximum_page_size: 1,
        history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
        ..Default::default()
    };
    let response = match WorkflowService::get_workflow_execution_history(&mut client.clone(), request.into_request()).await {
        Ok(response) => response.into_inner(),
        Err(status) if status.code() == Code::NotFound => return Ok(Close::Gone),
        Err(status) => return Err(status),
    };
    let last = response.history.and_then(|history| history.events.into_iter().next_back());
    let mut close = of_event(client, last).await?;
    // A failure's texts may have been moved into its encoded attributes; the details are where the note is.
    if let Close::Failed { message, .. } = &mut close
        && message.is_empty()
    {
        "the child workflow failed".clone_into(message);
    }
    Ok(close)
}

async fn of_event(client: &Client, event: Option<HistoryEvent>) -> Result<Close, Status> {
    Ok(match event.and_then(|event| event.attributes) {
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(closed)) => {
            let result = payload::decode(client, closed.result).await?;
            let first = result.and_then(|result| result.payloads.into_iter().next());
            Close::Completed(first.unwrap_or_else(|| payload::json(&())))
        }
        Some(Attributes::WorkflowExecutionFailedEventAttributes(closed)) => failed(client, closed.failure.unwrap_or_default()).await?,
        Some(Attributes::WorkflowExecutionCanceledEventAttributes(closed)) => {
            let details = payload::decode(client, closed.details).await?;
            Close::Cancelled { delivered: failure::says_delivered(details.as_ref()) }
        }
        Some(Attributes::WorkflowExecutionTerminatedEventAttributes(closed)) => Close::Terminated { reason: closed.reason },
        Some(Attributes::WorkflowExecutionTimedOutEventAttributes(_)) => Close::TimedOut,
        Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_)) => Close::ContinuedAsNew,
        _ => Close::Open,
    })
}

async fn failed(client: &Client, failure: Failure) -> Result<Close, Status> {
    let (type_, details) = match failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => (info.r#type, info.details),
        _ => (String::new(), None),
    };
    let details = payload::decode(client, details).await?;
    Ok(Close::Failed {
        message: failure.message,
        type_,
        delivered: failure::says_delivered(details.as_ref()),
        details: details.and_then(|details| details.payloads.into_iter().next()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_what() {
        let failed = |delivered| Close::Failed { message: "m".to_owned(), type_: "t".to_owned(), details: None, delivered };
        let retryable = |outcome: Option<Outcome>| match outcome? {
            Outcome::Failed { type_, non_retryable, .. } => Some((type_, !non_retryable)),
            other => panic!("{other:?}"),
        };
        for (close, want) in [
            (Close::Completed(payload::json(&1)), None),
            (failed(true), None),
            (failed(false), Some(("t", false))),
            (Close::Cancelled { delivered: true }, None),
            (Close::Cancelled { delivered: false }, Some(("ChildCancelled", true))),
            (Close::Terminated { reason: "r".to_owned() }, Some(("ChildLost", true))),
            (Close::TimedOut, Some(("ChildLost", true))),
            (Close::Gone, Some(("ChildLost", true))),
            (Close::ContinuedAsNew, None),
            (Close::Open, None),
        ] {
            let got = retryable(close.untold());
            assert_eq!(got.as_ref().map(|(type_, retry)| (type_.as_str(), *retry)), want, "{close:?}");
        }
    }
}
