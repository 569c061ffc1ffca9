//! The activities: one thin file each, and here what they share and how they are registered, one struct per task queue.
//!
//! | queue | struct | activities |
//! |---|---|---|
//! | `workflow_execution_runner` | [`RunnerActivities`] | `ExecuteWorkflow` |
//! | `zigflow_execution` | [`ExecutionActivities`] | `CallHTTPActivity`, `CallOpenAPIActivity`, `RunShellActivity`, `RunScriptActivity`, `CallAgentActivity`, `CallAgent`, the completion activity under both names, local ones of agent steps, of definitions and of the policy for activities |
//! | `workflow_validation_runner` | [`ValidationActivities`] | `validateWorkflow` |
//! | `workflow_runner_watch` | [`WatchActivities`] | `WatchCaller` |

pub mod activity_policy;
pub mod agent_executions;
mod agent_rows;
pub mod call;
pub mod call_agent;
pub mod call_http;
mod call_openapi;
mod cancel_agent;
pub mod complete_external_activity;
mod definition;
mod emit_event;
mod environment;
pub mod execute_workflow;
pub mod execution_status;
pub mod failure;
mod fetch_resource;
pub mod guard;
pub mod lifecycle;
pub mod names;
pub mod payload;
pub mod publisher;
mod read_agent;
mod reconcile_agent;
mod resolve_definition;
pub mod resources;
mod run_script;
mod run_shell;
pub mod secrets;
pub mod status;
mod validate_workflow;
mod watch_caller;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::time::Instant;

use self::publisher::StigmerPublisher;
use self::secrets::Secrets;
use crate::config::OnFailure;
use crate::effects::definitions::Definitions;
use crate::effects::events::Sink;
use crate::effects::http::Http;
use crate::effects::openapi::OpenApi;
use crate::effects::script::Scripts;
use crate::effects::{self, EffectError};
use crate::expr::Data;
use crate::handshake::{Delivery, DeliveryError, OnCallerGone, Outcome, Wheel};
use crate::stigmer::Stigmer;
use crate::stigmer::agx::AgentExecution;
use crate::stigmer::convert::Queues;
use crate::stigmer::payload::Parts;
use crate::telemetry::{self, Kind, Metrics};

/// `ExecuteWorkflow`; needs the platform.
pub struct RunnerActivities {
    pub stigmer: Stigmer,
    pub publisher: Arc<StigmerPublisher>,
    /// Where the children run.
    pub workflow_queue: String,
    /// `handshake.async`: hand over the token and stay pending, or wait inside the activity.
    pub pending: bool,
    /// What the children are told of settings that shape their histories.
    pub watch: bool,
    pub on_caller_gone: OnCallerGone,
    /// `handshake.store_token`: the token stands in the execution's status while it is pending.
    pub store_token: bool,
    /// Whether `WorkflowExecutionID` was ensured at the start; a start that sets an unknown one fails.
    pub search_attribute: bool,
    /// The same for `WorkflowRunnerListens`.
    pub listens_attribute: bool,
    /// Of the activities that a `CALL_ACTIVITY` names.
    pub queues: Queues,
    /// Documents elsewhere that definitions are made of.
    pub outside: effects::resources::Resources,
    pub wheel: Wheel,
}

/// What runs use while they run.
pub struct ExecutionActivities {
    pub http: Arc<Http>,
    pub sink: Sink,
    pub openapi: Arc<OpenApi>,
    pub scripts: Scripts,
    pub definitions: Definitions,
    /// `activities.allow`.
    pub allowed_activities: Vec<String>,
    /// Of the activities that a `CALL_ACTIVITY` of another workflow names.
    pub queues: Queues,
    /// Documents elsewhere that definitions are made of.
    pub outside: effects::resources::Resources,
    pub secrets: Secrets,
    /// Absent in a worker without a platform: its runs may not call agents, and tell nobody of their end.
    pub stigmer: Option<Stigmer>,
    pub publisher: Option<Arc<StigmerPublisher>>,
    pub on_failure: OnFailure,
    /// `handshake.store_token`, for agent executions.
    pub store_token: bool,
    pub metrics: Arc<Metrics>,
}

