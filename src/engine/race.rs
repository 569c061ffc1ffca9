//! Waiting for several things at once. All branches are polled in index order with the caller's own waker: inside Temporal's workflow code
//! any other wake-up counts as nondeterminism.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures::future::LocalBoxFuture;

use super::host::{Host, Scope, Waited};

/// No limit is shorter: a timer of no length is no timer to Temporal.
const SHORTEST_LIMIT: Duration = Duration::from_millis(1);

/// How a body with a time limit ended.
pub(super) enum Limited<T> {
    Ended(T),
    /// The limit came first; the body was cancelled and has ended.
    Expired,
}

/// Runs `body`, which works in the scope `inner`, for `limit` at most. The timer is asked for when the body first waits, so a pure body
/// costs none.
pub(super) async fn within<T>(
    host: &dyn Host,
    outer: &Scope,
    inner: &Scope,
    limit: Duration,
    summary: &str,
    mut body: LocalBoxFuture<'_, T>,
) -> Limited<T> {
    let mut timer: Option<(Scope, LocalBoxFuture<'static, Waited>)> = None;
    let (mut asked, mut expired) = (false, false);
    let ended = poll_fn(|cx| {
        loop {
            if let Poll::Ready(ended) = body.as_mut().poll(cx) {
                return Poll::Ready(ended);
            }
            if !asked {
                asked = true;
                let scope = outer.child();
                let waiting = host.timer(limit.max(SHORTEST_LIMIT), summary, &scope);
                timer = Some((scope, waiting));
            }
            let Some(Poll::Ready(waited)) = timer.as_mut().map(|(_, timer)| timer.as_mut().poll(cx)) else { return Poll::Pending };
            timer = None;
            if waited == Waited::Cancelled {
                return Poll::Pending; // the scope around both: the body ends by itself
            }
            expired = true;
            inner.cancel();
        }
    })
    .await;
    if expired {
        return Limited::Expired;
    }
    if let Some((scope, _)) = &timer {
        scope.cancel();
    }
    Limited::Ended(ended)
}

/// Whether the end of one branch cancelled others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Wait,
    /// Something was cancelled: look at all branches once more at once.
    LookAgain,
}

/// Runs all branches to their end; `ended` sees each one's result when it comes.
pub(super) async fn together<'f, T>(branches: Vec<LocalBoxFuture<'f, T>>, mut ended: impl FnMut(usize, T) -> Next) {
    let mut branches: Vec<Option<LocalBoxFuture<'f, T>>> = branches.into_iter().map(Some).collect();
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
