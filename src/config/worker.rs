//! `worker.*`: what the process polls, how much of it at a time, and how it leaves.
//!
//! | what | setting, under the SDK's name | default |
//! |---|---|---|
//! | slots | `max_concurrent_workflow_tasks`, `max_concurrent_activities`, `max_concurrent_local_activities` | 100, 10, 100 |
//! | pollers | `max_concurrent_workflow_task_polls`, `max_concurrent_activity_task_polls`, or `poller_autoscaling` | the SDK's own |
//! | rates | `max_activities_per_second` (this process), `max_task_queue_activities_per_second` (all workers of a queue) | none |
//! | renewal | `max_activities` | 100,000 |

use std::time::Duration;

use super::Key;
use super::reader::Reader;

/// Queues, slots and shutdown of the worker. Each queue has slots, pollers and rates of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerSettings {
    pub execution_queue: String,
    pub workflow_queue: String,
    pub validation_queue: String,
    /// Slots of each queue.
    pub max_concurrent_workflow_tasks: usize,
    pub max_concurrent_activities: usize,
    pub max_concurrent_local_activities: usize,
    pub pollers: Pollers,
    /// Activities a second that this process begins on each queue; none: as many as come.
    pub max_activities_per_second: Option<f64>,
    /// Activities a second that the server hands out on each queue, to all its workers together.
    pub max_task_queue_activities_per_second: Option<f64>,
    /// After so many activities a worker is replaced in process; none: never.
    pub max_activities: Option<usize>,
    pub grace: Duration,
    /// Files of certificates and keys, and the configuration file, are looked at this often.
    pub reload_every: Duration,
    /// Name and build id of a worker deployment; both or none.
    pub deployment: Option<(String, String)>,
    /// Of a worker with a deployment.
    pub versioning_behavior: Versioning,
}

/// How many polls wait at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pollers {
    /// At most so many of each kind; none: the SDK's 5, which a namespace may change to autoscaling.
    Simple { workflow_tasks: Option<usize>, activity_tasks: Option<usize> },
    /// As many as the server advises, up to the given numbers.
    Autoscaling { workflow_tasks: usize, activity_tasks: usize },
}

/// What becomes of a run when a newer build is current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// It ends on the build on which it began.
    Pinned,
    /// It moves to the current build at its next workflow task.
    AutoUpgrade,
}

/// Most polls of an autoscaled kind, where no number is given: the SDK's own.
const AUTOSCALING_POLLS: usize = 100;

pub const KEYS: &[Key] = &[
    Key::new("worker.execution_queue", "workflow_execution_runner", "Task queue of the ExecuteWorkflow activity.")
        .also(&["TEMPORAL_WORKFLOW_EXECUTION_RUNNER_TASK_QUEUE"]),
    Key::new("worker.workflow_queue", "zigflow_execution", "Task queue of ExecuteServerlessWorkflow and of its activities.")
        .also(&["TEMPORAL_ZIGFLOW_EXECUTION_TASK_QUEUE"]),
    Key::new("worker.validation_queue", "workflow_validation_runner", "Task queue of the validateWorkflow activity.")
        .also(&["TEMPORAL_WORKFLOW_VALIDATION_RUNNER_TASK_QUEUE"]),
    Key::new("worker.max_concurrent_workflow_tasks", "100", "Workflow task slots of each queue."),
    Key::new("worker.max_concurrent_activities", "10", "Activity slots of each queue; a pending handshake holds none.")
        .also(&["TEMPORAL_MAX_CONCURRENCY"]),
    Key::new("worker.max_concurrent_local_activities", "100", "Local activity slots of each queue."),
    Key::new(
        "worker.max_concurrent_workflow_task_polls",
        "",
        "Polls for workflow tasks of each queue, at least 2; without it the SDK's 5.",
    ),
    Key::new("worker.max_concurrent_activity_task_polls", "", "Polls for activities of each queue; without it the SDK's 5."),
    Key::new(
        "worker.poller_autoscaling",
        "false",
        "As many polls as the server advises, up to the two numbers above (100 where they are not set).",
    ),
    Key::new(
        "worker.max_activities_per_second",
        "",
        "Activities a second that this process begins on each queue, for example 0.5; without it no limit.",
    ),
    Key::new(
        "worker.max_task_queue_activities_per_second",
        "",
        "Activities a second that the server hands out on each queue to all workers together; give all of them the same. Switches eager activities off.",
    ),
    Key::new(
        "worker.max_activities",
        "100000",
        "After so many activities of a queue its worker is replaced in process, which frees what the SDK keeps of each (some 300 bytes); 0: never.",
    ),
    Key::new("worker.grace", "4s", "How long running activities may go on after a stop is asked for; the platform's launcher waits 5 s."),
    Key::new(
        "worker.reload_every",
        "5s",
        "How often files of certificates and keys, and the configuration file, are looked at for changes.",
    ),
    Key::new("worker.deployment_name", "", "Worker deployment of Temporal's worker versioning.").also(&["TEMPORAL_DEPLOYMENT_NAME"]),
    Key::new("worker.build_id", "", "Build id within that deployment.").also(&["TEMPORAL_WORKER_BUILD_ID"]),
    Key::new(
        "worker.versioning_behavior",
        "auto_upgrade",
        "With a deployment: pinned (a run ends on the build on which it began) or auto_upgrade (it moves to the current one).",
    ),
];

