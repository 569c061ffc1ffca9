//! Time, real or virtual.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::{SignedDuration, Timestamp};

/// A handle; clones show the same time.
#[derive(Clone)]
pub struct Clock(Rc<Kind>);

enum Kind {
    Real,
    Virtual(Virtual),
}

struct Virtual {
    now: Cell<Timestamp>,
    /// Of all sleeps that are not over, told apart by a number.
    deadlines: RefCell<BTreeSet<(Timestamp, u64)>>,
    sleeps: Cell<u64>,
    /// Calls that are at work in the real world: as long as there are some, time stands still.
    busy: Cell<usize>,
    /// Set by a sleep that is polled and not over.
    slept: Cell<bool>,
}

/// What became of a wish to go on to the next deadline.
pub(super) enum Jump {
    Jumped,
    /// Nothing will ever happen again.
    Nowhere,
    /// Someone else wakes the run: the real clock, or a call at work.
    NotMine,
}

impl Clock {
    /// The machine's clock. Sleeping needs a tokio runtime around.
    pub fn real() -> Self {
        Self(Rc::new(Kind::Real))
    }

    /// A clock that stands at `start` until all that is left is to wait.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Rc::new(Kind::Virtual(Virtual {
            now: Cell::new(start),
            deadlines: RefCell::default(),
            sleeps: Cell::new(0),
            busy: Cell::new(0),
            slept: Cell::new(false),
        })))
    }

    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Kind::Real => Timestamp::now(),
            Kind::Virtual(clock) => clock.now.get(),
        }
    }

    /// Ends `duration` after this call, whenever it is polled first.
    pub fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        let Kind::Virtual(clock) = &*self.0 else { return Box::pin(tokio::time::sleep(duration)) };
        let length = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let deadline = clock.now.get().checked_add(length).unwrap_or(Timestamp::MAX);
        let number = clock.sleeps.replace(clock.sleeps.get() + 1);
        clock.deadlines.borrow_mut().insert((deadline, number));
        let entry = Entry { clock: self.clone(), deadline, number };
        Box::pin(poll_fn(move |_| entry.poll()))
    }

    /// A wait without end; in virtual time it keeps nobody from jumping on.
    pub fn forever(&self) -> LocalBoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(poll_fn(move |_| {
            clock.note_sleep();
            Poll::Pending
        }))
    }

    /// Lets time stand still while `call` is at work, that is pending on anything but this clock.
    pub(super) fn while_busy<T: 'static>(&self, mut call: LocalBoxFuture<'static, T>) -> LocalBoxFuture<'static, T> {
        if matches!(&*self.0, Kind::Real) {
            return call;
        }
        let mut busy = Busy { clock: self.clone(), on: false };
        Box::pin(poll_fn(move |cx| {
            let slept_before = busy.clock.take_slept();
            let polled = call.as_mut().poll(cx);
            let slept = polled.is_pending() && busy.clock.take_slept();
            busy.set(polled.is_pending() && !slept);
            if slept || slept_before {
                busy.clock.note_sleep(); // a run inside a run: the call around this one has to know
            }
            polled
        }))
    }

    /// On to the next deadline.
    pub(super) fn jump(&self) -> Jump {
        let Kind::Virtual(clock) = &*self.0 else { return Jump::NotMine };
        if clock.busy.get() > 0 {
            return Jump::NotMine;
        }
        let Some((deadline, _)) = clock.deadlines.borrow_mut().pop_first() else { return Jump::Nowhere };
        clock.now.set(deadline.max(clock.now.get()));
        Jump::Jumped
    }

    fn note_sleep(&self) {
        if let Kind::Virtual(clock) = &*self.0 {
            clock.slept.set(true);
        }
    }

    fn take_slept(&self) -> bool {
        matches!(&*self.0, Kind::Virtual(clock) if clock.slept.take())
    }
}

/// One virtual sleep; takes its deadline back when it is dropped.
struct Entry {
    clock: Clock,
    deadline: Timestamp,
    number: u64,
}

impl Entry {
    fn poll(&self) -> Poll<()> {
        if self.clock.now() >= self.deadline {
            return Poll::Ready(());
        }
        self.clock.note_sleep();
        Poll::Pending
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Kind::Virtual(clock) = &*self.clock.0 {
            clock.deadlines.borrow_mut().remove(&(self.deadline, self.number));
        }
    }
}

/// Whether one call counts as busy.
struct Busy {
    clock: Clock,
    on: bool,
}

impl Busy {
    fn set(&mut self, on: bool) {
        if let Kind::Virtual(clock) = &*self.clock.0
            && self.on != on
        {
            let busy = clock.busy.get();
            clock.busy.set(if on { busy + 1 } else { busy - 1 });
            self.on = on;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.set(false);
    }
}
