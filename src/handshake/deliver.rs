//! Complete the caller's activity, exactly once. Rows 4, 5, 11, 13 and 18.
//!
//! | by token | then |
//! |---|---|
//! | done | `Delivered` |
//! | `NotFound`, workflow closed | `CallerGone` |
//! | `NotFound` | look at the caller |
//! | refused | refused for good; a *cancelled* that nobody asked for becomes a retryable failure |
//! | the server is away | again later |
//!
//! | the caller, looked at | then |
//! |---|---|
//! | gone, closed | `CallerGone` |
//! | open, activity not pending | `AlreadyClosed` |
//! | pending, attempt not greater than ours | `AlreadyClosed`: another activity has taken the id |
//! | pending, attempt greater than ours, and the one before it failed with our own failure | `AlreadyClosed`: it has been told |
//! | pending, attempt greater than ours | by id: a newer attempt of the same activity |
//!
//! | by id | then |
//! |---|---|
//! | done | `Delivered` |
//! | `NotFound`, workflow closed | `CallerGone` |
//! | `NotFound` | it waits between attempts: again later |
//!
//! `AlreadyClosed` and `CallerGone` may be an earlier success of ours, lost on its way back: they count as delivered.

use std::time::{Duration, SystemTime};

use temporalio_client::errors::AsyncActivityError;
use temporalio_client::{ActivityIdentifier, AsyncActivityHandle, Client, RpcOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos;

use super::callback::{Callback, CallbackAddress};
use super::look::{Seen, describe};
use super::outcome::{Outcome, application_failure};
use super::rpc::{Answer, answer, short};
use super::token::TaskToken;

/// What completing did. None of these is an error, and none is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Delivered,
    AlreadyClosed,
    CallerGone,
}

impl Delivery {
    /// One word for logs and metric labels.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::AlreadyClosed => "already_closed",
            Self::CallerGone => "caller_gone",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    #[error("the caller's activity waits for its next attempt; it can be told when that begins")]
    BackOff,
    #[error("the server cannot be asked: {0}")]
    Unavailable(String),
    #[error("the server refuses the completion: {0}")]
    Refused(String),
    /// The caller has been told so.
    #[error("the outcome has {size_bytes} bytes, more than Temporal takes; the caller's activity was failed with that")]
    TooLarge { size_bytes: usize },
}

impl DeliveryError {
    /// Whether trying again may help. The others are final.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::BackOff | Self::Unavailable(_))
    }

    /// One word for logs and metric labels.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BackOff => "back_off",
            Self::Unavailable(_) => "unavailable",
            Self::Refused(_) => "refused",
            Self::TooLarge { .. } => "too_large",
        }
    }
}

/// Completes, fails or cancels the caller's activity: by token, then by id. One try; [`next_step`] says what comes after an error.
///
/// # Errors
/// See [`DeliveryError`].
pub async fn deliver(client: &Client, callback: &Callback, outcome: &Outcome) -> Result<Delivery, DeliveryError> {
    within_limit(outcome, async |outcome| attempt(client, &callback.token, Some(&callback.address), outcome).await).await
}

/// The same where only the token is known: what it does not reach counts as closed.
///
/// # Errors
/// See [`DeliveryError`].
pub async fn deliver_by_token(client: &Client, token: &TaskToken, outcome: &Outcome) -> Result<Delivery, DeliveryError> {
    within_limit(outcome, async |outcome| attempt(client, token, None, outcome).await).await
}

/// Row 11: in place of what is too large the caller gets a failure that says so.
async fn within_limit(
    outcome: &Outcome,
    attempt: impl AsyncFnOnce(&Outcome) -> Result<Delivery, DeliveryError>,
) -> Result<Delivery, DeliveryError> {
    match outcome.within_limit() {
        Ok(()) => attempt(outcome).await,
        Err(too_large) => {
            attempt(&too_large.outcome()).await?;
            Err(DeliveryError::TooLarge { size_bytes: too_large.size_bytes })
        }
    }
}

