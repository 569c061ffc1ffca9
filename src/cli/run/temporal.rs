//! On a Temporal server, with a worker of its own on a private queue unless a queue is named.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use temporalio_client::errors::{WorkflowGetResultError, WorkflowStartError};
use temporalio_client::{Client, UntypedWorkflow, WorkflowCancelOptions, WorkflowGetResultOptions, WorkflowHandle, WorkflowStartOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::IncomingError;
use temporalio_common::protos::temporal::api::common::v1::SearchAttributes;

use super::{End, Job};
use crate::activities::payload::{data_of, first};
use crate::activities::status::{Publisher, RunKey, TaskList, TerminalStatus};
use crate::cli::RunArgs;
use crate::cli::outcome::fault_of;
use crate::cli::service::{Service, StartError, address};
use crate::cli::stop::Stop;
use crate::cli::timeline::Timeline;
use crate::config::{Config, StigmerSettings};
use crate::control_plane::{CallbackPolicy, ControlPlane, Options, Queues};
use crate::effects::agents::Agents;
use crate::engine::Outcome;
use crate::expr::Data;
use crate::handshake::{ChildInput, WORKFLOW_TYPE, listens};
use crate::temporal::metrics::SdkMetrics;
use crate::temporal::{connect, search_attribute};

pub(super) async fn run(args: &RunArgs, job: Job) -> Result<End, StartError> {
    let mut stop = Stop::listen().map_err(StartError::unreachable)?;
    let sdk = SdkMetrics::start().map_err(StartError::unreachable)?;
    let client = connect::once(&address(&job.config.temporal), Some(sdk.for_client())).await?;
    let id = args.workflow_id.clone().unwrap_or_else(|| format!("run-{}-{}", job.plan.name, jiff::Timestamp::now().as_millisecond()));
    let (queue, own) = match &args.task_queue {
        Some(queue) => (queue.clone(), None),
        None => {
            let queue = format!("workflow-runner-run-{}-{}", std::process::id(), jiff::Timestamp::now().as_millisecond());
            let own = Own::start(&queue, job.config, job.agents, &client, &sdk).await?;
            (queue, Some(own))
        }
    };
    let input = ChildInput { workflow_yaml: job.text, initial_data: job.input.to_json(), ..Default::default() };
    let listens = if job.plan.listens.is_empty() || !search_attribute::LISTENS.ensure(&client).await {
        None
    } else {
        listens::attributes(&job.plan.listens)
    };
    let ended = follow(&client, &queue, &id, (input, listens), &mut stop).await;
    if let Some(own) = own {
        own.stop().await;
    }
    ended
}

/// The worker of this run, and the control plane that serves its agents.
struct Own {
    service: Service,
    plane: Option<ControlPlane>,
}

impl Own {
    /// All queues are private, so that no task of anybody else comes here.
    async fn start(queue: &str, mut config: Config, agents: Agents, client: &Client, sdk: &SdkMetrics) -> Result<Self, StartError> {
        let private = |name: &str| format!("{queue}-{name}");
        config.worker.workflow_queue = queue.to_owned();
        config.worker.execution_queue = private("execution");
        config.worker.validation_queue = private("validation");
        config.handshake.watch_queue = private("watch");
        let plane = if agents.is_empty() { None } else { Some(plane(&private, agents, client)?) };
        config.stigmer = plane.as_ref().map(|plane| StigmerSettings::local(plane.address().to_string(), plane.api_key().unwrap_or("none")));
        let publisher = std::io::stderr().is_terminal().then(|| Arc::new(Shown(Mutex::default())) as Arc<dyn Publisher>);
        let service = Service::start(config, client.clone(), sdk, publisher).await?;
        Ok(Self { service, plane })
    }

    async fn stop(self) {
        self.service.stop().await;
        if let Some(plane) = self.plane {
            plane.shutdown().await;
        }
    }
}

fn plane(private: &impl Fn(&str) -> String, agents: Agents, client: &Client) -> Result<ControlPlane, StartError> {
    ControlPlane::start(Options {
        api_key: Some("run".to_owned()),
        org: String::new(),
        temporal: Some(client.clone()),
        queues: Queues {
            workflow_execution: private("outer"),
            workflow_validation: private("outer-validation"),
            agent_execution: private("agents"),
            execution_runner: private("execution"),
            validation_runner: private("validation"),
        },
        agents: Arc::new(agents),
        // As their scripts say, and as without Temporal: the platform's detours are for `dev`.
        callbacks: CallbackPolicy { always_stale: false, failures: true },
        ..Options::default()
    })
    .map_err(StartError::unreachable)
}

/// After so long without an end it is said where to look.
const PATIENCE: Duration = Duration::from_secs(10);
/// A run that was cancelled may clean up; one that no worker takes never ends.
const CANCEL_PATIENCE: Duration = Duration::from_secs(30);

/// Starts the workflow and waits for its end; Ctrl-C cancels it, a second one leaves it to the server.
async fn follow(
    client: &Client,
    queue: &str,
    id: &str,
    (input, listens): (ChildInput, Option<SearchAttributes>),
    stop: &mut Stop,
) -> Result<End, StartError> {
    let options = WorkflowStartOptions::new(queue, id).maybe_search_attributes(listens.map(Into::into)).build();
    let raw = RawValue::new(vec![input.to_payload()]);
    let started = client.start_workflow(UntypedWorkflow::new(WORKFLOW_TYPE), raw, options).await;
    let handle = started.map_err(|e| match e {
        WorkflowStartError::AlreadyStarted { .. } => {
            StartError::usage(format!("workflow {id} is running already; give another --workflow-id"))
        }
        other => StartError::unreachable(other),
    })?;
    eprintln!("workflow {id} on task queue {queue}");
    let mut result = Box::pin(handle.get_result(WorkflowGetResultOptions::default()));
    let mut patience = Box::pin(tokio::time::sleep(PATIENCE));
    let mut told = false;
    loop {
        tokio::select! {
            ended = &mut result => return Ok(End { outcome: outcome(ended)?, interrupted: false }),
            () = &mut patience, if !told => {
                told = true;
                eprintln!("waiting for {id}: `workflow-runner history {id}` shows where it stands, `doctor` whether a worker polls {queue}");
            }
            _ = stop.asked() => break,
        }
    }
    eprintln!("cancelling {id}; interrupt again to leave it to the server");
    cancel(&handle).await?;
    tokio::select! {
        ended = &mut result => Ok(End { outcome: outcome(ended)?, interrupted: true }),
        () = tokio::time::sleep(CANCEL_PATIENCE) => {
            eprintln!("{id} has not ended; it is left to the server");
            Ok(End { outcome: Outcome::Cancelled, interrupted: true })
        }
        _ = stop.asked() => Ok(End { outcome: Outcome::Cancelled, interrupted: true }),
    }
}

async fn cancel(handle: &WorkflowHandle<Client, UntypedWorkflow>) -> Result<(), StartError> {
    let options = WorkflowCancelOptions::builder().reason("interrupted".to_owned()).build();
    handle.cancel(options).await.map_err(StartError::unreachable)
}

fn outcome(ended: Result<RawValue, WorkflowGetResultError>) -> Result<Outcome, StartError> {
    let (message, details) = match ended {
        Ok(raw) => return first(&raw).map(Outcome::Completed).map_err(StartError::unreachable),
        Err(WorkflowGetResultError::Cancelled { .. }) => return Ok(Outcome::Cancelled),
        Err(WorkflowGetResultError::Failed(error)) => match error.as_ref() {
            IncomingError::Application(failure) => {
                let details = failure.raw_details().and_then(|d| d.first()).and_then(|p| data_of(p).ok());
                (failure.to_string(), details.map(|d: Data| d.to_json()))
            }
            other => (other.to_string(), None),
        },
        Err(other @ (WorkflowGetResultError::Terminated { .. } | WorkflowGetResultError::TimedOut)) => (other.to_string(), None),
        Err(other) => return Err(StartError::unreachable(other)),
    };
    Ok(Outcome::Faulted(fault_of(&message, details.as_ref())))
}

/// Shows the progress of the one run of this process.
struct Shown(Mutex<Timeline>);

impl Publisher for Shown {
    fn progress(&self, _: &RunKey, tasks: TaskList) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rows(&tasks);
    }

    fn terminal(&self, _: &RunKey, status: TerminalStatus) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rows(&status.tasks);
    }
}
