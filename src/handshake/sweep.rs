//! The sweep: row 16 for the children that no watch could see (dead before their first workflow task, or while the holder of their watch was
//! dead). At the start and every few minutes, visibility lists the children that closed lately and badly.
//!
//! | a listed run | then |
//! |---|---|
//! | its close says delivered, or it is none of ours (no callback) | nothing |
//! | it is not the latest run of its id | nothing: a retry of a failed child is healthy |
//! | else | as `watch::lost` says, for the caller of its first event; by id that covers later attempts too |
//!
//! It looks back to its last look and a little more, since visibility lags; at the start, and after a look in which something could not be
//! settled, further. A second telling finds the caller gone: harmless.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{NamespacedClient, grpc::WorkflowService};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::{GetWorkflowExecutionHistoryRequest, ListWorkflowExecutionsRequest};
use tokio::sync::watch;

use super::callback::Callback;
use super::child::{ChildInput, WORKFLOW_TYPE};
use super::closed::{self, Close};
use super::look::describe;
use super::payload;
use super::rpc::short;
use super::watch::{Buried, DeadChild, Means, Running, WatchCounters, bury};

const PAGE_SIZE: i32 = 200;
/// Visibility may show a closed run this late.
const LAG: Duration = Duration::from_mins(2);
/// At the start, and at most.
const LOOK_BACK_MAX: Duration = Duration::from_hours(24);

#[derive(Clone, Copy, Debug)]
pub struct SweepSettings {
    /// From the end of one look to the next, give or take a fifth.
    pub every: Duration,
}

impl Default for SweepSettings {
    fn default() -> Self {
        Self { every: Duration::from_mins(5) }
    }
}

/// Looks for dead children.
pub struct Sweep;

impl Sweep {
    /// Looks at once and then every few minutes, on the current runtime.
    #[must_use]
    pub fn start(means: Means, settings: SweepSettings) -> Running {
        let (stop, stopped) = watch::channel(false);
        Running::new(stop, vec![tokio::spawn(run(means, settings, stopped))])
    }
}

async fn run(means: Means, settings: SweepSettings, mut stopped: watch::Receiver<bool>) {
    let mut since = SystemTime::now() - LOOK_BACK_MAX;
    loop {
        let began = SystemTime::now();
        tokio::select! {
            settled = look(&means, since) => since = next_since(began, since, settled),
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        WatchCounters::add(&means.counters.sweeps);
        tokio::select! {
            () = tokio::time::sleep(jittered(settings.every, RandomState::new().build_hasher().finish())) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// From where the next look starts.
fn next_since(began: SystemTime, since: SystemTime, settled: bool) -> SystemTime {
    if settled { began - LAG } else { since.max(began - LOOK_BACK_MAX) }
}

/// Between four and six fifths: workers that start together do not look together.
fn jittered(every: Duration, random: u64) -> Duration {
    let permille = 800 + u32::try_from(random % 401).unwrap_or(0);
    every * permille / 1000
}

fn query(since: SystemTime) -> String {
    let since = Timestamp::try_from(since).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("WorkflowType='{WORKFLOW_TYPE}' AND ExecutionStatus IN ('Terminated','TimedOut','Failed','Canceled') AND CloseTime > '{since}'")
}

/// One look. True when nothing was left unsettled.
async fn look(means: &Means, since: SystemTime) -> bool {
    let mut settled = true;
    let mut next_page_token = vec![];
    loop {
        means.pace.turn().await;
        let request = ListWorkflowExecutionsRequest {
            namespace: means.client.namespace(),
            page_size: PAGE_SIZE,
            next_page_token,
            query: query(since),
        };
        let page = match WorkflowService::list_workflow_executions(&mut means.client.clone(), request.into_request()).await {
            Ok(response) => response.into_inner(),
            Err(e) => {
                tracing::warn!(error = short(&e), "the sweep cannot list children; next time");
                return false;
            }
        };
        for run in page.executions.into_iter().filter_map(|info| info.execution) {
            settled &= examine(means, &run).await;
        }
        next_page_token = page.next_page_token;
        if next_page_token.is_empty() {
            return settled;
        }
    }
}

/// One closed run. False: try again at the next look.
async fn examine(means: &Means, run: &WorkflowExecution) -> bool {
    match dead_child(means, run).await {
        Ok(None) => true,
        Ok(Some((child, caller))) => bury(means, &child, &caller).await == Buried::Done,
        Err(e) => {
            tracing::warn!(child_workflow_id = run.workflow_id, error = short(&e), "the sweep cannot look at a child; next time");
            false
        }
    }
}

async fn dead_child(means: &Means, run: &WorkflowExecution) -> Result<Option<(DeadChild, Callback)>, Status> {
    let client = &means.client;
    means.pace.turn().await;
    let close = closed::read(client, &run.workflow_id, &run.run_id).await?;
    if close == Close::Gone || close.untold().is_none() {
        return Ok(None);
    }
    means.pace.turn().await;
    let Some(caller) = first_callback(means, run).await? else { return Ok(None) };
    means.pace.turn().await;
    // Last, so that a run that has been started again is seen.
    let latest = describe(client, &run.workflow_id, "").await?.filter(|latest| latest.run_id == run.run_id);
    Ok(latest.and_then(|latest| DeadChild::of(&run.workflow_id, &run.run_id, &close, latest.closed_at)).map(|child| (child, caller)))
}

/// The callback in a run's input.
async fn first_callback(means: &Means, run: &WorkflowExecution) -> Result<Option<Callback>, Status> {
    let client = &means.client;
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: client.namespace(),
        execution: Some(run.clone()),
        maximum_page_size: 1,
        ..Default::default()
    };
    let history = match WorkflowService::get_workflow_execution_history(&mut client.clone(), request.into_request()).await {
        Ok(response) => response.into_inner().history.unwrap_or_default(),
        Err(status) if status.code() == Code::NotFound => return Ok(None),
        Err(status) => return Err(status),
    };
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = history.events.into_iter().next().and_then(|e| e.attributes)
    else {
        return Ok(None);
    };
    let input = payload::decode(client, started.input).await?;
    let input = input.as_ref().and_then(|input| ChildInput::from_payload(input.payloads.first()?).ok());
    // A callback that cannot be read has failed its child with that; nobody can be told.
    Ok(input.and_then(|input| input.callback(&client.namespace()).ok().flatten()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_children_that_closed_badly_since() {
        let query = query(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        assert!(query.ends_with("AND CloseTime > '2023-11-14T22:13:20Z'"), "{query}");
        assert!(query.starts_with("WorkflowType='ExecuteServerlessWorkflow' AND ExecutionStatus IN ("), "{query}");
    }

    #[test]
    fn looks_back_to_its_last_look_unless_something_is_left() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000_000);
        let hour = Duration::from_hours(1);
        assert_eq!(next_since(now, now - hour, true), now - LAG);
        assert_eq!(next_since(now, now - hour, false), now - hour);
        assert_eq!(next_since(now, now - hour * 48, false), now - LOOK_BACK_MAX);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        let every = Duration::from_mins(5);
        assert_eq!(jittered(every, 0), Duration::from_mins(4));
        assert_eq!(jittered(every, 400), Duration::from_mins(6));
        assert!((0..10_000).map(|n| jittered(every, n * 7919)).all(|d| d.abs_diff(every) <= every / 5));
    }
}
