//! What a round decides, and the words that reach the child as the watch's result.

use std::time::Duration;

use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;

use super::super::look::{Pending, PendingState, Seen};
use super::super::rpc::Answer;

/// What a watch has learnt about the caller. The words stand in histories: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchVerdict {
    /// The caller's workflow is closed, or not there.
    CallerGone,
    /// The caller's workflow goes on without that activity.
    ActivityGone,
    /// The caller asks the activity to cancel.
    CancelRequested,
}

impl WatchVerdict {
    const ALL: [Self; 3] = [Self::CallerGone, Self::ActivityGone, Self::CancelRequested];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallerGone => "caller_gone",
            Self::ActivityGone => "activity_gone",
            Self::CancelRequested => "cancel_requested",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }

    /// None: all is as it should be.
    pub(super) fn of(caller: &Seen) -> Option<Self> {
        match caller {
            Seen::Gone | Seen::Closed(_) => Some(Self::CallerGone),
            Seen::NoActivity => Some(Self::ActivityGone),
            Seen::Pending(Pending { state: PendingState::CancelRequested, .. }) => Some(Self::CancelRequested),
            Seen::Pending(_) => None,
        }
    }
}

/// What the answer to a watch's own heartbeat means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulse {
    Alive,
    /// This attempt of the watch is over: look at the child.
    Gone,
    /// Nothing is known: the next round asks again.
    Unknown,
}

impl Pulse {
    pub(super) fn of(answer: &Answer) -> Self {
        match answer {
            Answer::Done => Self::Alive,
            Answer::NotFound | Answer::WorkflowClosed | Answer::Invalid(_) => Self::Gone,
            Answer::Again(_) => Self::Unknown,
        }
    }
}

/// What the latest run of a child's id says about a watch that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Child {
    /// It lives, here or in a later run, or has ended well: the entry is of no more use.
    Fine,
    /// It is closed: its last event says whether its caller has been told.
    Closed,
}

impl Child {
    pub(super) fn of(latest: WorkflowExecutionStatus) -> Self {
        use WorkflowExecutionStatus as Status;
        match latest {
            Status::Failed | Status::Canceled | Status::Terminated | Status::TimedOut => Self::Closed,
            Status::Running | Status::Paused | Status::Completed | Status::ContinuedAsNew | Status::Unspecified => Self::Fine,
        }
    }
}

/// When the round after one that began `took` ago begins.
pub(super) fn rest(interval: Duration, took: Duration) -> Duration {
    interval.saturating_sub(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_at_the_top_of_the_room() {
        let pending =
            |state| Seen::Pending(Pending { attempt: 2, maximum_attempts: 0, state, started: None, expiration: None, run_ends: None });
        for (seen, want) in [
            (Seen::Gone, Some(WatchVerdict::CallerGone)),
            (Seen::Closed(WorkflowExecutionStatus::Terminated), Some(WatchVerdict::CallerGone)),
            (Seen::NoActivity, Some(WatchVerdict::ActivityGone)),
            (pending(PendingState::CancelRequested), Some(WatchVerdict::CancelRequested)),
            (pending(PendingState::Scheduled), None),
            (pending(PendingState::Started), None),
            (pending(PendingState::Paused), None),
        ] {
            assert_eq!(WatchVerdict::of(&seen), want, "{seen:?}");
        }
        for (answer, want) in [
            (Answer::Done, Pulse::Alive),
            (Answer::NotFound, Pulse::Gone),
            (Answer::WorkflowClosed, Pulse::Gone),
            (Answer::Invalid(String::new()), Pulse::Gone),
            (Answer::Again(String::new()), Pulse::Unknown),
        ] {
            assert_eq!(Pulse::of(&answer), want, "{answer:?}");
        }
    }

    #[test]
    fn row_16_asks_only_about_the_dead() {
        use WorkflowExecutionStatus as Status;
        for status in [Status::Running, Status::Paused, Status::Completed, Status::ContinuedAsNew] {
            assert_eq!(Child::of(status), Child::Fine, "{status:?}");
        }
        for status in [Status::Failed, Status::Canceled, Status::Terminated, Status::TimedOut] {
            assert_eq!(Child::of(status), Child::Closed, "{status:?}");
        }
    }

    #[test]
    fn words_go_both_ways_and_rounds_do_not_overlap() {
        for verdict in WatchVerdict::ALL {
            assert_eq!(WatchVerdict::parse(verdict.as_str()), Some(verdict));
        }
        assert_eq!(WatchVerdict::parse("fine"), None);
        let seconds = Duration::from_secs;
        assert_eq!(rest(seconds(10), seconds(3)), seconds(7));
        assert_eq!(rest(seconds(10), seconds(200)), seconds(0));
    }
}
