//! Calls that answer by a function, and a record of what was called.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;

use super::calls::Calls;
use super::clock::Clock;
use crate::effects::EffectError;
use crate::engine::host::Call;
use crate::expr::Data;

/// What a call comes to.
pub struct Answer {
    /// `None` never answers.
    pub after: Option<Duration>,
    pub result: Result<Data, EffectError>,
}

impl Answer {
    pub fn now(output: impl Into<Data>) -> Self {
        Self::after(Duration::ZERO, output)
    }

    pub fn after(delay: Duration, output: impl Into<Data>) -> Self {
        Self { after: Some(delay), result: Ok(output.into()) }
    }

    pub fn never() -> Self {
        Self { after: None, result: Ok(Data::null()) }
    }

    pub fn error(error: EffectError) -> Self {
        Self { after: Some(Duration::ZERO), result: Err(error) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Running,
    Answered,
    /// Dropped before its answer: cancelled, or its time was up.
    Dropped,
}

/// One call as it was made.
#[derive(Clone, Debug)]
pub struct Seen {
    pub id: String,
    pub input: Data,
    end: Rc<Cell<End>>,
}

impl Seen {
    pub fn end(&self) -> End {
        self.end.get()
    }
}

type Script = dyn FnMut(&Call) -> Answer;

/// Answers each call by `script`, which is asked in the order of the calls.
pub struct Mock {
    script: RefCell<Box<Script>>,
    seen: RefCell<Vec<Seen>>,
}

impl Mock {
    pub fn new(script: impl FnMut(&Call) -> Answer + 'static) -> Rc<Self> {
        Rc::new(Self { script: RefCell::new(Box::new(script)), seen: RefCell::default() })
    }

    /// Answers each call with its own input.
    pub fn echo() -> Rc<Self> {
        Self::new(|call| Answer::now(call.input.clone()))
    }

    /// All calls so far, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    /// Their ids.
    pub fn ids(&self) -> Vec<String> {
        self.seen.borrow().iter().map(|seen| seen.id.clone()).collect()
    }
}

impl Calls for Mock {
    fn call(&self, call: Call, clock: &Clock) -> LocalBoxFuture<'static, Result<Data, EffectError>> {
        let Answer { after, result } = (self.script.borrow_mut())(&call);
        let end = Rc::new(Cell::new(End::Running));
        self.seen.borrow_mut().push(Seen { id: call.id, input: call.input, end: end.clone() });
        let wait = after.map_or_else(|| clock.forever(), |delay| clock.sleep(delay));
        let guard = Dropping(end);
        Box::pin(async move {
            wait.await;
            guard.0.set(End::Answered);
            result
        })
    }
}

struct Dropping(Rc<Cell<End>>);

impl Drop for Dropping {
    fn drop(&mut self) {
        if self.0.get() == End::Running {
            self.0.set(End::Dropped);
        }
    }
}
