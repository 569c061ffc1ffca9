//! The platform's rules for creating things, shared by the gRPC services and by the stand-in's own conveniences.

use std::sync::Arc;

use super::{
    ControlPlaneError,
    store::{Resource, Store, StoreError, id, required},
    workflows::Launcher,
};
use crate::stigmer::{
    agx::{self, AgentExecution, AgentExecutionStatus},
    ar::{ApiResourceMetadata, ApiResourceOwnerScope},
    sls::{ServerlessWorkflowValidation, ValidationState},
    wf::{Workflow, WorkflowStatus},
    wfi::{WorkflowInstance, WorkflowInstanceSpec},
    wfx::{self, WorkflowExecution, WorkflowExecutionSpec, WorkflowExecutionStatus},
};

/// The store and what runs beside it.
pub(super) struct Platform {
    pub store: Arc<Store>,
    /// None: nothing runs.
    pub launcher: Option<Launcher>,
    /// Whether workflows with tasks are validated.
    pub validate: bool,
}

impl Platform {
    /// Stores a workflow with its default instance, after the runner has found its tasks valid.
    pub async fn create_workflow(&self, mut workflow: Workflow) -> Result<Workflow, ControlPlaneError> {
        let validation = self.validation(&workflow).await?;
        workflow.status = Some(WorkflowStatus { serverless_workflow_validation: validation, ..Default::default() });
        self.store_workflow(workflow)
    }

    /// Stores a workflow as it is, with its default instance.
    pub fn store_workflow(&self, workflow: Workflow) -> Result<Workflow, ControlPlaneError> {
        let workflow = self.store.workflows.insert(workflow)?;
        let instance = self.store.workflow_instances.insert(default_instance(&workflow))?;
        let point = |row: &mut Workflow| instance.id().clone_into(&mut row.status.get_or_insert_default().default_instance_id);
        Ok(self.store.workflows.modify(workflow.id(), point)?)
    }

    /// Replaces a workflow's specification, after the runner has found its tasks valid.
    pub async fn update_workflow(&self, workflow: Workflow) -> Result<Workflow, ControlPlaneError> {
        required("metadata.id", workflow.id())?;
        let validation = self.validation(&workflow).await?;
        Ok(self.store.workflows.modify(workflow.id(), |row| {
            row.spec.clone_from(&workflow.spec);
            if validation.is_some() {
                row.status.get_or_insert_default().serverless_workflow_validation = validation;
            }
        })?)
    }

    async fn validation(&self, workflow: &Workflow) -> Result<Option<ServerlessWorkflowValidation>, ControlPlaneError> {
        let (Some(spec), Some(launcher), true) = (&workflow.spec, &self.launcher, self.validate) else { return Ok(None) };
        if spec.tasks.is_empty() {
            return Ok(None);
        }
        let validation = launcher.validate(spec).await?;
        let first = || validation.errors.first().cloned().unwrap_or_else(|| "no reason given".to_owned());
        match validation.state() {
            ValidationState::Valid => Ok(Some(validation)),
            ValidationState::Invalid => Err(ControlPlaneError::Rejected(first())),
            ValidationState::Failed | ValidationState::Pending | ValidationState::Unspecified => {
                Err(ControlPlaneError::Validation(first()))
            }
        }
    }

    /// Stores a workflow execution with its instance resolved, phase PENDING, and starts its outer workflow.
    pub async fn create_workflow_execution(&self, mut execution: WorkflowExecution) -> Result<WorkflowExecution, ControlPlaneError> {
        let spec = execution.spec.get_or_insert_default();
        spec.workflow_instance_id = self.instance_of(spec)?;
        execution.status =
            Some(WorkflowExecutionStatus { phase: wfx::ExecutionPhase::ExecutionPending.into(), ..WorkflowExecutionStatus::default() });
        let execution = self.store.workflow_executions.insert(execution)?;
        if let Some(launcher) = &self.launcher
            && let Err(error) = launcher.invoke_workflow_execution(&execution).await
        {
            // Nothing runs for it, so nothing has been created.
            self.store.workflow_executions.remove(execution.id())?;
            return Err(error);
        }
        Ok(execution)
    }

    fn instance_of(&self, spec: &WorkflowExecutionSpec) -> Result<String, StoreError> {
        if !spec.workflow_instance_id.is_empty() {
            return self.store.workflow_instances.get(&spec.workflow_instance_id).map(|instance| instance.id().to_owned());
        }
        if spec.workflow_id.is_empty() {
            return Err(StoreError::Invalid("spec.workflow_id or spec.workflow_instance_id is required".to_owned()));
        }
        let workflow = self.store.workflows.get(&spec.workflow_id)?;
        let instance = workflow.status.map(|status| status.default_instance_id).unwrap_or_default();
        if instance.is_empty() { Err(StoreError::Invalid("the workflow has no default instance".to_owned())) } else { Ok(instance) }
    }

    /// Stores an agent execution, phase PENDING, in a session of its own where it names none, and starts its workflow.
    pub async fn create_agent_execution(&self, mut execution: AgentExecution) -> Result<AgentExecution, ControlPlaneError> {
        let spec = execution.spec.get_or_insert_default();
        required("spec.message", &spec.message)?;
        let slug = if !spec.agent_id.is_empty() {
            self.store.agents.get(&spec.agent_id)?.slug().to_owned()
        } else if spec.session_id.is_empty() {
            return Err(StoreError::Invalid("spec.agent_id or spec.session_id is required".to_owned()).into());
        } else {
            String::new()
        };
        if spec.session_id.is_empty() {
            spec.session_id = id::new("ses");
        }
        execution.status =
            Some(AgentExecutionStatus { phase: agx::ExecutionPhase::ExecutionPending.into(), ..AgentExecutionStatus::default() });
        let execution = self.store.agent_executions.insert(execution)?;
        if let Some(launcher) = &self.launcher
            && let Err(error) = launcher.invoke_agent_execution(&execution, &slug).await
        {
            self.store.agent_executions.remove(execution.id())?;
            return Err(error);
        }
        Ok(execution)
    }
}

fn default_instance(workflow: &Workflow) -> WorkflowInstance {
    let metadata = ApiResourceMetadata {
        name: format!("{}-default", workflow.slug()),
        org: workflow.org().to_owned(),
        owner_scope: ApiResourceOwnerScope::Organization.into(),
        ..Default::default()
    };
    let spec = WorkflowInstanceSpec { workflow_id: workflow.id().to_owned(), ..Default::default() };
    WorkflowInstance { metadata: Some(metadata), spec: Some(spec), ..Default::default() }
}
