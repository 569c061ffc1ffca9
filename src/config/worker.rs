//! `worker.*`: what the process polls, and how it leaves.

use std::time::Duration;

use super::Key;
use super::reader::Reader;

/// Queues, slots and shutdown of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerSettings {
    pub execution_queue: String,
    pub workflow_queue: String,
    pub validation_queue: String,
    /// Activity slots of each queue.
    pub max_concurrent_activities: usize,
    pub grace: Duration,
    /// Name and build id of a worker deployment; both or none.
    pub deployment: Option<(String, String)>,
}

pub const KEYS: &[Key] = &[
    Key::new("worker.execution_queue", "workflow_execution_runner", "Task queue of the ExecuteWorkflow activity.")
        .also(&["TEMPORAL_WORKFLOW_EXECUTION_RUNNER_TASK_QUEUE"]),
    Key::new("worker.workflow_queue", "zigflow_execution", "Task queue of ExecuteServerlessWorkflow and of its activities.")
        .also(&["TEMPORAL_ZIGFLOW_EXECUTION_TASK_QUEUE"]),
    Key::new("worker.validation_queue", "workflow_validation_runner", "Task queue of the validateWorkflow activity.")
        .also(&["TEMPORAL_WORKFLOW_VALIDATION_RUNNER_TASK_QUEUE"]),
    Key::new("worker.max_concurrent_activities", "10", "Activity slots of each queue.").also(&["TEMPORAL_MAX_CONCURRENCY"]),
    Key::new("worker.grace", "4s", "How long running activities may go on after a stop is asked for; the platform's launcher waits 5 s."),
    Key::new("worker.deployment_name", "", "Worker deployment of Temporal's worker versioning.").also(&["TEMPORAL_DEPLOYMENT_NAME"]),
    Key::new("worker.build_id", "", "Build id within that deployment.").also(&["TEMPORAL_WORKER_BUILD_ID"]),
];

impl WorkerSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let settings = Self {
            execution_queue: reader.text("worker.execution_queue"),
            workflow_queue: reader.text("worker.workflow_queue"),
            validation_queue: reader.text("worker.validation_queue"),
            max_concurrent_activities: reader.number("worker.max_concurrent_activities", 1..=100_000),
            grace: reader.duration("worker.grace", Duration::ZERO..=Duration::from_hours(1)),
            deployment: deployment(reader),
        };
        let queues = [
            ("worker.execution_queue", &settings.execution_queue),
            ("worker.workflow_queue", &settings.workflow_queue),
            ("worker.validation_queue", &settings.validation_queue),
        ];
        for (index, (path, queue)) in queues.iter().enumerate() {
            if let Some((other, _)) = queues[..index].iter().find(|(_, other)| other == queue) {
                // The SDK refuses two workers of one kind on the same queue and connection.
                reader.mistake(path, format!("a queue of its own is needed, not that of {other} (`{queue}`)"));
            }
        }
        settings
    }
}

fn deployment(reader: &mut Reader<'_>) -> Option<(String, String)> {
    let name = reader.optional_text("worker.deployment_name");
    let build_id = reader.optional_text("worker.build_id");
    match (&name, &build_id) {
        (Some(_), None) => reader.mistake("worker.build_id", "needed together with worker.deployment_name"),
        (None, Some(_)) => reader.mistake("worker.deployment_name", "needed together with worker.build_id"),
        _ => {}
    }
    name.zip(build_id)
}

impl Default for WorkerSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
