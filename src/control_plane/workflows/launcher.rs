//! Starts the outer workflows.

use std::time::Duration;

use prost::{Message, Name};
use serde_json::json;
use temporalio_client::{Client, UntypedWorkflow, WorkflowCancelOptions, WorkflowGetResultOptions, WorkflowHandle, WorkflowStartOptions};
use temporalio_common::{MemoValues, data_converters::RawValue};

use super::{RUNNER_QUEUE_MEMO, agent_execution, payload, validation, workflow_execution};
use crate::{
    control_plane::{
        ControlPlaneError, ExecutePolicy, Queues,
        store::{Resource, id},
    },
    stigmer::{agx::AgentExecution, sls::ServerlessWorkflowValidation, wf::WorkflowSpec, wfx::WorkflowExecution},
};

/// Whole time of a validation, retries included.
const VALIDATION_TIMEOUT: Duration = Duration::from_secs(30);

/// What starting a workflow needs.
pub(in crate::control_plane) struct Launcher {
    pub client: Client,
    pub queues: Queues,
    pub execute: ExecutePolicy,
}

impl Launcher {
    /// Starts the outer workflow of a workflow execution.
    pub(in crate::control_plane) async fn invoke_workflow_execution(&self, execution: &WorkflowExecution) -> Result<(), ControlPlaneError> {
        let id = workflow_execution::id(execution.id());
        let mut options = WorkflowStartOptions::new(self.queues.workflow_execution.clone(), id).build();
        let mut memo = runner_queue(&self.queues.execution_runner);
        memo.insert(workflow_execution::POLICY_MEMO, payload::value(&json!(self.execute)));
        memo.insert(workflow_execution::CALLBACK_QUEUE_MEMO, payload::value(&json!(self.queues.agent_execution)));
        options.memo = Some(memo);
        // No run timeout, where the platform has 30 min: how long the activity may take is for the policy to say.
        self.start(workflow_execution::TYPE, execution, options).await.map(drop)
    }

    /// Asks the outer workflow of a workflow execution to end.
    pub(in crate::control_plane) async fn cancel_workflow_execution(&self, execution_id: &str) -> Result<(), ControlPlaneError> {
        let outer = self.client.get_workflow_handle::<UntypedWorkflow>(workflow_execution::id(execution_id));
        let answer = outer.cancel(WorkflowCancelOptions::default()).await;
        answer.map_err(|error| ControlPlaneError::Cancel { execution_id: execution_id.to_owned(), message: error.to_string() })
    }

    /// Starts the workflow of an agent execution.
    pub(in crate::control_plane) async fn invoke_agent_execution(&self, execution: &AgentExecution) -> Result<(), ControlPlaneError> {
        let id = format!("{}/{}", agent_execution::TYPE, execution.id());
        let options = WorkflowStartOptions::new(self.queues.agent_execution.clone(), id).build();
        self.start(agent_execution::TYPE, execution, options).await.map(drop)
    }

    /// Has the runner validate a specification, and waits for its verdict.
    pub(in crate::control_plane) async fn validate(&self, spec: &WorkflowSpec) -> Result<ServerlessWorkflowValidation, ControlPlaneError> {
        let id = format!("stigmer/workflow-validation/{}", id::new("val"));
        let mut options = WorkflowStartOptions::new(self.queues.workflow_validation.clone(), id).build();
        options.memo = Some(runner_queue(&self.queues.validation_runner));
        options.execution_timeout = Some(VALIDATION_TIMEOUT);
        let handle = self.start(validation::TYPE, spec, options).await?;
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        let result = result.map_err(|error| ControlPlaneError::Validation(error.to_string()))?;
        payload::read_message(&result).map_err(ControlPlaneError::Validation)
    }

    async fn start<M: Message + Name>(
        &self,
        workflow: &'static str,
        input: &M,
        options: WorkflowStartOptions,
    ) -> Result<WorkflowHandle<Client, UntypedWorkflow>, ControlPlaneError> {
        let started = self.client.start_workflow(UntypedWorkflow::new(workflow), payload::message(input), options).await;
        started.map_err(|error| ControlPlaneError::Start { workflow, message: error.to_string() })
    }
}

fn runner_queue(queue: &str) -> MemoValues {
    let mut memo = MemoValues::new();
    let value: RawValue = payload::value(&json!(queue));
    memo.insert(RUNNER_QUEUE_MEMO, value);
    memo
}
