//! Running and timing.

use std::fmt;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use futures::future::join_all;
use serde_json::{Value, json};
use temporalio_client::{Client, UntypedWorkflow, WorkflowFetchHistoryOptions, WorkflowGetResultOptions, WorkflowStartOptions};
use temporalio_common::data_converters::RawValue;
use workflow_runner::activities::payload::json_of;
use workflow_runner::temporal::connect::{self, Address};

use super::hand_written::{self, Task};
use super::process::{HandWritten, Runner};
use super::shape::{Kind, Shape};

const OUR_QUEUE: &str = "zigflow_execution";
const OUR_TYPE: &str = "ExecuteServerlessWorkflow";
/// Runs before those that count.
const WARM_UP: usize = 2;

pub async fn connect(address: &str) -> Client {
    connect::once(&Address { address: Some(address.to_owned()), ..Default::default() }, None).await.expect("the server answers")
}

/// A client, and the web server that calls go to.
pub struct Stage {
    client: Client,
    url: String,
}

/// Who runs a shape.
#[derive(Clone, Copy)]
enum Who {
    Us,
    ByHand,
}

impl Stage {
    pub async fn new(address: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/pet", listener.local_addr().expect("an address"));
        let app = Router::new().route("/pet", get(|| async { ([("content-type", "application/json")], r#"{"id":1,"name":"Milou"}"#) }));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { client: connect(address).await, url }
    }

    /// Starts one workflow and waits for its result; the time that took, and its id.
    async fn once(&self, who: Who, shape: &Shape, number: usize) -> (Duration, String) {
        let (queue, type_, input) = match who {
            Who::Us => (OUR_QUEUE, OUR_TYPE, json!({"workflow_yaml": shape.document(&self.url), "initial_data": Shape::input()})),
            Who::ByHand => {
                let task = Task { kind: shape.kind, local: shape.local, url: self.url.clone(), n: 1 };
                (hand_written::QUEUE, hand_written::WORKFLOW_TYPE, serde_json::to_value(task).expect("JSON"))
            }
        };
        let id = format!("{type_}-{}-{number}", shape.slug());
        let began = Instant::now();
        let options = WorkflowStartOptions::new(queue, &id).build();
        let handle = self.client.start_workflow(UntypedWorkflow::new(type_), RawValue::new(vec![json_of(&input)]), options).await;
        let handle = handle.expect("the workflow starts");
        handle.get_result(WorkflowGetResultOptions::default()).await.expect("the workflow completes");
        (began.elapsed(), id)
    }

    async fn events(&self, id: &str) -> usize {
        let handle = self.client.get_workflow_handle::<UntypedWorkflow>(id);
        handle.fetch_history(WorkflowFetchHistoryOptions::default()).into_events().await.expect("a history").len()
    }

    /// Both take turns, so that whatever else happens on the machine falls on both.
    pub async fn compare(&self, shape: &Shape, runs: usize) -> Row {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut our_id, mut their_id) = (String::new(), String::new());
        for number in 0..WARM_UP + runs {
            let (our_time, id) = self.once(Who::Us, shape, number).await;
            our_id = id;
            let (their_time, id) = self.once(Who::ByHand, shape, number).await;
            their_id = id;
            if number >= WARM_UP {
                ours.push(our_time);
                theirs.push(their_time);
            }
        }
        let events = (self.events(&our_id).await, self.events(&their_id).await);
        Row { name: shape.name.clone(), events, ours: Spread::of(ours), theirs: Spread::of(theirs) }
    }
}

#[derive(Clone, Copy)]
struct Spread {
    p50: Duration,
    p90: Duration,
}

impl Spread {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |percent: usize| times.get((times.len().saturating_sub(1)) * percent / 100).copied().unwrap_or_default();
        Self { p50: at(50), p90: at(90) }
    }
}

/// One shape's figures.
pub struct Row {
    name: String,
    /// Ours, by hand.
    events: (usize, usize),
    ours: Spread,
    theirs: Spread,
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Row {
    pub const HEAD: &'static str = "shape                 events (by hand)    p50 ms    p90 ms   by hand: p50       p90     ratio";

    fn ratio(&self) -> f64 {
        self.ours.p50.as_secs_f64() / self.theirs.p50.as_secs_f64().max(f64::EPSILON)
    }

    pub fn to_json(&self) -> Value {
        json!({"shape": self.name, "events": self.events.0, "events_by_hand": self.events.1, "p50_ms": ms(self.ours.p50), "p90_ms": ms(self.ours.p90),
            "p50_ms_by_hand": ms(self.theirs.p50), "p90_ms_by_hand": ms(self.theirs.p90), "ratio": self.ratio()})
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, by_hand) = self.events;
        write!(f, "{:<22}{ours:>6} {:>9}{:>10.1}{:>10.1}", self.name, format!("({by_hand})"), ms(self.ours.p50), ms(self.ours.p90))?;
        write!(f, "{:>15.1}{:>10.1}{:>10.2}", ms(self.theirs.p50), ms(self.theirs.p90), self.ratio())
    }
}

/// Many workflows of three calls at once.
pub struct Burst {
    count: usize,
    took: (Duration, Duration),
    /// Seconds of processor time of each worker.
    cpu: (f64, f64),
    memory_mib: (f64, f64),
}

impl Burst {
    pub async fn run(stage: &Stage, runner: &Runner, by_hand: &HandWritten, count: usize) -> Self {
        let shape = Shape { name: "burst".to_owned(), kind: Kind::ThreeCalls, local: false };
        let all = async |who| {
            let began = Instant::now();
            join_all((0..count).map(|number| stage.once(who, &shape, number))).await;
            began.elapsed()
        };
        let before = runner.cpu_seconds();
        let our_time = all(Who::Us).await;
        let our_cpu = runner.cpu_seconds() - before;
        let before = by_hand.cpu_seconds();
        let their_time = all(Who::ByHand).await;
        let their_cpu = by_hand.cpu_seconds() - before;
        let memory_mib = (runner.memory_mib(), by_hand.memory_mib());
        Self { count, took: (our_time, their_time), cpu: (our_cpu, their_cpu), memory_mib }
    }

    #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
    fn per_workflow(&self, cpu: f64) -> f64 {
        cpu * 1e3 / self.count.max(1) as f64
    }

    pub fn to_json(&self) -> Value {
        json!({"workflows": self.count, "seconds": self.took.0.as_secs_f64(), "seconds_by_hand": self.took.1.as_secs_f64(),
            "cpu_ms_per_workflow": self.per_workflow(self.cpu.0), "cpu_ms_per_workflow_by_hand": self.per_workflow(self.cpu.1),
            "memory_mib": self.memory_mib.0, "memory_mib_by_hand": self.memory_mib.1})
    }
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "burst of {} × 3 http: {:.1} s (by hand {:.1} s), {:.2} ms of CPU per workflow (by hand {:.2}), {:.1} MiB (by hand {:.1})",
            self.count,
            self.took.0.as_secs_f64(),
            self.took.1.as_secs_f64(),
            self.per_workflow(self.cpu.0),
            self.per_workflow(self.cpu.1),
            self.memory_mib.0,
            self.memory_mib.1
        )
    }
}
