//! All pending handshakes of a namespace. Visibility cannot be asked for pending activities, so each open workflow is described once.
//!
//! | rpc | how often |
//! |---|---|
//! | list open workflows | once for each page of 200 |
//! | describe | once for each of them, at most [`SCAN_MAX`] |
//! | history | for those that wait: one for each 1,000 events |

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use jiff::Timestamp;
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient, grpc::WorkflowService};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionResponse, GetWorkflowExecutionHistoryRequest, ListWorkflowExecutionsRequest,
};

use super::super::look::{ask, time};
use super::super::pace::Pace;
use super::super::payload;
use super::step::{Caller, Kind, Scheduled, Step};

/// Open workflows that one scan looks at: some minutes at 100 rpc/s.
pub const SCAN_MAX: usize = 20_000;
const PAGE_SIZE: i32 = 200;
const EVENTS_A_PAGE: i32 = 1_000;
/// More than the longest history that the server allows.
const HISTORY_PAGES_MAX: usize = 60;
/// Descriptions under way at a time; the pace limits how many there are in a second.
const AT_A_TIME: usize = 8;

/// Which activities are handshakes, by their type.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a>(pub &'a [(&'a str, Kind)]);

impl Wanted<'_> {
    fn kind(&self, activity: &PendingActivityInfo) -> Option<Kind> {
        let name = &activity.activity_type.as_ref()?.name;
        self.0.iter().find(|(wanted, _)| wanted == name).map(|(_, kind)| *kind)
    }
}

/// What a scan has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    pub workflows: usize,
    /// False where there were more open workflows than one scan looks at.
    pub complete: bool,
}

/// Gives each pending handshake of the namespace to `found`, in no order. `started_before`: only of workflows that began before that.
///
/// # Errors
/// The server cannot be asked. A workflow that closes meanwhile is none.
pub async fn scan(
    client: &Client,
    pace: &Pace,
    wanted: Wanted<'_>,
    started_before: Option<SystemTime>,
    mut found: impl FnMut(Step),
) -> Result<Scanned, Status> {
    let query = query(started_before);
    let mut scanned = Scanned::default();
    let mut next_page_token = vec![];
    loop {
        pace.turn().await;
        let request =
            ListWorkflowExecutionsRequest { namespace: client.namespace(), page_size: PAGE_SIZE, next_page_token, query: query.clone() };
        let listed = WorkflowService::list_workflow_executions(&mut client.clone(), request.into_request()).await?.into_inner();
        let runs: Vec<WorkflowExecution> = listed.executions.into_iter().filter_map(|info| info.execution).collect();
        scanned.workflows += runs.len();
        let looks = runs.into_iter().map(|run| async move { of_workflow(client, pace, wanted, &run.workflow_id, &run.run_id).await });
        let mut looks = futures::stream::iter(looks).buffer_unordered(AT_A_TIME);
        while let Some(steps) = looks.next().await {
            steps?.unwrap_or_default().into_iter().for_each(&mut found);
        }
        next_page_token = listed.next_page_token;
        if next_page_token.is_empty() {
            return Ok(Scanned { complete: true, ..scanned });
        }
        if scanned.workflows >= SCAN_MAX {
            return Ok(scanned);
        }
    }
}

fn query(started_before: Option<SystemTime>) -> String {
    let open = "ExecutionStatus = 'Running'";
    match started_before.and_then(|t| Timestamp::try_from(t).ok()) {
        Some(before) => format!("{open} AND StartTime < '{before}'"),
        None => open.to_owned(),
    }
}

/// The pending handshakes of one run, the latest where `run_id` is empty; none where there is no such run. A closed run waits for nothing.
///
/// # Errors
/// The server cannot be asked.
pub async fn of_workflow(
    client: &Client,
    pace: &Pace,
    wanted: Wanted<'_>,
    workflow_id: &str,
    run_id: &str,
) -> Result<Option<Vec<Step>>, Status> {
    pace.turn().await;
    let Some(described) = ask(client, workflow_id, run_id).await? else { return Ok(None) };
    let open = described
        .workflow_execution_info
        .as_ref()
        .is_some_and(|info| matches!(info.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused));
    if !open {
        return Ok(Some(Vec::new())); // the server goes on listing what was pending when the run was closed
    }
    let caller = caller(workflow_id, &described);
    let waiting: Vec<(Kind, &PendingActivityInfo)> =
        described.pending_activities.iter().filter_map(|activity| Some((wanted.kind(activity)?, activity))).collect();
    if waiting.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let ids: Vec<&str> = waiting.iter().map(|(_, activity)| activity.activity_id.as_str()).collect();
    let scheduled = scheduled(client, pace, &caller, &ids).await?;
    let steps = waiting.into_iter().map(|(kind, activity)| Step::of(kind, &caller, activity, scheduled.get(&activity.activity_id)));
    Ok(Some(steps.collect()))
}

