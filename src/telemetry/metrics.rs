//! The numbers of the token handshake, under our names and under those of the platform's runbook.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

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
}

/// Everything that we count, registered once for the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pending: IntGaugeVec,
    oldest_pending_seconds: GaugeVec,
    completions: IntCounterVec,
    completion_duration: Histogram,
    pending_seconds: HistogramVec,
    delivery_errors: IntCounterVec,
    callers_gone: IntCounter,
    reconciled: IntCounter,
    reloads: IntCounterVec,
    reload_failing: IntGaugeVec,
    worker_renewals: IntCounterVec,
    runbook_completions: IntCounterVec,
    runbook_completion_duration: Histogram,
    runbook_errors: IntCounter,
}

/// A completing call takes milliseconds; minutes when the server is away.
const CALL_SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];

/// A handshake may wait for days.
const PENDING_SECONDS: [f64; 12] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0, 604_800.0];

impl Metrics {
    pub fn new() -> Self {
        let registry = Registry::new_custom(None, None).unwrap_or_else(|error| unreachable!("a registry without options: {error}"));
        let r = &registry;
        build_info(r);
        let metrics = Self {
            pending: add(r, IntGaugeVec::new(ours("handshakes_pending", "Handshakes that wait for their outcome."), &["kind"])),
            oldest_pending_seconds: add(
                r,
                GaugeVec::new(ours("handshake_oldest_pending_seconds", "Age of the handshake that waits longest."), &["kind"]),
            ),
            completions: add(
                r,
                IntCounterVec::new(ours("handshake_completions_total", "Outcomes that were delivered."), &["kind", "outcome"]),
            ),
            completion_duration: add(
                r,
                histogram(ours("handshake_completion_duration_seconds", "Time from the outcome to its delivery."), &CALL_SECONDS),
            ),
            pending_seconds: add(
                r,
                HistogramVec::new(
                    HistogramOpts::from(ours("handshake_pending_seconds", "How long handshakes waited for their outcome."))
                        .buckets(PENDING_SECONDS.to_vec()),
                    &["kind"],
                ),
            ),
            delivery_errors: add(
                r,
                IntCounterVec::new(ours("handshake_delivery_errors_total", "Attempts to deliver an outcome that failed."), &["reason"]),
            ),
            callers_gone: add(r, IntCounter::with_opts(ours("handshake_callers_gone_total", "Callers that went away while a child ran."))),
            reconciled: add(
                r,
                IntCounter::with_opts(ours("handshake_reconciled_total", "Handshakes ended by looking, since nobody called back.")),
            ),
            reloads: add(r, IntCounterVec::new(ours("reloads_total", "Files that changed while the process ran."), &["what", "outcome"])),
            reload_failing: add(
                r,
                IntGaugeVec::new(ours("reload_failing", "1 while files that changed cannot be used, and the old ones go on."), &["what"]),
            ),
            worker_renewals: add(
                r,
                IntCounterVec::new(ours("worker_renewals_total", "Workers that were replaced in process."), &["task_queue"]),
            ),
            runbook_completions: add(
                r,
                IntCounterVec::new(runbook("completions_total", "Completions of external activities."), &["status"]),
            ),
            runbook_completion_duration: add(
                r,
                histogram(runbook("completion_duration_seconds", "Time to complete an external activity."), &CALL_SECONDS),
            ),
            runbook_errors: add(r, IntCounter::with_opts(runbook("errors_total", "Completions of external activities that failed."))),
            registry,
        };
        metrics.start_at_zero();
        metrics
    }

    /// A series that is not there until something goes wrong cannot be watched for going wrong.
    fn start_at_zero(&self) {
        for kind in Kind::ALL {
            self.set_pending(kind, 0, Duration::ZERO);
            for outcome in Outcome::ALL {
                let _ = self.completions.with_label_values(&[kind.label(), outcome.label()]);
            }
        }
        for outcome in Outcome::ALL {
            let _ = self.runbook_completions.with_label_values(&[outcome.runbook_label()]);
        }
        for reason in DeliveryError::ALL {
            let _ = self.delivery_errors.with_label_values(&[reason.label()]);
        }
    }

    /// An outcome was delivered: it took `took` to deliver, and the other side had waited for `waited` where that is known.
    pub fn completed(&self, kind: Kind, outcome: Outcome, took: Duration, waited: Option<Duration>) {
        self.completions.with_label_values(&[kind.label(), outcome.label()]).inc();
        self.completion_duration.observe(took.as_secs_f64());
        self.runbook_completions.with_label_values(&[outcome.runbook_label()]).inc();
        self.runbook_completion_duration.observe(took.as_secs_f64());
        if let Some(waited) = waited {
            self.waited(kind, waited);
        }
    }

    /// Somebody waited so long for an outcome that has come.
    pub fn waited(&self, kind: Kind, waited: Duration) {
        self.pending_seconds.with_label_values(&[kind.label()]).observe(waited.as_secs_f64());
    }

    pub fn delivery_failed(&self, reason: DeliveryError) {
        self.delivery_errors.with_label_values(&[reason.label()]).inc();
        self.runbook_errors.inc();
    }

    pub fn caller_gone(&self) {
        self.callers_gone.inc();
    }

    pub fn reconciled(&self) {
        self.reconciled.inc();
    }

    /// `what` has been taken over from its files, or could not be and goes on as it was.
    pub fn reloaded(&self, what: &'static str, applied: bool) {
        self.reloads.with_label_values(&[what, if applied { "applied" } else { "refused" }]).inc();
        self.reload_failing.with_label_values(&[what]).set(i64::from(!applied));
    }

    /// Files are watched for `what`: its series begin.
    pub fn reloads_watched(&self, what: &'static str) {
        self.reload_failing.with_label_values(&[what]).set(0);
        for outcome in ["applied", "refused"] {
            let _ = self.reloads.with_label_values(&[what, outcome]);
        }
    }

