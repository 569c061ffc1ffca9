//! Events from outside a local run, and those about it that go out.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::stream::{self, LocalBoxStream};
use jiff::Timestamp;

use super::clock::Clock;
use super::host::Observer;
use super::pause::PauseObserver;
use crate::effects::events::Sink;
use crate::engine::Outcome;
use crate::engine::event;
use crate::engine::inbox::Inbox;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::pause::Pause;
use crate::engine::progress::Event;
use crate::expr::Data;

/// `CloudEvents` in JSON form, as they come. What the run emits is not among them: a run hears of itself only when somebody sends it back.
pub type Events = LocalBoxStream<'static, Data>;

/// Lifecycle events that wait for a slow sink.
const WAITING_MAX: usize = 10_000;

/// Events (or controls) at their times from now on, on the run's own clock: in virtual time each is a moment that the clock jumps to.
#[must_use]
pub fn scripted<T: 'static>(clock: &Clock, mut events: Vec<(Duration, T)>) -> LocalBoxStream<'static, T> {
    events.sort_by_key(|(after, _)| *after);
    let clock = clock.clone();
    let state = (events.into_iter(), Duration::ZERO);
    Box::pin(stream::unfold(state, move |(mut events, passed)| {
        let clock = clock.clone();
        async move {
            let (after, event) = events.next()?;
            clock.sleep(after.saturating_sub(passed)).await;
            Some((event, (events, after)))
        }
    }))
}

/// Puts an event into the inbox. What is no event, or one too many, is told and left out.
pub(super) fn take(inbox: &Inbox, event: &Data) {
    let taken = event::receive(event).and_then(|event| inbox.put(event).map_err(|full| full.to_string()));
    if let Err(reason) = taken {
        tracing::warn!(%reason, "an event is refused");
    }
}

/// Sends what happens to a sink: in order, beside the run, which does not wait for it until its end.
#[derive(Clone)]
pub(super) struct Outbox(Rc<Inner>);

struct Inner {
    lifecycle: RefCell<Lifecycle>,
    sink: Sink,
    waiting: RefCell<VecDeque<Data>>,
    sending: RefCell<Option<LocalBoxFuture<'static, ()>>>,
    left_out: Cell<bool>,
}

impl Outbox {
    pub fn new(lifecycle: Lifecycle, sink: Sink) -> Self {
        let (waiting, sending) = (RefCell::default(), RefCell::default());
        Self(Rc::new(Inner { lifecycle: RefCell::new(lifecycle), sink, waiting, sending, left_out: Cell::new(false) }))
    }

    pub fn started(&self, at: Timestamp) {
        self.push([self.0.lifecycle.borrow().started(at)]);
    }

    fn step(&self, event: Event<'_>, now: Timestamp) {
        let events = self.0.lifecycle.borrow_mut().step(event, now);
        self.push(events);
    }

    /// The observer, beside which each step is told.
    pub fn watching(&self, clock: &Clock, observer: Observer) -> Observer {
        let (outbox, clock) = (self.clone(), clock.clone());
        Box::new(move |event| {
            outbox.step(event, clock.now());
            observer(event);
        })
    }

    /// The same of pauses.
    pub fn watching_pauses(&self, clock: &Clock, observer: PauseObserver) -> PauseObserver {
        let (outbox, clock) = (self.clone(), clock.clone());
        Box::new(move |pause| {
            outbox.paused(pause, clock.now());
            observer(pause);
        })
    }

    fn paused(&self, pause: Option<&Pause>, now: Timestamp) {
        let event = self.0.lifecycle.borrow_mut().paused(pause, now);
        self.push([event]);
    }

    fn push(&self, events: impl IntoIterator<Item = Data>) {
        let mut waiting = self.0.waiting.borrow_mut();
        for event in events {
            if waiting.len() < WAITING_MAX {
                waiting.push_back(event);
            } else if !self.0.left_out.replace(true) {
                tracing::warn!("the sink is too slow: lifecycle events are left out");
            }
        }
    }

    /// Goes on with sending; ready when nothing waits.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut sending = self.0.sending.borrow_mut();
        loop {
            let Some(current) = sending.as_mut() else {
                let Some(event) = self.0.waiting.borrow_mut().pop_front() else { return Poll::Ready(()) };
                let sink = self.0.sink.clone();
                *sending = Some(Box::pin(async move {
                    if let Err(error) = sink.send(&event).await {
                        tracing::warn!(%error, "a lifecycle event is lost");
                    }
                }));
                continue;
            };
            if current.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            *sending = None;
        }
    }

    /// The end of the run, when all that is about it has been sent.
    pub async fn finish(&self, outcome: &Outcome, at: Timestamp) {
        self.push(self.0.lifecycle.borrow().ended(outcome, at));
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }
}
