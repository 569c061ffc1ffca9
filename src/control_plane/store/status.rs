//! The platform's merge of a reported status into a stored one: `tasks` and other lists are replaced as a whole when the report has some, the
//! phase when it is not zero, everything else when it is not empty. Nothing can be cleared, and no order of phases is kept.

use crate::stigmer::{
    agx::{self, AgentExecution, AgentExecutionStatus},
    wfx::{self, WorkflowExecution, WorkflowExecutionStatus},
};

/// An execution that ends.
pub trait Execution {
    /// Whether its phase is completed, failed or cancelled.
    fn is_terminal(&self) -> bool;
}

impl Execution for WorkflowExecution {
    fn is_terminal(&self) -> bool {
        use wfx::ExecutionPhase::{ExecutionCancelled, ExecutionCompleted, ExecutionFailed};
        self.status.as_ref().is_some_and(|status| matches!(status.phase(), ExecutionCompleted | ExecutionFailed | ExecutionCancelled))
    }
}

impl Execution for AgentExecution {
    fn is_terminal(&self) -> bool {
        use agx::ExecutionPhase::{ExecutionCancelled, ExecutionCompleted, ExecutionFailed};
        self.status.as_ref().is_some_and(|status| matches!(status.phase(), ExecutionCompleted | ExecutionFailed | ExecutionCancelled))
    }
}

/// Merges a report about a workflow execution.
pub fn merge_workflow(stored: &mut WorkflowExecutionStatus, report: WorkflowExecutionStatus) {
    let WorkflowExecutionStatus { audit: _, phase, tasks, output, error, started_at, completed_at, temporal_workflow_id, callback_token } =
        report;
    if phase != 0 {
        stored.phase = phase;
    }
    replace(&mut stored.tasks, tasks);
    if output.is_some() {
        stored.output = output;
    }
    replace(&mut stored.error, error);
    replace(&mut stored.started_at, started_at);
    replace(&mut stored.completed_at, completed_at);
    replace(&mut stored.temporal_workflow_id, temporal_workflow_id);
    replace(&mut stored.callback_token, callback_token);
}

/// Merges a report about an agent execution.
pub fn merge_agent(stored: &mut AgentExecutionStatus, report: AgentExecutionStatus) {
    let AgentExecutionStatus {
        audit: _,
        messages,
        phase,
        tool_calls,
        sub_agent_executions,
        error,
        started_at,
        completed_at,
        todos,
        callback_token,
    } = report;
    if phase != 0 {
        stored.phase = phase;
    }
    replace(&mut stored.messages, messages);
    replace(&mut stored.tool_calls, tool_calls);
    replace(&mut stored.sub_agent_executions, sub_agent_executions);
    replace(&mut stored.error, error);
    replace(&mut stored.started_at, started_at);
    replace(&mut stored.completed_at, completed_at);
    replace(&mut stored.callback_token, callback_token);
    if !todos.is_empty() {
        stored.todos = todos;
    }
}

/// The new value unless it is empty.
fn replace<T: AsRef<[E]>, E>(stored: &mut T, new: T) {
    if !new.as_ref().is_empty() {
        *stored = new;
    }
}
