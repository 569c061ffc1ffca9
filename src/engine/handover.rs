//! Handing a run over: where strands rest, when they are unwound there, and how they stand there again.
//!
//! | a strand is | it rests | it can be cancelled |
//! |---|---|---|
//! | before a task, an iteration or another attempt (`step`), also one that a pause holds | yes | yes |
//! | in a timer of its own, or waits for an event (`rest`) | yes | yes |
//! | in a call (`depart` until the [`Flight`] is dropped) | no | yes |
//!
//! When the host wants the run to end here and all strands rest, `unwinding` is set and everything is polled once more: each strand gives
//! `Stop::Suspend` with a frame, and every level that it passes on its way out wraps a frame of its own around it (`Stop::around`). Then
//! nothing runs on: a strand that was cancelled at the same time says that it was.
//!
//! A task type whose definition can rest inside has a state of its own, any type that serde knows:
//!
//! ```text
//! let mut state = match view.resumed::<State>()? { Some(state) => state, None => fresh };
//! run.rest(strand, waiting).await.map_err(|halt| halt.stop(run, || State { .. }))?;
//! run.list(list, strand, value, state.body).await.map_err(|stop| stop.around(|body| run.suspend(&State { body, .. })))?;
//! ```
//!
//! Data goes into it as `run.keep(&data)` and comes back by `run.kept(..)`, what a strand remembers by `run.memory` and `run.recall`.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::cursor::{Broken, Cursor, Draft, FrameId, Kept, Opened};
use super::fault::Standard;
use super::flow::Stop;
use super::host::Handover;
use super::run::Run;
use super::strand::Strand;
use crate::expr::Data;

/// How long a run pauses after too many pure steps: long enough to be a timer, short enough not to matter.
const PAUSE: Duration = Duration::from_millis(1);

/// Why a strand does not go on from where it rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    Cancelled,
    Suspended,
}

impl Halt {
    /// `state` is what the strand needs to stand here again.
    pub fn stop<S: Serialize>(self, run: &Run<'_>, state: impl FnOnce() -> S) -> Stop {
        self.stop_with(|| run.suspend(&state()))
    }

    /// Like [`Self::stop`], where the state is suspended elsewhere.
    pub fn stop_with(self, suspend: impl FnOnce() -> Stop) -> Stop {
        match self {
            Self::Cancelled => Stop::Cancelled,
            Self::Suspended => suspend(),
        }
    }
}

impl Stop {
    /// Wraps the state of one more level around a frame.
    pub fn around(self, state: impl FnOnce(FrameId) -> Self) -> Self {
        match self {
            Self::Suspend(inner) => state(inner),
            other => other,
        }
    }
}

/// What a strand remembers in one iteration, or outside all loops.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Memory {
    visits: Vec<(Arc<str>, u32)>,
    data: Option<Kept>,
}

/// The part of a run that hands it over.
pub(super) struct Resting {
    in_flight: Cell<u32>,
    unwinding: Cell<bool>,
    /// Whether a strand is held back until nothing is in flight.
    holding: Cell<bool>,
    /// Whether anything was done since the start.
    moved: Cell<bool>,
    received: u64,
    draft: Draft,
    opened: RefCell<Opened>,
}

impl Resting {
    /// `received`: events that had come before the start.
    pub fn new(received: u64, opened: Opened) -> Self {
        let [unwinding, holding, moved] = [(); 3].map(|()| Cell::new(false));
        Self { in_flight: Cell::new(0), unwinding, holding, moved, received, draft: Draft::default(), opened: RefCell::new(opened) }
    }
}

/// A call in flight, from when it waits for room until its answer has come.
pub(super) struct Flight<'r>(&'r Resting);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.set(self.0.in_flight.get() - 1);
        self.0.moved.set(true);
    }
}

