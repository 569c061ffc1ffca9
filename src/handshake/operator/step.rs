//! One pending handshake, seen from its caller: the activity that waits, and the event that scheduled it.
//!
//! | member | from |
//! |---|---|
//! | state, attempt, last heartbeat, last failure | the caller's description |
//! | since, input, time limits | the event that scheduled it: the description's own time is that of the attempt |

use std::time::{Duration, SystemTime};

use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;

use super::super::callback::Reply;
use super::super::look::{self, Pending, PendingState, time};

/// What the caller waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A child workflow.
    ExecuteWorkflow,
    /// An agent execution.
    CallAgent,
}

impl Kind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExecuteWorkflow => "execute_workflow",
            Self::CallAgent => "call_agent",
        }
    }

    /// The form in which its caller expects a result.
    #[must_use]
    pub fn reply(self) -> Reply {
        match self {
            Self::ExecuteWorkflow => Reply::WorkflowExecutionStatus,
            Self::CallAgent => Reply::Plain,
        }
    }
}

/// An activity that is pending.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub kind: Kind,
    pub workflow_id: String,
    pub run_id: String,
    pub workflow_type: String,
    pub activity_id: String,
    pub activity_type: String,
    /// The attempt that runs or, in back-off, the one that comes; 1 for the first.
    pub attempt: u32,
    /// 0: no limit.
    pub maximum_attempts: u32,
    pub state: PendingState,
    /// When it was scheduled.
    pub since: Option<SystemTime>,
    /// When its attempt, or all of them, run out of time: the earliest of its limits.
    pub deadline: Option<SystemTime>,
    /// When the next attempt begins, in back-off.
    pub next_attempt: Option<SystemTime>,
    pub last_heartbeat: Option<SystemTime>,
    /// How the attempt before this one failed.
    pub last_failure: Option<String>,
    /// Its first argument, decoded by the client's codec.
    pub input: Option<Payload>,
}

/// What the scheduling event says.
#[derive(Clone, Debug, Default)]
pub(super) struct Scheduled {
    pub at: Option<SystemTime>,
    pub start_to_close: Option<Duration>,
    pub input: Option<Payload>,
}

/// The run that a step belongs to.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub workflow_id: String,
    pub run_id: String,
    pub workflow_type: String,
    pub run_ends: Option<SystemTime>,
}

impl Step {
    pub(super) fn of(kind: Kind, caller: &Caller, activity: &PendingActivityInfo, scheduled: Option<&Scheduled>) -> Self {
        let pending = look::pending(activity, caller.run_ends);
        Self {
            kind,
            workflow_id: caller.workflow_id.clone(),
            run_id: caller.run_id.clone(),
            workflow_type: caller.workflow_type.clone(),
            activity_id: activity.activity_id.clone(),
            activity_type: activity.activity_type.as_ref().map(|t| t.name.clone()).unwrap_or_default(),
            attempt: pending.attempt,
            maximum_attempts: pending.maximum_attempts,
            state: pending.state,
            since: scheduled.and_then(|s| s.at).or_else(|| activity.scheduled_time.and_then(|t| time(t.seconds, t.nanos))),
            deadline: deadline(&pending, scheduled.and_then(|s| s.start_to_close)),
            next_attempt: activity.next_attempt_schedule_time.and_then(|t| time(t.seconds, t.nanos)),
            last_heartbeat: activity.last_heartbeat_time.and_then(|t| time(t.seconds, t.nanos)),
            last_failure: activity.last_failure.as_ref().map(describe_failure),
            input: scheduled.and_then(|s| s.input.clone()),
        }
    }

    /// Whether no attempt runs now, so that only a success can reach it.
    #[must_use]
    pub fn is_between_attempts(&self) -> bool {
        matches!(self.state, PendingState::Scheduled | PendingState::Paused)
    }

    /// How long it has waited.
    #[must_use]
    pub fn age(&self, now: SystemTime) -> Duration {
        self.since.and_then(|since| now.duration_since(since).ok()).unwrap_or(Duration::ZERO)
    }
}

/// An attempt that has not begun has its start-to-close time still before it.
fn deadline(pending: &Pending, start_to_close: Option<Duration>) -> Option<SystemTime> {
    let running = matches!(pending.state, PendingState::Started | PendingState::CancelRequested);
    let of_attempt = pending.started.filter(|_| running).zip(start_to_close).and_then(|(began, limit)| began.checked_add(limit));
    [pending.expiration, pending.run_ends, of_attempt].into_iter().flatten().min()
}

/// The outermost text, or what caused it where that says more.
fn describe_failure(failure: &Failure) -> String {
    let mut at = failure;
    while let (true, Some(cause)) = (at.message.is_empty(), at.cause.as_deref()) {
        at = cause;
    }
    at.message.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_earliest_limit_is_the_deadline() {
        let at = |s: u64| SystemTime::UNIX_EPOCH + SECOND * u32::try_from(s).unwrap();
        let pending = |state, started: Option<u64>, expiration: Option<u64>, run_ends: Option<u64>| Pending {
            attempt: 1,
            maximum_attempts: 0,
            state,
            started: started.map(at),
            expiration: expiration.map(at),
            run_ends: run_ends.map(at),
        };
        for (state, started, expiration, run_ends, limit, want) in [
            (PendingState::Started, Some(10), None, None, Some(5), Some(15)),
            (PendingState::CancelRequested, Some(10), None, None, Some(5), Some(15)),
            (PendingState::Scheduled, Some(10), None, None, Some(5), None),
            (PendingState::Started, Some(10), Some(12), Some(99), Some(5), Some(12)),
            (PendingState::Started, Some(10), None, Some(11), Some(5), Some(11)),
            (PendingState::Started, None, None, None, Some(5), None),
        ] {
            let pending = pending(state, started, expiration, run_ends);
            assert_eq!(deadline(&pending, limit.map(|s| SECOND * s)), want.map(at), "{pending:?}");
        }
    }
}