const BEHAVIORS: [(&str, Versioning); 2] = [("pinned", Versioning::Pinned), ("auto_upgrade", Versioning::AutoUpgrade)];

impl WorkerSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let settings = Self {
            execution_queue: reader.text("worker.execution_queue"),
            workflow_queue: reader.text("worker.workflow_queue"),
            validation_queue: reader.text("worker.validation_queue"),
            max_concurrent_workflow_tasks: reader.number("worker.max_concurrent_workflow_tasks", 2..=100_000),
            max_concurrent_activities: reader.number("worker.max_concurrent_activities", 1..=100_000),
            max_concurrent_local_activities: reader.number("worker.max_concurrent_local_activities", 1..=100_000),
            pollers: pollers(reader),
            max_activities_per_second: reader.parse_optional("worker.max_activities_per_second", rate),
            max_task_queue_activities_per_second: reader.parse_optional("worker.max_task_queue_activities_per_second", rate),
            max_activities: Some(reader.number("worker.max_activities", 0..=1_000_000_000)).filter(|most| *most > 0),
            grace: reader.duration("worker.grace", Duration::ZERO..=Duration::from_hours(1)),
            reload_every: reader.duration("worker.reload_every", Duration::from_millis(100)..=Duration::from_hours(1)),
            deployment: deployment(reader),
            versioning_behavior: reader.choice("worker.versioning_behavior", &BEHAVIORS),
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

fn pollers(reader: &mut Reader<'_>) -> Pollers {
    let polls = |least: usize| {
        move |text: &str| {
            let number = text.trim().parse().ok().filter(|number| (least..=1_000).contains(number));
            number.ok_or_else(|| format!("a whole number from {least} to 1000 is needed, not `{text}`"))
        }
    };
    // One poll is for new workflows, the others for those that are cached here.
    let workflow_tasks = reader.parse_optional("worker.max_concurrent_workflow_task_polls", polls(2));
    let activity_tasks = reader.parse_optional("worker.max_concurrent_activity_task_polls", polls(1));
    if !reader.flag("worker.poller_autoscaling") {
        return Pollers::Simple { workflow_tasks, activity_tasks };
    }
    Pollers::Autoscaling {
        workflow_tasks: workflow_tasks.unwrap_or(AUTOSCALING_POLLS),
        activity_tasks: activity_tasks.unwrap_or(AUTOSCALING_POLLS),
    }
}

/// More than zero a second.
fn rate(text: &str) -> Result<f64, String> {
    let value: Option<f64> = text.trim().parse().ok();
    value.filter(|rate| rate.is_finite() && *rate > 0.0).ok_or_else(|| format!("a number above 0 is needed, not `{text}`"))
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
