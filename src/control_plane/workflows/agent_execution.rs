//! `stigmer/agent-execution/invoke`: plays one scripted agent.
//!
//! ```text
//! plan ──> wait the delay ──> write the status ──> call back, as often as scripted
//!             └── cancelled ──> CANCELLED, no callback
//! ```

use std::sync::Arc;

use serde_json::{Value, json};
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::{
    TimerResult, WorkflowContext, WorkflowResult, WorkflowTermination,
    activities::{ActivityContext, ActivityError},
};

use super::{
    callback::{News, call_back},
    failed, local, payload, reason, refused, timestamp,
};
use crate::{
    control_plane::{
        CallbackPolicy,
        agents::{Answer, Play},
        go_json,
        store::{Resource, Store, StoreError},
    },
    effects::scripted::Agents,
    stigmer::agx::{
        AgentExecution, AgentExecutionSpec, AgentExecutionStatus, AgentExecutionUpdateStatusInput, AgentMessage, ExecutionPhase,
        MessageType,
    },
};

pub(super) const TYPE: &str = "stigmer/agent-execution/invoke";

#[workflow]
#[derive(Default)]
pub struct InvokeAgentExecution;

#[workflow_methods]
impl InvokeAgentExecution {
    #[run(name = "stigmer/agent-execution/invoke")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: RawValue) -> WorkflowResult<RawValue> {
        let execution: AgentExecution = payload::read_message(&input).map_err(failed)?;
        let begun = AgentExecutionStatus { started_at: timestamp(ctx.workflow_time()), ..in_phase(ExecutionPhase::ExecutionInProgress) };
        update(ctx, &execution, begun).await?;
        let play = local(ctx, AgentActivities::plan, input).await?;
        let play: Play = serde_json::from_value(play).map_err(|error| failed(error.to_string()))?;
        if !answers(ctx, &play).await {
            update(ctx, &execution, ended(ctx, in_phase(ExecutionPhase::ExecutionCancelled))).await?;
            return Err(WorkflowTermination::cancelled());
        }
        let spec = execution.spec.clone().unwrap_or_default();
        update(ctx, &execution, ended(ctx, answered(ctx, &spec, &play.answer))).await?;
        if !spec.callback_token.is_empty() {
            let news = news(&execution, &play);
            for _ in 0..play.callbacks {
                call_back(ctx, None, &spec.callback_token, &news).await.map_err(|error| failed(reason(&error)))?;
            }
        }
        match play.answer {
            Answer::Failure(text) => Err(failed(format!("Agent execution failed: {text}"))),
            Answer::Reply(_) | Answer::Never => Ok(RawValue::empty()),
        }
    }
}

/// Waits until the agent has its answer. False when it was cancelled before.
async fn answers(ctx: &WorkflowContext<InvokeAgentExecution>, play: &Play) -> bool {
    if play.answer == Answer::Never {
        ctx.cancelled().await;
        return false;
    }
    // A timer of no time would cost events for nothing.
    play.delay.is_zero() || matches!(ctx.timer(play.delay).await, TimerResult::Fired)
}

/// What the holder of the callback token is told.
fn news(execution: &AgentExecution, play: &Play) -> News {
    match &play.answer {
        Answer::Failure(text) => Err(text.clone()),
        _ if play.stale => Ok(go_json::plain(execution)),
        Answer::Reply(reply) => Ok(reply.clone()),
        Answer::Never => Ok(Value::Null),
    }
}

fn in_phase(phase: ExecutionPhase) -> AgentExecutionStatus {
    AgentExecutionStatus { phase: phase.into(), ..Default::default() }
}

fn ended(ctx: &WorkflowContext<InvokeAgentExecution>, status: AgentExecutionStatus) -> AgentExecutionStatus {
    AgentExecutionStatus { completed_at: timestamp(ctx.workflow_time()), ..status }
}

fn answered(ctx: &WorkflowContext<InvokeAgentExecution>, spec: &AgentExecutionSpec, answer: &Answer) -> AgentExecutionStatus {
    let now = timestamp(ctx.workflow_time());
    let message = |kind: MessageType, content: &str| AgentMessage {
        r#type: kind.into(),
        content: content.to_owned(),
        timestamp: now.clone(),
        ..Default::default()
    };
    let question = message(MessageType::MessageHuman, &spec.message);
    match answer {
        Answer::Reply(reply) => {
            let text = reply.as_str().map_or_else(|| reply.to_string(), str::to_owned);
            AgentExecutionStatus {
                messages: vec![question, message(MessageType::MessageAi, &text)],
                ..in_phase(ExecutionPhase::ExecutionCompleted)
            }
        }
        Answer::Failure(text) => AgentExecutionStatus {
            messages: vec![question, message(MessageType::MessageSystem, text)],
            error: text.clone(),
            ..in_phase(ExecutionPhase::ExecutionFailed)
        },
        Answer::Never => AgentExecutionStatus::default(),
    }
}

async fn update(
    ctx: &WorkflowContext<InvokeAgentExecution>,
    execution: &AgentExecution,
    status: AgentExecutionStatus,
) -> Result<(), WorkflowTermination> {
    let report = AgentExecutionUpdateStatusInput { execution_id: execution.id().to_owned(), status: Some(status) };
    local(ctx, AgentActivities::update_status, payload::message(&report)).await.map(drop)
}

/// The store's side, and the scripts.
pub struct AgentActivities {
    pub store: Arc<Store>,
    pub agents: Arc<Agents>,
    pub policy: CallbackPolicy,
}

#[allow(clippy::needless_pass_by_value)] // an activity is handed its input
#[activities]
impl AgentActivities {
    /// What the agent will do, from its script.
    #[activity(name = "PlanAgentExecution")]
    pub fn plan(self: Arc<Self>, _ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let execution: AgentExecution = payload::read_message(&input).map_err(refused)?;
        let spec = execution.spec.unwrap_or_default();
        let play = match self.store.agents.get(&spec.agent_id) {
            Ok(agent) => match self.agents.get(agent.slug()) {
                Some(script) => Play::of(script, &spec, self.policy),
                None => Play::unscripted(agent.slug()),
            },
            Err(error) => Play::failed(error.to_string()),
        };
        Ok(payload::value(&json!(play)))
    }

    /// Merges a status. An execution that has been deleted meanwhile has none.
    #[activity(name = "UpdateExecutionStatus")]
    pub fn update_status(self: Arc<Self>, _ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let report: AgentExecutionUpdateStatusInput = payload::read_message(&input).map_err(refused)?;
        match self.store.update_agent_execution(&report.execution_id, report.status.unwrap_or_default()) {
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(RawValue::empty()),
            Err(error) => Err(refused(error.to_string())),
        }
    }
}
