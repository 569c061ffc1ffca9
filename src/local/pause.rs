//! Pausing a local run from outside.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::stream::LocalBoxStream;
use jiff::Timestamp;

use super::clock::Clock;
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

/// How a run is paused.
pub struct Pausing {
    /// Whoever may pause it.
    pub controls: Option<Controls>,
    /// What `controls` set. The same as the calls know, so that runs inside this one are paused with it.
    pub pauses: Pauses,
    pub observer: PauseObserver,
}

impl Default for Pausing {
    fn default() -> Self {
        Self { controls: None, pauses: Pauses::default(), observer: Box::new(|_| ()) }
    }
}

/// Does what the run has been told by now.
pub(super) fn take(controls: &mut Option<Controls>, pauses: &Pauses, clock: &Clock, cx: &mut Context<'_>) {
    while let Some(Poll::Ready(control)) = controls.as_mut().map(|controls| controls.as_mut().poll_next(cx)) {
        match control {
            Some(control) => pauses.apply(control, clock.now()),
            None => *controls = None,
        }
    }
}
