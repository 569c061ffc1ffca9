//! The same program in process and on a Temporal server: the same outcome, the same calls in the same order; and a replay from any point of its
//! history goes the same way.

mod support;

#[path = "both_hosts/program.rs"]
mod program;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{History, HistoryEvent};
use workflow_runner::config::{HttpSettings, ResourceSettings};
use workflow_runner::effects::EffectError;
use workflow_runner::effects::http::Http;
use workflow_runner::effects::resources::Resources;
use workflow_runner::effects::scripted::Agents;
use workflow_runner::effects::secrets::Chain;
use workflow_runner::engine::host::Call;
use workflow_runner::engine::{Outcome, Start};
use workflow_runner::expr::Data;
use workflow_runner::expr::marker::Markers;
use workflow_runner::local::effects::{Effects, RealCalls};
use workflow_runner::local::{self, Calls, Clock, Options};
use workflow_runner::plan;

use self::support::replay::replay;
use self::support::web::{Reply, Web};
use self::support::{Stage, WorkerProcess, direct};

/// Programs that are tried; each takes a fraction of a second.
const PROGRAMS: usize = 40;

/// How a program ended, and the calls that it made: by strand, since what runs side by side has no order.
#[derive(Debug, PartialEq)]
struct Seen {
    end: Result<Value, (String, i64)>,
    calls: BTreeMap<String, Vec<String>>,
}

/// The branch of a `fork` that a call belongs to, or nothing.
fn strand(id: &str) -> String {
    let mut strand = String::new();
    let mut rest = id;
    while let Some((before, after)) = rest.split_once("/fork/branches/") {
        let index: String = after.chars().take_while(char::is_ascii_digit).collect();
        strand.push_str(before);
        strand.push('/');
        strand.push_str(&index);
        rest = &after[index.len()..];
    }
    strand
}

fn by_strand(ids: Vec<String>) -> BTreeMap<String, Vec<String>> {
    let mut strands: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in ids {
        strands.entry(strand(&id)).or_default().push(id);
    }
    strands
}

/// Notes the ids of calls on their way.
struct Noting {
    calls: RealCalls,
    ids: Rc<RefCell<Vec<String>>>,
}

impl Calls for Noting {
    fn call(&self, call: Call, clock: &Clock) -> LocalBoxFuture<'static, Result<Data, EffectError>> {
        if !call.local {
            self.ids.borrow_mut().push(call.id.clone()); // a local activity is no scheduled one in the other host's history
        }
        self.calls.call(call, clock)
    }
}

async fn in_process(yaml: String, input: Value) -> Seen {
    let run = move || {
        let plan = plan::build(&yaml, "program.yaml").expect("the program is a valid document");
        let ids = Rc::new(RefCell::new(Vec::new()));
        let http = Http::new(&HttpSettings::local()).expect("a client");
        let effects = Effects {
            resources: Resources::new(http.clone(), &ResourceSettings::default()),
            http,
            agents: Agents::default(),
            secrets: Chain::default(),
            markers: Markers::new("0123456789abcdef"),
            run_id: "run".to_owned(),
        };
        let calls = Rc::new(Noting { calls: RealCalls::new(effects), ids: ids.clone() });
        let start = Start::new("run", input.into(), jiff::Timestamp::UNIX_EPOCH);
        let outcome = local::run(&plan, Options::new(start, Clock::real(), calls)).expect("a runtime");
        let end = match outcome {
            Outcome::Completed(output) => Ok(output.to_json()),
            Outcome::Faulted(fault) => Err((fault.type_, i64::from(fault.status))),
            other => panic!("{other:?}"),
        };
        Seen { end, calls: by_strand(ids.take()) }
    };
    tokio::task::spawn_blocking(run).await.expect("the run does not panic")
}

async fn durably(stage: &Stage, id: &str, yaml: &str, input: &Value) -> (Seen, Vec<HistoryEvent>) {
    direct::start(&stage.client, id, yaml, input).await;
    let (end, events) = direct::end(&stage.client, id).await;
    let end = match end {
        direct::End::Completed(output) => Ok(output),
        direct::End::Failed(_, type_, details) => Err((type_, details["status"].as_i64().unwrap_or_default())),
        other => panic!("{id}: {other:?}"),
    };
    let scheduled = events.iter().filter_map(|event| match &event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => Some(scheduled.activity_id.clone()),
        _ => None,
    });
    (Seen { end, calls: by_strand(scheduled.collect()) }, events)
}

/// Every beginning of the history that ends where a worker was asked for its next commands.
async fn replays_from_everywhere(events: &[HistoryEvent]) -> Result<(), String> {
    let asked = |(at, event): (usize, &HistoryEvent)| (event.event_type() == EventType::WorkflowTaskStarted).then_some(at + 1);
    for length in events.iter().enumerate().filter_map(asked).chain([events.len()]) {
        let history = History { events: events[..length].to_vec() };
        replay(history).await.map_err(|error| format!("from event {length} of {}: {error}", events.len()))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_does_the_same_on_both_hosts_and_on_each_replay() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    // The answer depends on the path alone: /503 is an error, any other number comes back.
    let web = Web::start(|seen, _| match seen.path.trim_start_matches('/') {
        "503" => Reply::status(503),
        number => Reply::json(&json!({"n": number.parse::<i64>().unwrap_or_default()})),
    })
    .await;
    let mut runner = TestRunner::deterministic();
    let input = json!({"n": 1});
    for number in 0..PROGRAMS {
        let tasks = program::list(3).new_tree(&mut runner).expect("a program").current();
        let yaml = program::document(&tasks, &web.url(""));
        let local = in_process(yaml.clone(), input.clone()).await;
        let (durable, events) = durably(&stage, &format!("program-{number}"), &yaml, &input).await;
        assert_eq!(local, durable, "program {number}:\n{yaml}");
        if let Err(error) = replays_from_everywhere(&events).await {
            panic!("program {number}: {error}\n{yaml}");
        }
    }
    drop(worker);
    stage.stop().await;
}