fn caller(workflow_id: &str, described: &DescribeWorkflowExecutionResponse) -> Caller {
    let info = described.workflow_execution_info.as_ref();
    let ends = described.workflow_extended_info.as_ref().map(|e| [e.run_expiration_time, e.execution_expiration_time]);
    Caller {
        workflow_id: workflow_id.to_owned(),
        run_id: info.and_then(|i| i.execution.as_ref()).map(|e| e.run_id.clone()).unwrap_or_default(),
        workflow_type: info.and_then(|i| i.r#type.as_ref()).map(|t| t.name.clone()).unwrap_or_default(),
        run_ends: ends.into_iter().flatten().flatten().filter_map(|t| time(t.seconds, t.nanos)).min(),
    }
}

/// The events that scheduled these activities. An id may have been used before: the last event is the one that is pending.
async fn scheduled(client: &Client, pace: &Pace, caller: &Caller, ids: &[&str]) -> Result<HashMap<String, Scheduled>, Status> {
    let mut found = HashMap::new();
    let mut history = History::of(client, pace, &caller.workflow_id, &caller.run_id);
    while let Some(events) = history.next_page().await? {
        for event in events {
            let Some(Attributes::ActivityTaskScheduledEventAttributes(a)) = event.attributes else { continue };
            if !ids.contains(&a.activity_id.as_str()) {
                continue;
            }
            let input = payload::decode(client, a.input).await?.and_then(|input| input.payloads.into_iter().next());
            let limit = a.start_to_close_timeout.and_then(|t| Duration::try_from(t).ok()).filter(|limit| !limit.is_zero());
            let at = event.event_time.and_then(|t| time(t.seconds, t.nanos));
            found.insert(a.activity_id, Scheduled { at, start_to_close: limit, input });
        }
    }
    Ok(found)
}

/// The pages of a run's history, from its beginning. One that is deleted meanwhile just ends.
pub(super) struct History<'a> {
    client: &'a Client,
    pace: &'a Pace,
    run: WorkflowExecution,
    /// None: the last page has been read.
    next: Option<Vec<u8>>,
    pages: usize,
}

impl<'a> History<'a> {
    pub fn of(client: &'a Client, pace: &'a Pace, workflow_id: &str, run_id: &str) -> Self {
        let run = WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: run_id.to_owned() };
        Self { client, pace, run, next: Some(Vec::new()), pages: 0 }
    }

    pub async fn next_page(&mut self) -> Result<Option<Vec<HistoryEvent>>, Status> {
        let Some(next_page_token) = self.next.take().filter(|_| self.pages < HISTORY_PAGES_MAX) else { return Ok(None) };
        self.pages += 1;
        self.pace.turn().await;
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: self.client.namespace(),
            execution: Some(self.run.clone()),
            maximum_page_size: EVENTS_A_PAGE,
            next_page_token,
            ..Default::default()
        };
        let page = match WorkflowService::get_workflow_execution_history(&mut self.client.clone(), request.into_request()).await {
            Ok(response) => response.into_inner(),
            Err(status) if status.code() == Code::NotFound => return Ok(None),
            Err(status) => return Err(status),
        };
        self.next = Some(page.next_page_token).filter(|token| !token.is_empty());
        Ok(Some(page.history.unwrap_or_default().events))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_narrows_what_is_listed() {
        assert_eq!(query(None), "ExecutionStatus = 'Running'");
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        assert_eq!(query(Some(at)), "ExecutionStatus = 'Running' AND StartTime < '2001-09-09T01:46:40Z'");
    }
}
