//! `stigmer/agent-execution/invoke`: plays one agent.
//!
//! ```text
//! plan ──> wait the delay, or ask the model ──> write the status ──> call back, as often as scripted
//!             └── cancelled ──> CANCELLED, no callback
//! ```

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures::future;
use serde_json::{Value, json};
use temporalio_common::{RetryPolicy, data_converters::RawValue};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::{
    ActivityCancellationType, ActivityExecutionError, ActivityOptions, TimerResult, WorkflowContext, WorkflowResult, WorkflowTermination,
    activities::{ActivityContext, ActivityError},
};

use tokio::sync::watch;

use super::{
    callback::{News, call_back},
    failed, local, payload, reason, refused, timestamp,
};
use crate::{
    control_plane::{
        CallbackPolicy,
        agents::{Answer, Play, question},
        cast::Cast,
        go_json,
        store::{Resource, Store, StoreError},
    },
    effects::agents::Agent,
    stigmer::{
        agx::{
            AgentExecution, AgentExecutionSpec, AgentExecutionStatus, AgentExecutionUpdateStatusInput, AgentMessage, ExecutionPhase,
            MessageType,
        },
        structs,
    },
};

pub(super) const TYPE: &str = "stigmer/agent-execution/invoke";
/// For the activity around a question: the agent's own timeout comes first, and says more.
const ASK_MARGIN: Duration = Duration::from_secs(30);
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(30);
/// A cancel comes with the answer to a heartbeat.
const HEARTBEAT_EVERY: Duration = Duration::from_millis(500);
/// What a model writes is shown no more often.
const SHOWN_EVERY: Duration = Duration::from_millis(200);

#[workflow]
#[derive(Default)]
pub struct InvokeAgentExecution;

#[workflow_methods]
impl InvokeAgentExecution {
    #[run(name = "stigmer/agent-execution/invoke")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: RawValue) -> WorkflowResult<RawValue> {
        let execution: AgentExecution = payload::read_message(&input).map_err(failed)?;
        let at_work = AgentExecutionStatus { started_at: timestamp(ctx.workflow_time()), ..in_phase(ExecutionPhase::ExecutionInProgress) };
        update(ctx, &execution, at_work).await?;
        let begun = local(ctx, AgentActivities::plan, input.clone()).await?;
        let plan: Play = serde_json::from_value(begun).map_err(|error| failed(error.to_string()))?;
        let Some(done) = played(ctx, plan, input).await? else {
            update(ctx, &execution, ended(ctx, in_phase(ExecutionPhase::ExecutionCancelled))).await?;
            return Err(WorkflowTermination::cancelled());
        };
        let spec = execution.spec.clone().unwrap_or_default();
        update(ctx, &execution, ended(ctx, answered(ctx, &spec, &done))).await?;
        if !spec.callback_token.is_empty() {
            let news = news(&execution, &done);
            for _ in 0..done.callbacks {
                call_back(ctx, None, &spec.callback_token, &news).await.map_err(|error| failed(reason(&error)))?;
            }
        }
        match done.answer {
            Answer::Failure(text) => Err(failed(format!("Agent execution failed: {text}"))),
            Answer::Reply(_) | Answer::Never | Answer::Model { .. } => Ok(RawValue::empty()),
        }
    }
}

/// Waits until the agent has its answer. None when it was cancelled before.
async fn played(ctx: &WorkflowContext<InvokeAgentExecution>, plan: Play, input: RawValue) -> Result<Option<Play>, WorkflowTermination> {
    match plan.answer {
        Answer::Never => {
            ctx.cancelled().await;
            Ok(None)
        }
        Answer::Model { timeout } => ask(ctx, timeout, input).await,
        // A timer of no time would cost events for nothing.
        _ if plan.delay.is_zero() || matches!(ctx.timer(plan.delay).await, TimerResult::Fired) => Ok(Some(plan)),
        _ => Ok(None),
    }
}

/// Has the model asked, once: a question costs money. A cancel closes the request before the end is written.
async fn ask(ctx: &WorkflowContext<InvokeAgentExecution>, timeout: Duration, input: RawValue) -> Result<Option<Play>, WorkflowTermination> {
    let options = ActivityOptions::with_start_to_close_timeout(timeout + ASK_MARGIN)
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
        .build();
    let asked = ctx.execute_activity(AgentActivities::ask, input, options).await;
    match asked {
        Ok(play) => {
            let play = payload::read_value(&play).map_err(failed)?;
            serde_json::from_value(play).map(Some).map_err(|error| failed(error.to_string()))
        }
        Err(ActivityExecutionError::Cancelled(_)) => Ok(None),
        Err(error) => Ok(Some(Play::failed(reason(&error)))),
    }
}

/// What the holder of the callback token is told.
fn news(execution: &AgentExecution, play: &Play) -> News {
    match &play.answer {
        Answer::Failure(text) => Err(text.clone()),
        _ if play.stale => Ok(go_json::plain(execution)),
        Answer::Reply(reply) => Ok(reply.clone()),
        Answer::Never | Answer::Model { .. } => Ok(Value::Null),
    }
}

