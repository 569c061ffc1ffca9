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
