//! Histories replayed by this build: whether it would do the same, and what each task did on the way.
//!
//! Pure tasks leave no event, so a history alone does not tell of them. Its replay does: the engine runs again on what the history holds, and
//! reports every step of every task with the time at which it was taken.

mod commands;
mod divergence;
mod record;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use temporalio_client::WorkflowHistory;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{History, WorkflowExecutionStartedEventAttributes};
use temporalio_sdk::workflow_interceptors::WorkflowInterceptorConstructor;
use temporalio_sdk::workflow_replayer::{WorkflowReplayError, WorkflowReplayFailure, WorkflowReplayer, WorkflowReplayerOptions};

pub use self::commands::{Command, CommandKind};
pub use self::divergence::{Divergence, LOCAL_ACTIVITY, split_id};
pub use self::record::{Record, Step, StepKind};

use self::commands::Commands;
use self::record::Recorder;
use super::pending::PendingSteps;
use super::run::WorkflowServices;
use super::workflow::ServerlessWorkflow;
use crate::activities::publisher::NoPublisher;
use crate::engine::Settings;
use crate::handshake::{ChildInput, WORKFLOW_TYPE};
use crate::plan::PlanCache;

/// Why a history cannot be replayed by this program, whatever its definition does.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("it has no events")]
    Empty,
    #[error("it begins with event {0}, not with the start of a run: the beginning is missing")]
    NoBeginning(i64),
    #[error("it is of a workflow of type `{0}`; this program replays `{WORKFLOW_TYPE}`")]
    OtherType(String),
    #[error("event {0} is followed by event {1}: what is between them is missing")]
    Gap(i64, i64),
    #[error("run {0} does not go on from the one before it: these are no runs of one chain")]
    NoChain(String),
    #[error("the run's input cannot be read: {0}")]
    Input(String),
    #[error("it cannot be replayed: {0}")]
    Invalid(String),
    #[error("the replay itself failed: {0}")]
    Internal(String),
}

/// What a replay gave.
#[derive(Debug)]
pub struct Replayed {
    /// Steps and commands, up to the divergence where there is one.
    pub record: Record,
    pub divergence: Option<Divergence>,
}

/// Replays the history of one run with the code of this build. `error_host` is `dsl.error_host` of the worker that ran it.
///
/// # Errors
/// It is no history that this program could have made. A divergence is none: it is what is asked for.
pub async fn replay(history: History, error_host: &str) -> Result<Replayed, ReplayError> {
    check(&history)?;
    let record: Arc<Mutex<Record>> = Arc::default();
    let services = Arc::new(services(error_host, Arc::new(Recorder(record.clone()))));
    let commands = record.clone();
    let namespace = namespace(&history);
    let options = WorkflowReplayerOptions::new()
        .register_workflow_with_factory::<ServerlessWorkflow, _>(move || ServerlessWorkflow::new(services.clone()))
        .map_err(|error| ReplayError::Internal(error.to_string()))?
        .workflow_interceptor(WorkflowInterceptorConstructor::new(move |_| Commands(commands.clone())))
        // A callback of another namespace would be refused.
        .namespace(namespace)
        .build();
    let replayer = WorkflowReplayer::new(options).map_err(|error| ReplayError::Internal(error.to_string()))?;
    let result = replayer.replay_workflow(WorkflowHistory::from(history.clone())).await;
    let record = std::mem::take(&mut *record.lock().unwrap_or_else(PoisonError::into_inner));
    let divergence = match result {
        Ok(()) => None,
        Err(WorkflowReplayError::Replay(WorkflowReplayFailure::InvalidHistory { message })) => return Err(ReplayError::Invalid(message)),
        Err(WorkflowReplayError::Replay(failure)) => Some(divergence::explain(&history, &record, &failure)),
        Err(other) => return Err(ReplayError::Internal(other.to_string())),
    };
    Ok(Replayed { record, divergence })
}

/// The start of a run of this program, where the events are those of one.
///
/// # Errors
/// As [`replay`], but for what only a replay finds.
pub fn check(history: &History) -> Result<&WorkflowExecutionStartedEventAttributes, ReplayError> {
    let first = history.events.first().ok_or(ReplayError::Empty)?;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &first.attributes else {
        return Err(ReplayError::NoBeginning(first.event_id));
    };
    let type_ = started.workflow_type.as_ref().map_or("", |type_| type_.name.as_str());
    if type_ != WORKFLOW_TYPE {
        return Err(ReplayError::OtherType(type_.to_owned()));
    }
    let gap = history.events.windows(2).find(|pair| Some(pair[1].event_id) != pair[0].event_id.checked_add(1));
    gap.map_or(Ok(started), |pair| Err(ReplayError::Gap(pair[0].event_id, pair[1].event_id)))
}

/// The input of a run.
///
/// # Errors
/// It is none of this program's.
pub fn input(started: &WorkflowExecutionStartedEventAttributes) -> Result<ChildInput, ReplayError> {
    let payload = started.input.as_ref().and_then(|input| input.payloads.first());
    let payload = payload.ok_or_else(|| ReplayError::Input("there is none".to_owned()))?;
    let data = crate::activities::payload::data_of(payload).map_err(ReplayError::Input)?;
    ChildInput::from_json(&data.to_json()).map_err(|error| ReplayError::Input(error.to_string()))
}

/// The same history for a run that had begun with another definition.
///
/// # Errors
/// As [`check`] and [`input`].
pub fn with_definition(mut history: History, text: &str) -> Result<History, ReplayError> {
    let mut input = input(check(&history)?)?;
    text.clone_into(&mut input.workflow_yaml);
    if let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) =
        history.events.first_mut().and_then(|e| e.attributes.as_mut())
        && let Some(payload) = started.input.as_mut().and_then(|input| input.payloads.first_mut())
    {
        let metadata = std::mem::take(&mut payload.metadata);
        *payload = Payload { metadata, ..input.to_payload() };
    }
    Ok(history)
}

/// The namespace that the run's callback names, or the usual one: the history does not say in which it lay.
fn namespace(history: &History) -> String {
    let callback = check(history).and_then(input).ok().and_then(|input| input.callback);
    callback.map(|address| address.namespace().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned())
}

/// What a worker gives its runs, with nobody to publish to. Times and queues are not compared by a replay.
fn services(error_host: &str, observer: Arc<Recorder>) -> WorkflowServices {
    WorkflowServices {
        plans: PlanCache::new(1),
        publisher: Arc::new(NoPublisher),
        pending_agents: Arc::new(PendingSteps::default()),
        engine: Settings { error_host: error_host.to_owned(), ..Settings::default() },
        delivery_budget: Duration::from_mins(10),
        reconcile_after: Duration::from_mins(1),
        reconcile_every: Duration::from_mins(15),
        agent_timeout: Duration::from_hours(24),
        call_timeout: Duration::from_mins(5),
        process_timeout: Duration::from_mins(10),
        foreign_timeout: Duration::from_hours(1),
        watch_queue: "workflow_runner_watch".to_owned(),
        listens_attribute: false,
        lifecycle: None,
        observer: Some(observer),
    }
}