    pub fn worker_renewed(&self, task_queue: &str) {
        self.worker_renewals.with_label_values(&[task_queue]).inc();
    }

    /// How many wait now, and for how long the one that waits longest.
    pub fn set_pending(&self, kind: Kind, count: usize, oldest: Duration) {
        self.pending.with_label_values(&[kind.label()]).set(i64::try_from(count).unwrap_or(i64::MAX));
        self.oldest_pending_seconds.with_label_values(&[kind.label()]).set(oldest.as_secs_f64());
    }

    /// All series in the text format of Prometheus, version 0.0.4.
    pub fn render(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_else(|error| format!("# cannot be rendered: {error}\n"))
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Kind {
    const ALL: [Self; 2] = [Self::ExecuteWorkflow, Self::CallAgent];

    pub fn label(self) -> &'static str {
        match self {
            Self::ExecuteWorkflow => "execute_workflow",
            Self::CallAgent => "call_agent",
        }
    }
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Completed, Self::Failed, Self::Cancelled];

    pub fn label(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The runbook speaks of success.
    fn runbook_label(self) -> &'static str {
        match self {
            Self::Completed => "success",
            other => other.label(),
        }
    }
}

impl DeliveryError {
    const ALL: [Self; 4] = [Self::Unavailable, Self::Refused, Self::TooLarge, Self::BudgetSpent];

    pub fn label(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
            Self::TooLarge => "too_large",
            Self::BudgetSpent => "budget_spent",
        }
    }
}

fn build_info(registry: &Registry) {
    let options = ours("build_info", "Always 1; its label says which build runs.").const_label("version", env!("CARGO_PKG_VERSION"));
    add(registry, Gauge::with_opts(options)).set(1.0);
}

fn ours(name: &str, help: &str) -> Opts {
    Opts::new(format!("workflow_runner_{name}"), help)
}

fn runbook(name: &str, help: &str) -> Opts {
    Opts::new(format!("stigmer_external_activity_{name}"), help)
}

fn histogram(options: Opts, buckets: &[f64]) -> prometheus::Result<Histogram> {
    Histogram::with_opts(HistogramOpts::from(options).buckets(buckets.to_vec()))
}

/// Names and labels are constants of this file: that they are valid and distinct is tested, not handled.
fn add<M: Collector + Clone + 'static>(registry: &Registry, metric: prometheus::Result<M>) -> M {
    let metric = metric.unwrap_or_else(|error| unreachable!("a metric of ours: {error}"));
    registry.register(Box::new(metric.clone())).unwrap_or_else(|error| unreachable!("a metric of ours: {error}"));
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(metrics: &Metrics, start: &str) -> String {
        let text = metrics.render();
        text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in\n{text}")).to_owned()
    }

    #[test]
    fn one_completion_counts_under_both_families() {
        let metrics = Metrics::new();
        metrics.completed(Kind::ExecuteWorkflow, Outcome::Completed, Duration::from_millis(7), Some(Duration::from_secs(90)));
        metrics.completed(Kind::CallAgent, Outcome::Failed, Duration::from_millis(7), None);
        assert!(
            line(&metrics, r#"workflow_runner_handshake_completions_total{kind="execute_workflow",outcome="completed"}"#).ends_with(" 1")
        );
        assert!(line(&metrics, r#"workflow_runner_handshake_completions_total{kind="call_agent",outcome="failed"}"#).ends_with(" 1"));
        assert!(line(&metrics, r#"stigmer_external_activity_completions_total{status="success"}"#).ends_with(" 1"));
        assert!(line(&metrics, r#"stigmer_external_activity_completions_total{status="failed"}"#).ends_with(" 1"));
        assert!(line(&metrics, "workflow_runner_handshake_completion_duration_seconds_count").ends_with(" 2"));
        assert!(line(&metrics, "stigmer_external_activity_completion_duration_seconds_count").ends_with(" 2"));
        assert!(line(&metrics, r#"workflow_runner_handshake_pending_seconds_sum{kind="execute_workflow"}"#).ends_with(" 90"));
    }

    #[test]
    fn errors_and_what_waits_are_shown() {
        let metrics = Metrics::new();
        metrics.delivery_failed(DeliveryError::BudgetSpent);
        metrics.caller_gone();
        metrics.reconciled();
        metrics.set_pending(Kind::CallAgent, 10_000, Duration::from_hours(1));
        assert!(line(&metrics, r#"workflow_runner_handshake_delivery_errors_total{reason="budget_spent"}"#).ends_with(" 1"));
        assert!(line(&metrics, "stigmer_external_activity_errors_total").ends_with(" 1"));
        assert!(line(&metrics, "workflow_runner_handshake_callers_gone_total").ends_with(" 1"));
        assert!(line(&metrics, "workflow_runner_handshake_reconciled_total").ends_with(" 1"));
        assert!(line(&metrics, r#"workflow_runner_handshakes_pending{kind="call_agent"}"#).ends_with(" 10000"));
        assert!(line(&metrics, r#"workflow_runner_handshake_oldest_pending_seconds{kind="call_agent"}"#).ends_with(" 3600"));
    }

    #[test]
    fn series_are_there_before_anything_happened() {
        let metrics = Metrics::new();
        assert!(line(&metrics, r#"workflow_runner_handshake_delivery_errors_total{reason="refused"}"#).ends_with(" 0"));
        assert!(line(&metrics, r#"workflow_runner_handshake_completions_total{kind="call_agent",outcome="cancelled"}"#).ends_with(" 0"));
        assert!(line(&metrics, "workflow_runner_build_info{version=").ends_with(" 1"));
    }
}
