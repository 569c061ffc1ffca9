//! The workers of a process: one thread for each task queue, since one thread runs all workflow code of a worker and the SDK's workers stay on theirs.
//!
//! | queue | workflows | activities | served |
//! |---|---|---|---|
//! | `worker.workflow_queue` | `ExecuteServerlessWorkflow` | calls, completion, local ones | always |
//! | `handshake.watch_queue` | | `WatchCaller` | always |
//! | `worker.execution_queue` | | `ExecuteWorkflow` | with a control plane |
//! | `worker.validation_queue` | | `validateWorkflow` | with a control plane |

use std::sync::Arc;
use std::time::Duration;

use temporalio_client::Client;
use temporalio_common::worker::{VersioningBehavior, WorkerDeploymentOptions, WorkerDeploymentVersion};
use temporalio_sdk::runtime::Runtime;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{Worker, WorkerOptions};
use tokio::sync::{oneshot, watch};

use super::pending::PendingSteps;
use super::run::WorkflowServices;
use super::workflow::ServerlessWorkflow;
use crate::activities::activity_policy;
use crate::activities::guard::PlatformGuard;
use crate::activities::lifecycle::LifecycleOutlet;
use crate::activities::resources::{Platform, Resources};
use crate::activities::status::Publisher;
use crate::activities::{ExecutionActivities, RunnerActivities, ValidationActivities, WatchActivities};
use crate::admin::{Latch, Liveness};
use crate::config::{Config, OnCallerGone as OnCallerGoneSetting};
use crate::engine::Settings;
use crate::handshake::watch::{Means, Running};
use crate::handshake::{OnCallerGone, Pace, Sweep, SweepSettings, WatchCounters, Wheel, WheelSettings};
use crate::plan::PlanCache;

/// Definitions whose plans are kept.
const PLANS_KEPT: usize = 64;
/// Workflow tasks and local activities that run at a time.
const WORKFLOW_SLOTS: usize = 100;
/// Rpcs a second that watches and sweep may make together.
const WATCH_RPCS_PER_SECOND: u32 = 100;
/// Between the longest http call and the end of its activity: a call must end by itself, since an expired activity is tried again.
const CALL_MARGIN: Duration = Duration::from_secs(30);
/// After the grace period, for what the SDK does itself at the end.
const STOP_MARGIN: Duration = Duration::from_secs(2);

/// What workers are made of.
pub struct Parts {
    pub client: Client,
    pub runtime: Arc<Runtime>,
    pub config: Arc<Config>,
    pub activities: Resources,
    /// Takes progress beside the control plane.
    pub publisher: Arc<dyn Publisher>,
    pub liveness: Liveness,
    /// Dropped when all queues are polled.
    pub ready: Latch,
    /// Whether runs may set `WorkflowExecutionID`.
    pub search_attribute: bool,
    /// The same for `WorkflowRunnerListens`.
    pub listens_attribute: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the worker of task queue `{queue}`: {reason}")]
pub struct WorkerError {
    pub queue: String,
    pub reason: String,
}

/// Running workers.
pub struct Workers {
    threads: Vec<Thread>,
    turning: Running,
    sweeping: Running,
    /// For the gauges.
    pub wheel: Wheel,
    pub pending_agents: Arc<PendingSteps>,
    pub counters: Arc<WatchCounters>,
    failed: watch::Receiver<Option<String>>,
    grace: Duration,
}

struct Thread {
    queue: String,
    stop: Box<dyn Fn() + Send + Sync>,
    ended: oneshot::Receiver<()>,
}

impl Workers {
    /// Starts all workers on the current runtime.
    ///
    /// # Errors
    /// The first worker that cannot be made.
    pub fn start(parts: Parts) -> Result<Self, WorkerError> {
        let config = parts.config.clone();
        let platform = parts.activities.platform.clone();
        let publisher = platform.as_ref().map(|platform| platform.publisher.clone());
        let counters = Arc::new(WatchCounters::default());
        let means = Means {
            client: parts.client.clone(),
            pace: Arc::new(Pace::per_second(WATCH_RPCS_PER_SECOND)),
            guard: Arc::new(PlatformGuard(publisher)),
            guard_patience: config.handshake.delivery_budget,
            counters: counters.clone(),
        };
        let (wheel, turning) = Wheel::start(means.clone(), WheelSettings { interval: config.handshake.watch_interval });
        let sweeping = Sweep::start(means, SweepSettings { every: config.handshake.sweep_every });
        let pending_agents = Arc::new(PendingSteps::default());

        let mut queues = vec![execution_queue(&parts, &pending_agents)?];
        let mut watches = options(&config, &config.handshake.watch_queue);
        watches.register_activities(WatchActivities { wheel: wheel.clone() });
        queues.push(watches);
        if let Some(platform) = &platform {
            queues.extend(platform_queues(&parts, &parts.activities, platform, &wheel));
        }
        let (failing, failed) = watch::channel(None);
        let ready = Arc::new(parts.ready);
        let threads: Result<Vec<_>, _> = queues
            .into_iter()
            .map(|options| {
                let queue = options.task_queue.clone();
                let worker = Worker::new(&parts.runtime, parts.client.clone(), options)
                    .map_err(|e| WorkerError { queue: queue.clone(), reason: e.to_string() })?;
                Thread::run(queue, worker, parts.liveness.clone(), ready.clone(), failing.clone())
            })
            .collect();
        Ok(Self { threads: threads?, turning, sweeping, wheel, pending_agents, counters, failed, grace: config.worker.grace })
    }

