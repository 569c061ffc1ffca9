//! A run's status as the platform's protobuf message.

use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::status::{Phase, TaskList, TaskRow, TaskState, TerminalStatus};
use crate::expr::Data;
use crate::stigmer::wfx::{ExecutionPhase, WorkflowExecutionStatus, WorkflowTask, WorkflowTaskStatus, WorkflowTaskType};
use crate::stigmer::{payload as wire, structs};

/// Outputs of tasks that are larger stay out of the list: it is sent on every change, and whole 500 times in the worst case.
const TASK_OUTPUT_LIMIT_BYTES: usize = 4 * 1024;
/// All of them together: with the run's own output the status stays under the 4 MB of a gRPC message.
const TASK_OUTPUTS_LIMIT_BYTES: usize = 1024 * 1024;
/// Errors of tasks are cut.
const TASK_ERROR_LIMIT_BYTES: usize = 1024;

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
    payload_of(message(status))
}

/// The same for a status as the platform has it.
#[must_use]
pub fn payload_of(message: WorkflowExecutionStatus) -> Payload {
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

/// Whether the platform will hear no other phase of the execution.
#[must_use]
pub fn is_terminal(phase: ExecutionPhase) -> bool {
    matches!(phase, ExecutionPhase::ExecutionCompleted | ExecutionPhase::ExecutionFailed | ExecutionPhase::ExecutionCancelled)
}

fn as_object(output: &Data) -> Data {
    if output.is_object() { output.clone() } else { Data::object([("value", output.clone())]) }
}

/// The list; a last row says what was left out.
#[must_use]
pub fn tasks(list: &TaskList) -> Vec<WorkflowTask> {
    let mut room_bytes = TASK_OUTPUTS_LIMIT_BYTES;
    let mut tasks: Vec<WorkflowTask> = list.rows.iter().map(|row| task(row, &mut room_bytes)).collect();
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

fn task(row: &TaskRow, room_bytes: &mut usize) -> WorkflowTask {
    let output = row.output.as_ref().filter(|output| {
        let left = room_bytes.checked_sub(output.json_len()).filter(|_| output.json_len() <= TASK_OUTPUT_LIMIT_BYTES);
        left.inspect(|left| *room_bytes = *left).is_some()
    });
    let mut error = row.error.clone().unwrap_or_default();
    error.truncate(error.floor_char_boundary(TASK_ERROR_LIMIT_BYTES));
    let status = match row.state {
        TaskState::InProgress => WorkflowTaskStatus::WorkflowTaskInProgress,
        TaskState::Completed => WorkflowTaskStatus::WorkflowTaskCompleted,
        TaskState::Failed | TaskState::Cancelled => WorkflowTaskStatus::WorkflowTaskFailed,
        TaskState::Skipped => WorkflowTaskStatus::WorkflowTaskSkipped,
    };
    if row.state == TaskState::Cancelled && error.is_empty() {
        "cancelled".clone_into(&mut error);
    }
    WorkflowTask {
        task_id: row.reference.clone(),
        task_name: row.name.clone(),
        task_type: task_type(&row.kind).into(),
        output: output.map(|o| structs::object(&as_object(o).to_json())),
        status: status.into(),
        started_at: row.started_at.clone().unwrap_or_default(),
        completed_at: row.completed_at.clone().unwrap_or_default(),
        error,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_of_null_is_stored_like_any_other_value() {
        let ended =
            r#"{"phase":"completed","tasks":{"rows":[]},"output":null,"started_at":"","completed_at":"","temporal_workflow_id":""}"#;
        let status: TerminalStatus = serde_json::from_str(ended).unwrap();
        assert_eq!(message(&status).output, completed(&Data::null()).output);
        assert_eq!(serde_json::to_string(&status).unwrap(), ended);
        let failed: TerminalStatus = serde_json::from_str(&ended.replace(r#""output":null,"#, "")).unwrap();
        assert_eq!(message(&failed).output, None);
    }

    #[test]
    fn a_long_list_of_large_tasks_stays_small() {
        let row = |n: usize| TaskRow {
            name: format!("t{n}"),
            reference: format!("/do/{n}"),
            kind: "set".to_owned(),
            state: TaskState::Completed,
            runs: 1,
            started_at: None,
            completed_at: None,
            error: Some("é".repeat(100_000)),
            output: Some(Data::string("x".repeat(if n == 0 { TASK_OUTPUT_LIMIT_BYTES } else { TASK_OUTPUT_LIMIT_BYTES - 2 }))),
        };
        let tasks = tasks(&TaskList { rows: (0..500).map(row).collect(), left_out: 7 });
        assert_eq!((tasks.len(), tasks[500].task_name.as_str()), (501, "(7 more tasks)"));
        assert_eq!((tasks[0].output.is_some(), tasks[1].output.is_some(), tasks[499].output.is_some()), (false, true, false));
        let size: usize = tasks.iter().map(prost::Message::encoded_len).sum();
        assert!(size < 2_000_000, "{size}");
    }
}
