//! The numbers of the token handshake, under our names and under those of the platform's runbook.

use std::time::Duration;

use prometheus::{GaugeVec, HistogramVec, IntCounterVec, IntGaugeVec, Registry, TextEncoder};

use super::process::Process;
use super::series::{Label, Series, Type, instruments};

/// Which handshake: label `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ExecuteWorkflow,
    CallAgent,
}

/// How a handshake ended for the one that waits: label `outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Failed,
    Cancelled,
}

/// Why an outcome could not be delivered: label `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryError {
    /// The server could not be asked; tried again.
    Unavailable,
    /// The server refused the token or the payload for good.
    Refused,
    /// Larger than a payload may be.
    TooLarge,
    /// `handshake.delivery_budget` is spent.
    BudgetSpent,
    /// The control plane could not be told the status, which comes before the outcome; tried again.
    StatusUnpublished,
}

/// A completing call takes milliseconds; minutes when the server is away.
const CALL_SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];

/// A handshake may wait for days.
const PENDING_SECONDS: [f64; 12] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0, 604_800.0];

/// What is taken over from files without a restart.
const RELOADED: Label = Label { name: "what", values: &["temporal_tls", "temporal_api_key", "stigmer", "log"] };

instruments! {
    /// Our instruments and their series: the one table behind `/metrics` and behind docs/reference/metrics.md.
    struct Instruments {
        build_info: IntGaugeVec = Series {
            name: "workflow_runner_build_info",
            help: "Always 1; its label says which build runs.",
            labels: &[Label { name: "version", values: &[env!("CARGO_PKG_VERSION")] }],
            unit: "",
            buckets: &[],
            moves: "Never; another version is another series.",
            act: "Nothing: it tells which versions run side by side while one is rolled out.",
        };
        ready: IntGaugeVec = Series {
            name: "workflow_runner_ready",
            help: "Whether the task queues are polled: what /readyz answers.",
            labels: &[],
            unit: "0 or 1",
            buckets: &[],
            moves: "0 from the start until Temporal is reached and every queue is polled, then 1 until the end.",
            act: "0 for minutes: the worker cannot reach Temporal; its log says why (`Temporal is not reachable yet`).",
        };
        pending: IntGaugeVec = Series {
            name: "workflow_runner_handshakes_pending",
            help: "Handshakes that wait for their outcome.",
            labels: &[Kind::LABEL],
            unit: "handshakes",
            buckets: &[],
            moves: "Every 5 s, from the watches of callers and the agent steps of the runs that this worker holds; right again after a restart.",
            act: "A number alone is no trouble: a waiting handshake holds no slot. One that only grows: see which, with `workflow-runner handshake list`.",
        };
        oldest_pending: GaugeVec = Series {
            name: "workflow_runner_handshake_oldest_pending_seconds",
            help: "Age of the handshake that waits longest.",
            labels: &[Kind::LABEL],
            unit: "seconds",
            buckets: &[],
            moves: "Every 5 s; 0 when none waits.",
            act: "Over a day: look at it with `workflow-runner handshake list --older-than 24h`.",
        };
        completions: IntCounterVec = Series {
            name: "workflow_runner_handshake_completions_total",
            help: "Outcomes that were delivered.",
            labels: &[Kind::LABEL, Outcome::LABEL],
            unit: "outcomes",
            buckets: &[],
            moves: "When Temporal has taken an outcome that this worker delivered. Of agents that is the exception: their own side completes most steps, which workflow_runner_handshake_pending_seconds counts.",
            act: "Many `failed`: the workflows themselves fail; see their errors.",
        };
        completion_duration: HistogramVec = Series {
            name: "workflow_runner_handshake_completion_duration_seconds",
            help: "Time from the outcome to its delivery.",
            labels: &[],
            unit: "seconds",
            buckets: &CALL_SECONDS,
            moves: "With each outcome that was delivered.",
            act: "Seconds instead of milliseconds: Temporal or the control plane is slow, or deliveries were tried again.",
        };
        pending_seconds: HistogramVec = Series {
            name: "workflow_runner_handshake_pending_seconds",
            help: "How long handshakes waited for their outcome.",
            labels: &[Kind::LABEL],
            unit: "seconds",
            buckets: &PENDING_SECONDS,
            moves: "When one that waited has got its outcome.",
            act: "Nothing: it tells how long work takes for those who wait.",
        };
        delivery_errors: IntCounterVec = Series {
            name: "workflow_runner_handshake_delivery_errors_total",
            help: "Attempts to deliver an outcome that failed.",
            labels: &[DeliveryError::LABEL],
            unit: "attempts",
            buckets: &[],
            moves: "`unavailable` (of Temporal) and `status_unpublished` (to the control plane): the attempt is made again. The others are final: the run fails, and its caller ends by its own timeout, `too_large` by a failure that says so.",
            act: "Those that are made again: see whether Temporal and the control plane answer. The others: find the run by its log line, and end its caller by `workflow-runner handshake complete` or `fail`.",
        };
        callers_gone: IntCounterVec = Series {
            name: "workflow_runner_handshake_callers_gone_total",
            help: "Callers that went away while a child ran.",
            labels: &[],
            unit: "callers",
            buckets: &[],
            moves: "When a caller is found terminated, timed out, reset or deleted; its child is cancelled then, or goes on (`handshake.on_caller_gone`).",
            act: "Many: callers time out before their workflows end; their start-to-close timeout is too short, or workflows are too slow.",
        };
        reconciled: IntCounterVec = Series {
            name: "workflow_runner_handshake_reconciled_total",
            help: "Handshakes ended by looking, since nobody called back.",
            labels: &[],
            unit: "handshakes",
            buckets: &[],
            moves: "When a pending agent is found ended, or never created, and its step is ended from that.",
            act: "It grows with failed agents, which never call back. More than that: the agents' side loses callbacks.",
        };
        reloads: IntCounterVec = Series {
            name: "workflow_runner_reloads_total",
            help: "Files that changed while the process ran.",
            labels: &[RELOADED, Label { name: "outcome", values: &["applied", "refused"] }],
            unit: "changes",
            buckets: &[],
            moves: "When a certificate, a key or the configuration file has changed, and at a SIGHUP.",
            act: "`refused`: as for workflow_runner_reload_failing.",
        };
        reload_failing: IntGaugeVec = Series {
            name: "workflow_runner_reload_failing",
            help: "1 while files that changed cannot be used, and the old ones go on.",
            labels: &[RELOADED],
            unit: "0 or 1",
            buckets: &[],
            moves: "With each change of these files.",
            act: "1: the log says what is wrong with the new files. Mend them before the old certificate or key ends.",
        };
        worker_renewals: IntCounterVec = Series {
            name: "workflow_runner_worker_renewals_total",
            help: "Workers that were replaced in process.",
            labels: &[Label { name: "task_queue", values: &[] }],
            unit: "workers",
            buckets: &[],
            moves: "When a queue's worker has begun `worker.max_activities` activities and a new one takes its place.",
            act: "Nothing: that gives memory back.",
        };
        runbook_completions: IntCounterVec = Series {
            name: "stigmer_external_activity_completions_total",
            help: "Completions of external activities.",
            labels: &[Label { name: "status", values: &Outcome::RUNBOOK }],
            unit: "outcomes",
            buckets: &[],
            moves: "As workflow_runner_handshake_completions_total, under the name of the platform's runbook.",
            act: "As there.",
        };
        runbook_completion_duration: HistogramVec = Series {
            name: "stigmer_external_activity_completion_duration_seconds",
            help: "Time to complete an external activity.",
            labels: &[],
            unit: "seconds",
            buckets: &CALL_SECONDS,
            moves: "As workflow_runner_handshake_completion_duration_seconds.",
            act: "As there.",
        };
        runbook_errors: IntCounterVec = Series {
            name: "stigmer_external_activity_errors_total",
            help: "Completions of external activities that failed.",
            labels: &[],
            unit: "attempts",
            buckets: &[],
            moves: "With each of workflow_runner_handshake_delivery_errors_total, whatever the reason.",
            act: "As there.",
        };
    }
}

