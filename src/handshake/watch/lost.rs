//! Row 16: a child that died without a word. Its execution gets a terminal phase, and its caller is failed.
//!
//! | the latest run of the child's id | then |
//! |---|---|
//! | lives | the watch has moved (continue-as-new, reset, another holder): nothing |
//! | completed, or its close says delivered | nothing |
//! | closed without a word, deleted | look at the caller |
//!
//! | the caller's activity | then |
//! |---|---|
//! | pending, the attempt that the child knows | settle the status, fail the caller |
//! | pending, another attempt that ran when the child died | the same: it has attached to that child |
//! | pending, another attempt that began later, or is to come | nothing: it meets the dead child itself (row 3) |
//! | not pending, or its workflow gone | settle the status: nobody else will |

use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use temporalio_client::NamespacedClient;
use temporalio_client::tonic::Status;

use super::super::callback::Callback;
use super::super::child;
use super::super::closed::{self, Close};
use super::super::deliver::{Delivery, deliver};
use super::super::look::{PendingState, Seen, describe, look};
use super::super::outcome::Outcome;
use super::super::rpc::short;
use super::entry::Entry;
use super::verdict::Child;
use super::{Inner, Means, WatchCounters};

/// The phase that a dead child leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadPhase {
    Failed,
    Cancelled,
}

/// A child that has died before it could tell anybody.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadChild {
    pub workflow_id: String,
    /// Empty where the run is no longer known.
    pub run_id: String,
    /// None for a child that no platform knows of.
    pub execution_id: Option<String>,
    pub phase: DeadPhase,
    /// For people: how it died.
    pub message: String,
    /// None where the run is no longer known.
    pub closed_at: Option<SystemTime>,
    /// What its caller is to be told.
    pub(crate) outcome: Outcome,
}

impl DeadChild {
    /// None where the close leaves nobody untold.
    pub(crate) fn of(workflow_id: &str, run_id: &str, close: &Close, closed_at: Option<SystemTime>) -> Option<Self> {
        let outcome = close.untold()?;
        Some(Self {
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_owned(),
            execution_id: child::execution_id(workflow_id).map(str::to_owned),
            phase: if matches!(close, Close::Cancelled { .. }) { DeadPhase::Cancelled } else { DeadPhase::Failed },
            message: match &outcome {
                Outcome::Failed { message, .. } => message.clone(),
                other => other.kind().to_owned(),
            },
            closed_at,
            outcome,
        })
    }
}

/// Keeps an execution from staying open for ever: reads it and, unless its phase is terminal, sends the phase that the child could not.
pub trait StatusGuard: Send + Sync {
    /// An error is worth another try. What no try can mend (there is no such execution) is not an error.
    fn settle<'a>(&'a self, child: &'a DeadChild) -> BoxFuture<'a, Result<(), String>>;
}

/// Whether everything has been done for a dead child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buried {
    Done,
    /// Nobody waits any more, but the status could not be settled in time: left to the sweep.
    Unsettled,
    TryAgain,
}

/// What a dead child's caller needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duty {
    Nothing,
    Settle,
    SettleAndTell,
}

fn duty(caller: &Seen, known_attempt: u32, closed_at: Option<SystemTime>) -> Duty {
    match caller {
        Seen::Gone | Seen::Closed(_) | Seen::NoActivity => Duty::Settle,
        Seen::Pending(pending) if pending.attempt == known_attempt => Duty::SettleAndTell,
        Seen::Pending(pending) => {
            let runs = matches!(pending.state, PendingState::Started | PendingState::CancelRequested);
            let began_later = closed_at.is_some_and(|closed| pending.started.is_some_and(|started| started > closed));
            if runs && !began_later { Duty::SettleAndTell } else { Duty::Nothing }
        }
    }
}

/// Whether a status that cannot be settled is waited for.
fn is_patient(now: SystemTime, closed_at: Option<SystemTime>, patience: Duration) -> bool {
    closed_at.is_some_and(|closed| now.duration_since(closed).unwrap_or(Duration::ZERO) < patience)
}

/// Does what is left to do for a dead child. Counts and logs what comes of it.
pub async fn bury(means: &Means, child: &DeadChild, caller: &Callback) -> Buried {
    means.pace.turn().await;
    let seen = match look(&means.client, &caller.address).await {
        Ok(seen) => seen,
        Err(e) => {
            tracing::debug!(child_workflow_id = child.workflow_id, error = short(&e), "cannot look at the caller of a dead child");
            return Buried::TryAgain;
        }
    };
    let duty = duty(&seen, caller.address.attempt, child.closed_at);
    if duty == Duty::Nothing {
        return Buried::Done;
    }
    let settled = means.guard.settle(child).await;
    if let Err(e) = &settled {
        tracing::warn!(
            child_workflow_id = child.workflow_id, execution_id = child.execution_id, error = %e, "cannot settle the status of a dead child"
        );
        if is_patient(SystemTime::now(), child.closed_at, means.guard_patience) {
            return Buried::TryAgain;
        }
    }
    if duty == Duty::SettleAndTell && tell(means, child, caller).await == Buried::TryAgain {
        return Buried::TryAgain;
    }
    if settled.is_ok() { Buried::Done } else { Buried::Unsettled }
}

