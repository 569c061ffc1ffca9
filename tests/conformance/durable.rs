//! A run on a Temporal server, by a worker of this process: one server and one worker for all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use serde_json::Value;
use temporalio_client::{Client, UntypedSignal, UntypedWorkflow, WorkflowCancelOptions, WorkflowSignalOptions, WorkflowTerminateOptions};
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use tokio::runtime::Runtime;
use workflow_runner::activities::payload::raw_of;
use workflow_runner::activities::status::{Publisher, RunKey, TaskList, TaskState, TerminalStatus};
use workflow_runner::cli::service::Service;
use workflow_runner::control_plane::{DevServer, DevServerOptions};
use workflow_runner::effects::http::use_ring;
use workflow_runner::temporal::metrics::SdkMetrics;

use super::ran::{End, Ran};
use super::scenario::Job;
use super::stage::Stage;
use super::support::direct;
use super::support::history::status;
use super::support::wait::until;
use super::support::{connect, dev_server};

/// The signal that carries a whole event.
const EVENT_SIGNAL: &str = "cloudevent";
/// A run that takes longer is broken.
const LIMIT: Duration = Duration::from_mins(1);

pub struct Durable {
    runtime: Runtime,
    client: Client,
    lists: Arc<Lists>,
    server: DevServer,
    service: Service,
    _metrics: SdkMetrics,
}

/// The newest task list of each run, as the product publishes it.
#[derive(Default)]
struct Lists(Mutex<BTreeMap<String, TaskList>>);

impl Lists {
    fn of(&self, workflow_id: &str) -> TaskList {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(workflow_id).cloned().unwrap_or_default()
    }

    fn put(&self, run: &RunKey, tasks: TaskList) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(run.workflow_id.clone(), tasks);
    }
}

impl Publisher for Lists {
    fn progress(&self, run: &RunKey, tasks: TaskList) {
        self.put(run, tasks);
    }

    fn terminal(&self, run: &RunKey, status: TerminalStatus) {
        self.put(run, status.tasks);
    }
}

impl Durable {
    /// A server, a worker, and the services that it calls.
    pub fn start(stage: &Stage, runtime: Runtime) -> Self {
        use_ring();
        let lists = Arc::new(Lists::default());
        let (server, service, client, metrics) = runtime.block_on(async {
            let server = dev_server(&DevServerOptions::default()).await;
            let client = connect(&server.address()).await;
            let settings = [
                ("WORKFLOW_RUNNER_ADMIN__LISTEN", "127.0.0.1:0".to_owned()),
                ("WORKFLOW_RUNNER_WORKER__MAX_CONCURRENT_ACTIVITIES", "50".to_owned()),
            ];
            let config = stage.settings(Stage::services().await, &settings);
            let metrics = SdkMetrics::start().expect("metrics");
            let service = Service::start(config, client.clone(), &metrics, Some(lists.clone())).await.expect("the worker starts");
            (server, service, client, metrics)
        });
        Self { runtime, client, lists, server, service, _metrics: metrics }
    }

    /// # Errors
    /// In words, where there is no run to speak of.
    pub fn run(&self, id: &str, job: &Job) -> Result<Ran, String> {
        let limited = async { tokio::time::timeout(LIMIT, self.ran(id, job)).await };
        match self.runtime.block_on(limited) {
            Ok(ran) => Ok(ran),
            Err(_) => {
                let handle = self.client.get_workflow_handle::<UntypedWorkflow>(id);
                let _ = self.runtime.block_on(handle.terminate(WorkflowTerminateOptions::default()));
                Err(format!("it has not ended after {LIMIT:?}; its tasks: {:?}", self.lists.of(id).rows))
            }
        }
    }

    async fn ran(&self, id: &str, job: &Job) -> Ran {
        let handle = direct::start(&self.client, id, &job.definition, &job.input).await;
        for event in &job.events {
            let signal = UntypedSignal::new(EVENT_SIGNAL);
            handle.signal(signal, raw_of(event), WorkflowSignalOptions::default()).await.expect("the run takes the event");
        }
        if job.cancel {
            let waits = || self.lists.of(id).rows.iter().any(|row| row.state == TaskState::InProgress);
            let open = async || status(&self.client, id).await == Some(WorkflowExecutionStatus::Running);
            until("the run to wait, or to end", || async { (waits() || !open().await).then_some(()) }).await;
            // One that has ended by itself is not as expected, and tells so by its end.
            let _ = handle.cancel(WorkflowCancelOptions::default()).await;
        }
        let (end, events) = direct::end(&self.client, id).await;
        Ran { end: as_seen(end), tasks: self.lists.of(id).rows, took: took(&events), virtual_time: false }
    }

    pub fn stop(self) {
        self.runtime.block_on(async {
            self.service.stop().await;
            self.server.stop().await;
        });
    }
}

fn as_seen(end: direct::End) -> End {
    match end {
        direct::End::Completed(output) => End::Completed(output),
        direct::End::Cancelled => End::Cancelled,
        direct::End::Failed(message, _, error) if error["title"] == "Invalid definition" => {
            End::Refused { lines: Vec::new(), text: message }
        }
        direct::End::Failed(_, _, error) if error.is_object() => End::Faulted(error),
        direct::End::Failed(message, type_, _) => End::Faulted(Value::from(format!("{type_}: {message}"))),
        direct::End::Other(status) => End::Faulted(Value::from(status)),
    }
}

/// From the first event to the last.
fn took(events: &[HistoryEvent]) -> SignedDuration {
    let time = |event: Option<&HistoryEvent>| event.and_then(|event| SystemTime::try_from(event.event_time?).ok());
    let length = time(events.first()).zip(time(events.last())).and_then(|(first, last)| last.duration_since(first).ok());
    length.and_then(|length| SignedDuration::try_from(length).ok()).unwrap_or_default()
}
