//! A stack of known size for what may nest deep.
//!
//! jq's compiler and interpreter recurse with the program, its updates recurse with each round of a loop, and values are dropped as deep as they
//! nest. The end of the stack is the end of the process, and the thread that polls workflows has 2 MB of it. So programs that can come to any depth run
//! on a thread of their own, which is waited for: it is there for its stack, nothing runs beside it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, scope};

/// Reserved, not used: pages come as they are touched.
const SIZE_BYTES: usize = 512 * 1024 * 1024;
/// Where evaluation stops; the rest is for one round of the longest program, and for dropping what was made.
const USABLE_BYTES: usize = SIZE_BYTES / 2;

/// How far the stack may be used, for whoever recurses by units of fuel.
#[derive(Clone, Copy)]
pub struct Depth {
    /// Address of the first frame; none on a stack that is not ours, where nothing deep runs.
    top: Option<usize>,
}

impl Depth {
    /// For what cannot come to any depth.
    pub const SHALLOW: Self = Self { top: None };

    fn here() -> Self {
        Self { top: Some(address()) }
    }

    /// Whether there is room for one more round.
    pub fn has_room(self) -> bool {
        self.top.is_none_or(|top| top.abs_diff(address()) < USABLE_BYTES)
    }
}

#[inline(never)]
fn address() -> usize {
    let frame = 0_u8;
    std::ptr::from_ref(&frame).addr()
}

/// Why there is no answer.
pub enum Lost {
    NoStack,
    Panicked,
}

/// Runs on the thread of the caller.
pub fn shallow<T>(work: impl FnOnce(Depth) -> T) -> Result<T, Lost> {
    // What is broken by a panic is dropped with it.
    catch_unwind(AssertUnwindSafe(|| work(Depth::SHALLOW))).map_err(|_| Lost::Panicked)
}

/// Runs on a stack of its own.
pub fn deep<T: Send>(work: impl FnOnce(Depth) -> T + Send) -> Result<T, Lost> {
    scope(|scope| {
        let thread = Builder::new().name("expression".to_owned()).stack_size(SIZE_BYTES);
        let thread = thread.spawn_scoped(scope, || work(Depth::here())).map_err(|_| Lost::NoStack)?;
        thread.join().map_err(|_| Lost::Panicked)
    })
}
