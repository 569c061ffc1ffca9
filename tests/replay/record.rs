//! Recording: each run of `examples/expected/` on a real server, and what befalls runs besides.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use serde::Deserialize;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus as Status;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{History, HistoryEvent};
use workflow_runner::activities::payload::json_of;
use workflow_runner::effects::agents::Agents;

use crate::here;
use crate::support::history::{activity_started, closed, describe, events};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, direct, document};
use temporalio_client::{UntypedSignal, UntypedWorkflow, WorkflowSignalOptions};
use temporalio_common::data_converters::RawValue;

/// Beside the examples: a run that was cancelled, one that ran out of time, one whose worker was killed, one whose agent's answer had to be read back
/// after it was seen running, a chain of runs that continue each other, one that got events by signals, and one that ran programs and another workflow.
pub const SITUATIONS: [&str; 7] = ["cancelled", "timed-out", "taken-over", "read-back", "continued", "listening", "programs"];

/// A run that takes longer is recorded as far as it has come: an open history replays as well.
const LONGEST: Duration = Duration::from_secs(45);
/// Where the examples' input says that the server is.
const EXAMPLE_SERVER: &str = "http://127.0.0.1:8080";

/// A run as `tests/examples.rs` describes it; what only matters there is not read.
#[derive(Deserialize)]
struct Run {
    input: Value,
    #[serde(default)]
    calls: Vec<Exchange>,
    result: Value,
}

#[derive(Clone, Deserialize)]
struct Exchange {
    request: Value,
    #[serde(default)]
    answer: Value,
    fails: Option<u16>,
}

pub async fn record(wanted: &str, examples: &[String], known: &BTreeMap<String, Vec<PathBuf>>) {
    for name in examples.iter().map(String::as_str).chain(SITUATIONS) {
        let missing = wanted.is_empty() && !known.contains_key(name);
        if missing || wanted == name {
            match name {
                "cancelled" => cancelled().await,
                "timed-out" => timed_out().await,
                "taken-over" => taken_over().await,
                "read-back" => read_back().await,
                "continued" => continued().await,
                "listening" => listening().await,
                "programs" => programs().await,
                example => self::example(example).await,
            }
        }
    }
}

/// With the agents of the examples, whose answers come as they are scripted: on the platform they would be text.
async fn stage() -> Stage {
    let agents = |options: &mut workflow_runner::control_plane::Options| {
        options.callbacks.always_stale = false;
        options.agents = Arc::new(Agents::load(&here("examples/agents")).expect("the agents are well written"));
    };
    Stage::with(StageOptions { plane: Some(Box::new(agents)), ..Default::default() }).await
}

/// Writes the child's history under the next number.
async fn keep(stage: &Stage, name: &str, execution: &str) {
    keep_run(stage, name, &child_id(execution), "").await;
}

/// The same of any run; gives its first event.
async fn keep_run(stage: &Stage, name: &str, workflow_id: &str, run_id: &str) -> HistoryEvent {
    let history = History { events: events(&stage.client, workflow_id, run_id).await };
    let folder = here("tests/histories");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut paths = (1..1_000).map(|number| folder.join(format!("{name}.{number}.binpb")));
    let path = paths.find(|path| !path.exists()).expect("a number");
    std::fs::write(&path, history.encode_to_vec()).expect("written");
    println!("{}: {} events", path.display(), history.events.len());
    history.events.into_iter().next().expect("a start")
}

async fn example(name: &str) {
    let yaml = std::fs::read_to_string(here(&format!("examples/{name}.yaml"))).expect("the example");
    let runs = std::fs::read_to_string(here(&format!("examples/expected/{name}.json"))).expect("its runs");
    let runs: Vec<Run> = serde_json::from_str(&runs).expect("runs");
    for run in runs {
        let stage = stage().await;
        let worker = stage.worker(&[]).await;
        let web = answering(run.calls).await;
        let input: Value = serde_json::from_str(&run.input.to_string().replace(EXAMPLE_SERVER, &web.url(""))).expect("JSON");
        let id = stage.execute(&yaml, &input).await;
        // Open is good enough; but an end has to be the right one.
        if let Ok(status) = tokio::time::timeout(LONGEST, closed(&stage.client, &child_id(&id))).await {
            let expected = if run.result["status"] == "completed" { Status::Completed } else { Status::Failed };
            assert_eq!(status, expected, "{name}");
        }
        keep(&stage, name, &id).await;
        drop(worker);
        stage.stop().await;
    }
}