async fn attempt(
    client: &Client,
    token: &TaskToken,
    address: Option<&CallbackAddress>,
    outcome: &Outcome,
) -> Result<Delivery, DeliveryError> {
    let by_token = handle(client, ActivityIdentifier::from_task_token(token.as_bytes().to_vec().into()));
    let Some(ended) = after_token(send(&by_token, outcome).await) else {
        let Some(address) = address else { return Ok(Delivery::AlreadyClosed) };
        let caller = describe(client, &address.workflow_id, &address.run_id).await;
        let caller = caller.map_err(|e| DeliveryError::Unavailable(short(&e)))?;
        let seen = caller.as_ref().map_or(Seen::Gone, |caller| caller.activity(&address.activity_id));
        let told = caller.as_ref().and_then(|caller| caller.last_failure(&address.activity_id)).is_some_and(|last| outcome.is_in(last));
        let Some(ended) = after_look(&seen, address.attempt, told) else {
            let by_id = ActivityIdentifier::by_id_workflow(&address.workflow_id, &address.run_id, &address.activity_id);
            return after_id(send(&handle(client, by_id), outcome).await);
        };
        return Ok(ended);
    };
    ended
}

/// None: look at the caller.
fn after_token(answer: Answer) -> Option<Result<Delivery, DeliveryError>> {
    match answer {
        Answer::Done => Some(Ok(Delivery::Delivered)),
        Answer::WorkflowClosed => Some(Ok(Delivery::CallerGone)),
        Answer::NotFound => None,
        Answer::Invalid(message) => Some(Err(DeliveryError::Refused(message))),
        Answer::Again(message) => Some(Err(DeliveryError::Unavailable(message))),
    }
}

/// None: go by id. `told`: the attempt before the pending one failed with this very outcome.
fn after_look(seen: &Seen, attempt: u32, told: bool) -> Option<Delivery> {
    match seen {
        Seen::Gone | Seen::Closed(_) => Some(Delivery::CallerGone),
        Seen::NoActivity => Some(Delivery::AlreadyClosed),
        // Our token is dead, so the same activity must have moved on. One that has not is another, scheduled later under the same id.
        Seen::Pending(pending) if pending.attempt <= attempt => Some(Delivery::AlreadyClosed),
        // The newer attempt is what our failure has led to: it is there to try again, not to be told the same.
        Seen::Pending(_) if told => Some(Delivery::AlreadyClosed),
        Seen::Pending(_) => None,
    }
}

fn after_id(answer: Answer) -> Result<Delivery, DeliveryError> {
    match answer {
        Answer::Done => Ok(Delivery::Delivered),
        Answer::WorkflowClosed => Ok(Delivery::CallerGone),
        Answer::NotFound => Err(DeliveryError::BackOff),
        Answer::Invalid(message) => Err(DeliveryError::Refused(message)),
        Answer::Again(message) => Err(DeliveryError::Unavailable(message)),
    }
}

pub(super) fn handle(client: &Client, identifier: ActivityIdentifier) -> AsyncActivityHandle<Client> {
    AsyncActivityHandle::new(client.clone(), identifier)
}

/// Tells the server; a *cancelled* that it does not take from anybody becomes a failure (row 18).
pub(super) async fn send(handle: &AsyncActivityHandle<Client>, outcome: &Outcome) -> Answer {
    let answered = answer(&tell(handle, outcome.clone()).await);
    match (outcome, answered) {
        (Outcome::Cancelled { .. }, Answer::Invalid(_)) => answer(&tell(handle, Outcome::child_cancelled()).await),
        (_, answered) => answered,
    }
}

async fn tell(handle: &AsyncActivityHandle<Client>, outcome: Outcome) -> Result<(), AsyncActivityError> {
    let options = RpcOptions::default();
    match outcome {
        Outcome::Completed(result) => handle.complete(Some(RawValue::new(vec![result])), options).await,
        Outcome::Failed { message, type_, non_retryable, details } => {
            handle.fail(application_failure(&message, type_, non_retryable, details), None::<()>, options).await
        }
        Outcome::Cancelled { details } => handle.report_cancelation(details.map(|d| RawValue::new(vec![d])), options).await,
    }
}

const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
const ATTEMPTS_MIN: u32 = 3;

/// What follows a try that failed with a retryable error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Retry {
        after: Duration,
    },
    /// Row 6: the budget is spent.
    Spent,
}

/// `attempt` tries have been made, the first being 1. The last one is made when the budget ends, and at least three are made in any case.
#[must_use]
pub fn next_step(now: SystemTime, deliver_by: SystemTime, attempt: u32) -> Step {
    let backoff = BACKOFF_FIRST.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(BACKOFF_MAX);
    match deliver_by.duration_since(now) {
        Ok(left) if !left.is_zero() => Step::Retry { after: backoff.min(left) },
        _ if attempt < ATTEMPTS_MIN => Step::Retry { after: backoff },
        _ => Step::Spent,
    }
}