async fn tell(means: &Means, child: &DeadChild, caller: &Callback) -> Buried {
    means.pace.turn().await;
    let address = &caller.address;
    match deliver(&means.client, caller, &child.outcome).await {
        Ok(Delivery::Delivered) => {
            WatchCounters::add(&means.counters.callers_failed);
            tracing::warn!(
                child_workflow_id = child.workflow_id, execution_id = child.execution_id, workflow_id = address.workflow_id,
                run_id = address.run_id, activity_id = address.activity_id, attempt = address.attempt, token_preview = %caller.token, token_digest = caller.token.digest(),
                reason = child.message, "a child died without delivering; its caller has been failed"
            );
            Buried::Done
        }
        Ok(Delivery::AlreadyClosed | Delivery::CallerGone) => Buried::Done,
        Err(e) => {
            WatchCounters::add(&means.counters.delivery_errors);
            tracing::warn!(
                child_workflow_id = child.workflow_id, workflow_id = address.workflow_id, run_id = address.run_id,
                activity_id = address.activity_id, error = %e, retryable = e.is_retryable(), "cannot fail the caller of a dead child"
            );
            if e.is_retryable() { Buried::TryAgain } else { Buried::Done }
        }
    }
}

/// A watch whose heartbeat was answered `NotFound`.
pub(super) async fn examine(inner: &Inner, entry: &Entry) {
    let means = &inner.means;
    let buried = match dead_child(means, entry).await {
        Ok(None) => Buried::Done,
        Ok(Some(child)) => bury(means, &child, &entry.callback(means.client.namespace())).await,
        Err(e) => {
            tracing::debug!(child_workflow_id = &*entry.child_id, error = short(&e), "cannot look at a child; next round");
            Buried::TryAgain
        }
    };
    if buried != Buried::TryAgain {
        inner.book().take(entry);
    }
}

async fn dead_child(means: &Means, entry: &Entry) -> Result<Option<DeadChild>, Status> {
    means.pace.turn().await;
    let Some(latest) = describe(&means.client, &entry.child_id, "").await? else {
        return Ok(DeadChild::of(&entry.child_id, "", &Close::Gone, None));
    };
    if Child::of(latest.status) == Child::Fine {
        return Ok(None);
    }
    means.pace.turn().await;
    let close = closed::read(&means.client, &entry.child_id, &latest.run_id).await?;
    Ok(DeadChild::of(&entry.child_id, &latest.run_id, &close, latest.closed_at))
}

#[cfg(test)]
mod tests {
    use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;

    use super::super::super::look::Pending;
    use super::*;

    #[test]
    fn what_the_guard_is_told() {
        for (close, phase, words) in [
            (Close::Terminated { reason: "why".to_owned() }, DeadPhase::Failed, "terminated (why)"),
            (Close::TimedOut, DeadPhase::Failed, "timed out"),
            (Close::Gone, DeadPhase::Failed, "deleted"),
            (Close::Cancelled { delivered: false }, DeadPhase::Cancelled, "cancelled"),
        ] {
            let child = DeadChild::of("workflow-exec-e1", "r", &close, None).unwrap();
            assert_eq!((child.execution_id.as_deref(), child.phase), (Some("e1"), phase));
            assert!(child.message.contains(words), "{}", child.message);
        }
        assert_eq!(DeadChild::of("direct", "r", &Close::TimedOut, None).unwrap().execution_id, None);
        assert_eq!(DeadChild::of("direct", "r", &Close::Cancelled { delivered: true }, None), None);
    }

    #[test]
    fn who_is_told_of_a_death() {
        let death = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let (before, after) = (death - Duration::from_secs(1), death + Duration::from_secs(1));
        let pending = |attempt, state, started| {
            Seen::Pending(Pending { attempt, maximum_attempts: 0, state, started: Some(started), expiration: None, run_ends: None })
        };
        for (seen, want) in [
            (Seen::Gone, Duty::Settle),
            (Seen::Closed(WorkflowExecutionStatus::Completed), Duty::Settle),
            (Seen::NoActivity, Duty::Settle),
            (pending(2, PendingState::Started, before), Duty::SettleAndTell),
            (pending(2, PendingState::CancelRequested, before), Duty::SettleAndTell),
            (pending(3, PendingState::Started, before), Duty::SettleAndTell),
            (pending(3, PendingState::CancelRequested, before), Duty::SettleAndTell),
            (pending(3, PendingState::Started, after), Duty::Nothing),
            (pending(3, PendingState::Scheduled, before), Duty::Nothing),
            (pending(3, PendingState::Paused, before), Duty::Nothing),
            (pending(1, PendingState::Started, after), Duty::Nothing), // reset by an operator, or another activity
        ] {
            assert_eq!(duty(&seen, 2, Some(death)), want, "{seen:?}");
        }
        assert_eq!(duty(&pending(3, PendingState::Started, after), 2, None), Duty::SettleAndTell);
    }

    #[test]
    fn nobody_waits_long_for_a_status() {
        let death = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let patience = Duration::from_mins(2);
        assert!(is_patient(death + Duration::from_secs(119), Some(death), patience));
        assert!(is_patient(death - Duration::from_secs(5), Some(death), patience));
        assert!(!is_patient(death + Duration::from_mins(2), Some(death), patience));
        assert!(!is_patient(death, None, patience));
    }
}
