//! What the interpreter asks of the world. Two hosts answer: Temporal (durable) and the local one (in process).

use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::inbox::Inbox;
use super::progress::Event;
pub use super::strand::Place;
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
    OpenApi,
    Shell,
    Script,
    /// A workflow of its own; the answer is its output.
    Workflow,
    /// Somebody else's activity.
    Activity,
    /// Hands an event out; the answer is null.
    Emit,
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
    /// Nobody waits for the end: the answer is null as soon as the work has begun.
    pub detached: bool,
}

/// Whether a run should end here and go on in a new one, from where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    No,
    /// As soon as nothing is in flight; meanwhile the run goes on.
    WhenIdle,
    /// What is in flight is waited for, and nothing new begins.
    Now,
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
    /// Asked at each step, and whenever all that is left is to wait; the same at the same place of each replay. A run that was handed over does
    /// at least one thing before it asks.
    fn handover(&self) -> Handover {
        Handover::No
    }
    /// Events that have come for this run, in the order of their arrival.
    fn inbox(&self) -> Rc<Inbox>;
    /// Ends when more than `seen` events have come, ever, or when the scope is cancelled.
    fn arrival(&self, seen: u64, scope: &Scope) -> LocalBoxFuture<'static, Waited>;
    /// A UUID that belongs to this call of this run: the same on each replay, another one for any other call or run.
    fn unique_id(&self, call_id: &str) -> String;
    fn call(&self, call: Call, scope: &Scope) -> LocalBoxFuture<'static, Result<Data, CallError>>;
    /// Something happened that a watcher may want to see. Free: no history event, no blocking.
    fn report(&self, event: Event<'_>, place: &Place<'_>);
}

/// A UUID (RFC 9562, version 8) made of texts: the same texts, the same UUID.
#[must_use]
pub fn uuid(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn a_uuid_is_made_of_its_texts_alone() {
        let id = uuid(&["run", "/do/0/emit"]);
        assert_eq!(id, uuid(&["run", "/do/0/emit"]));
        assert_ne!(id, uuid(&["run/do/0", "/emit"]));
        assert_eq!((id.len(), &id[14..15]), (36, "8"));
        assert!(["8", "9", "a", "b"].contains(&&id[19..20]));
    }
}
