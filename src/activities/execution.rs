//! What an execution is run with, where nobody's activity brings it: the control plane is asked by the execution's id.

use super::definition::{self, Refusal, Resolved};
use super::environment;
use super::execute_workflow::{self, listens};
use super::execution_status;
use crate::effects::resources::Resources;
use crate::handshake::ChildInput;
use crate::stigmer::Stigmer;
use crate::stigmer::convert::Queues;
use crate::stigmer::wfx::{ExecutionPhase, WorkflowExecution, WorkflowExecutionStatus};

/// An execution that can be run.
#[derive(Debug)]
pub struct Prepared {
    /// As `ExecuteWorkflow` would make it, without what belongs to its caller.
    pub input: ChildInput,
    /// Types of events that the definition listens to.
    pub listens: Vec<String>,
    /// The execution's name.
    pub name: Option<String>,
    /// Whether the control plane has the execution: only then is it told of the run.
    pub known: bool,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPrepared {
    #[error("workflow_yaml is needed: there is no control plane that has the definition of execution `{0}`")]
    NoControlPlane(String),
    #[error("the control plane has no execution `{0}`, and there is no workflow_yaml")]
    Unknown(String),
    /// Running it again would undo its phase.
    #[error("execution `{id}` has ended: {phase}, as the control plane has it")]
    Ended { id: String, phase: String },
    /// In the platform's words.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Unavailable(String),
}

/// What an execution is prepared from.
#[derive(Clone, Copy)]
pub struct Sources<'s> {
    /// The control plane, where there is one.
    pub stigmer: Option<&'s Stigmer>,
    /// Of the activities that a specification names.
    pub queues: &'s Queues,
    /// Documents elsewhere.
    pub outside: &'s Resources,
}

/// The definition that is given wins over the control plane's; everything else is the control plane's, where it has the execution.
///
/// # Errors
/// There is no definition, or the control plane cannot be asked.
pub async fn prepare(sources: Sources<'_>, execution_id: &str, yaml: Option<String>) -> Result<Prepared, NotPrepared> {
    let Sources { stigmer, queues, outside } = sources;
    let execution = match stigmer {
        None => None,
        Some(stigmer) => stored(stigmer, execution_id).await?.map(|execution| (stigmer, execution)),
    };
    let Some((stigmer, execution)) = execution else {
        let missing = || match stigmer {
            None => NotPrepared::NoControlPlane(execution_id.to_owned()),
            Some(_) => NotPrepared::Unknown(execution_id.to_owned()),
        };
        let workflow_yaml = yaml.ok_or_else(missing)?;
        let input = ChildInput { workflow_execution_id: execution_id.to_owned(), workflow_yaml, ..Default::default() };
        return Ok(Prepared { listens: listens(outside, &input.workflow_yaml).await, input, name: None, known: false });
    };
    let phase = execution.status.as_ref().map_or(ExecutionPhase::Unspecified, WorkflowExecutionStatus::phase);
    if execution_status::is_terminal(phase) {
        return Err(NotPrepared::Ended {
            id: execution_id.to_owned(),
            phase: phase.as_str_name().trim_start_matches("EXECUTION_").to_ascii_lowercase(),
        });
    }
    let metadata = execution.metadata.unwrap_or_default();
    let spec = execution.spec.unwrap_or_default();
    // Its environments stand with the workflow that the execution names; one that is given its definition may name none.
    let resolved = if yaml.is_none() { definition::resolve(stigmer, &spec).await } else { definition::resolve_named(stigmer, &spec).await };
    let Resolved { workflow, instance } = resolved.map_err(not_prepared)?;
    let variables = environment::of(stigmer, &workflow, &instance, &spec, &metadata.org).await.map_err(not_prepared)?;
    let yaml = yaml.map_or_else(|| definition::yaml(&workflow, queues), Ok).map_err(not_prepared)?;
    let input = execute_workflow::input_of(execution_id, &metadata.org, &spec, &variables, yaml);
    let name = Some(metadata.name).filter(|name| !name.is_empty());
    Ok(Prepared { listens: listens(outside, &input.workflow_yaml).await, input, name, known: true })
}

async fn stored(stigmer: &Stigmer, execution_id: &str) -> Result<Option<WorkflowExecution>, NotPrepared> {
    match stigmer.get_execution(execution_id).await {
        Ok(execution) => Ok(Some(execution)),
        Err(e) if e.is_not_found() => Ok(None),
        // Its variables and secrets are not known: running without them would be another run.
        Err(e) => Err(NotPrepared::Unavailable(format!("the control plane cannot be asked for execution `{execution_id}`: {e}"))),
    }
}

fn not_prepared(refusal: Refusal) -> NotPrepared {
    if refusal.retryable { NotPrepared::Unavailable(refusal.text) } else { NotPrepared::Refused(refusal.text) }
}

/// Tells the control plane that the execution is about to run. Best effort, as `ExecuteWorkflow` does it.
pub async fn in_progress(stigmer: &Stigmer, execution_id: &str) {
    let status = WorkflowExecutionStatus { phase: ExecutionPhase::ExecutionInProgress.into(), ..Default::default() };
    if let Err(e) = stigmer.update_status(execution_id, status).await {
        tracing::warn!(execution_id, error = %e, "cannot send IN_PROGRESS; going on");
    }
}
