//! Agents that the test plays itself: the scripted one keeps silent, and the test writes its status and calls back, when it likes and with what it
//! likes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use temporalio_client::errors::AsyncActivityError;
use temporalio_client::{ActivityIdentifier, Client, RpcOptions};
use temporalio_common::protos::TaskToken;
use workflow_runner::activities::payload::raw_of;
use workflow_runner::control_plane::Page;
use workflow_runner::stigmer::agx::{AgentExecution, AgentExecutionStatus, AgentMessage, ExecutionPhase, MessageType};

use super::Stage;
use super::wait::until;

/// An agent `helper` that says nothing until it is cancelled.
pub const SILENT: &str = "name: helper\nkind: scripted\nsilence: true\n";

/// One agent step, whose result becomes `{"answer": …}`.
pub const ASK: &str = "  - ask:\n      call: agent\n      with:\n        agent: helper\n        message: how are you\n      output:\n        as: '{answer: .}'\n";

/// All agent executions that there are.
pub fn all(stage: &Stage) -> Vec<AgentExecution> {
    stage.plane.store().agent_executions.list(Page::of(1_000, "").expect("a page"), |_| true).entries
}

/// Waits until there are so many agent executions and each one is in progress: from then on nobody but the test writes to a silent one.
pub async fn asked(stage: &Stage, number: usize) -> Vec<AgentExecution> {
    until(&format!("{number} agent executions in progress"), || async {
        let begun = |e: &AgentExecution| e.status.as_ref().is_some_and(|s| s.phase() == ExecutionPhase::ExecutionInProgress);
        let executions = all(stage);
        (executions.len() == number && executions.iter().all(begun)).then_some(executions)
    })
    .await
}

/// The one agent execution, in progress.
pub async fn the_one(stage: &Stage) -> AgentExecution {
    asked(stage, 1).await.remove(0)
}

pub fn id(execution: &AgentExecution) -> String {
    execution.metadata.as_ref().expect("metadata").id.clone()
}

/// Temporal's id of the workflow that runs it.
pub fn workflow_id(execution: &AgentExecution) -> String {
    format!("stigmer/agent-execution/invoke/{}", id(execution))
}

/// Writes the end of an execution: completed, with these messages.
pub fn complete(stage: &Stage, execution: &AgentExecution, messages: &[(MessageType, &str)]) {
    let message =
        |(kind, text): &(MessageType, &str)| AgentMessage { r#type: (*kind).into(), content: (*text).to_owned(), ..Default::default() };
    let status = AgentExecutionStatus {
        phase: ExecutionPhase::ExecutionCompleted.into(),
        messages: messages.iter().map(message).collect(),
        ..Default::default()
    };
    stage.plane.store().update_agent_execution(&id(execution), status).expect("the execution is there");
}

/// Completes the activity that waits for it, with this value. An error when nobody waits on that token.
pub async fn call_back(client: &Client, execution: &AgentExecution, value: &Value) -> Result<(), AsyncActivityError> {
    let token = execution.spec.as_ref().expect("a spec").callback_token.clone();
    let handle = client.get_async_activity_handle(ActivityIdentifier::from_task_token(TaskToken::from(token)));
    handle.complete(Some(raw_of(value)), RpcOptions::default()).await
}

/// The object as it was when it was created, as the platform delivers it: phase 1, the token and the environment inside.
pub fn initial(execution: &AgentExecution) -> Value {
    let spec = execution.spec.as_ref().expect("a spec");
    json!({
        "api_version": "agentic.stigmer.ai/v1",
        "kind": "AgentExecution",
        "metadata": {"id": id(execution)},
        "spec": {
            "agent_id": spec.agent_id,
            "message": spec.message,
            "callback_token": BASE64_STANDARD.encode(&spec.callback_token),
            "runtime_env": {"KEY": {"value": "private-value", "is_secret": true}},
        },
        "status": {"phase": 1},
    })
}
