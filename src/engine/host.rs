//! What the interpreter asks of the world. Two hosts answer: Temporal (durable) and the local one (in process).

use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::Timestamp;

use super::fault::Fault;
use super::progress::Event;
use crate::expr::Data;

/// A cancellation scope. Cancelling it cancels every timer and call made under it and under its children, and nothing else.
pub trait Cancel {
    fn child(&self) -> Scope;
    fn cancel(&self);
    fn is_cancelled(&self) -> bool;
    /// The host finds its own scope again by this.
    fn as_any(&self) -> &dyn std::any::Any;
}

pub type Scope = Rc<dyn Cancel>;

/// How a timer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    Fired,
    Cancelled,
}

/// Why a call gave no result.
#[derive(Debug)]
pub enum CallError {
    Fault(Box<Fault>),
    /// The scope was cancelled; the host has already told whoever does the work.
    Cancelled,
}

/// What kind of effect a call is. The input's shape belongs to the kind (see `effects`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Http,
    Agent,
}

/// One effect to run.
#[derive(Debug)]
pub struct Call {
    pub effect: Effect,
    /// Task name, as people see it.
    pub name: String,
    /// Unique per call in the run: the task's reference, one index per enclosing loop (`[7][0]`, with the loop's own visit when it was
    /// entered again: `[7#2]`), and the visit from the second on (`#2`).
    pub id: String,
    /// Which time this call is made within its iteration, 1 for the first. `id` alone is unique.
    pub visit: u32,
    pub input: Data,
    /// From the task's `timeout`: schedule-to-close of the activity.
    pub timeout: Option<Duration>,
    /// Run as a local activity where the host knows them.
    pub local: bool,
}

/// Everything that is not a pure function of the input. Deterministic on replay.
pub trait Host {
    /// Workflow time.
    fn now(&self) -> Timestamp;
    /// Uniform in `[0, 1)`.
    fn random(&self) -> f64;
    /// The scope that everything hangs on.
    fn root(&self) -> Scope;
    /// `summary` says in a few words what the timer is for.
    fn timer(&self, duration: Duration, summary: &str, scope: &Scope) -> LocalBoxFuture<'static, Waited>;
    /// Whether a call with an input of this size can be asked for now. Where not, the strand waits a moment and asks again.
    fn has_room(&self, input_bytes: usize) -> bool {
        let _ = input_bytes;
        true
    }
    fn call(&self, call: Call, scope: &Scope) -> LocalBoxFuture<'static, Result<Data, CallError>>;
    /// Something happened that a watcher may want to see. Free: no history event, no blocking.
    fn report(&self, event: Event<'_>);
}
