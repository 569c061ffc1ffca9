//! Every document of `examples/` runs, in process and in virtual time, and comes to what stands in `examples/expected/`.
//!
//! A file of `expected` is a list of runs: `{"input", "took_ms", "calls"?, "result"}`. `result` is what `run --format json` prints. `calls` are the
//! HTTP calls in order, each with the request that goes out and its `answer`, or the status with which it `fails`. Agents are those of
//! `examples/agents`.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use workflow_runner::config::{Config, HttpSettings};
use workflow_runner::effects::EffectError;
use workflow_runner::effects::agents::Agents;
use workflow_runner::effects::events::Sink;
use workflow_runner::effects::http::Http;
use workflow_runner::engine::host::{Call, Effect};
use workflow_runner::engine::{Outcome, Start};
use workflow_runner::expr::Data;
use workflow_runner::expr::marker::Markers;
use workflow_runner::local::effects::{Effects, RealCalls};
use workflow_runner::local::{Calls, Clock, Options, run};
use workflow_runner::plan::{self, Plan};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    input: Value,
    took_ms: i128,
    #[serde(default)]
    calls: VecDeque<Exchange>,
    result: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    request: Value,
    #[serde(default)]
    answer: Value,
    fails: Option<u16>,
}

/// HTTP by what the file says, agents as `run` calls them.
struct Scripted {
    calls: Rc<RefCell<VecDeque<Exchange>>>,
    agents: RealCalls,
}

impl Calls for Scripted {
    fn call(&self, call: Call, clock: &Clock) -> LocalBoxFuture<'static, Result<Data, EffectError>> {
        if matches!(call.effect, Effect::Agent) {
            return self.agents.call(call, clock);
        }
        let exchange = self.calls.borrow_mut().pop_front().unwrap_or_else(|| panic!("a call too many: {:?}", call.input));
        assert_eq!(call.input.to_json(), exchange.request, "what goes out");
        let answer = match exchange.fails {
            Some(status) => Err(EffectError::communication(status, "the test says so")),
            None => Ok(Data::from(exchange.answer)),
        };
        Box::pin(async { answer })
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn names(folder: &Path, extension: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let wanted = files.filter(|file| file.extension().is_some_and(|e| e == extension));
    let names = wanted.map(|file| file.file_stem().expect("a name").to_string_lossy().into_owned());
    // `wait.test.yaml` has cases of `wait.yaml`, which `workflow-runner test` runs.
    names.filter(|name| !name.contains('.')).collect()
}

fn plan_of(name: &str) -> Plan {
    let text = std::fs::read_to_string(folder().join(format!("{name}.yaml"))).expect("the example");
    plan::build(&text, name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The run's end as `run --format json` shows it, the virtual time it took, and how many calls were not made.
fn outcome(plan: &Plan, case: Run) -> (Value, i128, usize) {
    let markers = Markers::new("examples");
    let http = Http::new(&HttpSettings::local()).expect("a client");
    let agents = RealCalls::new(Effects {
        agents: Agents::load(&folder().join("agents")).expect("the agents are well written"),
        ..Effects::new(&Config::default(), http, Sink::default(), markers, "examples")
    });
    let calls = Rc::new(RefCell::new(case.calls));
    let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
    let start = Start::new("examples", case.input.into(), Timestamp::UNIX_EPOCH);
    let ended = run(plan, Options::new(start, clock.clone(), Rc::new(Scripted { calls: calls.clone(), agents }))).expect("a runtime");
    let shown = match ended {
        Outcome::Completed(output) => json!({"status": "completed", "output": output}),
        Outcome::Faulted(fault) => json!({"status": "faulted", "error": fault}),
        Outcome::Cancelled => json!({"status": "cancelled"}),
        Outcome::Suspended(_) => json!({"status": "suspended"}),
    };
    let left = calls.borrow().len();
    (shown, clock.now().duration_since(Timestamp::UNIX_EPOCH).as_millis(), left)
}

#[test]
fn each_example_comes_to_what_is_expected_of_it() {
    for name in names(&folder(), "yaml") {
        let plan = plan_of(&name);
        let expected = std::fs::read_to_string(folder().join(format!("expected/{name}.json"))).expect("its file in expected");
        let runs: Vec<Run> = serde_json::from_str(&expected).unwrap_or_else(|error| panic!("expected/{name}.json: {error}"));
        assert!(!runs.is_empty(), "{name}");
        for (number, case) in runs.into_iter().enumerate() {
            let (result, took_ms) = (case.result.clone(), case.took_ms);
            assert_eq!(outcome(&plan, case), (result, took_ms, 0), "{name}, run {number}: result, milliseconds, calls not made");
        }
    }
}

#[test]
fn every_example_is_expected_and_nothing_else_is() {
    assert_eq!(names(&folder(), "yaml"), names(&folder().join("expected"), "json"));
}

#[test]
fn examples_raise_no_warning_and_are_named_like_their_files() {
    for name in names(&folder(), "yaml") {
        let plan = plan_of(&name);
        assert!(plan.warnings.is_empty(), "{name}: {:?}", plan.warnings);
        assert_eq!((plan.namespace.as_str(), plan.name.as_str()), ("examples", name.as_str()));
    }
}

#[test]
fn there_is_an_example_of_every_type_of_task() {
    let types = ["set", "do", "for", "switch", "fork", "try", "raise", "wait", "http", "agents"];
    let there = names(&folder(), "yaml");
    let missing: Vec<_> = types.iter().filter(|name| !there.iter().any(|file| file.split('-').next() == Some(**name))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
