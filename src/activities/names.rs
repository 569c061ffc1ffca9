//! Names of activities on the wire. They stand in histories: never change one.

/// Started by the platform's outer workflow, on the execution queue.
pub const EXECUTE_WORKFLOW: &str = "ExecuteWorkflow";
/// Started by our own runs, and by anyone who wants an agent.
pub const CALL_AGENT: &str = "CallAgentActivity";
pub const CALL_AGENT_ALIAS: &str = "CallAgent";
pub const CALL_HTTP: &str = "CallHTTPActivity";
pub const CALL_OPENAPI: &str = "CallOpenAPIActivity";
pub const RUN_SHELL: &str = "RunShellActivity";
pub const RUN_SCRIPT: &str = "RunScriptActivity";
pub const VALIDATE_WORKFLOW: &str = "validateWorkflow";
pub const WATCH_CALLER: &str = "WatchCaller";
pub const COMPLETE_EXTERNAL: &str = "stigmer/system/complete-external-activity";
pub const COMPLETE_EXTERNAL_ALIAS: &str = "CompleteExternalActivity";

/// Local activities: hands an event to the sink, reads `activities.allow`, finds a definition by its name, reads a document elsewhere.
pub const EMIT_EVENT: &str = "workflow_runner/emit-event";
pub const ACTIVITY_POLICY: &str = "workflow_runner/activity-policy";
pub const RESOLVE_DEFINITION: &str = "workflow_runner/resolve-definition";
pub const FETCH_RESOURCE: &str = "workflow_runner/fetch-resource";

/// Local activities of an agent step.
pub const RECONCILE_AGENT: &str = "workflow_runner/reconcile-agent";
pub const READ_AGENT: &str = "workflow_runner/read-agent";
pub const CANCEL_AGENT: &str = "workflow_runner/cancel-agent";

/// The workflow that runs an agent execution; cancelling it is the only way to cancel an agent.
#[must_use]
pub fn agent_workflow_id(agent_execution_id: &str) -> String {
    format!("stigmer/agent-execution/invoke/{agent_execution_id}")
}
