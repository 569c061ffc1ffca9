//! What the server says to a completion or heartbeat, sorted by what it means.
//!
//! | answer | meaning |
//! |---|---|
//! | ok | done |
//! | NotFound, "workflow execution already completed" | the workflow of that activity is closed: final |
//! | NotFound, anything else | the attempt is over, the activity is done, or it waits in back-off: look |
//! | InvalidArgument | refused for good, except a cancellation that nobody asked for |
//! | anything else | the server is away or busy: again later |

use std::time::Duration;

use temporalio_client::errors::AsyncActivityError;
use temporalio_client::tonic::{Code, Status};
use temporalio_client::{RetryOptions, RpcOptions};

const WORKFLOW_CLOSED: &str = "already completed";
/// A tick that hangs holds up the others.
const TICK_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    WorkflowClosed,
    NotFound,
    Invalid(String),
    Again(String),
}

pub fn answer<T>(result: &Result<T, AsyncActivityError>) -> Answer {
    match result {
        Ok(_) => Answer::Done,
        Err(AsyncActivityError::NotFound(status)) if status.message().contains(WORKFLOW_CLOSED) => Answer::WorkflowClosed,
        Err(AsyncActivityError::NotFound(_)) => Answer::NotFound,
        Err(AsyncActivityError::Rpc(status)) if status.code() == Code::InvalidArgument => Answer::Invalid(status.message().to_owned()),
        Err(AsyncActivityError::Rpc(status)) => Answer::Again(short(status)),
        Err(AsyncActivityError::PayloadConversion(e)) => Answer::Invalid(e.to_string()),
        Err(e) => Answer::Again(e.to_string()),
    }
}

/// Code and message; the whole of a status prints its metadata too.
pub fn short(status: &Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}

/// For calls that are made again anyway at the next tick.
pub fn once() -> RpcOptions {
    RpcOptions::builder().timeout(TICK_TIMEOUT).retry_options(RetryOptions::no_retries()).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_their_meaning() {
        let not_found = |text: &str| AsyncActivityError::NotFound(Status::not_found(text));
        for (result, want) in [
            (Ok(()), Answer::Done),
            (Err(not_found("workflow execution already completed")), Answer::WorkflowClosed),
            (Err(not_found("invalid activityID or activity already timed out or invoking workflow is completed")), Answer::NotFound),
            (Err(not_found("workflow not found for ID: x")), Answer::NotFound),
            (Err(Status::invalid_argument("no").into()), Answer::Invalid("no".to_owned())),
            (Err(Status::unavailable("away").into()), Answer::Again("Unavailable: away".to_owned())),
            (Err(Status::resource_exhausted("busy").into()), Answer::Again("ResourceExhausted: busy".to_owned())),
        ] {
            assert_eq!(answer(&result), want);
        }
    }
}
