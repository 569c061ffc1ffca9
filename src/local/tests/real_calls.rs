//! Calls as the command line makes them: scripted agents, secrets swapped in at the last moment.

use std::path::Path;
use std::rc::Rc;

use serde_json::json;

use super::super::effects::{Effects, RealCalls};
use super::{Report, Trial, data, seconds};
use crate::config::{Config, HttpSettings, RunKind, RunSettings};
use crate::effects::agents::Agents;
use crate::effects::events::Sink;
use crate::effects::http::{Http, use_ring};
use crate::effects::secrets::{Chain, Environment};
use crate::expr::marker::Markers;

const AGENT: &str = "name: reviewer\nkind: scripted\nreply: '{message}!'\ndelay: 20m";
const SILENT: &str = "name: reviewer\nkind: scripted\nsilence: true";

fn ask(agent: &str, message: &str, timeout: &str) -> Report {
    use_ring();
    let markers = Markers::new("run");
    let tasks = format!(
        "use: {{secrets: [KEY]}}\ndo:\n- ask: {{call: agent, with: {{agent: reviewer, message: '{message}'}}, timeout: {{after: {timeout}}}}}"
    );
    let mut trial = Trial::new(&tasks, json!({}));
    trial.start.secrets = markers.object(&["KEY".to_owned()]);
    trial.calls = Rc::new(RealCalls::new(effects(agent)));
    trial.run()
}

/// Everything that a run may call, with one secret and one agent.
pub fn effects(agent: &str) -> Effects {
    use_ring();
    let http = Http::new(&HttpSettings::local()).expect("a client");
    let run = RunSettings { enable: RunKind::ALL.into(), ..RunSettings::default() };
    let config = Config { run, ..Config::default() };
    Effects {
        agents: Agents::parse(agent, Path::new("agents.yaml")).expect("agents"),
        secrets: Chain::default().then(Environment::new([("WORKFLOW_RUNNER_SECRET_KEY".to_owned(), "tr0ub4dor".to_owned())])),
        ..Effects::new(&config, http, Sink::default(), Markers::new("run"), "run-1")
    }
}

#[test]
fn scripted_agents_take_virtual_time() {
    let report = ask(AGENT, "hello", "PT1H");
    assert_eq!((report.output(), report.took), (json!("hello!"), seconds(1_200)));
    assert_eq!(ask(AGENT, "hello", "PT1M").fault().status, 408);
    let report = ask(SILENT, "hello", "PT1M");
    assert_eq!((report.fault().status, report.took), (408, seconds(60)));
    let report = ask("name: other\nkind: scripted\nreply: x", "hello", "PT1M");
    assert!(report.fault().to_string().contains("reviewer"), "{}", report.fault());
}

#[test]
fn values_of_secrets_stand_in_no_output() {
    let report = ask(AGENT, r#"${ "key \($secrets.KEY)" }"#, "PT1H");
    let marked = format!("key {}!", Markers::new("run").mark("KEY"));
    assert_eq!(report.outcome, super::Outcome::Completed(data(json!(marked))));
}

#[test]
fn a_secret_cannot_stand_in_an_endpoint_variable() {
    let tasks = "use: {secrets: [KEY]}\ndo:\n- get: {input: {from: '{key: $secrets.KEY}'}, call: http, with: {method: get, endpoint: 'https://h.test/{key}'}}";
    let mut trial = Trial::new(tasks, json!({}));
    trial.start.secrets = Markers::new("run").object(&["KEY".to_owned()]);
    let report = trial.run();
    assert!(report.fault().to_string().contains("`key` holds a secret"), "{}", report.fault());
}
