//! Pausing a run: nothing new begins until it is resumed.
//!
//! | while a run is paused | |
//! |---|---|
//! | before a task, an iteration, another attempt, the next event of a listener | it waits there (`Run::gate`) |
//! | a call, a sub-workflow, a timer that has begun | goes on to its end; what comes after it waits |
//! | time limits | go on: what is late faults as ever, and its `catch` waits |
//! | events, callbacks | are taken in and looked at later |
//! | cancelling | works at once |
//! | handing over | works as ever: the cursor says that the run is paused |
//!
//! The engine has no switch of its own: the host says whether the run is paused ([`super::host::Host::pause`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::run::Run;

/// A pause that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub since: Timestamp,
    /// As whoever paused the run gave it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Pause {
    /// It travels with the run and is shown on one line.
    const REASON_MAX_CHARS: usize = 200;

    #[must_use]
    pub fn new(since: Timestamp, reason: &str) -> Self {
        let line = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { since, reason: line.chars().take(Self::REASON_MAX_CHARS).collect() }
    }
}

impl Run<'_> {
    /// Tells whoever watches when the run has been paused or resumed since the last look.
    pub(super) fn notice_pause(&self) {
        let pause = self.host.pause();
        match (self.paused.replace(pause.is_some()), &pause) {
            (false, Some(_)) | (true, None) => self.host.pause_noticed(pause.as_ref()),
            (false, None) | (true, Some(_)) => {}
        }
    }
}
