//! Agent executions as a step sees them: found by tag, read for their answer. Rows 1, 14 and 15.

use serde::{Deserialize, Serialize};

use super::secrets::SecretScope;
use crate::expr::Data;
use crate::stigmer::agx::{AgentExecution, ExecutionPhase, MessageType};
use crate::stigmer::{Stigmer, StigmerError};

/// Failure type of a step whose agent failed; its message is the agent's own.
pub const AGENT_FAILED: &str = "AgentFailed";

/// One agent step of one run: how its execution is tagged, and which pending activity waits for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AgentRef {
    /// On the execution's metadata; a function of workflow id, first run id, task reference and visit.
    pub tag: String,
    pub activity_id: String,
    /// The workflow execution that the step is part of, where a platform knows of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// What the step's own secrets are called, so that their values are taken out of an answer that is read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<SecretScope>,
}

/// What an execution says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Reading {
    /// It completed. The answer is its last AI message, absent when it wrote none.
    Answer {
        answer: Option<String>,
    },
    Failed {
        message: String,
    },
    Cancelled {
        message: String,
    },
    Unfinished,
}

impl Reading {
    #[must_use]
    pub fn parse(data: &Data) -> Option<Self> {
        serde_json::from_value(data.to_json()).ok()
    }

    #[must_use]
    pub fn of(execution: &AgentExecution) -> Self {
        let Some(status) = &execution.status else { return Self::Unfinished };
        let message = |otherwise: &str| if status.error.is_empty() { otherwise.to_owned() } else { status.error.clone() };
        match status.phase() {
            ExecutionPhase::ExecutionCompleted => Self::Answer {
                answer: status.messages.iter().rev().find(|m| m.r#type() == MessageType::MessageAi).map(|m| m.content.clone()),
            },
            ExecutionPhase::ExecutionFailed => Self::Failed { message: message("the agent failed without saying why") },
            ExecutionPhase::ExecutionCancelled => Self::Cancelled { message: message("the agent was cancelled") },
            _ => Self::Unfinished,
        }
    }
}

/// The execution's name: unique like its tag, and readable.
#[must_use]
pub fn execution_name(agent: &str, tag: &str) -> String {
    let short: String = tag.chars().filter(char::is_ascii_alphanumeric).rev().take(16).collect();
    format!("{agent}-execution-{}", short.chars().rev().collect::<String>())
}

/// The newest execution with this tag. The server may ignore the filter, so each page is searched here as well.
///
/// # Errors
/// Those of the rpc.
pub async fn find(stigmer: &Stigmer, tag: &str) -> Result<Option<AgentExecution>, StigmerError> {
    /// 50 pages of 100: a server that ignores the filter and has more than that is asked no further.
    const PAGES: i32 = 50;
    let mut page_token = String::new();
    for _ in 0..PAGES {
        let (entries, next) = stigmer.list_agent_executions(tag, &page_token).await?;
        let ours = |e: &AgentExecution| {
            e.metadata.as_ref().is_some_and(|m| m.tags.iter().any(|t| t == tag) && m.name.ends_with(name_suffix(tag).as_str()))
        };
        if let Some(found) = entries.into_iter().find(ours) {
            return Ok(Some(found));
        }
        match next {
            Some(next) => page_token = next,
            None => return Ok(None),
        }
    }
    Ok(None)
}

fn name_suffix(tag: &str) -> String {
    execution_name("", tag)
}

/// Whether a delivered value is an agent execution.
#[must_use]
pub fn is_execution(delivered: &Data) -> bool {
    delivered.get("kind").is_some_and(|k| k.as_str() == Some("AgentExecution"))
        || delivered.get("spec").is_some_and(|s| s.get("agent_id").or_else(|| s.get("agentId")).is_some())
}

/// Whether it is one that had not ended when it was written: the platform delivers the *initial* object.
#[must_use]
pub fn is_unfinished_execution(delivered: &Data) -> bool {
    if !is_execution(delivered) {
        return false;
    }
    let phase = delivered.get("status").and_then(|s| s.get("phase"));
    !phase.is_some_and(|p| {
        matches!(p.as_i64(), Some(3..=5)) || matches!(p.as_str(), Some("EXECUTION_COMPLETED" | "EXECUTION_FAILED" | "EXECUTION_CANCELLED"))
    })
}

/// The delivered object without its token and without the environment, in which secrets stand.
#[must_use]
pub fn without_private_parts(delivered: &Data) -> Data {
    let mut json = delivered.to_json();
    for part in ["spec", "status"] {
        if let Some(object) = json.get_mut(part).and_then(serde_json::Value::as_object_mut) {
            for key in ["callback_token", "callbackToken", "runtime_env", "runtimeEnv"] {
                object.remove(key);
            }
        }
    }
    Data::from(json)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stigmer::agx::{AgentExecutionStatus, AgentMessage};

    #[test]
    fn the_initial_object_is_told_from_everything_else() {
        let cases = [
            (json!({"kind": "AgentExecution", "spec": {"agent_id": "a"}, "status": {"phase": 1}}), true),
            (json!({"kind": "AgentExecution", "spec": {"agentId": "a"}}), true),
            (json!({"spec": {"agent_id": "a"}, "status": {"phase": "EXECUTION_IN_PROGRESS"}}), true),
            (json!({"kind": "AgentExecution", "status": {"phase": 3}}), false),
            (json!({"kind": "AgentExecution", "status": {"phase": "EXECUTION_FAILED"}}), false),
            (json!({"answer": 42}), false),
            (json!("text"), false),
            (json!(null), false),
        ];
        for (value, unfinished) in cases {
            assert_eq!(is_unfinished_execution(&Data::from(&value)), unfinished, "{value}");
        }
    }

    #[test]
    fn token_and_environment_are_taken_out() {
        let delivered = json!({"spec": {"agent_id": "a", "callback_token": "dG9r", "runtime_env": {"K": 1}}, "status": {"callbackToken": "x", "phase": 1}});
        let kept = without_private_parts(&Data::from(&delivered)).to_json();
        assert_eq!(kept, json!({"spec": {"agent_id": "a"}, "status": {"phase": 1}}));
    }

    #[test]
    fn the_last_ai_message_is_the_answer() {
        let message =
            |kind: MessageType, content: &str| AgentMessage { r#type: kind.into(), content: content.to_owned(), ..Default::default() };
        let execution = AgentExecution {
            status: Some(AgentExecutionStatus {
                phase: ExecutionPhase::ExecutionCompleted.into(),
                messages: vec![
                    message(MessageType::MessageAi, "first"),
                    message(MessageType::MessageAi, "last"),
                    message(MessageType::MessageTool, "noise"),
                ],
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(Reading::of(&execution), Reading::Answer { answer: Some("last".to_owned()) });
        assert_eq!(Reading::of(&AgentExecution::default()), Reading::Unfinished);
    }

    #[test]
    fn names_end_in_the_tag() {
        let tag = "wr-0123456789abcdef0123456789abcdef01234567";
        assert!(execution_name("reviewer", tag).ends_with(&name_suffix(tag)));
        assert_ne!(name_suffix(tag), name_suffix("wr-0123456789abcdef0123456789abcdef01234568"));
    }
}