impl ExecutionActivities {
    fn stigmer(&self) -> Result<&Stigmer, ActivityError> {
        self.stigmer.as_ref().ok_or_else(|| {
            let error = EffectError::configuration("this worker has no control plane");
            failure::of_effect(&error.with_detail("set STIGMER_BACKEND_ENDPOINT to call agents, or give scripted ones by --agents"))
        })
    }
}

impl ExecutionActivities {
    /// The platform's task list may show the agent execution that a step waits for.
    fn agent_seen(&self, execution_id: Option<&str>, call_id: &str, agent: &AgentExecution) {
        if let (Some(publisher), Some(id)) = (&self.publisher, execution_id) {
            publisher.agent_seen(id, call_id, agent);
        }
    }
}

/// `validateWorkflow`.
pub struct ValidationActivities {
    /// Of the activities that a `CALL_ACTIVITY` names.
    pub queues: Queues,
}

/// `WatchCaller`.
pub struct WatchActivities {
    pub wheel: Wheel,
}

#[activities]
impl RunnerActivities {
    #[activity(name = "ExecuteWorkflow")]
    pub async fn execute_workflow(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        execute_workflow::run(&self, &ctx, &input).await
    }
}

#[activities]
impl ExecutionActivities {
    #[activity(name = "CallHTTPActivity")]
    pub async fn call_http(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let input = argument(&input)?;
        call_http::run(&self, &input, Beat(&ctx)).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "workflow_runner/emit-event")]
    pub async fn emit_event(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let input = argument(&input)?;
        emit_event::run(&self, &input, Beat(&ctx)).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "CallOpenAPIActivity")]
    pub async fn call_openapi(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let input = argument(&input)?;
        call_openapi::run(&self, &input, Beat(&ctx)).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "RunShellActivity")]
    pub async fn run_shell(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let input = argument(&input)?;
        run_shell::run(&self, &input, Beat(&ctx)).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "RunScriptActivity")]
    pub async fn run_script(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let input = argument(&input)?;
        run_script::run(&self, &input, Beat(&ctx)).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "workflow_runner/resolve-definition")]
    pub async fn resolve_definition(self: Arc<Self>, _ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let wanted = argument(&input)?;
        resolve_definition::run(&self, &wanted).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "workflow_runner/activity-policy")]
    #[allow(clippy::unused_async, reason = "the macro wants it so")]
    pub async fn activity_policy(self: Arc<Self>, _ctx: ActivityContext, _input: RawValue) -> Result<RawValue, ActivityError> {
        Ok(payload::raw(&activity_policy::run(&self.allowed_activities)))
    }

    #[activity(name = "CallAgentActivity")]
    pub async fn call_agent_activity(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        call_agent::run(&self, &ctx, &input).await
    }

    #[activity(name = "CallAgent")]
    pub async fn call_agent(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        call_agent::run(&self, &ctx, &input).await
    }

    #[activity(name = "stigmer/system/complete-external-activity")]
    pub async fn system_complete(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let input = argument(&input)?;
        complete_external_activity::run(&self, &ctx, &input).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "CompleteExternalActivity")]
    pub async fn complete_external(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let input = argument(&input)?;
        complete_external_activity::run(&self, &ctx, &input).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "workflow_runner/fetch-resource")]
    pub async fn fetch_resource(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let input = argument(&input)?;
        fetch_resource::run(&self, &input, Beat(&ctx)).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "workflow_runner/reconcile-agent")]
    pub async fn reconcile_agent(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let agent = agent_ref(&input)?;
        reconcile_agent::run(&self, &ctx, &agent).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "workflow_runner/read-agent")]
    pub async fn read_agent(self: Arc<Self>, _ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let agent = agent_ref(&input)?;
        read_agent::run(&self, &agent).await.map(|data| payload::raw(&data))
    }

    #[activity(name = "workflow_runner/cancel-agent")]
    pub async fn cancel_agent(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let agent = agent_ref(&input)?;
        cancel_agent::run(&self, &ctx, &agent).await.map(|data| payload::raw(&data))
    }
}

