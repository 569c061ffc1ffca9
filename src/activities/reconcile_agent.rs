//! Local activity of an agent step: looks at the execution itself, and ends the pending activity when it is time. Row 14.
//!
//! | the execution | the pending activity |
//! |---|---|
//! | has ended | is completed or failed by id, with the true result |
//! | runs | is left alone |
//! | is not there | is failed by id, retryable: Temporal makes the next attempt, which creates it again |

use serde_json::json;
use temporalio_client::Client;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::agent_executions::{AGENT_FAILED, AgentRef, Reading, find};
use super::call_agent::of_rpc;
use super::payload::json_payload;
use super::{ExecutionActivities, failure};
use crate::expr::Data;
use crate::handshake::{Ended, Outcome, reconcile};

pub(super) async fn run(activities: &ExecutionActivities, ctx: &ActivityContext, agent: &AgentRef) -> Result<Data, ActivityError> {
    let execution = find(activities.stigmer()?, &agent.tag).await.map_err(|e| of_rpc(&e))?;
    execution.iter().for_each(|execution| activities.agent_seen(agent.execution_id.as_deref(), &agent.activity_id, execution));
    let (found, outcome) = match execution.as_ref().map(Reading::of) {
        Some(Reading::Unfinished) => return Ok(Data::from(json!({"state": "running"}))),
        Some(Reading::Answer { answer }) => ("completed", Outcome::Completed(json_payload(&hidden(activities, agent, answer).await?))),
        Some(Reading::Failed { message } | Reading::Cancelled { message }) => ("failed", Outcome::permanent(AGENT_FAILED, message)),
        None => ("lost", reconcile::agent_lost("the agent execution")),
    };
    end(activities, &ctx.client(), ctx, agent, &outcome).await?;
    Ok(Data::from(json!({"state": found})))
}

async fn end(
    activities: &ExecutionActivities,
    client: &Client,
    ctx: &ActivityContext,
    agent: &AgentRef,
    outcome: &Outcome,
) -> Result<(), ActivityError> {
    let info = ctx.info();
    let (workflow_id, run_id) = (info.workflow_id.clone().unwrap_or_default(), info.workflow_run_id.clone().unwrap_or_default());
    let ended = reconcile::end_pending(client, &workflow_id, &run_id, &agent.activity_id, outcome).await;
    if ended.map_err(|e| failure::retryable("Unavailable", e.to_string()))? == Ended::Told {
        activities.metrics.reconciled();
        tracing::info!(%workflow_id, %run_id, activity_id = %agent.activity_id, "agent step ended by looking at its execution");
    }
    Ok(())
}

/// The answer with the values of the step's secrets swapped back.
pub(super) async fn hidden(activities: &ExecutionActivities, agent: &AgentRef, answer: Option<String>) -> Result<Data, ActivityError> {
    let answer = answer.map_or_else(Data::null, Data::string);
    match &agent.secrets {
        Some(scope) => activities.secrets.hide(scope, &answer).await.map_err(|e| failure::of_effect(&e)),
        None => Ok(answer),
    }
}
