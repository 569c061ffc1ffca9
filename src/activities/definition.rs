//! The definition of an execution, as YAML of the standard DSL.

use serde::Deserialize;

use crate::stigmer::convert::Queues;
use crate::stigmer::sls::ValidationState;
use crate::stigmer::wf::Workflow;
use crate::stigmer::wfi::WorkflowInstance;
use crate::stigmer::wfx::WorkflowExecutionSpec;
use crate::stigmer::{Stigmer, StigmerError, convert};

/// Why the child could not be started, in the words that the platform shows.
pub(super) struct Refusal {
    pub text: String,
    pub retryable: bool,
    /// Nobody waits for this attempt any more: its own end is not the execution's.
    pub unheard: bool,
}

impl Refusal {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), retryable: false, unheard: false }
    }

    /// One that another attempt may not meet.
    pub fn passing(text: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::new(text) }
    }
}

/// What an execution is made of.
pub(super) struct Resolved {
    pub workflow: Workflow,
    pub instance: WorkflowInstance,
}

/// The execution's instance, or its workflow's default instance, and the workflow that it names.
///
/// # Errors
/// In the platform's own words, which its users know from before.
pub(super) async fn resolve(stigmer: &Stigmer, spec: &WorkflowExecutionSpec) -> Result<Resolved, Refusal> {
    let instance_id = instance_id(stigmer, spec).await?;
    let instance = stigmer.get_instance(&instance_id).await.map_err(|e| refused("workflow instance", &instance_id, &e))?;
    let workflow_id = instance.spec.as_ref().map(|s| s.workflow_id.as_str()).unwrap_or_default();
    if workflow_id.is_empty() {
        return Err(Refusal::new(format!("workflow instance {instance_id} names no workflow")));
    }
    let workflow = stigmer.get_workflow(workflow_id).await.map_err(|e| refused("workflow", workflow_id, &e))?;
    Ok(Resolved { workflow, instance })
}

/// The same for an execution that may name neither, since it was given its definition: it has neither, then.
///
/// # Errors
/// As for [`resolve`].
pub(super) async fn resolve_named(stigmer: &Stigmer, spec: &WorkflowExecutionSpec) -> Result<Resolved, Refusal> {
    if spec.workflow_instance_id.is_empty() && spec.workflow_id.is_empty() {
        return Ok(Resolved { workflow: Workflow::default(), instance: WorkflowInstance::default() });
    }
    resolve(stigmer, spec).await
}

async fn instance_id(stigmer: &Stigmer, spec: &WorkflowExecutionSpec) -> Result<String, Refusal> {
    if !spec.workflow_instance_id.is_empty() {
        return Ok(spec.workflow_instance_id.clone());
    }
    let id = &spec.workflow_id;
    if id.is_empty() {
        return Err(Refusal::new("execution must have either workflow_instance_id or workflow_id"));
    }
    let workflow = stigmer.get_workflow(id).await.map_err(|e| refused("workflow", id, &e))?;
    let default = workflow.status.map(|s| s.default_instance_id).unwrap_or_default();
    if default.is_empty() { Err(Refusal::new(format!("workflow {id} has no default instance configured"))) } else { Ok(default) }
}

/// The definition of a workflow: its spec, converted. One whose spec has no tasks but whose status carries a validated YAML runs that YAML.
///
/// # Errors
/// The spec cannot be converted.
pub(super) fn yaml(workflow: &Workflow, queues: &Queues) -> Result<String, Refusal> {
    let spec = workflow.spec.as_ref();
    if spec.is_none_or(|s| s.tasks.is_empty())
        && let Some(validated) = workflow.status.as_ref().and_then(|s| s.serverless_workflow_validation.as_ref())
        && validated.state() == ValidationState::Valid
        && !validated.yaml.is_empty()
    {
        return Ok(validated.yaml.clone());
    }
    let spec = spec.ok_or_else(|| Refusal::new("failed to convert workflow to YAML: workflow spec cannot be nil"))?;
    convert::to_yaml(spec, queues).map_err(|e| Refusal::new(format!("failed to convert workflow to YAML: {e}")))
}

/// What a definition calls itself.
#[derive(Deserialize)]
pub(super) struct Identity {
    pub namespace: String,
    pub name: String,
    pub version: String,
}

/// `None` for a text that is no definition.
pub(super) fn identity(yaml: &str) -> Option<Identity> {
    #[derive(Deserialize)]
    struct Head {
        document: Identity,
    }
    serde_yaml::from_str::<Head>(yaml).ok().map(|head| head.document)
}

fn refused(what: &str, id: &str, e: &StigmerError) -> Refusal {
    Refusal { retryable: e.is_retryable(), ..Refusal::new(format!("failed to query {what} {id}: {e}")) }
}
