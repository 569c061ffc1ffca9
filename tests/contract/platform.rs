//! What rows on the real server share: workflows of the control plane, a gate that notes its calls, and callers of `ExecuteWorkflow`.

use prost::{Message as _, Name as _};
use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflow_runner::control_plane::Resource;
use workflow_runner::stigmer::ar::WorkflowTaskKind as Kind;
use workflow_runner::stigmer::payload::encode;
use workflow_runner::stigmer::structs;
use workflow_runner::stigmer::wf::{Workflow, WorkflowDocument, WorkflowSpec, WorkflowStatus, WorkflowTask};
use workflow_runner::stigmer::wfi::{WorkflowInstance, WorkflowInstanceSpec};
use workflow_runner::stigmer::wfx::{WorkflowExecution, WorkflowExecutionSpec, WorkflowExecutionStatus};

use crate::support::caller::{Callers, Plan};
use crate::support::gate::{Gate, Passed};
use crate::support::{Stage, StageOptions, WorkerProcess};

pub const EXECUTION_QUEUE: &str = "workflow_execution_runner";

/// A stage whose worker reaches the control plane through a gate.
pub struct Platform {
    pub stage: Stage,
    pub gate: Gate,
    pub worker: WorkerProcess,
    pub callers: Callers,
}

impl Platform {
    pub async fn start(agents: &[&'static str], settings: &[(&str, &str)]) -> Self {
        let stage = Stage::with(StageOptions { agents: agents.to_vec(), ..Default::default() }).await;
        let gate = Gate::before(&stage.plane.address().to_string()).await;
        let worker = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), settings).await;
        let callers = Callers::start(&stage.client);
        Self { stage, gate, worker, callers }
    }

    pub async fn stop(self) {
        drop((self.callers, self.worker, self.gate));
        self.stage.stop().await;
    }

    /// Stores a workflow of these tasks with its default instance, as the platform does for one that it has found valid. Gives its id.
    pub fn workflow(&self, name: &str, tasks: Vec<WorkflowTask>) -> String {
        let document = WorkflowDocument {
            dsl: "1.0.0".into(),
            namespace: "test".into(),
            name: name.into(),
            version: "1.0.0".into(),
            ..Default::default()
        };
        let spec = WorkflowSpec { document: Some(document), tasks, ..Default::default() };
        let store = self.stage.plane.store();
        let workflow = store.workflows.insert(Workflow { spec: Some(spec), ..Default::default() }).expect("stored");
        let spec = WorkflowInstanceSpec { workflow_id: workflow.id().to_owned(), ..Default::default() };
        let instance = store.workflow_instances.insert(WorkflowInstance { spec: Some(spec), ..Default::default() }).expect("stored");
        let status = WorkflowStatus { default_instance_id: instance.id().to_owned(), ..Default::default() };
        store.workflows.modify(workflow.id(), |row| row.status = Some(status)).expect("it is there").id().to_owned()
    }

    /// Stores an execution that nobody runs yet.
    pub fn execution(&self, spec: Option<WorkflowExecutionSpec>) -> WorkflowExecution {
        self.stage.plane.store().workflow_executions.insert(WorkflowExecution { spec, ..Default::default() }).expect("stored")
    }

    pub fn status(&self, execution: &WorkflowExecution) -> WorkflowExecutionStatus {
        self.stage.plane.store().workflow_executions.get(execution.id()).expect("it is there").status.unwrap_or_default()
    }

    /// The calls of the worker that the control plane has answered.
    pub fn passed(&self) -> Vec<Passed> {
        self.gate.passed()
    }
}

/// `ExecuteWorkflow` for this execution, as `json/protobuf`.
pub fn execute(execution: &WorkflowExecution) -> Plan {
    let json: Value = serde_json::from_slice(&encode(execution).data).expect("JSON");
    Plan { message_type: Some(WorkflowExecution::full_name()), ..Plan::new("ExecuteWorkflow", EXECUTION_QUEUE, json) }
}

/// The same as `binary/protobuf`.
pub fn execute_binary(execution: &WorkflowExecution) -> Plan {
    Plan { binary: Some(execution.encode_to_vec()), ..execute(execution) }
}

pub fn task(name: &str, kind: Kind, config: &Value) -> WorkflowTask {
    WorkflowTask { name: name.to_owned(), kind: kind.into(), task_config: Some(structs::object(config)), ..Default::default() }
}

/// The result of the history's last completed activity, as it was written.
pub fn activity_result(events: &[HistoryEvent]) -> Payload {
    let result = events.iter().rev().find_map(|event| match event.attributes.clone()? {
        Attributes::ActivityTaskCompletedEventAttributes(completed) => completed.result,
        _ => None,
    });
    result.and_then(|result| result.payloads.into_iter().next()).expect("an activity with a result")
}

pub fn metadata<'p>(payload: &'p Payload, key: &str) -> &'p str {
    payload.metadata.get(key).and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
}
