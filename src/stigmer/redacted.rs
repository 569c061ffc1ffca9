//! `Debug` of the messages that hold task tokens or secrets: a token shows as its length, a variable as its name.

use std::collections::BTreeMap;
use std::fmt::{Debug, Formatter, Result};

use super::{agx, environment, exc, wfx};

/// A task token in a debug text.
struct Token<'a>(&'a [u8]);

impl Debug for Token<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

/// Variables in a debug text. Also those that are not marked as secret: what a user writes there is not ours to show.
struct Names<'a>(&'a BTreeMap<String, exc::ExecutionValue>);

impl Debug for Names<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Debug for agx::AgentExecutionSpec {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("AgentExecutionSpec")
            .field("session_id", &self.session_id)
            .field("agent_id", &self.agent_id)
            .field("message", &self.message)
            .field("execution_config", &self.execution_config)
            .field("runtime_env", &Names(&self.runtime_env))
            .field("callback_token", &Token(&self.callback_token))
            .finish()
    }
}

impl Debug for agx::AgentExecutionStatus {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("AgentExecutionStatus")
            .field("phase", &self.phase())
            .field("messages", &self.messages)
            .field("tool_calls", &self.tool_calls)
            .field("sub_agent_executions", &self.sub_agent_executions)
            .field("todos", &self.todos)
            .field("error", &self.error)
            .field("started_at", &self.started_at)
            .field("completed_at", &self.completed_at)
            .field("callback_token", &Token(&self.callback_token))
            .field("audit", &self.audit)
            .finish()
    }
}

impl Debug for wfx::WorkflowExecutionSpec {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("WorkflowExecutionSpec")
            .field("workflow_instance_id", &self.workflow_instance_id)
            .field("workflow_id", &self.workflow_id)
            .field("trigger_message", &self.trigger_message)
            .field("trigger_metadata", &self.trigger_metadata)
            .field("runtime_env", &Names(&self.runtime_env))
            .field("callback_token", &Token(&self.callback_token))
            .finish()
    }
}

impl Debug for wfx::WorkflowExecutionStatus {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("WorkflowExecutionStatus")
            .field("phase", &self.phase())
            .field("tasks", &self.tasks)
            .field("output", &self.output)
            .field("error", &self.error)
            .field("started_at", &self.started_at)
            .field("completed_at", &self.completed_at)
            .field("temporal_workflow_id", &self.temporal_workflow_id)
            .field("callback_token", &Token(&self.callback_token))
            .field("audit", &self.audit)
            .finish()
    }
}

impl Debug for exc::ExecutionValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("ExecutionValue").field("is_secret", &self.is_secret).finish_non_exhaustive()
    }
}

impl Debug for environment::EnvironmentValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("EnvironmentValue")
            .field("is_secret", &self.is_secret)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
