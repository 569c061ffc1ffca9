//! This machine's clock against the server's.
//!
//! No rpc of Temporal tells the time, but a poller is listed with the moment of its last poll, by the server's clock. So the doctor polls a queue of
//! its own, on which there is never anything, and looks itself up. The moment lies between its poll and the look, so the difference is known within
//! that span.

use std::time::{Duration, SystemTime};

use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::PollActivityTaskQueueRequest;

use super::finding::{Finding, Level, at, ok, skipped};
use super::{Site, queues};

const QUEUE: &str = "workflow-runner-doctor";
/// Timestamps in logs and pages do not fit together any more.
const WARNING: Duration = Duration::from_secs(2);
/// The grace that a child's time limit has: beyond it children outlive their callers, or end before them.
const FAILURE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// In this span, ours − the server's lies. Seconds, since either may be ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Difference {
    least: f64,
    most: f64,
}

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let Some(client) = site.client() else { return Vec::new() };
    vec![match measure(client, site.now).await {
        Ok(difference) => judge(difference),
        Err(why) => skipped(format!("the server's time is not known: {why}")),
    }]
}

async fn measure(client: &Client, now: fn() -> SystemTime) -> Result<Difference, String> {
    let began = now();
    let since_epoch = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let identity = format!("doctor-{}-{}", std::process::id(), since_epoch.as_nanos());
    let request = PollActivityTaskQueueRequest {
        namespace: client.namespace(),
        task_queue: Some(TaskQueue { name: QUEUE.to_owned(), ..Default::default() }),
        identity: identity.clone(),
        ..Default::default()
    };
    let mut poller = client.clone();
    let poll = WorkflowService::poll_activity_task_queue(&mut poller, request.into_request());
    let seen = async {
        loop {
            let queue = queues::describe(client, QUEUE, TaskQueueType::Activity).await.map_err(|e| e.message().to_owned())?;
            if let Some(server) = queue.pollers.iter().find(|poller| poller.identity == identity).and_then(|poller| poller.seen) {
                return Ok(between(began, now(), server));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        seen = seen => seen,
        // Only a poll that is refused ends before it is looked up.
        ended = poll => Err(ended.map_or_else(|e| format!("{:?}: {}", e.code(), e.message()), |_| "the poll has ended at once".to_owned())),
    }
}

/// `server` was read by the server's clock between two moments of ours.
fn between(began: SystemTime, ended: SystemTime, server: SystemTime) -> Difference {
    Difference { least: seconds_from(server, began), most: seconds_from(server, ended) }
}

/// `to` − `from`.
fn seconds_from(from: SystemTime, to: SystemTime) -> f64 {
    match to.duration_since(from) {
        Ok(later) => later.as_secs_f64(),
        Err(earlier) => -earlier.duration().as_secs_f64(),
    }
}

fn judge(difference: Difference) -> Finding {
    let Difference { least, most } = difference;
    // What may be the delay of the network is none of the clock.
    let sure = if least > 0.0 {
        least
    } else if most < 0.0 {
        -most
    } else {
        0.0
    };
    let level = if sure >= FAILURE.as_secs_f64() {
        Level::Failed
    } else if sure >= WARNING.as_secs_f64() {
        Level::Warning
    } else {
        return ok(format!("this machine's clock agrees with the server's, within {:.1} s", least.abs().max(most.abs()).max(0.1)));
    };
    let which = if least > 0.0 { "ahead of" } else { "behind" };
    let found = format!("this machine's clock is {sure:.1} s {which} the server's");
    at(level, found, "let both machines take their time from NTP (`timedatectl status` says whether this one does)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_differs_is_told_by_how_much_it_surely_does() {
        let server = SystemTime::UNIX_EPOCH + Duration::from_hours(1000);
        let shifted = |seconds: f64| {
            let by = Duration::from_secs_f64(seconds.abs());
            let began = if seconds < 0.0 { server - by } else { server + by };
            judge(between(began, began + Duration::from_millis(200), server))
        };
        for (seconds, level, text) in [
            (-0.1, Level::Ok, "within 0.1 s"),
            (0.0, Level::Ok, "within 0.2 s"),
            (1.5, Level::Ok, "within 1.7 s"),
            (5.0, Level::Warning, "5.0 s ahead of"),
            (-5.0, Level::Warning, "4.8 s behind"),
            (90.0, Level::Failed, "90.0 s ahead of"),
            (-90.0, Level::Failed, "89.8 s behind"),
        ] {
            let finding = shifted(seconds);
            assert!(finding.level == level && finding.found.contains(text), "{seconds}: {finding:?}");
            assert_eq!(finding.fix.is_some_and(|fix| fix.contains("NTP")), level != Level::Ok);
        }
    }
}
