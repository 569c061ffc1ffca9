//! A workflow in this process: no server, real or virtual time.
//!
//! [`run`] blocks the thread until the workflow has ended; [`drive`] is the same inside a runtime. In virtual time nothing is waited for:
//! when all that is left to do is wait, the clock jumps to the next deadline, so an hour of back-off takes no time and comes out the same
//! each time.

pub mod calls;
pub mod clock;
pub mod effects;
pub mod events;
mod host;
pub mod mock;
mod nested;
pub mod pause;
pub mod relay;
mod scope;

#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;

pub use self::calls::Calls;
pub use self::clock::Clock;
pub use self::events::Events;
use self::events::Outbox;
pub use self::host::{LocalHost, Observer};
pub use self::pause::{Control, Controls, PauseObserver, Pauses, Pausing};
pub use self::relay::Relay;
use crate::effects::events::Sink;
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::Host as _;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::{Outcome, Start};
use crate::plan::Plan;

/// Jumps of the virtual clock after which the runtime gets its turn, so that an endless loop can still be interrupted.
const JUMPS_PER_TURN: u32 = 64;

/// What a local run is made of.
pub struct Options {
    pub start: Start,
    pub clock: Clock,
    /// Seed of everything random in the run.
    pub seed: u64,
    /// Who makes the calls.
    pub calls: Rc<dyn Calls>,
    /// Sees each event.
    pub observer: Observer,
    /// Cancels the run when it ends (Ctrl-C, say). The run still comes to an orderly end.
    pub cancel: Option<LocalBoxFuture<'static, ()>>,
    /// What comes from outside while it runs.
    pub events: Option<Events>,
    /// Gets the run's lifecycle events.
    pub lifecycle: Option<Sink>,
    pub relay: Rc<dyn Relay>,
    pub pausing: Pausing,
}

impl Options {
    /// A run that nobody watches or cancels.
    pub fn new(start: Start, clock: Clock, calls: Rc<dyn Calls>) -> Self {
        let (observer, relay): (Observer, Rc<dyn Relay>) = (Box::new(|_| ()), Rc::new(relay::Never));
        Self { start, clock, seed: 0, calls, observer, cancel: None, events: None, lifecycle: None, relay, pausing: Pausing::default() }
    }
}

/// Runs on a runtime of its own, on this thread. Fails only where no runtime can be made.
pub fn run(plan: &Plan, options: Options) -> io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(tokio::task::LocalSet::new().block_on(&runtime, drive(plan, options)))
}

/// Runs inside a current-thread runtime. In virtual time, a run that waits for what can never come (an agent that stays silent, without a
/// timeout) faults with `runtime`. Work that nobody waits for is done before this ends, unless the run is cancelled.
pub async fn drive(plan: &Plan, options: Options) -> Outcome {
    let Options { start, clock, seed, calls, mut observer, mut cancel, mut events, lifecycle, relay, mut pausing } = options;
    let outbox = lifecycle.map(|sink| Outbox::new(Lifecycle::new(plan, &start.workflow_id, &format!("{seed:016x}")), sink));
    if let Some(outbox) = &outbox {
        outbox.started(start.started_at);
        observer = outbox.watching(&clock, observer);
        pausing.observer = outbox.watching_pauses(&clock, pausing.observer);
    }
    let host = LocalHost::new(clock.clone(), calls, seed, start.settings.error_host.clone(), observer);
    let host = host.handed_over_by(relay.clone()).paused_by(pausing.pauses.clone(), pausing.observer);
    let inbox = host.inbox();
    let mut run = pin!(relay::run(plan, &host, &relay, &start));
    let mut outcome = None;
    let mut look = |cx: &mut Context<'_>| {
        if let Some(outbox) = &outbox {
            let _ = outbox.poll(cx);
        }
        while let Some(Poll::Ready(event)) = events.as_mut().map(|events| events.as_mut().poll_next(cx)) {
            match event {
                Some(event) => events::take(&inbox, &event),
                None => events = None,
            }
        }
        pause::take(&mut pausing.controls, &pausing.pauses, &clock, cx);
        if cancel.as_mut().is_some_and(|cancel| cancel.as_mut().poll(cx).is_ready()) {
            cancel = None;
            host.root().cancel();
        }
        if outcome.is_none()
            && let Poll::Ready(ended) = run.as_mut().poll(cx)
        {
            outcome = Some(ended);
        }
        let detached = host.poll_detached(cx);
        if outcome.is_some() && detached.is_ready() { outcome.take() } else { None }
    };
    let mut jumps = 0;
    let outcome = poll_fn(|cx| {
        loop {
            if let Some(outcome) = look(cx) {
                return Poll::Ready(outcome);
            }
            match clock.jump() {
                clock::Jump::NotMine => return Poll::Pending,
                clock::Jump::Nowhere => return Poll::Ready(stuck(&start.settings.error_host)),
                clock::Jump::Jumped => jumps += 1,
            }
            if jumps % JUMPS_PER_TURN == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    })
    .await;
    if let Some(outbox) = &outbox {
        outbox.finish(&outcome, clock.now()).await;
    }
    outcome
}

fn stuck(error_host: &str) -> Outcome {
    let detail = "nothing is running and no timer is set: something waits for an answer that never comes";
    Outcome::Faulted(Fault::standard(Standard::Runtime, error_host, "the run is stuck", Some(detail.to_owned())))
}
