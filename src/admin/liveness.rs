//! Whether the threads that run workflow code still answer. One that does not blocks every workflow of its worker, and only a restart helps.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Temporal gives a workflow task 10 s: after three of them nothing was just slow.
const SILENCE_MAX: Duration = Duration::from_secs(30);

const BEAT_EVERY: Duration = Duration::from_secs(1);

/// All heartbeats of the process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Liveness {
    started_at: Instant,
    beats: Arc<Mutex<Vec<Weak<Beat>>>>,
}

/// Touched by a thread to show that it answers. Once dropped it is no longer looked at: its thread has ended as it was meant to.
#[derive(Debug)]
pub struct Heartbeat {
    started_at: Instant,
    beat: Arc<Beat>,
}

#[derive(Debug)]
struct Beat {
    name: String,
    /// Milliseconds after the start.
    last_ms: AtomicU64,
}

impl Liveness {
    pub fn new() -> Self {
        Self { started_at: Instant::now(), beats: Arc::default() }
    }

    /// A heartbeat that counts from now on. `name` says in messages whose it is.
    pub fn heartbeat(&self, name: impl Into<String>) -> Heartbeat {
        let beat = Arc::new(Beat { name: name.into(), last_ms: AtomicU64::new(0) });
        let heartbeat = Heartbeat { started_at: self.started_at, beat };
        heartbeat.touch();
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.retain(|beat| beat.strong_count() > 0);
        beats.push(Arc::downgrade(&heartbeat.beat));
        heartbeat
    }

    /// What is wrong, in words, when some thread has been silent for too long.
    pub fn stalled(&self) -> Option<String> {
        self.stalled_after(self.started_at.elapsed())
    }

    fn stalled_after(&self, elapsed: Duration) -> Option<String> {
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.iter().filter_map(Weak::upgrade).find_map(|beat| {
            let silence = elapsed.saturating_sub(Duration::from_millis(beat.last_ms.load(Ordering::Relaxed)));
            (silence > SILENCE_MAX).then(|| format!("{} has not answered for {} s", beat.name, silence.as_secs()))
        })
    }
}

impl Default for Liveness {
    fn default() -> Self {
        Self::new()
    }
}

impl Heartbeat {
    pub fn touch(&self) {
        let ms = u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.beat.last_ms.store(ms, Ordering::Relaxed);
    }

    /// Touches it each second for ever. To be polled by the very thread that is to be shown alive, beside its work.
    pub async fn keep(self) {
        loop {
            self.touch();
            tokio::time::sleep(BEAT_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_thread_is_named_until_it_ends() {
        let liveness = Liveness::new();
        let _answering = liveness.heartbeat("workflow thread one");
        let silent = liveness.heartbeat("workflow thread two");
        silent.beat.last_ms.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(liveness.stalled(), None);
        silent.beat.last_ms.store(0, Ordering::Relaxed);
        liveness.beats.lock().unwrap()[0].upgrade().unwrap().last_ms.store(20_000, Ordering::Relaxed);
        assert_eq!(liveness.stalled_after(Duration::from_secs(30)), None);
        assert_eq!(liveness.stalled_after(Duration::from_secs(31)).as_deref(), Some("workflow thread two has not answered for 31 s"));
        drop(silent);
        assert_eq!(liveness.stalled_after(Duration::from_secs(31)), None);
    }
}
