//! Row 14: end a pending activity of one's own run by id, when a look at the execution itself has shown how it ended.
//!
//! | the execution | outcome | the server then |
//! |---|---|---|
//! | ended well | `Completed` | resolves the activity, also while it waits between attempts |
//! | failed | `Failed`, non-retryable | resolves it |
//! | is lost | `Failed` `AgentLost`, retryable | makes the next attempt under the same id |
//!
//! | the server answers | `Ended` |
//! |---|---|
//! | done | `Told` |
//! | NotFound | `NotNow`: it has ended meanwhile, or waits between attempts; the next look will tell |

use temporalio_client::{ActivityIdentifier, Client};

use super::deliver::{DeliveryError, handle, send};
use super::failure;
use super::outcome::Outcome;
use super::rpc::Answer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Told,
    NotNow,
}

/// Ends the pending activity `activity_id` of one run.
///
/// # Errors
/// The server cannot be asked, or refuses the outcome; one that is too large has been replaced by a failure.
pub async fn end_pending(
    client: &Client,
    workflow_id: &str,
    run_id: &str,
    activity_id: &str,
    outcome: &Outcome,
) -> Result<Ended, DeliveryError> {
    let handle = handle(client, ActivityIdentifier::by_id_workflow(workflow_id, run_id, activity_id));
    let answered = match outcome.within_limit() {
        Ok(()) => send(&handle, outcome).await,
        Err(too_large) => send(&handle, &too_large.outcome()).await,
    };
    after(answered)
}

/// The outcome of an execution that is not there.
#[must_use]
pub fn agent_lost(what: &str) -> Outcome {
    Outcome::retryable(failure::AGENT_LOST, format!("{what} is not there; calling again"))
}

fn after(answer: Answer) -> Result<Ended, DeliveryError> {
    match answer {
        Answer::Done => Ok(Ended::Told),
        Answer::NotFound | Answer::WorkflowClosed => Ok(Ended::NotNow),
        Answer::Invalid(message) => Err(DeliveryError::Refused(message)),
        Answer::Again(message) => Err(DeliveryError::Unavailable(message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_above() {
        assert_eq!(after(Answer::Done), Ok(Ended::Told));
        assert_eq!(after(Answer::NotFound), Ok(Ended::NotNow));
        assert_eq!(after(Answer::WorkflowClosed), Ok(Ended::NotNow));
        assert!(after(Answer::Again("a".to_owned())).unwrap_err().is_retryable());
        assert!(!after(Answer::Invalid("i".to_owned())).unwrap_err().is_retryable());
    }
}