#[activities]
#[allow(clippy::unused_async, reason = "the macro wants it so")]
impl ValidationActivities {
    #[activity(name = "validateWorkflow")]
    pub async fn validate_workflow(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        Ok(validate_workflow::run(&input, &self.queues, ctx.info().workflow_id.as_deref()).await)
    }
}

#[activities]
#[allow(clippy::unused_async, reason = "the macro wants it so")]
impl WatchActivities {
    #[activity(name = "WatchCaller")]
    pub async fn watch_caller(self: Arc<Self>, ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        watch_caller::run(&self, &ctx, &input)
    }
}

/// Counts an attempt to deliver. `last`: a failed one is not followed by another.
fn count(
    metrics: &Metrics,
    kind: Kind,
    outcome: &Outcome,
    done: Result<&Delivery, &DeliveryError>,
    took: Duration,
    waited: Option<Duration>,
    last: bool,
) {
    let outcome = match outcome {
        Outcome::Completed(_) => telemetry::Outcome::Completed,
        Outcome::Failed { .. } => telemetry::Outcome::Failed,
        Outcome::Cancelled { .. } => telemetry::Outcome::Cancelled,
    };
    match done {
        Ok(_) => metrics.completed(kind, outcome, took, waited),
        Err(DeliveryError::TooLarge { .. }) => metrics.delivery_failed(telemetry::DeliveryError::TooLarge),
        Err(DeliveryError::Refused(_)) => metrics.delivery_failed(telemetry::DeliveryError::Refused),
        Err(DeliveryError::BackOff | DeliveryError::Unavailable(_)) => {
            metrics.delivery_failed(if last { telemetry::DeliveryError::BudgetSpent } else { telemetry::DeliveryError::Unavailable });
        }
    }
}

/// The one JSON argument.
fn argument(raw: &RawValue) -> Result<Data, ActivityError> {
    payload::first(raw).map_err(|e| failure::bad_input(&e))
}

fn agent_ref(raw: &RawValue) -> Result<agent_executions::AgentRef, ActivityError> {
    serde_json::from_value(argument(raw)?.to_json()).map_err(|e| failure::bad_input(&e.to_string()))
}

fn wire_payload(parts: Parts) -> Payload {
    let mut metadata = HashMap::from([("encoding".to_owned(), parts.encoding.into_bytes())]);
    if let Some(message_type) = parts.message_type {
        metadata.insert("messageType".to_owned(), message_type.into_bytes());
    }
    Payload { metadata, data: parts.data, ..Default::default() }
}

/// SHA-256 in hex over the parts, each with its length in front so that no two lists run together.
#[must_use]
pub fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Keeps an activity alive at the server, and stops it when the server says so.
pub struct Beat<'a>(&'a ActivityContext);

/// Longer than anything runs.
const NEVER: Duration = Duration::from_hours(24 * 365);

impl Beat<'_> {
    fn is_local(&self) -> bool {
        self.0.info().is_local
    }

    /// Runs the work, heartbeating each third of the activity's heartbeat timeout; without one it does not beat, and may outlive its run.
    ///
    /// # Errors
    /// Cancelled, when the activity is.
    async fn until<T>(&self, work: impl Future<Output = T>) -> Result<T, ActivityError> {
        let limit = self.0.info().heartbeat_timeout.filter(|t| !t.is_zero());
        let period = limit.map_or(NEVER, |limit| limit / 3);
        // Begun a period from now: an interval's first tick, which is at once, would cost each call the millisecond that timers are rounded up to.
        let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                reason = self.0.cancelled() => {
                    tracing::debug!(activity_id = %self.0.info().activity_id, ?reason, "the call is cancelled");
                    return Err(ActivityError::cancelled());
                }
                _ = ticks.tick() => self.0.record_heartbeat(()).await.unwrap_or_else(|e| tracing::warn!(error = %e, "heartbeat")),
            }
        }
    }
}