/// The token as the SDK holds it.
impl From<&TaskToken> for protos::TaskToken {
    fn from(token: &TaskToken) -> Self {
        token.as_bytes().to_vec().into()
    }
}

#[cfg(test)]
mod tests {
    use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;

    use super::super::look::{Pending, PendingState};
    use super::*;

    fn pending(attempt: u32) -> Seen {
        Seen::Pending(Pending {
            attempt,
            maximum_attempts: 0,
            state: PendingState::Scheduled,
            started: None,
            expiration: None,
            run_ends: None,
        })
    }

    #[test]
    fn the_tables_above() {
        let (invalid, again) = (|| Answer::Invalid("i".to_owned()), || Answer::Again("a".to_owned()));
        let refused = || Err(DeliveryError::Refused("i".to_owned()));
        let unavailable = || Err(DeliveryError::Unavailable("a".to_owned()));
        assert_eq!(after_token(Answer::Done), Some(Ok(Delivery::Delivered)));
        assert_eq!(after_token(Answer::WorkflowClosed), Some(Ok(Delivery::CallerGone)));
        assert_eq!(after_token(Answer::NotFound), None);
        assert_eq!(after_token(invalid()), Some(refused()));
        assert_eq!(after_token(again()), Some(unavailable()));

        assert_eq!(after_look(&Seen::Gone, 2, false), Some(Delivery::CallerGone));
        assert_eq!(after_look(&Seen::Closed(WorkflowExecutionStatus::Completed), 2, false), Some(Delivery::CallerGone));
        assert_eq!(after_look(&Seen::NoActivity, 2, false), Some(Delivery::AlreadyClosed));
        assert_eq!(after_look(&pending(1), 2, false), Some(Delivery::AlreadyClosed));
        assert_eq!(after_look(&pending(2), 2, false), Some(Delivery::AlreadyClosed));
        assert_eq!(after_look(&pending(3), 2, false), None);
        assert_eq!(after_look(&pending(3), 2, true), Some(Delivery::AlreadyClosed));

        assert_eq!(after_id(Answer::Done), Ok(Delivery::Delivered));
        assert_eq!(after_id(Answer::WorkflowClosed), Ok(Delivery::CallerGone));
        assert_eq!(after_id(Answer::NotFound), Err(DeliveryError::BackOff));
        assert_eq!(after_id(invalid()), refused());
        assert_eq!(after_id(again()), unavailable());
    }

    #[test]
    fn what_is_worth_another_try() {
        for (error, retryable) in [
            (DeliveryError::BackOff, true),
            (DeliveryError::Unavailable(String::new()), true),
            (DeliveryError::Refused(String::new()), false),
            (DeliveryError::TooLarge { size_bytes: 1 }, false),
        ] {
            assert_eq!(error.is_retryable(), retryable, "{error}");
        }
    }

    #[test]
    fn the_budget_is_kept_to_its_end() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let by = |ms: u64| now + Duration::from_millis(ms);
        let retry = |ms: u64| Step::Retry { after: Duration::from_millis(ms) };
        for (deliver_by, attempt, want) in [
            (by(600_000), 1, retry(500)),
            (by(600_000), 2, retry(1000)),
            (by(600_000), 5, retry(8000)),
            (by(600_000), 7, retry(30_000)),
            (by(600_000), u32::MAX, retry(30_000)),
            (by(1200), 5, retry(1200)), // the last try is made when the budget ends
            (by(0), 5, Step::Spent),
            (now - Duration::from_secs(9), 3, Step::Spent),
            (now - Duration::from_secs(9), 2, retry(1000)), // three tries in any case
            (now - Duration::from_secs(9), 1, retry(500)),
        ] {
            assert_eq!(next_step(now, deliver_by, attempt), want, "attempt {attempt}");
        }
    }

    #[tokio::test]
    async fn what_is_too_large_is_told_to_the_caller_and_final() {
        let large = Outcome::completed(&"x".repeat(3 << 20));
        let mut told = None;
        let result = within_limit(&large, async |outcome| {
            told = Some(outcome.clone());
            Ok(Delivery::Delivered)
        })
        .await;
        assert!(matches!(result, Err(DeliveryError::TooLarge { size_bytes }) if size_bytes > 3 << 20));
        assert!(matches!(told, Some(Outcome::Failed { non_retryable: true, .. })));
        let busy = within_limit(&large, async |_| Err(DeliveryError::Unavailable(String::new()))).await;
        assert!(busy.unwrap_err().is_retryable(), "the caller has not been told yet");
    }
}
