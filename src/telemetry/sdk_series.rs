//! Series of the Temporal SDK that operators look at. The SDK registers them itself, each with its first event: this table only says what they mean.

use super::series::{Label, Series, Type};

const QUEUE: Label = Label { name: "task_queue", values: &[] };
const OPERATION: Label = Label { name: "operation", values: &[] };
const WORKFLOW: Label = Label { name: "workflow_type", values: &[] };
const ACTIVITY: Label = Label { name: "activity_type", values: &[] };
const POLLER: Label = Label { name: "poller_type", values: &["workflow_task", "sticky_workflow_task", "activity_task"] };
const WORKER: Label = Label { name: "worker_type", values: &["WorkflowWorker", "ActivityWorker", "LocalActivityWorker"] };
const REASON: Label = Label { name: "failure_reason", values: &[] };
const STATUS: Label = Label { name: "status_code", values: &[] };

/// A row: what `Series` says of one of ours.
struct Row {
    name: &'static str,
    kind: Type,
    labels: &'static [Label],
    unit: &'static str,
    help: &'static str,
    moves: &'static str,
    act: &'static str,
}

macro_rules! rows {
    ($($name:literal, $kind:ident, $labels:expr, $unit:literal, $help:literal, $moves:literal, $act:literal;)*) => {
        &[$(Row { name: $name, kind: Type::$kind, labels: $labels, unit: $unit, help: $help, moves: $moves, act: $act },)*]
    };
}

