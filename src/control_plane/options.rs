//! How a stand-in is started. The defaults are what the platform does.

use std::{path::Path, sync::Arc, time::Duration};

use temporalio_client::Client;

use super::ControlPlaneError;
use crate::effects::agents::Agents;

/// Everything that [`ControlPlane::start`](super::ControlPlane::start) needs.
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// When set, every call must carry `authorization: Bearer <key>`, and is UNAUTHENTICATED otherwise.
    pub api_key: Option<String>,
    /// Organization of what [`apply_definition`](super::ControlPlane::apply_definition) and [`execute`](super::ControlPlane::execute) create.
    pub org: String,
    /// Where outer workflows run. Without one, creating a resource stores it and nothing runs.
    pub temporal: Option<Client>,
    /// Names of the queues.
    pub queues: Queues,
    /// How the outer workflow calls `ExecuteWorkflow`.
    pub execute: ExecutePolicy,
    /// Agents that can be called, and how they answer.
    pub agents: Arc<Agents>,
    /// What the agents' side does at the end of an agent execution.
    pub callbacks: CallbackPolicy,
    /// Whether a workflow with tasks is validated by `validateWorkflow` when it is created or updated. Needs Temporal and a runner.
    pub validate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            api_key: None,
            org: "local".to_owned(),
            temporal: None,
            queues: Queues::default(),
            execute: ExecutePolicy::default(),
            agents: Arc::default(),
            callbacks: CallbackPolicy::default(),
            validate: true,
        }
    }
}

impl Options {
    /// With the agents of a file or a directory.
    ///
    /// # Errors
    /// A file cannot be read, or says something that no agent can do.
    pub fn agents_from(mut self, path: &Path) -> Result<Self, ControlPlaneError> {
        self.agents = Arc::new(Agents::load(path)?);
        Ok(self)
    }
}

/// Task queues of the platform (polled by the stand-in) and of the runner (polled by the worker under test).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queues {
    pub workflow_execution: String,
    pub workflow_validation: String,
    pub agent_execution: String,
    pub execution_runner: String,
    pub validation_runner: String,
}

impl Default for Queues {
    fn default() -> Self {
        Self {
            workflow_execution: "workflow_execution_stigmer".to_owned(),
            workflow_validation: "workflow_validation_stigmer".to_owned(),
            agent_execution: "agent_execution_stigmer".to_owned(),
            execution_runner: "workflow_execution_runner".to_owned(),
            validation_runner: "workflow_validation_runner".to_owned(),
        }
    }
}

/// Time limits and retries of the activity `ExecuteWorkflow`. They travel in the memo of each outer workflow: a later change of the options
/// touches no run that has started.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ExecutePolicy {
    pub start_to_close: Duration,
    /// None: the activity is not asked for heartbeats.
    pub heartbeat: Option<Duration>,
    /// Attempts in all; 0 is without end.
    pub attempts: u32,
    /// Before the second attempt; doubles after each.
    pub retry_interval: Duration,
    /// Whether a cancelled outer workflow waits until the activity has reported its end. The platform does not.
    pub wait_for_cancellation: bool,
    /// Whether the outer workflow writes FAILED for an activity that failed while the execution's phase was not terminal. The platform means to,
    /// but calls an activity that it has not registered; without it such an execution keeps its phase for ever.
    pub record_failure: bool,
}

impl Default for ExecutePolicy {
    fn default() -> Self {
        Self {
            start_to_close: Duration::from_mins(30),
            heartbeat: None,
            attempts: 1,
            retry_interval: Duration::from_secs(10),
            wait_for_cancellation: false,
            record_failure: true,
        }
    }
}

/// What a finished agent execution tells the holder of its callback token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackPolicy {
    /// Deliver the agent execution as it was when it was created, as the platform always does. Otherwise only agents scripted as `stale` do so, and
    /// the others deliver their answer itself.
    pub always_stale: bool,
    /// Deliver an agent's failure as a failed activity. The platform's own attempt never arrives.
    pub failures: bool,
}

impl Default for CallbackPolicy {
    fn default() -> Self {
        Self { always_stale: true, failures: false }
    }
}
