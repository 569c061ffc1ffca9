//! The child of a handshake, as far as an operator has to know it.

use std::time::SystemTime;

use temporalio_client::Client;
use temporalio_client::NamespacedClient;
use temporalio_client::tonic::Status;
use temporalio_common::protos::temporal::api::enums::v1::{PendingActivityState, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse;

use super::super::callback::Callback;
use super::super::child::{CALLBACK_SIGNAL, ChildInput};
use super::super::look::{ask, time};
use super::super::pace::Pace;
use super::super::payload;
use super::scan::History;

/// What is known of a child's watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchSeen {
    /// It needs none yet: no worker has taken the run up, or it is at work just now.
    NotYet,
    Missing,
    /// Scheduled, and no worker has it.
    Waiting,
    /// A worker holds it.
    Held,
}

/// A run that another workflow's activity waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Callee {
    pub workflow_id: String,
    pub run_id: String,
    pub workflow_type: String,
    pub status: WorkflowExecutionStatus,
    pub started_at: Option<SystemTime>,
    pub closed_at: Option<SystemTime>,
    pub watch: WatchSeen,
    pub watch_heartbeat: Option<SystemTime>,
    /// No worker has done anything for it.
    pub untouched: bool,
    /// Types and ids of the activities that it waits for, its watch left out.
    pub waits_for: Vec<(String, String)>,
}

impl Callee {
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.status, WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
    }
}

/// The latest run of a workflow id; none where the server knows of none. `watch_type` is the type of a watch's activity.
///
/// # Errors
/// The server cannot be asked.
pub async fn callee(client: &Client, pace: &Pace, workflow_id: &str, watch_type: &str) -> Result<Option<Callee>, Status> {
    callee_of_run(client, pace, workflow_id, "", watch_type).await
}

/// The same of one run.
///
/// # Errors
/// The server cannot be asked.
pub async fn callee_of_run(
    client: &Client,
    pace: &Pace,
    workflow_id: &str,
    run_id: &str,
    watch_type: &str,
) -> Result<Option<Callee>, Status> {
    pace.turn().await;
    Ok(ask(client, workflow_id, run_id).await?.and_then(|described| of(&described, watch_type)))
}

fn of(described: &DescribeWorkflowExecutionResponse, watch_type: &str) -> Option<Callee> {
    let info = described.workflow_execution_info.as_ref()?;
    let execution = info.execution.clone()?;
    let type_of = |a: &temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo| {
        a.activity_type.as_ref().map(|t| t.name.clone()).unwrap_or_default()
    };
    let open = matches!(info.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused);
    // The server goes on listing what was pending when a run was closed.
    let (watches, others): (Vec<_>, Vec<_>) = described.pending_activities.iter().filter(|_| open).partition(|a| type_of(a) == watch_type);
    // The first event, and the workflow task that nobody has taken.
    let untouched = info.history_length <= 2;
    let watch = match watches.first() {
        Some(watch) if watch.state() == PendingActivityState::Scheduled => WatchSeen::Waiting,
        Some(_) => WatchSeen::Held,
        None if !open || untouched || described.pending_workflow_task.is_some() => WatchSeen::NotYet,
        None => WatchSeen::Missing,
    };
    Some(Callee {
        status: info.status(),
        workflow_type: info.r#type.as_ref().map(|t| t.name.clone()).unwrap_or_default(),
        started_at: info.start_time.and_then(|t| time(t.seconds, t.nanos)),
        closed_at: info.close_time.and_then(|t| time(t.seconds, t.nanos)),
        workflow_id: execution.workflow_id,
        run_id: execution.run_id,
        watch,
        watch_heartbeat: watches.first().and_then(|w| w.last_heartbeat_time).and_then(|t| time(t.seconds, t.nanos)),
        untouched,
        waits_for: others.into_iter().map(|a| (type_of(a), a.activity_id.clone())).collect(),
    })
}

/// The newest callback of a run: that of its input, or of the last signal that brought one (row 2). None where nobody waits for it.
///
/// # Errors
/// The server cannot be asked.
pub async fn newest_callback(client: &Client, pace: &Pace, workflow_id: &str, run_id: &str) -> Result<Option<Callback>, Status> {
    let namespace = client.namespace();
    let mut newest = None;
    let mut history = History::of(client, pace, workflow_id, run_id);
    while let Some(events) = history.next_page().await? {
        for event in events {
            match event.attributes {
                Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                    let input = payload::decode(client, started.input).await?;
                    let input = input.as_ref().and_then(|input| ChildInput::from_payload(input.payloads.first()?).ok());
                    newest = input.and_then(|input| input.callback(&namespace).ok().flatten());
                }
                Some(Attributes::WorkflowExecutionSignaledEventAttributes(signal)) if signal.signal_name == CALLBACK_SIGNAL => {
                    let argument = payload::decode(client, signal.input).await?;
                    let argument = argument.as_ref().and_then(|a| serde_json::from_slice(&a.payloads.first()?.data).ok());
                    // One that cannot be read is not minded by the run either.
                    newest = argument.and_then(|argument| Callback::from_signal(&argument, &namespace).ok()).or(newest);
                }
                _ => {}
            }
        }
    }
    Ok(newest)
}
