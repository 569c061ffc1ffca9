//! Row 9: how long a child may live. It gets what is left until its caller can make no more attempts, so that no child outlives its caller
//! even where no watch runs. The limit holds for the whole chain of runs that continue it.
//!
//! | known of the caller's activity | the child has time until |
//! |---|---|
//! | a schedule-to-close timeout (`expiration_time`) | that ends |
//! | the end of its run | the run ends |
//! | it is the last attempt, with a deadline | the attempt ends |
//! | several of these | the earliest |
//! | nothing | for ever: the watch ends it |
//!
//! One minute is added: by then the watch has told the child, which ends its own work in order. The limit is only the net below that.

use std::time::{Duration, SystemTime};

use super::look::Pending;

/// More than a round of the watch takes, less than anybody minds.
const GRACE: Duration = Duration::from_mins(1);

/// The child's execution timeout; none where nothing limits the caller. `attempt_deadline` is the end of the attempt that starts the child.
#[must_use]
pub fn execution_timeout(now: SystemTime, activity: &Pending, attempt_deadline: Option<SystemTime>) -> Option<Duration> {
    let last_attempt = activity.maximum_attempts > 0 && activity.attempt >= activity.maximum_attempts;
    let of_attempt = attempt_deadline.filter(|_| last_attempt);
    let end = [activity.expiration, activity.run_ends, of_attempt].into_iter().flatten().min()?;
    Some(end.duration_since(now).unwrap_or(Duration::ZERO) + GRACE)
}

#[cfg(test)]
mod tests {
    use super::super::look::PendingState;
    use super::*;

    #[test]
    fn the_child_lives_until_the_caller_can_try_no_more() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let at = |seconds: Option<u64>| seconds.map(|s| now + Duration::from_secs(s));
        for (attempt, maximum, expiration, run, deadline, want) in [
            (1, 1, None, None, None, None),
            (1, 1, None, Some(1800), Some(1700), Some(1700)), // the platform: one attempt of 30 minutes in a run of 30
            (1, 1, None, Some(1800), Some(1900), Some(1800)),
            (1, 3, None, Some(1800), Some(600), Some(1800)),
            (3, 3, None, Some(1800), Some(600), Some(600)),
            (4, 3, None, Some(1800), Some(600), Some(600)),
            (9, 0, None, Some(1800), Some(600), Some(1800)),
            (1, 0, Some(900), Some(1800), Some(600), Some(900)),
            (1, 0, Some(900), None, None, Some(900)),
            (1, 0, Some(2700), Some(1800), Some(600), Some(1800)),
            (2, 2, Some(900), None, Some(300), Some(300)),
            (2, 2, None, None, Some(300), Some(300)),
            (1, 2, None, None, Some(300), None),
        ] {
            let pending = Pending {
                attempt,
                maximum_attempts: maximum,
                state: PendingState::Started,
                started: None,
                expiration: at(expiration),
                run_ends: at(run),
            };
            let got = execution_timeout(now, &pending, at(deadline));
            assert_eq!(got, want.map(|s| Duration::from_secs(s) + GRACE), "{pending:?} {deadline:?}");
        }
        let over = Pending {
            attempt: 1,
            maximum_attempts: 1,
            state: PendingState::Started,
            started: None,
            expiration: Some(now - Duration::from_secs(5)),
            run_ends: None,
        };
        assert_eq!(execution_timeout(now, &over, None), Some(GRACE));
    }
}