/// As the exporter of `temporal/metrics.rs` names them: counters end in `_total`, durations are seconds.
const ROWS: &[Row] = rows! {
    "temporal_workflow_task_execution_failed_total", Counter, &[QUEUE, WORKFLOW, REASON], "workflow tasks",
        "Workflow tasks that this worker could not do.",
        "With each attempt: Temporal tries a failed workflow task again until it succeeds or somebody ends the workflow.",
        "Any that repeats is a workflow that stands still: `failure_reason` and the log say why. `NonDeterminismError`: the program and a history do not agree.";
    "temporal_workflow_task_execution_latency_seconds", Histogram, &[QUEUE, WORKFLOW], "seconds",
        "How long workflow tasks took to do.",
        "With each workflow task.",
        "Seconds: a definition computes much between two waits. At 10 s Temporal gives the task to somebody else.";
    "temporal_workflow_task_schedule_to_start_latency_seconds", Histogram, &[QUEUE, WORKFLOW], "seconds",
        "How long workflow tasks waited for a worker.",
        "With each workflow task.",
        "Seconds: too few workers, slots or pollers for the load.";
    "temporal_workflow_task_replay_latency_seconds", Histogram, &[QUEUE, WORKFLOW], "seconds",
        "How long it took to catch up with a history.",
        "When a workflow that is not in the cache is taken up.",
        "Much of it: raise `temporal.max_cached_workflows`, or add workers.";
    "temporal_workflow_endtoend_latency_seconds", Histogram, &[QUEUE, WORKFLOW], "seconds",
        "How long runs took from their start to their end.",
        "When a run ends on this worker.",
        "Nothing by itself.";
    "temporal_workflow_completed_total", Counter, &[QUEUE, WORKFLOW], "runs", "Runs that completed.", "When a run ends so.", "Nothing.";
    "temporal_workflow_failed_total", Counter, &[QUEUE, WORKFLOW], "runs",
        "Runs that failed.", "When a run ends so.", "See their errors: `workflow-runner history ID`.";
    "temporal_workflow_canceled_total", Counter, &[QUEUE, WORKFLOW], "runs",
        "Runs that were cancelled.", "When a run ends so.", "Many: see workflow_runner_handshake_callers_gone_total.";
    "temporal_workflow_continue_as_new_total", Counter, &[QUEUE, WORKFLOW], "runs",
        "Runs that went on in a new run.", "When a history has grown long.", "Nothing.";
    "temporal_num_pollers", Gauge, &[QUEUE, POLLER], "polls",
        "Polls that are open.",
        "As the SDK opens and ends them. They count while Temporal is away too: the SDK tries for ever.",
        "0 of a queue that should be served: the worker is stopping, or is broken.";
    "temporal_long_request_total", Counter, &[QUEUE, OPERATION], "requests",
        "Polls that were made, answered or not.", "With each poll, at least once a minute for each poller.",
        "No more of them than failures: the queue is not served by this worker.";
    "temporal_long_request_failure_total", Counter, &[QUEUE, OPERATION, STATUS], "requests",
        "Polls that failed.", "When Temporal is away or refuses the poll.",
        "See `status_code`: `TRANSPORT_ERROR` and `UNAVAILABLE` are the network or the server, `PERMISSION_DENIED` and `UNAUTHENTICATED` the credentials.";
    "temporal_request_total", Counter, &[OPERATION], "requests", "Other requests to Temporal.", "With each request.", "Nothing by itself.";
    "temporal_request_failure_total", Counter, &[OPERATION, STATUS], "requests",
        "Those of them that failed.", "With each failure; `NOT_FOUND` of a completion is normal when the other side has ended.",
        "`RESOURCE_EXHAUSTED`: the namespace's rate limit is met.";
    "temporal_request_latency_seconds", Histogram, &[OPERATION], "seconds",
        "How long requests to Temporal took.", "With each request.", "Seconds: the server or the network is slow.";
    "temporal_worker_task_slots_available", Gauge, &[QUEUE, WORKER], "slots",
        "Slots that are free.", "As work begins and ends.",
        "0 for minutes: raise `worker.max_concurrent_activities`, add workers, or see what the running activities wait for.";
    "temporal_worker_task_slots_used", Gauge, &[QUEUE, WORKER], "slots",
        "Slots that are taken.", "As work begins and ends.", "As for those that are available. A handshake that waits takes none.";
    "temporal_worker_start_total", Counter, &[QUEUE], "workers", "Workers of the SDK that were made, one for each queue.", "At the start.", "Nothing.";
    "temporal_sticky_cache_size", Gauge, &[QUEUE], "workflows",
        "Workflows that are kept in memory.", "As workflows begin, end and are put out.", "At `temporal.max_cached_workflows`: the next ones are put out and replayed.";
    "temporal_sticky_cache_hit_total", Counter, &[QUEUE], "workflow tasks",
        "Workflow tasks whose workflow was in memory.", "With each of them.", "Nothing.";
    "temporal_sticky_cache_miss_total", Counter, &[QUEUE], "workflow tasks",
        "Workflow tasks whose workflow had been put out.", "With each of them.", "Many: raise `temporal.max_cached_workflows`.";
    "temporal_sticky_cache_total_forced_eviction_total", Counter, &[QUEUE], "workflows",
        "Workflows that were put out of memory.", "When the cache is full, and after a workflow task that failed.", "As above.";
    "temporal_activity_execution_failed_total", Counter, &[QUEUE, ACTIVITY, REASON], "attempts",
        "Attempts of activities that failed.", "With each of them.", "See `activity_type` and the log.";
    "temporal_activity_execution_latency_seconds", Histogram, &[QUEUE, ACTIVITY], "seconds",
        "How long attempts of activities took.", "With each of them.", "Long ones hold slots.";
    "temporal_activity_schedule_to_start_latency_seconds", Histogram, &[QUEUE, ACTIVITY], "seconds",
        "How long activities waited for a worker.", "With each of them.", "Seconds: too few workers or activity slots.";
    "temporal_local_activity_total", Counter, &[QUEUE, ACTIVITY], "activities",
        "Local activities that ran: deliveries and reads of agents among them.", "With each of them.", "Nothing.";
    "temporal_local_activity_execution_failed_total", Counter, &[QUEUE, ACTIVITY], "attempts",
        "Attempts of local activities that failed.", "With each of them.", "See workflow_runner_handshake_delivery_errors_total.";
};

/// The same shape as ours have.
pub(super) fn series() -> impl Iterator<Item = (Type, Series)> {
    ROWS.iter().map(|row| {
        let Row { name, kind, labels, unit, help, moves, act } = row;
        (*kind, Series { name, help, labels, unit, buckets: &[], moves, act })
    })
}
