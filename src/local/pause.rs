//! Pausing a local run from outside.

use std::cell::RefCell;
use std::rc::Rc;

use futures::stream::LocalBoxStream;
use jiff::Timestamp;

use crate::engine::pause::Pause;

/// What a run can be told while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Nothing new begins; changes nothing in a run that is paused. The reason may be empty.
    Pause {
        reason: String,
    },
    Resume,
}

/// As they come.
pub type Controls = LocalBoxStream<'static, Control>;

/// Sees a pause that begins, and none when it is over.
pub type PauseObserver = Box<dyn Fn(Option<&Pause>)>;

/// Whether a run is paused, and with it those that it waits for; clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Pauses(Rc<RefCell<Option<Pause>>>);

impl Pauses {
    pub fn current(&self) -> Option<Pause> {
        self.0.borrow().clone()
    }

    pub(super) fn apply(&self, control: Control, now: Timestamp) {
        let mut pause = self.0.borrow_mut();
        match control {
            Control::Pause { reason } => {
                pause.get_or_insert_with(|| Pause::new(now, &reason));
            }
            Control::Resume => *pause = None,
        }
    }
}
