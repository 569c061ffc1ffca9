//! The watch: whoever waits for a child learns of its death, and a child learns that nobody waits any more. Rows 8, 9, 16 and 20.
//!
//! The activity `WatchCaller` parks itself here and returns pending: it holds no slot, only an entry of some 600 bytes. Round after
//! round the wheel heartbeats each watch by its own token and describes each caller's run once, however many watches it has.
//!
//! | own heartbeat | caller | then |
//! |---|---|---|
//! | alive | workflow gone or closed | watch completed: `caller_gone` (row 9) |
//! | alive | activity not pending | watch completed: `activity_gone` (row 9) |
//! | alive | cancel requested | watch completed: `cancel_requested` (row 8) |
//! | alive | pending | next round |
//! | NotFound | not asked | the child has ended, or only moved on: see `lost` (row 16) |
//! | the server is away | not asked | next round |
//!
//! | file | what |
//! |---|---|
//! | `entry` | a parked watch, compact, and the book of them |
//! | `verdict` | what a round decides; the words that reach the child |
//! | `round` | one round over all watches |
//! | `lost` | a child that died without a word; used by the sweep too |
//! | `keep_alive` | heartbeats for callers that have a heartbeat timeout |
//! | `hand_over` | giving the watches back when the process leaves |

mod entry;
mod hand_over;
mod keep_alive;
mod lost;
mod round;
mod verdict;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use temporalio_client::Client;
use temporalio_sdk::activities::ActivityInfo;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::callback::{Callback, Reply};
use super::pace::Pace;
use entry::{Book, Entry};
use keep_alive::KeepAlive;

pub use entry::ParkError;
pub(super) use lost::{Buried, bury};
pub use lost::{DeadChild, DeadPhase, StatusGuard};
pub use verdict::WatchVerdict;

#[derive(Clone, Copy, Debug)]
pub struct WheelSettings {
    /// A round begins this long after the one before, or later when that one took longer.
    pub interval: Duration,
}

impl Default for WheelSettings {
    fn default() -> Self {
        Self { interval: Duration::from_secs(10) }
    }
}

/// What the watches and the sweep of this process have seen and done since it started.
#[derive(Debug, Default)]
pub struct WatchCounters {
    /// Children that were told that their caller, or its activity, is gone.
    pub callers_gone: AtomicU64,
    /// Children that were told that their caller asks them to cancel.
    pub cancels_passed_on: AtomicU64,
    /// Callers that were failed because their child had died without a word.
    pub callers_failed: AtomicU64,
    /// Tries to fail such a caller that came to nothing.
    pub delivery_errors: AtomicU64,
    /// Rounds of the wheel, and looks of the sweep.
    pub rounds: AtomicU64,
    pub sweeps: AtomicU64,
}

impl WatchCounters {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What watches and sweep share.
#[derive(Clone)]
pub struct Means {
    pub client: Client,
    pub pace: Arc<Pace>,
    pub guard: Arc<dyn StatusGuard>,
    /// So long after the death of a child its caller waits for the status to be settled first; then it is told anyway.
    pub guard_patience: Duration,
    pub counters: Arc<WatchCounters>,
}

/// All watches of a process. Cheap to clone.
#[derive(Clone)]
pub struct Wheel(Arc<Inner>);

struct Inner {
    means: Means,
    settings: WheelSettings,
    book: Mutex<Book>,
    keep_alive: KeepAlive,
    parked: Notify,
}

/// Ends what it was given for when it is stopped; dropping it ends it too, without waiting.
pub struct Running {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    pub(super) fn new(stop: watch::Sender<bool>, tasks: Vec<JoinHandle<()>>) -> Self {
        Self { stop, tasks }
    }

    /// Waits until what is under way has ended: a few rpcs.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            // A task that panicked has logged it.
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl Wheel {
    /// Starts to turn on the current runtime.
    #[must_use]
    pub fn start(means: Means, settings: WheelSettings) -> (Self, Running) {
        let wheel =
            Self(Arc::new(Inner { means, settings, book: Mutex::default(), keep_alive: KeepAlive::default(), parked: Notify::new() }));
        let (stop, stopped) = watch::channel(false);
        let tasks =
            vec![tokio::spawn(round::turn(wheel.0.clone(), stopped.clone())), tokio::spawn(keep_alive::beat(wheel.0.clone(), stopped))];
        (wheel, Running::new(stop, tasks))
    }

    /// Takes over the watch that `info` is an attempt of. Nothing else is to be done for it: its activity returns pending.
    ///
    /// # Errors
    /// The activity cannot be completed later, or an id is none of Temporal's.
    pub fn park(&self, info: &ActivityInfo, caller: &Callback) -> Result<(), ParkError> {
        self.take_over(Callback::of(info, Reply::Plain)?, info.scheduled_time.unwrap_or_else(SystemTime::now), caller)
    }

    /// `watch` is the attempt of the watch itself, scheduled at `since`.
    pub(crate) fn take_over(&self, watch: Callback, since: SystemTime, caller: &Callback) -> Result<(), ParkError> {
        let entry = Entry::new(watch, since, caller)?;
        self.0.book().put(entry);
        self.0.parked.notify_one();
        Ok(())
    }

    /// Heartbeats the caller's activity by its token, at once and each third of its timeout, until the server knows it no longer. For the
    /// process that runs the attempt; without a heartbeat timeout there is nothing to do.
    pub fn keep_alive(&self, caller: &Callback, heartbeat_timeout: Option<Duration>) {
        if let Some(timeout) = heartbeat_timeout.filter(|timeout| !timeout.is_zero()) {
            self.0.keep_alive.put(&caller.token, timeout);
        }
    }

    /// Gives every watch back to the server, which hands it to another process at once. For a process that leaves: to be called when it
    /// polls for watches no longer and the wheel stands still. What is not given back moves after the heartbeat timeout of its watch.
    pub async fn hand_over(&self) {
        hand_over::all(&self.0).await;
    }

    /// How many watches are parked here.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.0.book().len()
    }

    /// The age of the oldest watch, as the server knows it: right again after a restart.
    #[must_use]
    pub fn oldest(&self) -> Option<Duration> {
        let since = self.0.book().oldest()?;
        Some(SystemTime::now().duration_since(since).unwrap_or(Duration::ZERO))
    }

    /// How many callers are kept alive from here.
    #[must_use]
    pub fn kept_alive(&self) -> usize {
        self.0.keep_alive.len()
    }
}

impl Inner {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
