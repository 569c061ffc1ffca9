//! One pending handshake with both of its sides: the activity that waits, and the child or the agent that it waits for.

use std::collections::HashMap;

use temporalio_client::Client;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;

use super::{Ground, away};
use crate::activities::agent_executions::execution_name;
use crate::activities::call_agent::AgentCall;
use crate::activities::digest;
use crate::activities::names::{WATCH_CALLER, agent_workflow_id};
use crate::activities::payload::{data_of, encoding};
use crate::cli::service::StartError;
use crate::handshake::child_id;
use crate::handshake::look::describe;
use crate::handshake::operator::{self, Callee, Kind, Step};
use crate::stigmer::agx::{AgentExecution, AgentExecutionStatus, ExecutionPhase};
use crate::stigmer::payload as wire;
use crate::stigmer::wfx::WorkflowExecution;
use crate::stigmer::{Stigmer, StigmerError};

/// A pending handshake.
pub(super) struct Entry {
    pub step: Step,
    pub side: Side,
}

/// What the activity waits for.
pub(super) enum Side {
    Child {
        /// Why not, where its input does not say.
        execution_id: Result<String, String>,
        child: Option<Callee>,
    },
    Agent {
        /// Slug of the agent.
        agent: String,
        /// Which execution is its own.
        tag: String,
        seen: AgentSeen,
    },
}

/// What is known of an agent execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AgentSeen {
    /// There is no control plane to ask.
    NotAsked,
    /// The control plane knows of none.
    None,
    Found {
        id: String,
        phase: ExecutionPhase,
        /// Status of the workflow that runs it; none where there is no such workflow.
        workflow: Option<WorkflowExecutionStatus>,
    },
}

impl Entry {
    /// What to give to the other verbs.
    pub fn id(&self) -> Option<&str> {
        match &self.side {
            Side::Child { execution_id, .. } => execution_id.as_deref().ok(),
            Side::Agent { seen: AgentSeen::Found { id, .. }, .. } => Some(id),
            Side::Agent { .. } => None,
        }
    }

    /// The same for a command line: it names this one whatever else there is.
    pub fn target(&self) -> String {
        let quoted = |text: &str| {
            let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@+".contains(c));
            if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
        };
        match self.id() {
            Some(id) => quoted(id),
            None => format!("{} --activity {}", quoted(&self.step.workflow_id), quoted(&self.step.activity_id)),
        }
    }
}

/// The agent executions of the control plane, by tag: one pass over its pages serves a whole list.
pub(super) struct AgentBook(Option<HashMap<String, (String, ExecutionPhase)>>);

impl AgentBook {
    /// Pages of 100 that are read at most, newest first as the server gives them.
    const PAGES_MAX: usize = 50;

    /// A control plane that cannot be asked is told on stderr, and does without: what Temporal knows is the better part.
    pub async fn read(stigmer: Option<&Stigmer>) -> Self {
        let Some(stigmer) = stigmer else { return Self(None) };
        match Self::pages(stigmer).await {
            Ok(book) => Self(Some(book)),
            Err(e) => {
                eprintln!("the control plane cannot be asked ({e}): agents are shown without their executions");
                Self(None)
            }
        }
    }

    /// For those who ask about no agent.
    pub fn closed() -> Self {
        Self(None)
    }

    async fn pages(stigmer: &Stigmer) -> Result<HashMap<String, (String, ExecutionPhase)>, StigmerError> {
        let (mut book, mut page_token) = (HashMap::new(), String::new());
        for _ in 0..Self::PAGES_MAX {
            let (entries, next) = stigmer.list_agent_executions("", &page_token).await?;
            entries.iter().for_each(|execution| put(&mut book, execution));
            match next {
                Some(next) => page_token = next,
                None => break,
            }
        }
        Ok(book)
    }

    async fn look(&self, client: &Client, ground: &Ground, tag: &str) -> Result<AgentSeen, StartError> {
        let Some(book) = &self.0 else { return Ok(AgentSeen::NotAsked) };
        let Some((id, phase)) = book.get(tag).cloned() else { return Ok(AgentSeen::None) };
        ground.pace.turn().await;
        let workflow = describe(client, &agent_workflow_id(&id), "").await.map_err(|e| away(&e))?.map(|run| run.status);
        Ok(AgentSeen::Found { id, phase, workflow })
    }
}

/// Those that the runner has made are called by their tag too.
fn put(book: &mut HashMap<String, (String, ExecutionPhase)>, execution: &AgentExecution) {
    let Some(metadata) = &execution.metadata else { return };
    let phase = execution.status.as_ref().map_or(ExecutionPhase::Unspecified, AgentExecutionStatus::phase);
    for tag in metadata.tags.iter().filter(|tag| metadata.name.ends_with(&execution_name("", tag))) {
        book.entry(tag.clone()).or_insert_with(|| (metadata.id.clone(), phase));
    }
}

/// Looks at the other side of a step.
pub(super) async fn complete(ground: &Ground, agents: &AgentBook, step: Step) -> Result<Entry, StartError> {
    let side = match step.kind {
        Kind::ExecuteWorkflow => {
            let execution_id = execution_id(&step);
            let child = match &execution_id {
                Ok(id) => operator::callee(&ground.client, &ground.pace, &child_id(id), WATCH_CALLER).await.map_err(|e| away(&e))?,
                Err(_) => None,
            };
            Side::Child { execution_id, child }
        }
        Kind::CallAgent => {
            let (agent, tag) = agent_call(&step);
            let seen = agents.look(&ground.client, ground, &tag).await?;
            Side::Agent { agent, tag, seen }
        }
    };
    Ok(Entry { step, side })
}

/// From the `WorkflowExecution` that the activity was given.
pub(super) fn execution_id(step: &Step) -> Result<String, String> {
    let payload = step.input.as_ref().ok_or("its input is not in the history")?;
    let message_type = payload.metadata.get("messageType").map(|m| String::from_utf8_lossy(m).into_owned());
    let execution = wire::decode::<WorkflowExecution>(encoding(payload), message_type.as_deref(), &payload.data);
    let execution = execution.map_err(|e| format!("its input cannot be read: {e}"))?;
    execution.metadata.map(|m| m.id).filter(|id| !id.is_empty()).ok_or_else(|| "its input names no execution".to_owned())
}

/// Slug and tag, as the activity itself reads and makes them.
pub(super) fn agent_call(step: &Step) -> (String, String) {
    let call = step.input.as_ref().and_then(|payload| data_of(payload).ok());
    let call: AgentCall = call.and_then(|data| serde_json::from_value(data.to_json()).ok()).unwrap_or_default();
    let tag =
        if call.tag.is_empty() { format!("wr-{}", &digest(&[&step.workflow_id, &step.run_id, &step.activity_id])[..40]) } else { call.tag };
    (call.agent, tag)
}
