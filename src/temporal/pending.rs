//! How many agent steps this worker's runs have open, and since when. For metrics only; right again after a restart, since the runs are replayed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

#[derive(Debug, Default)]
pub struct PendingSteps {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    since: BTreeMap<u64, Timestamp>,
    /// How long the steps waited that have ended since somebody last asked.
    ended: Vec<Duration>,
}

impl PendingSteps {
    /// Counts a step until the guard is dropped: at its end, or when its run leaves this worker.
    #[must_use]
    pub fn begin(self: &Arc<Self>, since: Timestamp) -> PendingStep {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.next += 1;
        let id = open.next;
        open.since.insert(id, since);
        PendingStep { steps: self.clone(), id, since }
    }

    /// What the steps waited that have ended since the last call.
    #[must_use]
    pub fn take_ended(&self) -> Vec<Duration> {
        std::mem::take(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner).ended)
    }

    /// Number of open steps, and the start of the oldest.
    #[must_use]
    pub fn snapshot(&self) -> (usize, Option<Timestamp>) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        (open.since.len(), open.since.values().min().copied())
    }
}

#[derive(Debug)]
pub struct PendingStep {
    steps: Arc<PendingSteps>,
    id: u64,
    since: Timestamp,
}

impl PendingStep {
    /// The step has ended (and has not only left this worker): what it waited is counted.
    pub fn ended(&self, at: Timestamp) {
        if let Ok(waited) = Duration::try_from(at.duration_since(self.since)) {
            self.steps.open.lock().unwrap_or_else(PoisonError::into_inner).ended.push(waited);
        }
    }
}

impl Drop for PendingStep {
    fn drop(&mut self) {
        self.steps.open.lock().unwrap_or_else(PoisonError::into_inner).since.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_open_and_knows_the_oldest() {
        let steps = Arc::new(PendingSteps::default());
        let old = steps.begin(Timestamp::from_second(10).unwrap());
        let new = steps.begin(Timestamp::from_second(20).unwrap());
        assert_eq!(steps.snapshot(), (2, Some(Timestamp::from_second(10).unwrap())));
        old.ended(Timestamp::from_second(13).unwrap());
        drop(old);
        assert_eq!(steps.take_ended(), [Duration::from_secs(3)]);
        assert_eq!(steps.snapshot(), (1, Some(Timestamp::from_second(20).unwrap())));
        drop(new);
        assert_eq!(steps.snapshot(), (0, None));
        assert!(steps.take_ended().is_empty(), "a step that left this worker has not ended");
    }
}
