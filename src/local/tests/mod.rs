//! The engine, run in process and in virtual time.

mod around;
mod cancellation;
mod clock;
mod data_flow;
mod errors;
mod events;
mod handover;
mod nested;
mod pace;
mod pause;
mod processes;
mod random;
mod real_calls;
mod tasks;
mod web_calls;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::mock::Mock;
use super::relay::Never;
use super::{Calls, Clock, Control, Controls, Events, Options, Pausing, Relay, run};
use crate::engine::fault::Fault;
use crate::engine::pause::Pause;
use crate::engine::progress::{Event, Progress, Row};
use crate::engine::{Outcome, Settings, Start};
use crate::expr::Data;
use crate::plan::{self, Plan};

/// A definition with everything but its tasks filled in.
fn plan(tasks: &str) -> Plan {
    let text = format!("document: {{dsl: '1.0.3', namespace: test, name: test, version: '0.1.0'}}\n{tasks}");
    plan::build(&text, "test.yaml").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// One run and what was seen of it.
struct Trial {
    plan: Plan,
    start: Start,
    clock: Clock,
    calls: Rc<dyn Calls>,
    cancel: Option<LocalBoxFuture<'static, ()>>,
    events: Option<Events>,
    seed: u64,
    relay: Rc<dyn Relay>,
    controls: Option<Controls>,
}

struct Report {
    outcome: Outcome,
    /// Virtual time that it took.
    took: Duration,
    /// `start name`, `end name`, `fail name`, `skip name`, `cancel name`, `retry name`, `pause reason`, `unpause`.
    trace: Vec<String>,
    progress: Progress,
}

impl Trial {
    fn new(tasks: &str, input: Value) -> Self {
        let start = Start::new("wf-1", input.into(), Timestamp::UNIX_EPOCH);
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
        Self {
            plan: plan(tasks),
            start,
            clock,
            calls: Mock::echo(),
            cancel: None,
            events: None,
            seed: 0,
            relay: Rc::new(Never),
            controls: None,
        }
    }

    fn calls(self, calls: &Rc<Mock>) -> Self {
        Self { calls: calls.clone(), ..self }
    }

    fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.start.settings);
        self
    }

    /// These events come so many seconds after the start.
    fn events(mut self, events: &[(u64, Value)]) -> Self {
        let events = events.iter().map(|(after, event)| (seconds(*after), Data::from(event))).collect();
        self.events = Some(super::events::scripted(&self.clock, events));
        self
    }

    /// Paused at each even moment of these (in seconds) and resumed at the odd ones.
    fn paused(mut self, moments: &[u64]) -> Self {
        let control = |at: usize| if at.is_multiple_of(2) { Control::Pause { reason: "test".to_owned() } } else { Control::Resume };
        let controls = moments.iter().enumerate().map(|(at, after)| (seconds(*after), control(at))).collect();
        self.controls = Some(super::events::scripted(&self.clock, controls));
        self
    }

    fn cancel_after(mut self, delay: Duration) -> Self {
        self.cancel = Some(self.clock.sleep(delay));
        self
    }

    fn relay(self, relay: Rc<dyn Relay>) -> Self {
        Self { relay, ..self }
    }

    fn run(self) -> Report {
        let (clock, began) = (self.clock.clone(), self.clock.now());
        let seen: Rc<RefCell<(Vec<String>, Progress)>> = Rc::default();
        let (watcher, pauses) = (seen.clone(), seen.clone());
        let pause_observer = Box::new(move |pause: Option<&Pause>| {
            pauses.borrow_mut().0.push(pause.map_or_else(|| "unpause".to_owned(), |pause| format!("pause {}", pause.reason)));
        });
        let observer = Box::new(move |event: Event<'_>| {
            let (trace, progress) = &mut *watcher.borrow_mut();
            trace.extend(line(event));
            progress.apply(event);
        });
        let Self { plan, start, clock: run_clock, seed, calls, cancel, events, relay, controls } = self;
        let pausing = Pausing { controls, observer: pause_observer, ..Pausing::default() };
        let options = Options { seed, observer, cancel, events, relay, pausing, ..Options::new(start, run_clock, calls) };
        let outcome = run(&plan, options).expect("a runtime");
        let (trace, progress) = seen.take();
        Report { outcome, took: clock.now().duration_since(began).unsigned_abs(), trace, progress }
    }
}

impl Report {
    fn output(&self) -> Value {
        match &self.outcome {
            Outcome::Completed(output) => output.to_json(),
            other => panic!("not completed: {other:?}"),
        }
    }

    fn fault(&self) -> &Fault {
        match &self.outcome {
            Outcome::Faulted(fault) => fault,
            other => panic!("not faulted: {other:?}"),
        }
    }

    fn row(&self, name: &str) -> &Row {
        self.progress.rows().iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}"))
    }

    fn traced(&self, line: &str) -> bool {
        self.trace.iter().any(|seen| seen == line)
    }
}

/// A task that goes on in another run says nothing: it must look like one that was never interrupted.
fn line(event: Event<'_>) -> Option<String> {
    let verb = match event {
        Event::Started { .. } => "start",
        Event::Resumed { .. } => return None,
        Event::Completed { .. } => "end",
        Event::Failed { .. } => "fail",
        Event::Skipped { .. } => "skip",
        Event::Cancelled { .. } => "cancel",
        Event::Retrying { .. } => "retry",
    };
    Some(format!("{verb} {}", event.task().name))
}

/// Runs a definition whose calls answer with their own input.
fn trial(tasks: &str, input: Value) -> Report {
    Trial::new(tasks, input).run()
}

/// Each row: what it shows, the tasks, the input, the output.
fn yields(rows: &[(&str, &str, Value, Value)]) {
    for (what, tasks, input, output) in rows {
        assert_eq!(trial(tasks, input.clone()).output(), *output, "{what}");
    }
}

/// Each row: what it shows, the tasks, the input, the slug of the fault's type, its instance, a part of its text.
fn faults(rows: &[(&str, &str, Value, &str, &str, &str)]) {
    for (what, tasks, input, slug, instance, text) in rows {
        let report = trial(tasks, input.clone());
        let fault = report.fault();
        assert!(fault.type_.ends_with(&format!("/{slug}")), "{what}: {fault:?}");
        assert_eq!(fault.instance.as_deref(), Some(*instance), "{what}: {fault:?}");
        assert!(fault.to_string().contains(text), "{what}: {fault}");
    }
}

fn data(value: Value) -> Data {
    Data::from(value)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn an_empty_list_hands_the_input_on() {
    assert_eq!(trial("do: []", json!({"a": 1})).output(), json!({"a": 1}));
}
