//! What a run tells the platform about itself: the shape that travels from workflow code to the publisher and to the delivering activity.

use serde::{Deserialize, Deserializer, Serialize};

use crate::expr::Data;

/// Terminal phase of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Completed,
    Failed,
    Cancelled,
}

/// State of one task in the list that people see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    InProgress,
    Completed,
    Failed,
    Skipped,
    Cancelled,
}

/// One task of the definition: iterations are counted in `runs`, the times are those of the first start and the last end (RFC 3339).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskRow {
    pub name: String,
    pub reference: String,
    pub kind: String,
    pub state: TaskState,
    pub runs: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub output: Option<Data>,
}

/// The rows of a run, in order of first start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TaskList {
    pub rows: Vec<TaskRow>,
    /// How many more there were than the list holds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

/// Everything that the platform stores of a run that has ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TerminalStatus {
    pub phase: Phase,
    pub tasks: TaskList,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub output: Option<Data>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub started_at: String,
    pub completed_at: String,
    pub temporal_workflow_id: String,
}

/// An output that is null is an output all the same.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Data>, D::Error> {
    Data::deserialize(deserializer).map(Some)
}

/// Whose status it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunKey {
    pub workflow_id: String,
    /// Absent for runs that no platform knows of.
    pub execution_id: Option<String>,
}

/// Takes what runs report. Called from workflow threads: must not block and must not fail.
pub trait Publisher: Send + Sync {
    /// The list as it stands now; a later one replaces an earlier one that was not sent yet.
    fn progress(&self, run: &RunKey, tasks: TaskList);
    /// The end of a run that nobody's callback waits for.
    fn terminal(&self, run: &RunKey, status: TerminalStatus);
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}
