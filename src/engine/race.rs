//! Waiting for several things at once. All branches are polled in index order with the caller's own waker: inside Temporal's workflow code
//! any other wake-up counts as nondeterminism.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::flow::Stop;
use super::handover::{later, left};
use super::host::{Scope, Waited};
use super::run::Run;
use super::strand::Strand;

/// No limit is shorter: a timer of no length is no timer to Temporal.
const SHORTEST_LIMIT: Duration = Duration::from_millis(1);

/// A time limit: when it is up, and how long it was.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Limit {
    until: Timestamp,
    length: Duration,
}

impl Limit {
    pub fn from(now: Timestamp, length: Duration) -> Self {
        Self { until: later(now, length.max(SHORTEST_LIMIT)), length }
    }
}

/// Runs `body`, in a scope of its own, until the limit is up; then it is cancelled, waited for, and `what` has timed out. The timer is asked
/// for when the body first waits, so a pure body costs none.
pub(super) async fn within<T>(
    run: &Run<'_>,
    strand: &Strand,
    limit: Limit,
    what: &str,
    summary: &str,
    body: impl AsyncFnOnce(&Strand) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let (outer, inner) = (&strand.scope, strand.scoped());
    let mut body = pin!(body(&inner));
    let mut timer: Option<(Scope, LocalBoxFuture<'static, Waited>)> = None;
    let (mut asked, mut expired) = (false, false);
    let ended = poll_fn(|cx| {
        loop {
            if let Poll::Ready(ended) = body.as_mut().poll(cx) {
                return Poll::Ready(ended);
            }
            if expired {
                return Poll::Pending;
            }
            let mut up = false;
            if !asked {
                asked = true;
                let left = left(run.host.now(), limit.until);
                up = left.is_zero(); // while the run was handed over
                let scope = outer.child();
                timer = (!up).then(|| (scope.clone(), run.host.timer(left, summary, &scope)));
            }
            match timer.as_mut().map(|(_, timer)| timer.as_mut().poll(cx)) {
                Some(Poll::Ready(Waited::Fired)) => up = true,
                Some(Poll::Ready(Waited::Cancelled)) => timer = None, // the scope around both: the body ends by itself
                Some(Poll::Pending) | None => {}
            }
            if !up {
                return Poll::Pending;
            }
            timer = None;
            expired = true;
            inner.scope.cancel();
        }
    })
    .await;
    if let Some((scope, _)) = &timer {
        scope.cancel();
    }
    match expired {
        false => ended,
        true if outer.is_cancelled() => Err(Stop::Cancelled),
        true => Err(run.timed_out(what, limit.length).into()),
    }
}

/// Whether the end of one branch cancelled others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Wait,
    /// Something was cancelled: look at all branches once more at once.
    LookAgain,
}

/// Runs all branches to their end; `ended` sees each one's result when it comes. `None` has ended before.
pub(super) async fn together<T>(mut branches: Vec<Option<LocalBoxFuture<'_, T>>>, mut ended: impl FnMut(usize, T) -> Next) {
    poll_fn(|cx| {
        loop {
            let (mut waiting, mut again) = (false, false);
            for (index, slot) in branches.iter_mut().enumerate() {
                match slot.as_mut().map(|branch| branch.as_mut().poll(cx)) {
                    None => {}
                    Some(Poll::Pending) => waiting = true,
                    Some(Poll::Ready(result)) => {
                        *slot = None;
                        again |= ended(index, result) == Next::LookAgain;
                    }
                }
            }
            if !waiting {
                return Poll::Ready(());
            }
            if !again {
                return Poll::Pending;
            }
        }
    })
    .await;
}