/// Gives the scripted answers in their order, whatever is asked.
async fn answering(calls: Vec<Exchange>) -> Web {
    let next = Arc::new(std::sync::Mutex::new(calls.into_iter()));
    Web::start(move |_, _| {
        let exchange = next.lock().expect("no panic before").next();
        match exchange {
            None => Reply::status(500),
            Some(Exchange { fails: Some(status), .. }) => Reply::status(status),
            Some(Exchange { request, answer, .. }) if request["output"] == "response" => {
                let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
                Reply { status, ..Reply::json(&answer["content"]) }
            }
            Some(Exchange { answer, .. }) => Reply::json(&answer),
        }
    })
    .await
}

/// Waits until the child has so many events.
async fn has_come_to(stage: &Stage, execution: &str, events: i64) {
    until("the run to wait", || async {
        let info = describe(&stage.client, &child_id(execution)).await?.workflow_execution_info?;
        (info.history_length >= events).then_some(())
    })
    .await;
}

async fn cancelled() {
    let stage = Stage::with_agents(&["name: silent\nkind: scripted\nsilence: true\n"]).await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_HANDSHAKE__WATCH_INTERVAL", "1s")]).await;
    let tasks = "  - both:\n      fork:\n        branches:\n          - rest: {wait: PT1H}\n          - ask: {call: agent, with: {agent: silent, message: hi}}\n";
    let id = stage.execute(&document(tasks), &json!({})).await;
    activity_started(&stage.client, &child_id(&id), "/do/0/both/fork/branches/1/ask").await;
    stage.plane.cancel(&id).await.expect("cancelled");
    assert_eq!(closed(&stage.client, &child_id(&id)).await, Status::Canceled);
    keep(&stage, "cancelled", &id).await;
    drop(worker);
    stage.stop().await;
}

async fn timed_out() {
    let stage = stage().await;
    let worker = stage.worker(&[]).await;
    let web = Web::start(|_, _| Reply::never()).await;
    let tasks = format!(
        "  - caught:\n      try:\n        - late: {{timeout: {{after: PT0.5S}}, do: [{{call: {{call: http, with: {{method: get, endpoint: '{0}'}}}}}}]}}\n      catch: {{errors: {{with: {{status: 408}}}}}}\n  - last: {{call: http, with: {{method: post, endpoint: '{0}'}}, timeout: {{after: PT1S}}}}\n",
        web.url("/")
    );
    let id = stage.execute(&document(&tasks), &json!({})).await;
    assert_eq!(closed(&stage.client, &child_id(&id)).await, Status::Failed);
    keep(&stage, "timed-out", &id).await;
    drop(worker);
    stage.stop().await;
}

async fn taken_over() {
    let stage = stage().await;
    let mut first: WorkerProcess = stage.worker(&[]).await;
    let web = Web::start(|_, count| Reply::json(&json!({"count": count}))).await;
    let call = format!("{{call: http, with: {{method: post, endpoint: '{}', body: '${{ . }}'}}}}", web.url("/"));
    let tasks = format!(
        "  - first: {call}\n  - compute: {{set: {{at: '${{ $task.startedAt }}', count: '${{ .count }}'}}}}\n  - rest: {{wait: PT4S}}\n  - second: {call}\n"
    );
    let id = stage.execute(&document(&tasks), &json!({})).await;
    has_come_to(&stage, &id, 12).await;
    first.kill();
    let second = stage.worker(&[]).await;
    assert_eq!(closed(&stage.client, &child_id(&id)).await, Status::Completed);
    keep(&stage, "taken-over", &id).await;
    drop(second);
    stage.stop().await;
}

