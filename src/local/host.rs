//! The host in this process.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{Either, LocalBoxFuture, select};
use jiff::Timestamp;

use super::calls::Calls;
use super::clock::Clock;
use super::relay::{Never, Relay};
use super::scope::Token;
use crate::effects::EffectError;
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::{self, Call, CallError, Handover, Host, Place, Scope, Waited};
use crate::engine::inbox::Inbox;
use crate::engine::progress::Event;
use crate::expr::Data;

/// Sees what happens, as it happens.
pub type Observer = Box<dyn Fn(Event<'_>)>;

pub struct LocalHost {
    clock: Clock,
    calls: Rc<dyn Calls>,
    root: Scope,
    random: Cell<u64>,
    error_host: String,
    observer: Observer,
    inbox: Rc<Inbox>,
    run_id: String,
    /// Work that nobody waits for, but the process: it ends with it at the latest.
    detached: RefCell<Vec<LocalBoxFuture<'static, ()>>>,
    relay: Rc<dyn Relay>,
}

impl LocalHost {
    pub fn new(clock: Clock, calls: Rc<dyn Calls>, seed: u64, error_host: String, observer: Observer) -> Self {
        let run_id = format!("{seed:016x}");
        Self {
            clock,
            calls,
            root: Rc::new(Token::default()),
            random: Cell::new(seed),
            error_host,
            observer,
            inbox: Rc::default(),
            run_id,
            detached: RefCell::default(),
            relay: Rc::new(Never),
        }
    }

    #[must_use]
    pub fn handed_over_by(self, relay: Rc<dyn Relay>) -> Self {
        Self { relay, ..self }
    }

    /// Ready when all work that nobody waits for is done; none is when the run is cancelled.
    pub(super) fn poll_detached(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut detached = self.detached.borrow_mut();
        if self.root.is_cancelled() {
            detached.clear();
        }
        // All of them each time: a sleep in virtual time wakes nobody.
        detached.retain_mut(|work| work.as_mut().poll(cx).is_pending());
        if detached.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Host for LocalHost {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// `SplitMix64`: small, and the same for the same seed everywhere.
    fn random(&self) -> f64 {
        let state = self.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default();
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    fn root(&self) -> Scope {
        self.root.clone()
    }

    fn timer(&self, duration: Duration, _summary: &str, scope: &Scope) -> LocalBoxFuture<'static, Waited> {
        let sleep = unless_cancelled(scope.clone(), self.clock.sleep(duration));
        Box::pin(async move { sleep.await.map_or(Waited::Cancelled, |()| Waited::Fired) })
    }

    fn call(&self, call: Call, scope: &Scope) -> LocalBoxFuture<'static, Result<Data, CallError>> {
        let (timeout, detached, id) = (call.timeout, call.detached, call.id.clone());
        let work = self.clock.while_busy(self.calls.call(call, &self.clock));
        let limited = match timeout {
            None => Box::pin(async move { work.await.map_err(Failure::Effect) }) as LocalBoxFuture<'static, _>,
            Some(limit) => limited(work, self.clock.sleep(limit), limit),
        };
        if detached {
            let note = move |failure: Failure| tracing::warn!(call = %id, error = %failure.into_fault(""), "nobody waited for this");
            let work = async move { limited.await.map_or_else(note, drop) };
            self.detached.borrow_mut().push(Box::pin(work));
            return Box::pin(std::future::ready(Ok(Data::null())));
        }
        let answer = unless_cancelled(scope.clone(), limited);
        let error_host = self.error_host.clone();
        Box::pin(async move {
            let answer = answer.await.ok_or(CallError::Cancelled)?;
            answer.map_err(|failure| CallError::Fault(Box::new(failure.into_fault(&error_host))))
        })
    }

    fn handover(&self) -> Handover {
        self.relay.wants()
    }

    fn inbox(&self) -> Rc<Inbox> {
        self.inbox.clone()
    }

    fn arrival(&self, seen: u64, scope: &Scope) -> LocalBoxFuture<'static, Waited> {
        let (inbox, scope) = (self.inbox.clone(), scope.clone());
        Box::pin(poll_fn(move |_| match (scope.is_cancelled(), inbox.received() > seen) {
            (true, _) => Poll::Ready(Waited::Cancelled),
            (false, true) => Poll::Ready(Waited::Fired),
            (false, false) => Poll::Pending,
        }))
    }

    fn unique_id(&self, call_id: &str) -> String {
        host::uuid(&[&self.run_id, call_id])
    }

    fn report(&self, event: Event<'_>, _: &Place<'_>) {
        (self.observer)(event);
    }
}

/// Why a call gave no result, before it has a type URI.
enum Failure {
    Effect(EffectError),
    TimedOut(Duration),
}

impl Failure {
    fn into_fault(self, error_host: &str) -> Fault {
        match self {
            Self::Effect(error) => {
                let fault = Fault::effect(error.kind, error.status, error_host, error.title, error.detail);
                Fault { type_: error.type_uri.unwrap_or_else(|| fault.type_.clone()), ..fault }
            }
            Self::TimedOut(limit) => {
                Fault::standard(Standard::Timeout, error_host, "task timed out", Some(format!("not done after {limit:?}")))
            }
        }
    }
}

fn limited(
    work: LocalBoxFuture<'static, Result<Data, EffectError>>,
    sleep: LocalBoxFuture<'static, ()>,
    limit: Duration,
) -> LocalBoxFuture<'static, Result<Data, Failure>> {
    Box::pin(async move {
        match select(work, sleep).await {
            Either::Left((answer, _)) => answer.map_err(Failure::Effect),
            Either::Right(((), _)) => Err(Failure::TimedOut(limit)),
        }
    })
}

/// `None` when the scope is cancelled first; the work is dropped then. The engine polls again what it has cancelled, and the driver when it
/// has cancelled the root, so a flag is enough.
fn unless_cancelled<T: 'static>(scope: Scope, work: LocalBoxFuture<'static, T>) -> LocalBoxFuture<'static, Option<T>> {
    let mut work = Some(work);
    Box::pin(poll_fn(move |cx| {
        if scope.is_cancelled() {
            work = None;
        }
        match work.as_mut() {
            None => Poll::Ready(None),
            Some(work) => work.as_mut().poll(cx).map(Some),
        }
    }))
}
