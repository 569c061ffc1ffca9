//! A run's status as the platform's protobuf message.

use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::status::{Phase, TaskList, TaskRow, TaskState, TerminalStatus};
use crate::expr::Data;
use crate::stigmer::wfx::{ExecutionPhase, WorkflowExecutionStatus, WorkflowTask, WorkflowTaskStatus, WorkflowTaskType};
use crate::stigmer::{payload as wire, structs};

/// Outputs of tasks that are larger stay out of the list: it is sent on every change, and whole 500 times in the worst case.
const TASK_OUTPUT_LIMIT_BYTES: usize = 4 * 1024;

/// The status of a run that has ended. An output that is no object is stored as `{"value": …}`.
#[must_use]
pub fn message(status: &TerminalStatus) -> WorkflowExecutionStatus {
    WorkflowExecutionStatus {
        phase: phase(status.phase).into(),
        tasks: tasks(&status.tasks),
        output: status.output.as_ref().map(|o| structs::object(&as_object(o).to_json())),
        error: status.error.clone().unwrap_or_default(),
        started_at: status.started_at.clone(),
        completed_at: status.completed_at.clone(),
        temporal_workflow_id: status.temporal_workflow_id.clone(),
        ..Default::default()
    }
}

/// The status of a run of which only the output is known.
#[must_use]
pub fn completed(output: &Data) -> WorkflowExecutionStatus {
    WorkflowExecutionStatus {
        phase: ExecutionPhase::ExecutionCompleted.into(),
        output: Some(structs::object(&as_object(output).to_json())),
        ..Default::default()
    }
}

/// The same as a `json/protobuf` payload with its message type: what a Go or Java caller decodes. The task list goes only as far as it fits: the
/// platform has it already, and it must not keep the output from its caller.
#[must_use]
pub fn payload(status: &TerminalStatus) -> Payload {
    let message = message(status);
    let whole = super::wire_payload(wire::encode(&message));
    if whole.data.len() <= super::payload::PAYLOAD_LIMIT_BYTES {
        return whole;
    }
    super::wire_payload(wire::encode(&WorkflowExecutionStatus { tasks: Vec::new(), ..message }))
}

#[must_use]
pub fn phase(phase: Phase) -> ExecutionPhase {
    match phase {
        Phase::Completed => ExecutionPhase::ExecutionCompleted,
        Phase::Failed => ExecutionPhase::ExecutionFailed,
        Phase::Cancelled => ExecutionPhase::ExecutionCancelled,
    }
}

fn as_object(output: &Data) -> Data {
    if output.is_object() { output.clone() } else { Data::object([("value", output.clone())]) }
}

/// The list; a last row says what was left out.
#[must_use]
pub fn tasks(list: &TaskList) -> Vec<WorkflowTask> {
    let mut tasks: Vec<WorkflowTask> = list.rows.iter().map(task).collect();
    if list.left_out > 0 {
        tasks.push(WorkflowTask {
            task_id: "left-out".to_owned(),
            task_name: format!("({} more tasks)", list.left_out),
            task_type: WorkflowTaskType::WorkflowTaskCustom.into(),
            ..Default::default()
        });
    }
    tasks
}

fn task(row: &TaskRow) -> WorkflowTask {
    let status = match row.state {
        TaskState::InProgress => WorkflowTaskStatus::WorkflowTaskInProgress,
        TaskState::Completed => WorkflowTaskStatus::WorkflowTaskCompleted,
        TaskState::Failed | TaskState::Cancelled => WorkflowTaskStatus::WorkflowTaskFailed,
        TaskState::Skipped => WorkflowTaskStatus::WorkflowTaskSkipped,
    };
    let cancelled = (row.state == TaskState::Cancelled).then(|| "cancelled".to_owned());
    WorkflowTask {
        task_id: row.reference.clone(),
        task_name: row.name.clone(),
        task_type: task_type(&row.kind).into(),
        output: row.output.as_ref().filter(|o| o.json_len() <= TASK_OUTPUT_LIMIT_BYTES).map(|o| structs::object(&as_object(o).to_json())),
        status: status.into(),
        started_at: row.started_at.clone().unwrap_or_default(),
        completed_at: row.completed_at.clone().unwrap_or_default(),
        error: row.error.clone().or(cancelled).unwrap_or_default(),
        metadata: (row.runs > 1).then(|| structs::object(&serde_json::json!({"runs": row.runs}))),
        ..Default::default()
    }
}

fn task_type(kind: &str) -> WorkflowTaskType {
    match kind {
        "agent" => WorkflowTaskType::WorkflowTaskAgentInvocation,
        "http" => WorkflowTaskType::WorkflowTaskApiCall,
        "switch" => WorkflowTaskType::WorkflowTaskConditional,
        "fork" => WorkflowTaskType::WorkflowTaskParallel,
        "set" => WorkflowTaskType::WorkflowTaskTransform,
        _ => WorkflowTaskType::WorkflowTaskCustom,
    }
}
