//! One case, from its start to its end.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

use super::case::Case;
use super::judge::{self, Failure};
use super::mocks::{Mocks, Seen};
use crate::cli::real;
use crate::config::Config;
use crate::effects::secrets::source::ENVIRONMENT_PREFIX;
use crate::effects::secrets::{Chain, Environment};
use crate::engine::progress::Event;
use crate::engine::{Outcome, Settings, Start};
use crate::expr::Data;
use crate::expr::marker::Markers;
use crate::local::effects::RealCalls;
use crate::local::{self, Clock};
use crate::plan::Plan;

/// Real time after which a case has failed: what takes no virtual time must not run for ever.
const REAL_TIME_MAX: Duration = Duration::from_mins(1);
/// Starts of tasks that are remembered.
const REMEMBERED: usize = 100_000;

/// What all cases of a file have in common.
pub struct Surroundings<'s> {
    pub plan: &'s Plan,
    pub config: &'s Config,
}

/// What came of a case.
pub struct Ran {
    pub outcome: Outcome,
    /// Names and references of tasks in the order of their starts; skipped ones are not among them.
    pub started: Vec<(String, String)>,
    pub calls: Vec<Seen>,
    pub unanswered: Vec<Seen>,
    /// Virtual time.
    pub took: SignedDuration,
    pub error_host: String,
}

impl Surroundings<'_> {
    /// Runs a case. Returns the virtual time that it took, and what was not as expected.
    pub async fn run(&self, case: Case) -> (SignedDuration, Vec<Failure>) {
        let markers = Markers::new("test");
        let secrets = case.secrets.iter().map(|(name, value)| (format!("{ENVIRONMENT_PREFIX}{name}"), value.clone()));
        let secrets = Chain::default().then(Environment::new(secrets));
        // One that a model plays is a call like any other: mocked, or allowed.
        let agents: Vec<String> = case.agents.iter().filter(|agent| agent.is_scripted()).map(|agent| agent.name().to_owned()).collect();
        let run_id = format!("test-{}", case.name);
        let effects = match real::effects(self.config, case.agents, secrets.clone(), markers.clone(), run_id.clone()) {
            Ok(effects) => effects,
            Err(error) => return (SignedDuration::ZERO, vec![Failure::told("run", error)]),
        };
        let real = Rc::new(RealCalls::new(effects));
        let mocks = Mocks::new(case.mocks, agents, case.allow_real, secrets, markers.clone(), real);

        let mut start = Start::new(run_id, Data::from(case.input), case.start);
        if start.input.is_object() {
            start.data = start.input.clone();
        }
        start.env = Data::from(case.env);
        start.secrets = markers.object(&self.plan.secrets);
        start.settings = Settings { error_host: self.config.dsl.error_host.clone(), ..Settings::default() };

        let clock = Clock::starting_at(case.start);
        let started = Rc::new(RefCell::new(Vec::new()));
        let mut options = local::Options::new(start, clock.clone(), mocks.clone());
        options.seed = case.seed;
        let events = case.events.into_iter().enumerate().map(|(at, (after, event))| (after, Data::from(whole(event, at + 1))));
        options.events = Some(local::events::scripted(&clock, events.collect()));
        options.cancel = Some(Box::pin(tokio::time::sleep(REAL_TIME_MAX)));
        let seen = started.clone();
        options.observer = Box::new(move |event| note(&mut seen.borrow_mut(), event));
        let outcome = tokio::task::LocalSet::new().run_until(local::drive(self.plan, options)).await;

        let took = clock.now().duration_since(case.start);
        let error_host = self.config.dsl.error_host.clone();
        let ran = Ran { outcome, started: started.take(), calls: mocks.seen(), unanswered: mocks.unanswered(), took, error_host };
        (took, judge::failures(&case.expect, &ran))
    }
}

/// What a `CloudEvent` must have and a case need not say.
fn whole(mut event: Value, number: usize) -> Value {
    if let Value::Object(members) = &mut event {
        let defaults = [("specversion", "1.0".to_owned()), ("id", format!("event-{number}")), ("source", "test".to_owned())];
        for (name, value) in defaults {
            members.entry(name).or_insert(value.into());
        }
    }
    event
}

/// A skipped task is started first.
fn note(started: &mut Vec<(String, String)>, event: Event<'_>) {
    let task = event.task();
    match event {
        Event::Started { .. } if started.len() < REMEMBERED => started.push((task.name.to_string(), task.reference.to_string())),
        Event::Skipped { .. } => {
            if let Some(at) = started.iter().rposition(|(_, reference)| **reference == *task.reference) {
                started.remove(at);
            }
        }
        _ => {}
    }
}
