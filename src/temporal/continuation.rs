//! Row 10: what a run hands to the one that continues it, and when it does.
//!
//! | events in the history | then |
//! |---|---|
//! | 4,096, or the server suggests it (it also knows the bytes) | the run ends where everything in it rests, and a new one goes on from there |
//! | 40,000 | nothing new begins until what is in flight has ended |
//!
//! The new run has the same input but for the callback, which is the newest, and this; its watch begins anew when it first waits.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use temporalio_common::data_converters::RawValue;
use temporalio_workflow::WorkflowContext;

use super::workflow::ServerlessWorkflow;
use crate::activities::payload::{PAYLOAD_LIMIT_BYTES, raw_of};
use crate::activities::status::TaskList;
use crate::engine::cursor::Cursor;
use crate::engine::host::Handover;
use crate::expr::Data;
use crate::handshake::ChildInput;
use crate::plan::Outsides;

/// Temporal warns from 10,240 events on and ends a run at 51,200; its UIs become slow long before.
const EVENTS: u32 = 4_096;
/// So much below the end that what is in flight can still come in.
const MOST_EVENTS: u32 = 40_000;

/// `ChildInput::continuation`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Continuation {
    pub cursor: Cursor,
    /// Events that nobody has taken yet, and who listens.
    #[serde(default, skip_serializing_if = "Data::is_null")]
    pub inbox: Data,
    /// What the runs so far did.
    pub tasks: TaskList,
    /// Of the first run.
    pub started_at: Timestamp,
    /// The definition is what it was.
    #[serde(default, skip_serializing_if = "Outsides::is_empty")]
    pub outsides: Outsides,
}

impl Continuation {
    /// The one that a run was started with.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(input: &ChildInput) -> Result<Option<Self>, serde_json::Error> {
        input.continuation.as_ref().map(Self::deserialize).transpose()
    }

    /// The input of the next run; `None` when it is more than Temporal takes.
    #[must_use]
    pub fn next_input(&self, input: &ChildInput, ctx: &WorkflowContext<ServerlessWorkflow>) -> Option<RawValue> {
        let callback = ctx.state(|s| s.callback.clone());
        let next = ChildInput {
            // The cursor has it.
            initial_data: serde_json::Value::Null,
            continuation: serde_json::to_value(self).ok(),
            ..input.clone()
        };
        let raw = raw_of(&next.with_callback(callback.as_ref()));
        let size: usize = raw.payloads.iter().map(|payload| payload.data.len()).sum();
        (size <= PAYLOAD_LIMIT_BYTES).then_some(raw)
    }
}

/// When a run hands over.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    events: u32,
}

impl Limit {
    /// `given` travels with the run, since it shapes the history.
    #[must_use]
    pub fn new(given: Option<u32>) -> Self {
        Self { events: given.unwrap_or(EVENTS).clamp(1, MOST_EVENTS) }
    }

    #[must_use]
    pub fn wants(self, ctx: &WorkflowContext<ServerlessWorkflow>) -> Handover {
        match ctx.history_length() {
            length if length >= MOST_EVENTS => Handover::Now,
            length if length >= self.events || ctx.continue_as_new_suggested() => Handover::WhenIdle,
            _ => Handover::No,
        }
    }
}