/// Everything that we count, registered once for the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    ours: Instruments,
    /// None where the system does not tell.
    process: Option<Process>,
}

/// A series without labels.
const PLAIN: &[&str] = &[];

impl Metrics {
    pub fn new() -> Self {
        let registry = Registry::new_custom(None, None).unwrap_or_else(|error| unreachable!("a registry without options: {error}"));
        let ours = Instruments::register(&registry);
        ours.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let process = Process::register_where_known(&registry);
        Self { registry, ours, process }
    }

    /// Every series of this process but those of the Temporal SDK, in the order of their tables.
    pub fn series() -> impl Iterator<Item = &'static (Type, Series)> {
        Instruments::SERIES.iter().chain(Process::series())
    }

    /// Whether all task queues are polled.
    pub fn set_ready(&self, ready: bool) {
        self.ours.ready.with_label_values(PLAIN).set(i64::from(ready));
    }

    /// An outcome was delivered: it took `took` to deliver, and the other side had waited for `waited` where that is known.
    pub fn completed(&self, kind: Kind, outcome: Outcome, took: Duration, waited: Option<Duration>) {
        self.ours.completions.with_label_values(&[kind.label(), outcome.label()]).inc();
        self.ours.completion_duration.with_label_values(PLAIN).observe(took.as_secs_f64());
        self.ours.runbook_completions.with_label_values(&[outcome.runbook_label()]).inc();
        self.ours.runbook_completion_duration.with_label_values(PLAIN).observe(took.as_secs_f64());
        if let Some(waited) = waited {
            self.waited(kind, waited);
        }
    }

    /// Somebody waited so long for an outcome that has come.
    pub fn waited(&self, kind: Kind, waited: Duration) {
        self.ours.pending_seconds.with_label_values(&[kind.label()]).observe(waited.as_secs_f64());
    }

    pub fn delivery_failed(&self, reason: DeliveryError) {
        self.ours.delivery_errors.with_label_values(&[reason.label()]).inc();
        self.ours.runbook_errors.with_label_values(PLAIN).inc();
    }

    pub fn caller_gone(&self) {
        self.ours.callers_gone.with_label_values(PLAIN).inc();
    }

    pub fn reconciled(&self) {
        self.ours.reconciled.with_label_values(PLAIN).inc();
    }

    /// `what` has been taken over from its files, or could not be and goes on as it was.
    pub fn reloaded(&self, what: &'static str, applied: bool) {
        self.ours.reloads.with_label_values(&[what, if applied { "applied" } else { "refused" }]).inc();
        self.ours.reload_failing.with_label_values(&[what]).set(i64::from(!applied));
    }

    /// Files are watched for `what`: its series begin.
    pub fn reloads_watched(&self, what: &'static str) {
        self.ours.reload_failing.with_label_values(&[what]).set(0);
        for outcome in ["applied", "refused"] {
            let _ = self.ours.reloads.with_label_values(&[what, outcome]);
        }
    }

    pub fn worker_renewed(&self, task_queue: &str) {
        self.ours.worker_renewals.with_label_values(&[task_queue]).inc();
    }

    /// How many wait now, and for how long the one that waits longest.
    pub fn set_pending(&self, kind: Kind, count: usize, oldest: Duration) {
        self.ours.pending.with_label_values(&[kind.label()]).set(i64::try_from(count).unwrap_or(i64::MAX));
        self.ours.oldest_pending.with_label_values(&[kind.label()]).set(oldest.as_secs_f64());
    }

    /// All series in the text format of Prometheus, version 0.0.4.
    pub fn render(&self) -> String {
        self.process.iter().for_each(Process::observe);
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_else(|error| format!("# cannot be rendered: {error}\n"))
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Kind {
    const VALUES: [&str; 2] = ["execute_workflow", "call_agent"];
    const LABEL: Label = Label { name: "kind", values: &Self::VALUES };

    pub fn label(self) -> &'static str {
        Self::VALUES[self as usize]
    }
}

impl Outcome {
    const VALUES: [&str; 3] = ["completed", "failed", "cancelled"];
    const LABEL: Label = Label { name: "outcome", values: &Self::VALUES };
    /// The runbook speaks of success.
    const RUNBOOK: [&str; 3] = ["success", "failed", "cancelled"];

    pub fn label(self) -> &'static str {
        Self::VALUES[self as usize]
    }

    fn runbook_label(self) -> &'static str {
        Self::RUNBOOK[self as usize]
    }
}

impl DeliveryError {
    const VALUES: [&str; 5] = ["unavailable", "refused", "too_large", "budget_spent", "status_unpublished"];
    const LABEL: Label = Label { name: "reason", values: &Self::VALUES };

    pub fn label(self) -> &'static str {
        Self::VALUES[self as usize]
    }
}

#[cfg(test)]
mod tests;
