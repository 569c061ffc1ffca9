//! The child's end of the watch: rows 8 and 9.
//!
//! One activity `WatchCaller` per run that has a callback, scheduled when the run first waits (a pure run needs none). It returns pending and is
//! parked outside; when it completes, its result says what became of the caller.
//!
//! | verdict | newest callback names | then |
//! |---|---|---|
//! | `cancel_requested` | any caller | the run is cancelled; the caller has asked for it |
//! | `caller_gone`, `activity_gone` | the watched caller | `on_caller_gone: cancel`: the run is cancelled; `continue`: nothing |
//! | `caller_gone`, `activity_gone` | another caller | that one is watched from now on (`watch#2`) |
//! | the activity failed | | nobody watches any more; the sweep remains |

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_sdk::ActivityOptions;
use temporalio_workflow::{WorkflowCancellationToken, WorkflowContext};

use super::workflow::ServerlessWorkflow;
use crate::activities::names::WATCH_CALLER;
use crate::activities::payload::{first, raw_of};
use crate::handshake::{Callback, CallbackAddress, WatchVerdict};

/// A watch lasts as long as its run; this only has to be longer.
const TEN_YEARS: Duration = Duration::from_hours(10 * 365 * 24);
/// A holder that has died is noticed after this and the watch moves to another worker.
const HEARTBEAT: Duration = Duration::from_mins(5);

/// Why the run has to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    CallerAskedForCancel,
    CallerGone,
}

struct Active {
    verdict: LocalBoxFuture<'static, Option<WatchVerdict>>,
    watched: CallbackAddress,
}

pub struct Watch {
    enabled: bool,
    cancel_when_gone: bool,
    queue: String,
    count: Cell<u32>,
    active: RefCell<Option<Active>>,
}

impl Watch {
    #[must_use]
    pub fn new(enabled: bool, cancel_when_gone: bool, queue: String) -> Self {
        Self { enabled, cancel_when_gone, queue, count: Cell::new(0), active: RefCell::new(None) }
    }

    /// Schedules the watch unless there has been one, or there is nobody to watch.
    pub fn begin(&self, ctx: &WorkflowContext<ServerlessWorkflow>) {
        if !self.enabled || self.count.get() > 0 {
            return;
        }
        if let Some(callback) = ctx.state(|s| s.callback.clone()) {
            self.schedule(ctx, callback);
        }
    }

    fn schedule(&self, ctx: &WorkflowContext<ServerlessWorkflow>, callback: Callback) {
        self.count.set(self.count.get() + 1);
        let id = if self.count.get() == 1 { "watch".to_owned() } else { format!("watch#{}", self.count.get()) };
        let options = ActivityOptions::with_start_to_close_timeout(TEN_YEARS)
            .activity_id(id)
            .task_queue(self.queue.clone())
            .heartbeat_timeout(HEARTBEAT)
            .retry_policy(RetryPolicy::builder().initial_interval(Duration::from_millis(200)).backoff_coefficient(1.0).build())
            // Detached: a cancelled run needs its watch no longer, but cancelling it would cost an event.
            .cancellation_token(WorkflowCancellationToken::new())
            .do_not_eagerly_execute(true)
            .build();
        let input = raw_of(&callback.watch_input());
        let ctx = ctx.clone();
        let verdict = async move {
            let raw = ctx.execute_activity(UntypedActivity::new(WATCH_CALLER), input, options).await.ok()?;
            first(&raw).ok().and_then(|data| WatchVerdict::parse(data.as_str()?))
        };
        *self.active.borrow_mut() = Some(Active { verdict: verdict.boxed_local(), watched: callback.address });
    }

    /// Polls the watch once; `Ready` only when the run has to stop.
    pub fn poll(&self, cx: &mut Context<'_>, ctx: &WorkflowContext<ServerlessWorkflow>) -> Poll<Stop> {
        loop {
            let (verdict, watched) = {
                let mut active = self.active.borrow_mut();
                let Some(now) = active.as_mut() else { return Poll::Pending };
                match now.verdict.poll_unpin(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(verdict) => {
                        let watched = now.watched.clone();
                        *active = None;
                        (verdict, watched)
                    }
                }
            };
            match verdict {
                Some(WatchVerdict::CancelRequested) => return Poll::Ready(Stop::CallerAskedForCancel),
                Some(WatchVerdict::CallerGone | WatchVerdict::ActivityGone) => {
                    match ctx.state(|s| s.callback.clone()).filter(|newest| !newest.address.same_activity(&watched)) {
                        Some(newest) => self.schedule(ctx, newest),
                        None if self.cancel_when_gone => return Poll::Ready(Stop::CallerGone),
                        None => {}
                    }
                }
                None => {}
            }
        }
    }
}
