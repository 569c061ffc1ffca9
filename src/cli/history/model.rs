//! A run as it is told: what the JSON form has, and what every other form is made of. Members are only ever added.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// Everything about one workflow id: its run, or the chain of runs that continue each other.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Story {
    pub workflow_id: String,
    pub definition: Definition,
    pub state: State,
    /// Of the first run; workflow time, RFC 3339.
    pub started_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    /// Until when this is known: the end, else when the server was asked, else the last event.
    pub as_of: Option<Timestamp>,
    pub input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// In the order of the chain.
    pub runs: Vec<Run>,
    /// In the order in which they began; what is in a task stands in its `tasks`.
    pub tasks: Vec<Task>,
    /// What the runner itself asked for: the watch, the delivery, lookups.
    pub others: Vec<Call>,
    pub signals: Vec<Signal>,
    /// Of a run that is open and paused: since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<Timestamp>,
    /// What the reader should know of how this was made.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Definition {
    pub namespace: String,
    pub name: String,
    pub version: String,
    #[serde(skip)]
    pub text: String,
}

/// How a run, a task or a call stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    #[default]
    Running,
    /// It has begun, and something else has to happen first: `waiting_for` says what.
    Waiting,
    Completed,
    Failed,
    Skipped,
    Cancelled,
    Terminated,
    TimedOut,
    /// A run that another one goes on with.
    Continued,
    /// It was open when its run was ended from outside.
    Unfinished,
}

impl State {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Terminated => "terminated",
            Self::TimedOut => "timed_out",
            Self::Continued => "continued",
            Self::Unfinished => "unfinished",
        }
    }

    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Running => "…",
            Self::Waiting => "◷",
            Self::Completed => "✓",
            Self::Failed | Self::Terminated | Self::TimedOut => "✗",
            Self::Skipped => "-",
            Self::Cancelled => "∅",
            Self::Continued => "→",
            Self::Unfinished => "?",
        }
    }

    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Waiting)
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Run {
    pub run_id: String,
    pub state: State,
    pub started_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub events: usize,
    /// Whether its tasks come from a replay; otherwise only calls are known.
    pub replayed: bool,
}

/// One execution of a task: each iteration, visit and branch has its own.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Task {
    /// JSON pointer in the definition.
    pub reference: String,
    /// Indexes of the loops around it: `[7][0]`; empty outside of loops.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    pub name: String,
    /// `set`, `http`, `agent`, …
    pub kind: String,
    pub state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// Of a `try`: attempts after the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<Retry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
}

/// An error, with its place where it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub type_: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub message: String,
    /// JSON pointer of the task it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Retry {
    /// 2 for the first retry.
    pub attempt: u32,
    pub at: Timestamp,
    pub delay_ms: u64,
    pub error: Problem,
}

/// Something that was asked of the server.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Call {
    /// `activity`, `local_activity`, `timer` or `workflow`.
    pub kind: &'static str,
    /// Activity, timer or workflow id.
    pub id: String,
    /// Type of the activity or workflow, summary of a timer.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    pub state: State,
    /// Attempts by Temporal so far.
    pub attempts: i32,
    pub scheduled_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When a timer fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// Of the attempt before this one, while it is being tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
    /// The event that asked for it.
    pub event_id: i64,
    #[serde(skip)]
    pub summary: String,
    /// No worker has it now, the server says.
    #[serde(skip)]
    pub unclaimed: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Signal {
    pub name: String,
    pub at: Option<Timestamp>,
    pub input: Value,
    pub event_id: i64,
}

impl Story {
    /// Every task, those in others behind them, with how deep it stands.
    #[must_use]
    pub fn flat(&self) -> Vec<(usize, &Task)> {
        fn walk<'s>(tasks: &'s [Task], depth: usize, flat: &mut Vec<(usize, &'s Task)>) {
            for task in tasks {
                flat.push((depth, task));
                walk(&task.tasks, depth + 1, flat);
            }
        }
        let mut flat = Vec::new();
        walk(&self.tasks, 0, &mut flat);
        flat
    }
}

/// `1.234 s`, `2 min 5 s`: from one time to another.
#[must_use]
pub fn took(from: Timestamp, to: Timestamp) -> String {
    let millis = to.duration_since(from).as_millis().max(0);
    let (seconds, rest) = (millis / 1000, millis % 1000);
    match seconds {
        0 => format!("{rest} ms"),
        1..60 => format!("{seconds}.{rest:03} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// `once`, `3 times`.
#[must_use]
pub fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
