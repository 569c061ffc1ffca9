//! Describe a workflow and find an activity in it. Row 5 decides by what is seen here, and so do the watch and the deadline.
//!
//! | seen | means |
//! |---|---|
//! | `Gone` | the server knows no such workflow |
//! | `Closed` | the run is over |
//! | `NoActivity` | the run goes on, the activity is done, timed out or was never scheduled |
//! | `Pending` | scheduled, running, waiting between attempts, or asked to cancel |

use std::time::{Duration, SystemTime};

use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient, grpc::WorkflowService};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::{PendingActivityState, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::{DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse};

use super::callback::CallbackAddress;

/// What became of an activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Gone,
    Closed(WorkflowExecutionStatus),
    NoActivity,
    Pending(Pending),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingState {
    /// Waiting for a worker, or between two attempts.
    Scheduled,
    Started,
    CancelRequested,
    /// Paused by an operator, or about to be.
    Paused,
}

/// A pending activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The attempt that runs or, in back-off, the one that comes.
    pub attempt: u32,
    /// 0: no limit.
    pub maximum_attempts: u32,
    pub state: PendingState,
    /// When an attempt last began to run.
    pub started: Option<SystemTime>,
    /// The end of its schedule-to-close timeout.
    pub expiration: Option<SystemTime>,
    /// The end of its workflow's run.
    pub run_ends: Option<SystemTime>,
}

/// One described run.
#[derive(Clone, Debug)]
pub struct Described {
    pub run_id: String,
    pub status: WorkflowExecutionStatus,
    pub closed_at: Option<SystemTime>,
    run_ends: Option<SystemTime>,
    activities: Vec<PendingActivityInfo>,
}

impl Described {
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.status, WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
    }

    /// What became of one activity of that run.
    #[must_use]
    pub fn activity(&self, activity_id: &str) -> Seen {
        if !self.is_open() {
            return Seen::Closed(self.status);
        }
        self.activities
            .iter()
            .find(|activity| activity.activity_id == activity_id)
            .map_or(Seen::NoActivity, |activity| Seen::Pending(pending(activity, self.run_ends)))
    }

    /// How an attempt of that pending activity last ended, where it did not succeed. The server keeps the first 4 KiB of it.
    #[must_use]
    pub fn last_failure(&self, activity_id: &str) -> Option<&Failure> {
        self.activities.iter().find(|activity| activity.activity_id == activity_id)?.last_failure.as_ref()
    }

    fn of(response: DescribeWorkflowExecutionResponse) -> Option<Self> {
        let info = response.workflow_execution_info?;
        let ends = response.workflow_extended_info.as_ref();
        let ends = ends.map(|e| [e.run_expiration_time, e.execution_expiration_time]);
        Some(Self {
            status: info.status(),
            closed_at: info.close_time.and_then(|t| time(t.seconds, t.nanos)),
            run_id: info.execution.map(|e| e.run_id).unwrap_or_default(),
            run_ends: ends.into_iter().flatten().flatten().filter_map(|t| time(t.seconds, t.nanos)).min(),
            activities: response.pending_activities,
        })
    }
}

/// The caller's activity.
///
/// # Errors
/// The server cannot be asked.
pub async fn look(client: &Client, address: &CallbackAddress) -> Result<Seen, Status> {
    let described = describe(client, &address.workflow_id, &address.run_id).await?;
    Ok(described.map_or(Seen::Gone, |described| described.activity(&address.activity_id)))
}

/// One run, or the latest where `run_id` is empty; none where the server knows no such run.
///
/// # Errors
/// The server cannot be asked.
pub async fn describe(client: &Client, workflow_id: &str, run_id: &str) -> Result<Option<Described>, Status> {
    match ask(client, workflow_id, run_id).await? {
        Some(response) => {
            Described::of(response).map(Some).ok_or_else(|| Status::internal("the server describes a workflow without its info"))
        }
        None => Ok(None),
    }
}

/// The server's own words about a run.
pub(super) async fn ask(client: &Client, workflow_id: &str, run_id: &str) -> Result<Option<DescribeWorkflowExecutionResponse>, Status> {
    let request = DescribeWorkflowExecutionRequest {
        namespace: client.namespace(),
        execution: Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: run_id.to_owned() }),
    };
    match WorkflowService::describe_workflow_execution(&mut client.clone(), request.into_request()).await {
        Ok(response) => Ok(Some(response.into_inner())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}

pub(super) fn pending(activity: &PendingActivityInfo, run_ends: Option<SystemTime>) -> Pending {
    let state = match activity.state() {
        PendingActivityState::CancelRequested => PendingState::CancelRequested,
        PendingActivityState::Started => PendingState::Started,
        PendingActivityState::Paused | PendingActivityState::PauseRequested => PendingState::Paused,
        PendingActivityState::Scheduled | PendingActivityState::Unspecified => PendingState::Scheduled,
    };
    Pending {
        attempt: u32::try_from(activity.attempt).unwrap_or(0),
        maximum_attempts: u32::try_from(activity.maximum_attempts).unwrap_or(0),
        state,
        started: activity.last_started_time.and_then(|t| time(t.seconds, t.nanos)),
        expiration: activity.expiration_time.and_then(|t| time(t.seconds, t.nanos)),
        run_ends,
    }
}

/// None for a time that is not set: the zero of protobuf or of the server's language.
pub(super) fn time(seconds: i64, nanos: i32) -> Option<SystemTime> {
    let seconds = u64::try_from(seconds).ok().filter(|s| *s > 0)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, u32::try_from(nanos).unwrap_or(0)))
}
