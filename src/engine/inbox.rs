//! Events that have come and that nobody has taken yet.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::expr::Data;

/// An event with its number in the order of arrival, from 1.
#[derive(Clone, Debug)]
pub struct Received {
    pub number: u64,
    /// A CloudEvent in JSON form.
    pub event: Data,
}

/// The host puts in, listeners take out. Nothing is lost that comes before anybody listens.
#[derive(Debug, Default)]
pub struct Inbox {
    received: Cell<u64>,
    waiting: RefCell<VecDeque<Received>>,
}

impl Inbox {
    pub fn put(&self, event: Data) {
        let number = self.received.get() + 1;
        self.received.set(number);
        self.waiting.borrow_mut().push_back(Received { number, event });
    }

    /// How many events have come, ever.
    pub fn received(&self) -> u64 {
        self.received.get()
    }
}