impl Run<'_> {
    /// Before each task and iteration: nothing runs in a cancelled scope, and nothing runs for ever without a pause.
    pub async fn step(&self, strand: &Strand) -> Result<(), Halt> {
        self.idle_step(strand).await?;
        self.resting.moved.set(true);
        Ok(())
    }

    /// A step after which there may be nothing to do but to rest again. If it counted as something done, a run that only listens could be
    /// handed over for ever.
    pub async fn idle_step(&self, strand: &Strand) -> Result<(), Halt> {
        self.gate(strand).await?;
        if !strand.pace.step() {
            let pause = self.host.timer(PAUSE, "yield", &strand.scope);
            self.rest(strand, pause).await?;
            strand.pace.rest();
            strand.pace.step();
        }
        Ok(())
    }

    /// Lets the strand pass unless the run is handed over or paused; holds it while that waits for calls in flight, or until it is resumed.
    async fn gate(&self, strand: &Strand) -> Result<(), Halt> {
        let resting = &self.resting;
        poll_fn(|_| {
            if strand.scope.is_cancelled() {
                return Poll::Ready(Err(Halt::Cancelled));
            }
            let wish = if resting.unwinding.get() { Handover::Now } else { self.wish() };
            let pass = || if self.host.pause().is_some() { Poll::Pending } else { Poll::Ready(Ok(())) };
            match wish {
                Handover::No => pass(),
                _ if resting.in_flight.get() == 0 => {
                    resting.unwinding.set(true);
                    Poll::Ready(Err(Halt::Suspended))
                }
                Handover::WhenIdle => pass(),
                Handover::Now => {
                    resting.holding.set(true);
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Waits where the run may be handed over meanwhile. Whoever is told so waits anew after it, for what is then left to wait for.
    pub async fn rest<T>(&self, strand: &Strand, mut waiting: LocalBoxFuture<'_, T>) -> Result<T, Halt> {
        let resting = &self.resting;
        poll_fn(|cx| {
            if resting.unwinding.get() && !strand.scope.is_cancelled() {
                return Poll::Ready(Err(Halt::Suspended));
            }
            waiting.as_mut().poll(cx).map(|ended| {
                resting.moved.set(true);
                if strand.scope.is_cancelled() { Err(Halt::Cancelled) } else { Ok(ended) }
            })
        })
        .await
    }

    /// Rests until a time; one that has come is no timer.
    pub async fn rest_until(&self, until: Timestamp, summary: &str, strand: &Strand) -> Result<(), Halt> {
        let left = left(self.host.now(), until);
        if left.is_zero() {
            return Ok(());
        }
        self.rest(strand, self.host.timer(left, summary, &strand.scope)).await?;
        strand.pace.rest();
        Ok(())
    }

    /// Takes off for a call once the host has room for it. No run is handed over while one is in flight.
    pub async fn depart(&self, strand: &Strand, input_bytes: usize) -> Result<Flight<'_>, Stop> {
        self.resting.in_flight.set(self.resting.in_flight.get() + 1);
        let flight = Flight(&self.resting);
        while !self.host.has_room(input_bytes) {
            self.host.timer(PAUSE, "yield", &strand.scope).await;
            if strand.scope.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            strand.pace.rest();
        }
        Ok(flight)
    }

    /// Runs the whole workflow. When it is to be handed over, everything is looked at once more: whoever rests sees it then.
    pub async fn attended<T>(&self, mut body: LocalBoxFuture<'_, T>) -> T {
        let Resting { unwinding, holding, in_flight, opened, .. } = &self.resting;
        poll_fn(|cx| {
            loop {
                let before = unwinding.get();
                self.notice_pause();
                holding.set(false); // whoever holds says so each time it is looked at
                if let Poll::Ready(ended) = body.as_mut().poll(cx) {
                    return Poll::Ready(ended);
                }
                opened.take(); // each strand has taken its part by now
                let idle = || in_flight.get() == 0 && (holding.get() || self.wish() != Handover::No);
                if before || !(unwinding.get() || idle()) {
                    return Poll::Pending;
                }
                unwinding.set(true);
            }
        })
        .await
    }

    /// What the host wants. A run that has done nothing yet is not handed over: the next one would stand where this one does.
    fn wish(&self) -> Handover {
        let moved = self.resting.moved.get() || self.host.inbox().received() > self.resting.received;
        if moved { self.host.handover() } else { Handover::No }
    }

    pub fn suspend<S: Serialize>(&self, state: &S) -> Stop {
        Stop::Suspend(self.resting.draft.frame(state))
    }

    /// The state that was given to [`Self::suspend`].
    pub fn resumed<S: DeserializeOwned>(&self, frame: Option<FrameId>) -> Result<Option<S>, Stop> {
        let Some(frame) = frame else { return Ok(None) };
        self.resting.opened.borrow().frame(frame).map(Some).map_err(|broken| self.broken(broken))
    }

    pub fn keep(&self, value: &Data) -> Kept {
        self.resting.draft.keep(value)
    }

    pub fn kept(&self, kept: Kept) -> Result<Data, Stop> {
        self.resting.opened.borrow().kept(kept).map_err(|broken| self.broken(broken))
    }

    pub fn memory(&self, strand: &Strand) -> Memory {
        Memory { visits: strand.visits(), data: self.keep_data(strand) }
    }

    pub fn recall(&self, strand: &Strand, memory: Memory) -> Result<(), Stop> {
        strand.recall_visits(memory.visits);
        self.recall_data(strand, memory.data)
    }

    /// `$data` of a strand, where anything reads it.
    pub fn keep_data(&self, strand: &Strand) -> Option<Kept> {
        self.plan.uses_data.then(|| self.keep(&strand.data()))
    }

    pub fn recall_data(&self, strand: &Strand, data: Option<Kept>) -> Result<(), Stop> {
        if let Some(data) = data {
            let data = self.kept(data)?;
            strand.change_data(|_| data);
        }
        Ok(())
    }

    pub fn cursor(&self, root: FrameId) -> Cursor {
        let draft = &self.resting.draft;
        draft.finish(self.plan, &self.workflow_id, self.started_at, &self.input, &self.context(), root).paused(self.host.pause())
    }

    /// Only a cursor that was changed from outside does this.
    pub fn broken(&self, broken: Broken) -> Stop {
        self.fault(Standard::Runtime, "the run cannot go on", Some(broken.to_string())).into()
    }
}

/// Time from now until then; none when then has passed.
pub(super) fn left(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

/// As late as timestamps go at most.
pub(super) fn later(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| now.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}
