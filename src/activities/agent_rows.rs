//! What the platform's task list shows of agent steps beside their state: which agent execution a step waits for, and how far that is.
//!
//! In memory only, and for a process: after a crash the next look at the execution brings it back.

use std::collections::BTreeMap;

use serde_json::json;

use crate::stigmer::agx::AgentExecution;
use crate::stigmer::structs;
use crate::stigmer::wfx::{WorkflowTask, WorkflowTaskType};

/// Workflow executions that are remembered; beyond it the oldest id goes.
const EXECUTIONS_MAX: usize = 10_000;
/// Steps of one of them; a long loop of agents keeps the latest.
const STEPS_MAX: usize = 100;

#[derive(Default)]
pub(super) struct AgentRows {
    /// By workflow execution: the calls, the latest last.
    steps: BTreeMap<String, Vec<Step>>,
}

struct Step {
    /// The task's reference, with iterations and visit behind it.
    call_id: String,
    id: String,
    name: String,
    phase: &'static str,
}

impl AgentRows {
    pub fn note(&mut self, execution_id: &str, call_id: &str, agent: &AgentExecution) {
        if self.steps.len() >= EXECUTIONS_MAX && !self.steps.contains_key(execution_id) {
            self.steps.pop_first();
        }
        let (id, name) = agent.metadata.as_ref().map(|m| (m.id.clone(), m.name.clone())).unwrap_or_default();
        let phase = agent.status.as_ref().map_or("", |status| status.phase().as_str_name());
        let steps = self.steps.entry(execution_id.to_owned()).or_default();
        steps.retain(|step| step.call_id != call_id);
        if steps.len() >= STEPS_MAX {
            steps.remove(0);
        }
        steps.push(Step { call_id: call_id.to_owned(), id, name, phase });
    }

    pub fn forget(&mut self, execution_id: &str) {
        self.steps.remove(execution_id);
    }

    /// Writes what is known into the rows; whether any of them has changed.
    pub fn annotate(&self, execution_id: &str, tasks: &mut [WorkflowTask]) -> bool {
        let Some(steps) = self.steps.get(execution_id) else { return false };
        let mut changed = false;
        for task in tasks.iter_mut().filter(|task| task.task_type() == WorkflowTaskType::WorkflowTaskAgentInvocation) {
            let Some(step) = steps.iter().rev().find(|step| is_call_of(&step.call_id, &task.task_id)) else { continue };
            let more = json!({"agent_execution_id": step.id, "agent_execution_name": step.name, "agent_phase": step.phase});
            let metadata = task.metadata.get_or_insert_default();
            for (key, value) in structs::object(&more).fields {
                changed |= metadata.fields.insert(key, value.clone()).is_none_or(|before| before != value);
            }
        }
        changed
    }
}

/// Whether the call's id is the task's reference, or that with iterations (`[7]`) and a visit (`#2`) behind it.
fn is_call_of(call_id: &str, reference: &str) -> bool {
    call_id.strip_prefix(reference).is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || "[]#".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stigmer::agx::{AgentExecutionStatus, ExecutionPhase};
    use crate::stigmer::ar::ApiResourceMetadata;

    fn agent(id: &str, phase: ExecutionPhase) -> AgentExecution {
        let metadata = ApiResourceMetadata { id: id.to_owned(), name: format!("{id}-name"), ..Default::default() };
        let status = AgentExecutionStatus { phase: phase.into(), ..Default::default() };
        AgentExecution { metadata: Some(metadata), status: Some(status), ..Default::default() }
    }

    fn row(reference: &str, kind: WorkflowTaskType) -> WorkflowTask {
        WorkflowTask { task_id: reference.to_owned(), task_type: kind.into(), ..Default::default() }
    }

    #[test]
    fn a_row_shows_its_latest_agent() {
        let mut rows = AgentRows::default();
        rows.note("wex-1", "/do/0/ask[0]", &agent("aex-1", ExecutionPhase::ExecutionCompleted));
        rows.note("wex-1", "/do/0/ask[1]#2", &agent("aex-2", ExecutionPhase::ExecutionPending));
        let agents = WorkflowTaskType::WorkflowTaskAgentInvocation;
        let mut tasks = [row("/do/0/ask", agents), row("/do/0/asking", agents), row("/do/0/ask", WorkflowTaskType::WorkflowTaskCustom)];
        assert!(rows.annotate("wex-1", &mut tasks));
        assert!(!rows.annotate("wex-1", &mut tasks), "nothing new");
        let metadata = structs::value(tasks[0].metadata.as_ref().expect("metadata"));
        assert_eq!(
            metadata,
            json!({"agent_execution_id": "aex-2", "agent_execution_name": "aex-2-name", "agent_phase": "EXECUTION_PENDING"})
        );
        assert!(tasks[1].metadata.is_none() && tasks[2].metadata.is_none());
        rows.forget("wex-1");
        assert!(!rows.annotate("wex-1", &mut [row("/do/0/ask", agents)]));
    }

    #[test]
    fn memory_is_bounded() {
        let mut rows = AgentRows::default();
        for n in 0..EXECUTIONS_MAX + 10 {
            rows.note(&format!("wex-{n:06}"), "/do/0/a", &agent("aex", ExecutionPhase::ExecutionPending));
        }
        for n in 0..STEPS_MAX + 10 {
            rows.note("wex-009999", &format!("/do/0/a[{n}]"), &agent("aex", ExecutionPhase::ExecutionPending));
        }
        assert_eq!((rows.steps.len(), rows.steps["wex-009999"].len()), (EXECUTIONS_MAX, STEPS_MAX));
    }
}
