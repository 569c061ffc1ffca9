//! What answers the calls of a case in place of the world, and remembers them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use serde_json::Value;

use super::case::{Answer, Answers, Matcher, Mock, word};
use crate::effects::EffectError;
use crate::effects::secrets::{Chain, with_secrets};
use crate::engine::host::{Call, Effect};
use crate::expr::Data;
use crate::expr::marker::Markers;
use crate::local::{Calls, Clock};

/// Calls that are remembered. A case with more has gone wrong in another way.
const REMEMBERED: usize = 10_000;

/// One call as it was made, with the values of its secrets.
#[derive(Clone, Debug)]
pub struct Seen {
    pub name: String,
    pub id: String,
    pub effect: Effect,
    pub input: Value,
}

impl Seen {
    #[must_use]
    pub fn is_meant(&self, matcher: &Matcher) -> bool {
        matcher.matches(&self.name, &self.id, self.effect, &self.input)
    }
}

pub struct Mocks(Rc<Inner>);

struct Inner {
    /// Each with the number of answers that it has given.
    mocks: Vec<(Mock, Cell<usize>)>,
    /// Calls that are made: agents that are scripted, and what a case allows.
    real: Rc<dyn Calls>,
    agents: Vec<String>,
    allow_real: bool,
    secrets: Chain,
    markers: Markers,
    seen: RefCell<Vec<Seen>>,
    unanswered: RefCell<Vec<Seen>>,
}

/// Who answers a call.
enum By {
    Mock(Answer),
    Real,
    Nobody,
}

impl Mocks {
    pub fn new(mocks: Vec<Mock>, agents: Vec<String>, allow_real: bool, secrets: Chain, markers: Markers, real: Rc<dyn Calls>) -> Rc<Self> {
        let mocks = mocks.into_iter().map(|mock| (mock, Cell::new(0))).collect();
        let (seen, unanswered) = (RefCell::default(), RefCell::default());
        Rc::new(Self(Rc::new(Inner { mocks, real, agents, allow_real, secrets, markers, seen, unanswered })))
    }

    /// All calls, in order.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.0.seen.borrow().clone()
    }

    /// Those that nothing answered.
    #[must_use]
    pub fn unanswered(&self) -> Vec<Seen> {
        self.0.unanswered.borrow().clone()
    }
}

impl Inner {
    /// Remembers a call, and says who answers it.
    fn answerer(&self, call: &Call, input: &Value) -> By {
        let seen = || Seen { name: call.name.clone(), id: call.id.clone(), effect: call.effect, input: input.clone() };
        remember(&self.seen, seen);
        for (mock, given) in self.mocks.iter().filter(|(mock, _)| mock.matcher.is_meant(call, input)) {
            match &mock.answers {
                Answers::Real => return By::Real,
                Answers::Always(answer) => return By::Mock(answer.clone()),
                Answers::Each(answers) => {
                    if let Some(answer) = answers.get(given.get()) {
                        given.set(given.get() + 1);
                        return By::Mock(answer.clone());
                    }
                }
            }
        }
        let scripted =
            call.effect == Effect::Agent && input["agent"].as_str().is_some_and(|agent| self.agents.iter().any(|name| name == agent));
        match call.effect {
            _ if scripted || self.allow_real => By::Real,
            // An event is handed out and nothing comes back: there is nothing to make up.
            Effect::Emit => By::Mock(Answer { after: Some(std::time::Duration::ZERO), result: Ok(Value::Null) }),
            _ => {
                remember(&self.unanswered, seen);
                By::Nobody
            }
        }
    }
}

fn remember(list: &RefCell<Vec<Seen>>, seen: impl FnOnce() -> Seen) {
    let mut list = list.borrow_mut();
    if list.len() < REMEMBERED {
        list.push(seen());
    }
}

impl Calls for Mocks {
    fn call(&self, call: Call, clock: &Clock) -> LocalBoxFuture<'static, Result<Data, EffectError>> {
        let (inner, clock) = (self.0.clone(), clock.clone());
        Box::pin(async move {
            let is_real = Cell::new(false);
            // Mocks match what goes out, values of secrets included; what comes back is scrubbed like any result.
            let answer = async |input: Data| match inner.answerer(&call, &input.to_json()) {
                By::Mock(answer) => give(answer, &clock).await,
                By::Nobody => Err(EffectError::configuration("no mock answers this call")),
                By::Real => {
                    is_real.set(true);
                    Ok(Data::null())
                }
            };
            let answered = with_secrets(&inner.secrets, None, &inner.markers, &call.input, answer).await;
            if is_real.get() { inner.real.call(call, &clock).await } else { answered }
        })
    }
}

async fn give(answer: Answer, clock: &Clock) -> Result<Data, EffectError> {
    match answer.after {
        Some(after) => clock.sleep(after).await,
        None => clock.forever().await,
    }
    answer.result.map(Data::from)
}

/// `find (http)`.
impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` ({}) at {}", self.name, word(self.effect), self.id)
    }
}
