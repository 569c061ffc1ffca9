//! One limit for everything that the watches and the sweep of a process ask of the server: 100 rpc/s by default. Work that comes too fast
//! waits its turn, so a round over many watches takes longer instead of asking more.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Hands out turns, evenly spaced.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// At most that many turns a second, at least one.
    #[must_use]
    pub fn per_second(rate: u32) -> Self {
        Self { gap: Duration::from_secs(1) / rate.max(1), next: Mutex::new(Instant::now()) }
    }

    /// Waits for the next turn.
    pub async fn turn(&self) {
        tokio::time::sleep_until(self.reserve(Instant::now()).into()).await;
    }

    /// How long that many turns take at least.
    #[must_use]
    pub fn time_for(&self, turns: usize) -> Duration {
        self.gap.saturating_mul(u32::try_from(turns).unwrap_or(u32::MAX))
    }

    fn reserve(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(now);
        *next = turn + self.gap;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_evenly_spaced_and_none_is_saved_up() {
        let pace = Pace::per_second(100);
        let start = Instant::now() + Duration::from_secs(1);
        let after = |now: Instant| pace.reserve(now).duration_since(start).as_millis();
        assert_eq!([after(start), after(start), after(start)], [0, 10, 20]);
        let later = start + Duration::from_secs(5);
        assert_eq!([after(later), after(later)], [5000, 5010]);
        assert_eq!(pace.time_for(20_000), Duration::from_secs(200));
    }
}
