//! Who polls the task queues of a worker, how lately, and what waits there.

use std::time::{Duration, SystemTime};

use futures::future::join_all;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{IntoRequest, Status};
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::{DescribeTaskQueueRequest, DescribeTaskQueueResponse};

use super::Site;
use super::finding::{Finding, failed, ok, warning};
use crate::cli::print;

/// A poll lasts a minute at most, so a poller that lives has polled since then.
const POLLED_WITHIN: Duration = Duration::from_secs(90);
/// A task that waits longer says that there are too few slots.
const BACKLOG_AGE_MAX: Duration = Duration::from_mins(1);
const FIX: &str = "start a worker with the settings of this command: `workflow-runner worker`";

/// A poller of a queue, as the server has last seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Poller {
    pub identity: String,
    pub seen: Option<SystemTime>,
    pub build_id: Option<String>,
}

/// What a queue is polled for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Queue {
    pub pollers: Vec<Poller>,
    pub backlog: i64,
    pub backlog_age: Duration,
}

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let Some(client) = site.client() else { return Vec::new() };
    let (worker, watch) = (&site.config.worker, &site.config.handshake.watch_queue);
    let mut wanted = vec![
        (worker.workflow_queue.as_str(), TaskQueueType::Workflow),
        (worker.workflow_queue.as_str(), TaskQueueType::Activity),
        (watch.as_str(), TaskQueueType::Activity),
    ];
    if site.config.stigmer.is_some() {
        wanted.extend([
            (worker.execution_queue.as_str(), TaskQueueType::Activity),
            (worker.validation_queue.as_str(), TaskQueueType::Activity),
        ]);
    }
    let now = (site.now)();
    let ours = site.config.worker.deployment.as_ref().map(|(_, build_id)| build_id.as_str());
    let looks = wanted.into_iter().map(|(name, kind)| async move {
        match describe(client, name, kind).await {
            Ok(queue) => judge(name, kind, &queue, now, ours),
            Err(status) => failed(
                format!("`{name}` cannot be looked at: {:?}: {}", status.code(), status.message()),
                "the key or certificate needs the permission to describe task queues",
            ),
        }
    });
    join_all(looks).await
}

/// # Errors
/// Those of the rpc.
pub(super) async fn describe(client: &Client, name: &str, kind: TaskQueueType) -> Result<Queue, Status> {
    let request = DescribeTaskQueueRequest {
        namespace: client.namespace(),
        task_queue: Some(TaskQueue { name: name.to_owned(), ..Default::default() }),
        task_queue_type: kind.into(),
        report_stats: true,
        ..Default::default()
    };
    Ok(read(WorkflowService::describe_task_queue(&mut client.clone(), request.into_request()).await?.into_inner()))
}

fn read(answer: DescribeTaskQueueResponse) -> Queue {
    let pollers = answer.pollers.into_iter().map(|poller| Poller {
        identity: poller.identity,
        seen: poller.last_access_time.and_then(|t| SystemTime::try_from(t).ok()),
        build_id: poller.deployment_options.map(|options| options.build_id).filter(|id| !id.is_empty()),
    });
    let stats = answer.stats.unwrap_or_default();
    Queue {
        pollers: pollers.collect(),
        backlog: stats.approximate_backlog_count,
        backlog_age: stats.approximate_backlog_age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default(),
    }
}

/// `ours`: the build id of this configuration, where it has one.
fn judge(name: &str, kind: TaskQueueType, queue: &Queue, now: SystemTime, ours: Option<&str>) -> Finding {
    let what = if kind == TaskQueueType::Workflow { "workflows" } else { "activities" };
    let waiting = match queue.backlog {
        0 => String::new(),
        tasks => format!(", about {tasks} tasks wait, the oldest for {} s", queue.backlog_age.as_secs()),
    };
    let Some(newest) = queue.pollers.iter().max_by_key(|poller| poller.seen) else {
        return failed(format!("nobody polls `{name}` for {what}{waiting}"), FIX);
    };
    let age = newest.seen.and_then(|seen| now.duration_since(seen).ok()).unwrap_or_default();
    let by = match &newest.build_id {
        Some(build_id) => format!("{} of build {build_id}", newest.identity),
        None => newest.identity.clone(),
    };
    let pollers = print::counted(queue.pollers.len(), "poller");
    let found = format!("`{name}` is polled for {what} by {pollers}, last {} s ago by {by}{waiting}", age.as_secs());
    if age > POLLED_WITHIN {
        return failed(format!("nobody has polled `{name}` for {what} since {} s ago ({by}){waiting}", age.as_secs()), FIX);
    }
    if let Some(ours) = ours.filter(|ours| !queue.pollers.iter().any(|poller| poller.build_id.as_deref() == Some(ours))) {
        return warning(format!("{found}; none is of build {ours}"), "start a worker of this build, or correct TEMPORAL_WORKER_BUILD_ID");
    }
    if queue.backlog_age > BACKLOG_AGE_MAX {
        return warning(found, "start more workers, or raise worker.max_concurrent_activities");
    }
    ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_queue_by_its_pollers() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        let poller = |age: u64, build_id: Option<&str>| Poller {
            identity: "1@host".to_owned(),
            seen: Some(now - Duration::from_secs(age)),
            build_id: build_id.map(str::to_owned),
        };
        let queue = |pollers: Vec<Poller>, backlog, age| Queue { pollers, backlog, backlog_age: Duration::from_secs(age) };
        for (queue, ours, level, text) in [
            (queue(vec![], 0, 0), None, Level::Failed, "nobody polls `q` for activities"),
            (queue(vec![], 3, 9), None, Level::Failed, "about 3 tasks wait, the oldest for 9 s"),
            (queue(vec![poller(120, None)], 0, 0), None, Level::Failed, "since 120 s ago (1@host)"),
            (queue(vec![poller(120, None), poller(5, None)], 0, 0), None, Level::Ok, "2 pollers, last 5 s ago by 1@host"),
            (queue(vec![poller(5, Some("b1"))], 0, 0), Some("b1"), Level::Ok, "by 1@host of build b1"),
            (queue(vec![poller(5, Some("b1"))], 0, 0), Some("b2"), Level::Warning, "none is of build b2"),
            (queue(vec![poller(5, None)], 9, 61), None, Level::Warning, "about 9 tasks wait"),
        ] {
            let finding = judge("q", TaskQueueType::Activity, &queue, now, ours);
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.found.contains(text), "{finding:?}");
            assert_eq!(finding.fix.is_some(), level != Level::Ok);
        }
    }
}
