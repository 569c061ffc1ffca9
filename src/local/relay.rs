//! Runs that go on from each other in one process, the way a durable host's do: by a cursor that was text in between.

use std::rc::Rc;

use super::host::LocalHost;
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::Handover;
use crate::engine::{self, Outcome, Start};
use crate::plan::Plan;

/// Decides when a run ends and the next one goes on.
pub trait Relay {
    /// Asked at each step.
    fn wants(&self) -> Handover;

    /// The cursor's JSON on its way; what this gives is what the next run reads.
    fn passes(&self, cursor: String) -> String {
        cursor
    }
}

/// One run does it all.
pub struct Never;

impl Relay for Never {
    fn wants(&self) -> Handover {
        Handover::No
    }
}

/// The first run and all that go on from it.
pub(super) async fn run(plan: &Plan, host: &LocalHost, relay: &Rc<dyn Relay>, start: &Start) -> Outcome {
    let mut outcome = engine::run(plan, host, start).await;
    let mut next = start.clone();
    while let Outcome::Suspended(cursor) = &outcome {
        let text = serde_json::to_string(cursor).unwrap_or_default();
        next.resume = match serde_json::from_str(&relay.passes(text)) {
            Ok(cursor) => Some(cursor),
            Err(error) => {
                let (host, detail) = (&start.settings.error_host, Some(error.to_string()));
                return Outcome::Faulted(Fault::standard(Standard::Runtime, host, "the run cannot go on", detail));
            }
        };
        outcome = engine::run(plan, host, &next).await;
    }
    outcome
}
