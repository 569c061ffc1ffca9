//! How much a run asks for in one workflow task.
//!
//! Everything that a workflow task asks for is written in one transaction, and the server terminates a run whose transaction is larger than 4 MB. So
//! large inputs of calls that are made at the same time go out in several workflow tasks.

use std::cell::Cell;

/// Inputs of calls in one workflow task. The rest of the 4 MB is for what stands around them.
const LIMIT_BYTES: usize = 3 * 1024 * 1024 + 512 * 1024;

#[derive(Debug, Default)]
pub struct Burst {
    /// The history's length names the workflow task: it is the same on each replay.
    task: Cell<u32>,
    bytes: Cell<usize>,
}

impl Burst {
    /// Takes room in this workflow task; false when there is none left. The first one always fits.
    pub fn take(&self, history_length: u32, bytes: usize) -> bool {
        let before = if self.task.replace(history_length) == history_length { self.bytes.get() } else { 0 };
        let fits = before == 0 || before.saturating_add(bytes) <= LIMIT_BYTES;
        self.bytes.set(if fits { before + bytes } else { before });
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_task_takes_so_much_and_the_next_one_begins_anew() {
        let burst = Burst::default();
        assert!(burst.take(3, LIMIT_BYTES - 10));
        assert!(!burst.take(3, 11));
        assert!(burst.take(3, 10));
        assert!(!burst.take(3, 1));
        assert!(burst.take(9, LIMIT_BYTES + 1), "alone it fits");
        assert!(!burst.take(9, 1));
    }
}