fn in_phase(phase: ExecutionPhase) -> AgentExecutionStatus {
    AgentExecutionStatus { phase: phase.into(), ..Default::default() }
}

fn ended(ctx: &WorkflowContext<InvokeAgentExecution>, status: AgentExecutionStatus) -> AgentExecutionStatus {
    AgentExecutionStatus { completed_at: timestamp(ctx.workflow_time()), ..status }
}

fn answered(ctx: &WorkflowContext<InvokeAgentExecution>, spec: &AgentExecutionSpec, play: &Play) -> AgentExecutionStatus {
    let now = timestamp(ctx.workflow_time());
    let message = |kind: MessageType, content: &str| AgentMessage {
        r#type: kind.into(),
        content: content.to_owned(),
        timestamp: now.clone(),
        ..Default::default()
    };
    let question = message(MessageType::MessageHuman, &spec.message);
    match &play.answer {
        Answer::Reply(reply) => {
            let text = reply.as_str().map_or_else(|| reply.to_string(), str::to_owned);
            let metadata = play.told.as_ref().map(|told| structs::object(&json!(told)));
            AgentExecutionStatus {
                messages: vec![question, AgentMessage { metadata, ..message(MessageType::MessageAi, &text) }],
                ..in_phase(ExecutionPhase::ExecutionCompleted)
            }
        }
        Answer::Failure(text) => AgentExecutionStatus {
            messages: vec![question, message(MessageType::MessageSystem, text)],
            error: text.clone(),
            ..in_phase(ExecutionPhase::ExecutionFailed)
        },
        Answer::Never | Answer::Model { .. } => AgentExecutionStatus::default(),
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

/// The store's side, and the agents.
pub struct AgentActivities {
    pub store: Arc<Store>,
    pub cast: Arc<Cast>,
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
        let play = self.agent(&spec).map_or_else(Play::failed, |agent| Play::of(&agent, &spec, self.policy));
        Ok(payload::value(&json!(play)))
    }

    /// Asks the model that plays the agent, showing its answer as it grows. The result is a [`Play`].
    #[activity(name = "AskAgent")]
    pub async fn ask(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let execution: AgentExecution = payload::read_message(&input).map_err(refused)?;
        let spec = execution.spec.clone().unwrap_or_default();
        let agent = match self.agent(&spec) {
            Ok(Agent::OpenAi(agent)) => agent,
            Ok(Agent::Scripted(_) | Agent::Worker(_)) => {
                return Ok(payload::value(&json!(Play::failed("the agent has become another one".to_owned()))));
            }
            Err(error) => return Ok(payload::value(&json!(Play::failed(error)))),
        };
        let question = question(&spec);
        let (written, mut growing) = watch::channel(String::new());
        let show = async {
            while growing.changed().await.is_ok() {
                let text = growing.borrow_and_update().clone();
                self.show(&execution, &spec, &text);
                tokio::time::sleep(SHOWN_EVERY).await;
            }
        };
        let ask = agent.ask(&question, |text| drop(written.send_replace(text.to_owned())));
        let answer = tokio::select! {
            answer = ask => answer,
            () = ctx.cancelled() => return Err(ActivityError::cancelled()),
            never = future::join(beat(&ctx), show) => match never.0 {},
        };
        Ok(payload::value(&json!(Play::answered(answer, self.policy))))
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

impl AgentActivities {
    /// Who plays the agent that an execution names.
    fn agent(&self, spec: &AgentExecutionSpec) -> Result<Agent, String> {
        let row = self.store.agents.get(&spec.agent_id).map_err(|error| error.to_string())?;
        let agent = self.cast.agents().get(row.slug()).cloned();
        agent.ok_or_else(|| format!("nobody plays the agent `{}` here", row.slug()))
    }

    /// What the model has written so far, as the last message of a status that is not terminal. It only shows: an execution that is gone has none.
    fn show(&self, execution: &AgentExecution, spec: &AgentExecutionSpec, text: &str) {
        let message = |kind: MessageType, content: &str| AgentMessage {
            r#type: kind.into(),
            content: content.to_owned(),
            timestamp: jiff::Timestamp::now().to_string(),
            ..Default::default()
        };
        let messages = vec![message(MessageType::MessageHuman, &spec.message), message(MessageType::MessageAi, text)];
        let status = AgentExecutionStatus { messages, ..in_phase(ExecutionPhase::ExecutionInProgress) };
        if let Err(error) = self.store.update_agent_execution(execution.id(), status) {
            tracing::debug!(execution_id = execution.id(), %error, "the progress of an agent is not shown");
        }
    }
}

/// Heartbeats without end.
async fn beat(ctx: &ActivityContext) -> Infallible {
    loop {
        let _ = ctx.record_heartbeat(()).await;
        tokio::time::sleep(HEARTBEAT_EVERY).await;
    }
}
