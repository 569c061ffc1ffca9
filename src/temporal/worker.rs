//! The workers of a process: one thread for each task queue, since one thread runs all workflow code of a worker and the SDK's workers stay on theirs.
//! How each is tuned stands in `tuning`, how it is replaced in process in `renewal`.
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
use temporalio_sdk::WorkerOptions;
use temporalio_sdk::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::pending::PendingSteps;
use super::renewal::{Making, Queue};
use super::run::WorkflowServices;
use super::spans;
use super::tuning::options;
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
use crate::telemetry::trace::Tracer;

/// Definitions whose plans are kept.
const PLANS_KEPT: usize = 64;
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
    /// Where spans go, if anywhere.
    pub tracer: Option<Tracer>,
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
    queues: Vec<Queue>,
    watch_queue: String,
    leave: watch::Sender<bool>,
    turning: Running,
    sweeping: Running,
    /// For the gauges.
    pub wheel: Wheel,
    pub pending_agents: Arc<PendingSteps>,
    pub counters: Arc<WatchCounters>,
    failed: watch::Receiver<Option<String>>,
    grace: Duration,
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
        if let Some(tracer) = &parts.tracer {
            let has_spans = |options: &&mut WorkerOptions| options.task_queue != config.handshake.watch_queue;
            queues.iter_mut().filter(has_spans).for_each(|options| spans::make(options, tracer));
        }
        let (failing, failed) = watch::channel(None);
        let (leave, leaving) = watch::channel(false);
        let Parts { client, runtime, liveness, ready, activities, .. } = parts;
        let making = Making {
            client,
            runtime,
            liveness,
            metrics: activities.metrics,
            max_activities: config.worker.max_activities,
            leave: leaving,
            failing,
        };
        let queues: Result<Vec<_>, _> = queues.into_iter().map(|options| Queue::serve(making.clone(), options, ready.clone())).collect();
        Ok(Self {
            queues: queues?,
            watch_queue: config.handshake.watch_queue.clone(),
            leave,
            turning,
            sweeping,
            wheel,
            pending_agents,
            counters,
            failed,
            grace: config.worker.grace,
        })
    }

    /// Waits until a worker ends by itself, which none should, and says why.
    pub async fn failure(&mut self) -> String {
        match self.failed.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => "all workers have ended".to_owned(),
        }
    }

    /// Stops polling, lets running activities end within the grace period, and hands the watches over. Says whether all ended in time.
    pub async fn stop(self) -> bool {
        self.queues.iter().for_each(Queue::stop);
        let grace_ends = Instant::now() + self.grace;
        let deadline = grace_ends + STOP_MARGIN;
        // First of all, so that no watch that is handed over comes back to this process.
        let (watch_queues, queues): (Vec<_>, Vec<_>) = self.queues.into_iter().partition(|queue| queue.name == self.watch_queue);
        let watches = async {
            if !ended_by(watch_queues, deadline).await {
                return false;
            }
            let ended = async {
                futures::join!(self.turning.stop(), self.sweeping.stop());
                self.wheel.hand_over().await;
            };
            let in_time = timeout_at(deadline, ended).await.is_ok();
            if !in_time {
                tracing::warn!(
                    "the watches were not all handed over within the grace period; the others move after their heartbeat timeout"
                );
            }
            in_time
        };
        let running = async {
            let mut ending = Box::pin(ended_by(queues, deadline));
            if let Ok(in_time) = timeout_at(grace_ends, &mut ending).await {
                return in_time;
            }
            self.leave.send_replace(true);
            ending.await
        };
        let (handed_over, ended) = futures::join!(watches, running);
        handed_over && ended
    }
}

/// Whether all of them end by then.
async fn ended_by(queues: Vec<Queue>, deadline: Instant) -> bool {
    let mut in_time = true;
    for mut queue in queues {
        if timeout_at(deadline, queue.ended()).await.is_err() {
            tracing::warn!(task_queue = queue.name, "the worker did not end within the grace period");
            in_time = false;
        }
    }
    in_time
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
        observer: None,
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
