//! Local activity of an agent step that was cancelled or ran out of time: the agent's own workflow is cancelled. Row 8.

use serde_json::json;
use temporalio_client::{UntypedWorkflow, WorkflowCancelOptions};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::agent_executions::{AgentRef, Reading, find};
use super::call_agent::of_rpc;
use super::names::agent_workflow_id;
use super::{ExecutionActivities, failure};
use crate::expr::Data;

pub(super) async fn run(activities: &ExecutionActivities, ctx: &ActivityContext, agent: &AgentRef) -> Result<Data, ActivityError> {
    let execution = find(activities.stigmer()?, &agent.tag).await.map_err(|e| of_rpc(&e))?;
    let Some(execution) = execution.filter(|e| Reading::of(e) == Reading::Unfinished) else {
        return Ok(Data::from(json!({"state": "ended"})));
    };
    let id = execution.metadata.map(|m| m.id).unwrap_or_default();
    let handle = ctx.client().get_workflow_handle::<UntypedWorkflow>(agent_workflow_id(&id));
    let options = WorkflowCancelOptions::builder().reason("the step that called the agent was cancelled".to_owned()).build();
    match handle.cancel(options).await {
        Ok(()) => Ok(Data::from(json!({"state": "cancelled"}))),
        Err(e) if e.to_string().contains("not found") || e.to_string().contains("already completed") => {
            Ok(Data::from(json!({"state": "ended"})))
        }
        Err(e) => Err(failure::retryable("Unavailable", e.to_string())),
    }
}