    /// Waits until a worker ends by itself, which none should, and says why.
    pub async fn failure(&mut self) -> String {
        match self.failed.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => "all workers have ended".to_owned(),
        }
    }

    /// Stops polling, lets running activities end within the grace period, and stops the watches. Says whether all ended in time.
    pub async fn stop(self) -> bool {
        for thread in &self.threads {
            (thread.stop)();
        }
        let mut in_time = true;
        let deadline = tokio::time::Instant::now() + self.grace + STOP_MARGIN;
        for thread in self.threads {
            // An error says that the thread has ended in a panic, which its own log line tells.
            if tokio::time::timeout_at(deadline, thread.ended).await.is_err() {
                tracing::warn!(task_queue = thread.queue, "the worker did not end within the grace period");
                in_time = false;
            }
        }
        let watches = async { futures::join!(self.turning.stop(), self.sweeping.stop()) };
        if tokio::time::timeout_at(deadline, watches).await.is_err() {
            tracing::warn!("the watches did not end within the grace period");
            in_time = false;
        }
        in_time
    }
}

fn options(config: &Config, queue: &str) -> WorkerOptions {
    let activities = config.worker.max_concurrent_activities;
    let tuner = TunerHolder::builder()
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(WORKFLOW_SLOTS))
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(activities))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(WORKFLOW_SLOTS))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(1))
        .build();
    let mut options = WorkerOptions::new(queue.to_owned())
        .max_cached_workflows(config.temporal.max_cached_workflows)
        .sticky_queue_schedule_to_start_timeout(config.temporal.sticky_timeout)
        .graceful_shutdown_period(config.worker.grace)
        .tuner(tuner)
        .build();
    if let Some((name, build_id)) = &config.worker.deployment {
        let version = WorkerDeploymentVersion::builder().deployment_name(name.clone()).build_id(build_id.clone()).build();
        options.deployment_options = WorkerDeploymentOptions::new(version)
            .use_worker_versioning(true)
            .default_versioning_behavior(VersioningBehavior::Pinned)
            .build();
    }
    options
}

