//! A stack of known size for what may nest deep.
//!
//! jq's compiler and interpreter recurse with the program, its updates recurse with each round of a loop, and values are dropped as deep as they
//! nest. The end of the stack is the end of the process, and the thread that polls workflows has 2 MB of it. So what can come to any depth runs
//! on a thread of its own, which is waited for: it is there for its stack, nothing runs beside it. Each thread that asks keeps one for the next time.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread::Builder;

/// Reserved, not used: pages come as they are touched.
const SIZE_BYTES: usize = 512 * 1024 * 1024;
/// Where evaluation stops; the rest is for one round of the longest program, and for dropping what was made.
const USABLE_BYTES: usize = SIZE_BYTES / 2;
/// The same on the stack of the caller, of which nobody knows how much is left.
const USABLE_SHALLOW_BYTES: usize = 256 * 1024;

/// How far the stack may be used, for whoever recurses by units of fuel.
#[derive(Clone, Copy)]
pub struct Depth {
    /// Address of the first frame.
    top: usize,
    usable_bytes: usize,
}

impl Depth {
    fn here(usable_bytes: usize) -> Self {
        Self { top: address(), usable_bytes }
    }

    /// Whether there is room for one more round.
    pub fn has_room(self) -> bool {
        self.top.abs_diff(address()) < self.usable_bytes
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
    catch_unwind(AssertUnwindSafe(|| work(Depth::here(USABLE_SHALLOW_BYTES)))).map_err(|_| Lost::Panicked)
}

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    /// The thread with the deep stack that this one sends work to. It ends when nobody can send any more.
    static DEEP: RefCell<Option<Sender<Job>>> = const { RefCell::new(None) };
}

/// Runs on a deep stack. `was_small` says of the answer that little of the stack can have been touched: otherwise its pages are given back.
pub fn deep<T: Send + 'static>(work: impl FnOnce(Depth) -> T + Send + 'static, was_small: impl FnOnce(&T) -> bool) -> Result<T, Lost> {
    let (give, take) = channel();
    let job: Job = Box::new(move || {
        let result = catch_unwind(AssertUnwindSafe(|| work(Depth::here(USABLE_BYTES)))).map_err(|_| Lost::Panicked);
        // Who asked waits; nobody else can be gone.
        let _ = give.send(result);
    });
    let kept = DEEP.with_borrow_mut(Option::take);
    let thread = match kept.map_or_else(start, Ok) {
        Ok(thread) if thread.send(job).is_ok() => thread,
        _ => return Err(Lost::NoStack),
    };
    let result = take.recv().map_err(|_| Lost::Panicked)?;
    if result.as_ref().is_ok_and(was_small) {
        DEEP.set(Some(thread));
    }
    result
}

fn start() -> Result<Sender<Job>, Lost> {
    let (jobs, queue) = channel::<Job>();
    let thread = Builder::new().name("expression".to_owned()).stack_size(SIZE_BYTES);
    thread.spawn(move || queue.into_iter().for_each(|job| job())).map_err(|_| Lost::NoStack)?;
    Ok(jobs)
}
