//! Heartbeats for callers that have a heartbeat timeout: their activity is pending, so nobody else beats for it. From the process that
//! ran the attempt, by that attempt's token; when this process dies the attempt times out, and the next one attaches and is kept alive
//! where it runs.
//!
//! | answer | then |
//! |---|---|
//! | ok | again after a third of the timeout |
//! | NotFound, refused | the attempt is over: forgotten |
//! | the server is away | again after a second, or sooner |

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use temporalio_client::ActivityIdentifier;
use tokio::sync::{Notify, watch};

use super::super::deliver::handle;
use super::super::rpc::{answer, once};
use super::super::token::TaskToken;
use super::Inner;
use super::verdict::Pulse;

const CONCURRENCY: usize = 16;
const RETRY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct KeepAlive {
    schedule: Mutex<Schedule>,
    changed: Notify,
}

/// By the time of the next beat; the number keeps equal times apart.
#[derive(Default)]
struct Schedule {
    beats: BTreeMap<(Instant, u64), Beat>,
    count: u64,
    /// Taken out to be beaten just now.
    under_way: usize,
}

struct Beat {
    token: TaskToken,
    every: Duration,
}

impl Schedule {
    fn put(&mut self, at: Instant, beat: Beat) {
        self.count += 1;
        self.beats.insert((at, self.count), beat);
    }

    fn take_due(&mut self, now: Instant) -> Vec<Beat> {
        let later = self.beats.split_off(&(now, u64::MAX));
        let due: Vec<Beat> = std::mem::replace(&mut self.beats, later).into_values().collect();
        self.under_way += due.len();
        due
    }

    fn next(&self) -> Option<Instant> {
        self.beats.keys().next().map(|(at, _)| *at)
    }
}

impl KeepAlive {
    pub(super) fn put(&self, token: &TaskToken, timeout: Duration) {
        self.schedule().put(Instant::now(), Beat { token: token.clone(), every: timeout / 3 });
        self.changed.notify_one();
    }

    pub(super) fn len(&self) -> usize {
        let schedule = self.schedule();
        schedule.beats.len() + schedule.under_way
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When to beat again; none: never.
fn again(pulse: Pulse, every: Duration) -> Option<Duration> {
    match pulse {
        Pulse::Alive => Some(every),
        Pulse::Unknown => Some(every.min(RETRY)),
        Pulse::Gone => None,
    }
}

/// Beats until stopped.
pub(super) async fn beat(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    let keep_alive = &inner.keep_alive;
    loop {
        let next = keep_alive.schedule().next();
        let wait = async {
            match next {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => {}
            () = keep_alive.changed.notified() => continue,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        let due = keep_alive.schedule().take_due(Instant::now());
        tokio::select! {
            () = futures::stream::iter(due).for_each_concurrent(CONCURRENCY, |beat| one(&inner, beat)) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

async fn one(inner: &Inner, beat: Beat) {
    inner.means.pace.turn().await;
    let handle = handle(&inner.means.client, ActivityIdentifier::from_task_token((&beat.token).into()));
    let pulse = Pulse::of(&answer(&handle.heartbeat(None::<()>, once()).await));
    let mut schedule = inner.keep_alive.schedule();
    schedule.under_way = schedule.under_way.saturating_sub(1);
    if let Some(after) = again(pulse, beat.every) {
        schedule.put(Instant::now() + after, beat);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_above() {
        let seconds = Duration::from_secs;
        assert_eq!(again(Pulse::Alive, seconds(10)), Some(seconds(10)));
        assert_eq!(again(Pulse::Unknown, seconds(10)), Some(seconds(1)));
        assert_eq!(again(Pulse::Unknown, Duration::from_millis(300)), Some(Duration::from_millis(300)));
        assert_eq!(again(Pulse::Gone, seconds(10)), None);
    }

    #[test]
    fn what_is_due_is_taken_once_and_in_order() {
        let mut schedule = Schedule::default();
        let start = Instant::now();
        let beat = |tag: u8| Beat { token: TaskToken::new(vec![tag]).unwrap(), every: Duration::from_secs(1) };
        let tags = |beats: Vec<Beat>| beats.iter().map(|beat| beat.token.as_bytes()[0]).collect::<Vec<_>>();
        for (tag, at) in [(3, 30), (1, 10), (2, 10)] {
            schedule.put(start + Duration::from_secs(at), beat(tag));
        }
        assert!(schedule.take_due(start).is_empty());
        assert_eq!(tags(schedule.take_due(start + Duration::from_secs(10))), [1, 2]);
        assert_eq!(schedule.next(), Some(start + Duration::from_secs(30)));
        assert_eq!(tags(schedule.take_due(start + Duration::from_secs(99))), [3]);
        assert_eq!((schedule.next(), schedule.under_way), (None, 3));
    }
}
