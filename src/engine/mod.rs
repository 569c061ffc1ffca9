//! The interpreter: runs a [`Plan`] against a [`Host`].
//!
//! It knows no Temporal, no clock and no network: every effect is asked of the host, in an order that depends on the plan, the input
//! and the host's answers only. The same code is therefore durable on one host and immediate on the other.
//!
//! Where the specification is silent, this is what happens:
//!
//! * A task whose `if` is false hands its raw input on to the next task: its `output`, its `export` and its `then` are those of a task that ran.
//! * A condition must yield true or false (null counts as false); anything else is an `expression` error.
//! * `end` unwinds from any depth: the ending task's output is what the workflow's own `output` is applied to. The `output` and `export`
//!   of the tasks around it are left out, since they did not complete.
//! * `$context` is null until the first `export`, and is shared by the whole run, branches included.
//! * `for` takes arrays only. `fork` with `compete`: a branch that faults does not win; when all fault, the first fault is the task's.
//! * A caught error without `catch.do` hands the task's input on; with a retry policy that is used up it is raised again,
//!   unless `catch.then` says where to go.
//! * A skipped task's schemas are not asked. A context that does not fit `export.schema` does not become one.
//! * Extensions: see `extension`. They stand outside of the task's timeout; their `after` lists do not run when the definition faults.
//! * A function's task shares `$context` with its caller; of its directives only `end` means something.
//! * `$data` follows the original platform: an iteration and a branch work on a copy, which ends with them.

#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

mod authorization;
pub mod cursor;
pub mod event;
mod extension;
pub mod fault;
mod flow;
mod handover;
pub mod host;
pub mod inbox;
pub mod lifecycle;
pub mod pause;
pub mod progress;
mod race;
mod run;
mod strand;
mod tasks;
mod view;

use jiff::Timestamp;

use self::cursor::Cursor;
use self::fault::{DEFAULT_ERROR_HOST, Fault, Standard};
use self::host::Host;
use self::run::Run;
use crate::expr::Data;
use crate::plan::Plan;

/// What one run starts from.
#[derive(Clone, Debug)]
pub struct Start {
    /// `$workflow.id`.
    pub workflow_id: String,
    /// Raw workflow input.
    pub input: Data,
    /// `$env`.
    pub env: Data,
    /// Initial `$data`: an object.
    pub data: Data,
    /// `$secrets`: name → marker.
    pub secrets: Data,
    pub started_at: Timestamp,
    pub settings: Settings,
    /// Where an earlier run of the same definition was suspended. The id, the input, `$data` and the time of the start are then those of the
    /// first run, whatever stands here; `env`, `secrets` and `settings` are not in it.
    pub resume: Option<Cursor>,
}

impl Start {
    /// A start with nothing but an input.
    pub fn new(workflow_id: impl Into<String>, input: Data, started_at: Timestamp) -> Self {
        let empty = Data::empty_object;
        Self {
            workflow_id: workflow_id.into(),
            input,
            env: empty(),
            data: empty(),
            secrets: empty(),
            started_at,
            settings: Settings::default(),
            resume: None,
        }
    }
}

/// What is the same for all runs of a worker. A change here can change the order of commands, so it must not change under a running
/// workflow.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Origin of the type URI of standard errors.
    pub error_host: String,
    /// `$runtime.name`.
    pub runtime_name: String,
    /// `$runtime.version`.
    pub runtime_version: String,
    /// Pure steps (tasks and iterations) between two waits, after which the run pauses for 1 ms: one thread runs all workflow code, and a
    /// workflow task has 10 s.
    pub step_limit: u32,
    /// Most fuel that one evaluation may use; more is an `expression` error.
    pub fuel_per_eval: u64,
    /// Fuel between two waits, after which the run pauses like after `step_limit`.
    pub fuel_per_pause: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            error_host: DEFAULT_ERROR_HOST.to_owned(),
            runtime_name: env!("CARGO_PKG_NAME").to_owned(),
            runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
            step_limit: 20_000,
            fuel_per_eval: 300_000,
            fuel_per_pause: 3_000_000,
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The transformed workflow output.
    Completed(Data),
    Faulted(Fault),
    /// The root scope was cancelled.
    Cancelled,
    /// The host asked for it ([`Host::handover`]): a run that starts with this cursor goes on where this one stood, with the same outcome and
    /// the same calls. It may be started on another host, later, or at once on this one.
    Suspended(Cursor),
}

/// Runs `plan` to its end, or to where the host takes it over. Cancelling the host's root scope makes it stop at its next step.
pub async fn run(plan: &Plan, host: &dyn Host, start: &Start) -> Outcome {
    match Run::new(plan, host, start) {
        Ok(run) => run.workflow().await,
        Err(error) => {
            let (title, detail) = ("the run cannot go on", Some(error.to_string()));
            Outcome::Faulted(Fault::standard(Standard::Runtime, &start.settings.error_host, title, detail))
        }
    }
}
