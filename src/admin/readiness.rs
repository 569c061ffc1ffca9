//! Ready when every latch is gone. It cannot become unready again: what is to be taken out of service is stopped.

use std::sync::{Arc, Weak};

/// Whether everything that holds a [`Latch`] has let go of it.
#[derive(Clone, Debug)]
pub struct Readiness(Weak<()>);

/// Held by what must have happened before the process is ready; clone it for each such thing and drop it when it has.
#[derive(Clone, Debug)]
pub struct Latch(#[expect(dead_code, reason = "that it is held is all that counts")] Arc<()>);

impl Readiness {
    pub fn new() -> (Self, Latch) {
        let held = Arc::new(());
        (Self(Arc::downgrade(&held)), Latch(held))
    }

    pub fn is_ready(&self) -> bool {
        self.0.strong_count() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_latch_makes_it_ready() {
        let (readiness, first) = Readiness::new();
        let second = first.clone();
        drop(first);
        assert!(!readiness.is_ready());
        drop(second);
        assert!(readiness.is_ready());
    }
}
