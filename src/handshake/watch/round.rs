//! One round over all watches: each is heartbeated, each caller's run is described once. Everything waits its turn at the pace, so a
//! round over many watches takes longer: two rpcs each at 100 a second are 200 s for 10,000, and a watch's heartbeat timeout is 300 s.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use temporalio_client::ActivityIdentifier;
use temporalio_common::data_converters::RawValue;
use tokio::sync::{OnceCell, watch};

use super::super::deliver::handle;
use super::super::look::{Described, Seen, describe};
use super::super::payload;
use super::super::rpc::{Answer, answer, once, short};
use super::entry::{Entry, RunId};
use super::verdict::{Pulse, WatchVerdict, rest};
use super::{Inner, WatchCounters, lost};

/// Rpcs under way at a time: enough to keep the pace against a slow server.
const CONCURRENCY: usize = 16;
const CONCURRENCY_IN_GROUP: usize = 8;
/// Beyond this a round comes near the heartbeat timeout of the watches, and they begin to move between workers.
const ROUND_WARN: Duration = Duration::from_secs(200);

/// Round after round, until stopped.
pub(super) async fn turn(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    loop {
        if inner.book().len() == 0 {
            tokio::select! {
                () = inner.parked.notified() => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
        }
        let began = Instant::now();
        tokio::select! {
            () = round(&inner) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        WatchCounters::add(&inner.means.counters.rounds);
        let took = began.elapsed();
        if took > ROUND_WARN {
            tracing::warn!(
                watches = inner.book().len(),
                took_seconds = took.as_secs(),
                "the watches of this process are more than its share of rpcs allows: add workers"
            );
        }
        tokio::select! {
            () = tokio::time::sleep(rest(inner.settings.interval, took)) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

async fn round(inner: &Inner) {
    let groups = inner.book().by_caller();
    futures::stream::iter(groups).for_each_concurrent(CONCURRENCY, |children| group(inner, children)).await;
}

/// The watches of one caller run. It is looked at when the first of them is found alive, and then not again.
async fn group(inner: &Inner, children: Vec<RunId>) {
    let caller = &OnceCell::new();
    futures::stream::iter(children)
        .for_each_concurrent(CONCURRENCY_IN_GROUP, async |child| {
            let Some(entry) = inner.book().get(child) else { return };
            inner.means.pace.turn().await;
            match heartbeat(inner, &entry).await {
                Pulse::Unknown => {}
                Pulse::Gone => lost::examine(inner, &entry).await,
                Pulse::Alive => {
                    let Looked::Known(run) = caller.get_or_init(|| look_once(inner, &entry)).await else { return };
                    let seen = run.as_ref().map_or(Seen::Gone, |run| run.activity(&entry.activity_id));
                    if let Some(verdict) = WatchVerdict::of(&seen) {
                        finish(inner, &entry, verdict).await;
                    }
                }
            }
        })
        .await;
}

async fn heartbeat(inner: &Inner, entry: &Entry) -> Pulse {
    let handle = handle(&inner.means.client, ActivityIdentifier::from_task_token((&entry.own_token).into()));
    Pulse::of(&answer(&handle.heartbeat(None::<()>, once()).await))
}

enum Looked {
    /// None: there is no such run.
    Known(Option<Described>),
    /// The server cannot be asked; the next round asks again.
    Unknown,
}

async fn look_once(inner: &Inner, entry: &Entry) -> Looked {
    inner.means.pace.turn().await;
    match describe(&inner.means.client, &entry.caller_id, &entry.caller_run.to_text()).await {
        Ok(described) => Looked::Known(described),
        Err(e) => {
            tracing::debug!(workflow_id = &*entry.caller_id, error = short(&e), "cannot look at a caller; next round");
            Looked::Unknown
        }
    }
}

/// Completes the watch, which wakes the child. The entry stays until that has worked: a child that has died meanwhile is found next round.
async fn finish(inner: &Inner, entry: &Entry, verdict: WatchVerdict) {
    inner.means.pace.turn().await;
    let handle = handle(&inner.means.client, ActivityIdentifier::from_task_token((&entry.own_token).into()));
    let result = RawValue::new(vec![payload::json(&verdict.as_str())]);
    if answer(&handle.complete(Some(result), once()).await) != Answer::Done {
        return;
    }
    let counters = &inner.means.counters;
    WatchCounters::add(match verdict {
        WatchVerdict::CancelRequested => &counters.cancels_passed_on,
        WatchVerdict::CallerGone | WatchVerdict::ActivityGone => &counters.callers_gone,
    });
    tracing::info!(
        child_workflow_id = &*entry.child_id,
        workflow_id = &*entry.caller_id,
        run_id = entry.caller_run.to_text(),
        activity_id = &*entry.activity_id,
        verdict = verdict.as_str(),
        "the watch has told its child"
    );
    inner.book().take(entry);
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::SystemTime;

    use futures::FutureExt;
    use futures::future::BoxFuture;
    use temporalio_client::tonic::Status;
    use temporalio_common::protos::temporal::api::workflowservice::v1::RespondActivityTaskCompletedRequest;
    use tokio::sync::Notify;

    use super::super::super::callback::tests::callback;
    use super::super::super::fake::{self, Asked, caller_at, ok};
    use super::super::super::pace::Pace;
    use super::super::super::token::TaskToken;
    use super::super::entry::Book;
    use super::super::keep_alive::KeepAlive;
    use super::super::{DeadChild, Means, StatusGuard, WheelSettings};
    use super::*;

    struct NoStatus;

    impl StatusGuard for NoStatus {
        fn settle<'a>(&'a self, _: &'a DeadChild) -> BoxFuture<'a, Result<(), String>> {
            std::future::ready(Ok(())).boxed()
        }
    }

    /// A wheel with `watches` watches of one caller, before its first round.
    async fn wheel(watches: u8, answer: impl Fn(usize, &str) -> Result<Vec<u8>, Status> + Send + Sync + 'static) -> (Inner, Asked) {
        let (client, asked) = fake::client(answer).await;
        let mut book = Book::default();
        for n in 0..watches {
            let mut watch = callback(1);
            watch.token = TaskToken::new(vec![n + 1; 100]).unwrap();
            watch.address.workflow_id = format!("workflow-exec-{n}");
            watch.address.run_id = format!("0198c0de-0000-7000-8000-0000000001{n:02x}");
            book.put(Entry::new(watch, SystemTime::now(), &callback(2)).unwrap());
        }
        let means = Means {
            client,
            pace: Arc::new(Pace::per_second(10_000)),
            guard: Arc::new(NoStatus),
            guard_patience: Duration::ZERO,
            counters: Arc::default(),
        };
        let settings = WheelSettings::default();
        (Inner { means, settings, book: Mutex::new(book), keep_alive: KeepAlive::default(), parked: Notify::new() }, asked)
    }

    fn count(asked: &Asked, rpc: &str) -> usize {
        asked.names().iter().filter(|name| *name == rpc).count()
    }

    #[tokio::test]
    async fn a_caller_is_looked_at_once_for_all_its_watches() {
        let (inner, asked) = wheel(5, |_, rpc| if rpc == "DescribeWorkflowExecution" { ok(&caller_at(Some(2))) } else { Ok(vec![]) }).await;
        round(&inner).await;
        assert_eq!((count(&asked, "RecordActivityTaskHeartbeat"), count(&asked, "DescribeWorkflowExecution")), (5, 1));
        assert_eq!((asked.names().len(), inner.book().len()), (6, 5));
    }

    #[tokio::test]
    async fn each_child_of_a_lost_caller_is_told_and_forgotten() {
        let (inner, asked) = wheel(3, |_, rpc| match rpc {
            "DescribeWorkflowExecution" => Err(Status::not_found("no such workflow")),
            _ => Ok(vec![]),
        })
        .await;
        round(&inner).await;
        let told: Vec<RespondActivityTaskCompletedRequest> = asked.requests("RespondActivityTaskCompleted");
        assert_eq!(told.len(), 3);
        assert!(told.iter().all(|watch| watch.result.as_ref().unwrap().payloads[0].data == br#""caller_gone""#));
        assert_eq!(inner.book().len(), 0);
    }

    #[tokio::test]
    async fn nothing_is_concluded_while_the_server_is_away() {
        let (inner, asked) = wheel(3, |_, _| Err(Status::unavailable("away"))).await;
        round(&inner).await;
        assert_eq!((count(&asked, "RecordActivityTaskHeartbeat"), asked.names().len()), (3, 3));
        assert_eq!(inner.book().len(), 3);

        let (inner, _) = wheel(2, |_, rpc| match rpc {
            "DescribeWorkflowExecution" => Err(Status::permission_denied("not now")),
            _ => Ok(vec![]),
        })
        .await;
        round(&inner).await;
        assert_eq!(inner.book().len(), 2, "alive, but the caller could not be looked at");
    }

    #[tokio::test]
    async fn a_watch_that_cannot_be_completed_is_kept() {
        let (inner, _) = wheel(1, |_, rpc| match rpc {
            "DescribeWorkflowExecution" => ok(&caller_at(None)),
            "RespondActivityTaskCompleted" => Err(Status::not_found("gone in between")),
            _ => Ok(vec![]),
        })
        .await;
        round(&inner).await;
        assert_eq!(inner.book().len(), 1);
    }

    #[tokio::test]
    async fn a_watch_that_has_moved_is_forgotten_without_a_word() {
        let (inner, asked) = wheel(1, |_, rpc| match rpc {
            "RecordActivityTaskHeartbeat" => Err(Status::not_found("workflow execution already completed")),
            "DescribeWorkflowExecution" => ok(&caller_at(None)), // the child's latest run is open
            other => panic!("{other}"),
        })
        .await;
        round(&inner).await;
        assert_eq!((inner.book().len(), asked.names().len()), (0, 2));
    }
}