async fn read_back() {
    let stage = Stage::with_agents(&["name: slow\nkind: scripted\ndelay: 2s\nreply: 'you said {message}'\n"]).await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_HANDSHAKE__RECONCILE_AFTER", "1s")]).await;
    let id = stage.execute(&document("  - ask: {call: agent, with: {agent: slow, message: hi}}\n"), &json!({})).await;
    assert_eq!(stage.output(&id).await, json!({"value": "you said hi"}));
    closed(&stage.client, &child_id(&id)).await;
    keep(&stage, "read-back", &id).await;
    drop(worker);
    stage.stop().await;
}

async fn continued() {
    let stage = stage().await;
    let worker = stage.worker(&[]).await;
    let web = Web::start(|_, count| Reply::json(&json!({"count": count}))).await;
    let call = format!("{{call: http, with: {{method: post, endpoint: '{}', body: '${{ $item }}'}}}}", web.url("/"));
    let yaml = document(&format!(
        "  - both:\n      fork:\n        branches:\n          - loop: {{for: {{in: '[range(8)]'}}, do: [{{guarded: {{try: [{{post: {call}}}], catch: {{}}}}}}]}}\n          - rest: {{wait: PT1S}}\n"
    ));
    let input = json!({"workflow_yaml": yaml, "initial_data": {}, "continue_after": 25});
    direct::start_raw(&stage.client, "continued", vec![json_of(&input)]).await;
    direct::completed(&stage.client, "continued").await;
    let mut run_id = String::new();
    loop {
        let start = keep_run(&stage, "continued", "continued", &run_id).await;
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = start.attributes else { panic!("a start") };
        run_id = started.continued_execution_run_id;
        if run_id.is_empty() {
            break;
        }
    }
    drop(worker);
    stage.stop().await;
}

async fn listening() {
    let stage = stage().await;
    let worker = stage.worker(&[]).await;
    let tasks = "  - first: {wait: PT1S}\n  - hear:\n      listen: {to: {any: [{with: {type: beat}}], until: '. | length == 2'}}\n      foreach: {item: beat, do: [{rest: {wait: PT0.1S}}]}\n  - both: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}, read: envelope}}\n  - tell: {emit: {event: {with: {type: done}}}}\n";
    let handle = direct::start(&stage.client, "listening", &document(tasks), &json!({})).await;
    for (name, data) in [("beat", json!(1)), ("b", json!("early")), ("beat", json!(2)), ("a", json!(null))] {
        let signal = UntypedSignal::<UntypedWorkflow>::new(name);
        handle.signal(signal, RawValue::new(vec![json_of(&data)]), WorkflowSignalOptions::default()).await.expect("signalled");
    }
    direct::completed(&stage.client, "listening").await;
    keep_run(&stage, "listening", "listening", "").await;
    drop(worker);
    stage.stop().await;
}

async fn programs() {
    let stage = stage().await;
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("test/other");
    std::fs::create_dir_all(&place).expect("a folder");
    let other = document("  - double: {set: '${ {n: (.n * 2)} }'}\n").replace("name: stage", "name: other");
    std::fs::write(place.join("0.1.0.yaml"), other).expect("written");
    let dir = folder.path().display().to_string();
    let worker = stage.worker(&[("WORKFLOW_RUNNER_RUN__ENABLE", "shell,js"), ("WORKFLOW_RUNNER_DEFINITIONS__DIR", &dir)]).await;
    let tasks = "  - shell: {run: {shell: {command: 'printf 21'}}}\n  - script: {run: {script: {language: js, code: 'console.log(20 + 1)'}}}\n  - other: {run: {workflow: {namespace: test, name: other, version: latest, input: {n: 21}}}}\n";
    direct::start(&stage.client, "programs", &document(tasks), &json!({})).await;
    direct::completed(&stage.client, "programs").await;
    keep_run(&stage, "programs", "programs", "").await;
    drop(worker);
    stage.stop().await;
}
