//! What the stand-in remembers: in memory, shared by all services, gone when the process ends.

pub(in crate::control_plane) mod id;
mod resource;
mod status;
mod table;
#[cfg(test)]
mod tests;

pub use self::{
    resource::Resource,
    status::Execution,
    table::{Listing, Page, Table},
};

use crate::stigmer::{
    ag::Agent,
    agx::{AgentExecution, AgentExecutionStatus},
    environment::Environment,
    wf::Workflow,
    wfi::WorkflowInstance,
    wfx::{WorkflowExecution, WorkflowExecutionStatus},
};

/// Why the store refuses.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{kind} `{key}` not found")]
    NotFound { kind: &'static str, key: String },
    #[error("{kind} `{slug}` already exists")]
    AlreadyExists { kind: &'static str, slug: String },
    #[error("{0}")]
    Invalid(String),
}

/// All tables.
#[derive(Debug, Default)]
pub struct Store {
    pub workflows: Table<Workflow>,
    pub workflow_instances: Table<WorkflowInstance>,
    pub workflow_executions: Table<WorkflowExecution>,
    pub agents: Table<Agent>,
    pub agent_executions: Table<AgentExecution>,
    pub environments: Table<Environment>,
}

impl Store {
    /// `updateStatus` of a workflow execution: merges and gives the whole resource.
    ///
    /// # Errors
    /// The id is empty, or unknown.
    pub fn update_workflow_execution(&self, id: &str, report: WorkflowExecutionStatus) -> Result<WorkflowExecution, StoreError> {
        required("execution_id", id)?;
        self.workflow_executions.modify(id, |row| status::merge_workflow(row.status.get_or_insert_default(), report))
    }

    /// `updateStatus` of an agent execution.
    ///
    /// # Errors
    /// The id is empty, or unknown.
    pub fn update_agent_execution(&self, id: &str, report: AgentExecutionStatus) -> Result<AgentExecution, StoreError> {
        required("execution_id", id)?;
        self.agent_executions.modify(id, |row| status::merge_agent(row.status.get_or_insert_default(), report))
    }
}

/// # Errors
/// `value` is empty.
pub(in crate::control_plane) fn required(field: &str, value: &str) -> Result<(), StoreError> {
    if value.is_empty() { Err(StoreError::Invalid(format!("{field} is required"))) } else { Ok(()) }
}