/// The queue on which runs live.
fn execution_queue(parts: &Parts, pending_agents: &Arc<PendingSteps>) -> Result<WorkerOptions, WorkerError> {
    let (config, resources) = (&parts.config, &parts.activities);
    let publisher = resources.platform.as_ref().map(|platform| platform.publisher.clone());
    let services = Arc::new(WorkflowServices {
        plans: PlanCache::new(PLANS_KEPT),
        publisher: match publisher.clone() {
            Some(platform) => platform,
            None => parts.publisher.clone(),
        },
        pending_agents: pending_agents.clone(),
        engine: Settings { error_host: config.dsl.error_host.clone(), ..Settings::default() },
        delivery_budget: config.handshake.delivery_budget,
        reconcile_after: config.handshake.reconcile_after,
        reconcile_every: config.handshake.reconcile_every,
        agent_timeout: config.agents.timeout,
        call_timeout: config.http.timeout + CALL_MARGIN,
        process_timeout: config.run.timeout + CALL_MARGIN,
        foreign_timeout: config.activities.timeout,
        watch_queue: config.handshake.watch_queue.clone(),
        listens_attribute: parts.listens_attribute,
        lifecycle: config.events.lifecycle.then(|| LifecycleOutlet::start(resources.sink.clone())),
    });
    let queue = &config.worker.workflow_queue;
    let mut options = options(config, queue);
    options.register_activities(ExecutionActivities {
        http: resources.http.clone(),
        sink: resources.sink.clone(),
        openapi: resources.openapi.clone(),
        scripts: resources.scripts.clone(),
        definitions: resources.definitions.clone(),
        allowed_activities: config.activities.allow.clone(),
        queues: activity_policy::queues(&config.activities),
        outside: resources.outside.clone(),
        secrets: resources.lookup(),
        stigmer: resources.platform.as_ref().map(|platform| platform.stigmer.clone()),
        publisher,
        on_failure: config.handshake.on_failure,
        store_token: config.handshake.store_token,
        metrics: resources.metrics.clone(),
    });
    options
        .register_workflow_with_factory::<ServerlessWorkflow, _>(move || ServerlessWorkflow::new(services.clone()))
        .map_err(|e| WorkerError { queue: queue.clone(), reason: e.to_string() })?;
    Ok(options)
}

/// The queues on which the control plane asks for work.
fn platform_queues(parts: &Parts, resources: &Resources, platform: &Platform, wheel: &Wheel) -> [WorkerOptions; 2] {
    let config = &parts.config;
    let mut execution = options(config, &config.worker.execution_queue);
    execution.register_activities(RunnerActivities {
        stigmer: platform.stigmer.clone(),
        publisher: platform.publisher.clone(),
        workflow_queue: config.worker.workflow_queue.clone(),
        pending: config.handshake.asynchronous,
        watch: config.handshake.watch,
        on_caller_gone: match config.handshake.on_caller_gone {
            OnCallerGoneSetting::Cancel => OnCallerGone::Cancel,
            OnCallerGoneSetting::Continue => OnCallerGone::Continue,
        },
        store_token: config.handshake.store_token,
        queues: activity_policy::queues(&config.activities),
        outside: resources.outside.clone(),
        search_attribute: parts.search_attribute,
        listens_attribute: parts.listens_attribute,
        wheel: wheel.clone(),
    });
    let mut validation = options(config, &config.worker.validation_queue);
    validation.register_activities(ValidationActivities { queues: activity_policy::queues(&config.activities) });
    [execution, validation]
}

impl Thread {
    fn run(
        queue: String,
        mut worker: Worker,
        liveness: Liveness,
        ready: Arc<Latch>,
        failing: watch::Sender<Option<String>>,
    ) -> Result<Self, WorkerError> {
        let stop = Box::new(worker.shutdown_handle());
        let (end, ended) = oneshot::channel();
        let tokio = tokio::runtime::Handle::current();
        let name = queue.clone();
        let body = move || {
            let _entered = tokio.enter();
            // The heart beats on the thread that runs workflow code: a workflow that blocks stops it.
            let beat = liveness.heartbeat(format!("the worker of {name}"));
            drop(ready);
            tracing::info!(task_queue = name, "polling");
            let ran = tokio.block_on(async {
                tokio::select! {
                    ran = worker.run() => ran,
                    () = beat.keep() => Ok(()),
                }
            });
            drop(worker);
            if let Err(e) = ran {
                tracing::error!(task_queue = name, error = %e, "the worker has ended");
                failing.send_replace(Some(format!("the worker of {name}: {e}")));
            }
            let _ = end.send(());
        };
        std::thread::Builder::new()
            .name(format!("worker {queue}"))
            .spawn(body)
            .map_err(|e| WorkerError { queue: queue.clone(), reason: e.to_string() })?;
        Ok(Self { queue, stop, ended })
    }
}
