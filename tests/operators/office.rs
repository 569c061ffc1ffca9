//! What the tests of operators have in common.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use workflow_runner::control_plane::Page;
use workflow_runner::stigmer::agx::AgentExecution;

use crate::program::{Ended, Program};
use crate::support::history::{activity_started, events, text};
use crate::support::wait::until;
use crate::support::{API_KEY, Stage, child_id};

pub const SILENT: &str = "name: silent\nkind: scripted\nsilence: true\n";
pub const ASK: &str = "
  - ask:
      call: agent
      with:
        agent: silent
        message: wait for me
";

/// The program beside the stage's own worker, with the same settings.
pub fn program(stage: &Stage, arguments: &[&str]) -> Program {
    without_plane(stage, arguments)
        .env("STIGMER_BACKEND_ENDPOINT", &stage.plane.address().to_string())
        .env("STIGMER_API_KEY", API_KEY)
        .env("STIGMER_SERVICE_USE_TLS", "false")
}

/// The same without a control plane.
pub fn without_plane(stage: &Stage, arguments: &[&str]) -> Program {
    Program::new(arguments).env("TEMPORAL_ADDRESS", &stage.server.address())
}

/// `handshake …`, to its end.
pub async fn handshake(stage: &Stage, arguments: &[&str]) -> Ended {
    program(stage, &[&["handshake"], arguments].concat()).end().await
}

/// `handshake list --format json`.
pub async fn listed(stage: &Stage, arguments: &[&str]) -> Vec<Value> {
    let ended = handshake(stage, &[&["list", "--format", "json"], arguments].concat()).await.with_code(0);
    ended.json()["pending"].as_array().expect("a list").clone()
}

/// The one agent execution, at work.
pub async fn agent_at_work(stage: &Stage) -> AgentExecution {
    until("an agent execution", || async {
        stage.plane.store().agent_executions.list(Page::of(0, "").expect("a page"), |_| true).entries.pop()
    })
    .await
}

pub fn id(execution: &AgentExecution) -> String {
    execution.metadata.as_ref().expect("metadata").id.clone()
}

/// An execution that waits for its agent, watched, and listed by visibility: its id, and the agent execution.
pub async fn waiting(stage: &Stage, yaml: &str) -> (String, AgentExecution) {
    let execution_id = stage.execute(yaml, &serde_json::json!({})).await;
    let agent = agent_at_work(stage).await;
    activity_started(&stage.client, &child_id(&execution_id), "/do/0/ask").await;
    activity_started(&stage.client, &child_id(&execution_id), "watch").await;
    until("both handshakes to be listed", || async { (listed(stage, &[]).await.len() == 2).then_some(()) }).await;
    (execution_id, agent)
}

/// The tokens of both handshakes, in base64.
pub async fn tokens(stage: &Stage, execution_id: &str, agent: &AgentExecution) -> [String; 2] {
    let history = text(&events(&stage.client, &child_id(execution_id), "").await);
    let (_, rest) = history.split_once("\"callback_token\":\"").expect("a callback in the child's input");
    let of_child = rest.split('"').next().expect("its end").to_owned();
    [of_child, BASE64_STANDARD.encode(&agent.spec.as_ref().expect("a spec").callback_token)]
}
