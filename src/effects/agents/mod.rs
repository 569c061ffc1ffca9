//! Agents that this process plays itself, for `run`, `test` and `dev`: told apart by their `kind`, and read from YAML files.
//!
//! | `kind` | who answers |
//! |---|---|
//! | `scripted` | a text in the file ([`scripted`](super::scripted)) |
//! | `openai` | a model, over the chat-completions API ([`openai`](super::openai)) |
//! | `worker` | workers of a task queue, for `dev` alone ([`Worker`]) |

mod fields;
mod load;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use self::fields::{Fields, Problem, problem, shown};
pub use self::load::{LoadError, Variables};
pub use self::worker::Worker;
use super::{EffectError, near, openai, scripted};
use crate::expr::Data;

/// What an agent is asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub message: String,
    /// Object of strings.
    pub env: Data,
    /// The model that the document asks for, in place of the agent's own.
    pub model: Option<String>,
}

impl Question {
    /// From the effect's input: `{"agent", "message", "env"?, "config"?: {"model"?}, …}`.
    pub fn parse(input: &Data) -> Self {
        let text = |data: Option<Data>| data.and_then(|data| data.as_str().map(str::to_owned));
        let model = input.get("config").and_then(|config| text(config.get("model")));
        let env = input.get("env").filter(|env| !env.is_null()).unwrap_or_else(Data::empty_object);
        Self { message: text(input.get("message")).unwrap_or_default(), env, model }
    }
}

/// One agent of any kind. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Agent {
    Scripted(Arc<scripted::Agent>),
    OpenAi(Arc<openai::Agent>),
    Worker(Arc<Worker>),
}

impl Agent {
    pub fn name(&self) -> &str {
        match self {
            Self::Scripted(agent) => &agent.name,
            Self::OpenAi(agent) => &agent.name,
            Self::Worker(agent) => &agent.name,
        }
    }

    pub fn is_scripted(&self) -> bool {
        matches!(self, Self::Scripted(_))
    }

    /// Whether a model answers, which takes time and tokens.
    pub fn is_model(&self) -> bool {
        matches!(self, Self::OpenAi(_))
    }

    /// The word of its `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Scripted(_) => "scripted",
            Self::OpenAi(_) => "openai",
            Self::Worker(_) => "worker",
        }
    }
}

/// Agents by name.
#[derive(Clone, Debug, Default)]
pub struct Agents(BTreeMap<String, Agent>);

impl Agents {
    pub fn get(&self, name: &str) -> Option<&Agent> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Agent> {
        self.0.values()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The agent effect, in process and on tokio's clock: a scripted agent waits its delay (for ever when it is silent) and answers, a model is
    /// asked.
    ///
    /// Errors: `configuration` 400 when there is no such agent or workers elsewhere answer for it, otherwise the agent's own.
    pub async fn call(&self, input: &Data) -> Result<Data, EffectError> {
        let question = Question::parse(input);
        match self.find(input)? {
            Agent::Scripted(agent) => {
                tokio::time::sleep(agent.delay).await;
                if agent.silence {
                    std::future::pending::<()>().await;
                }
                agent.answer(&question)
            }
            Agent::OpenAi(agent) => agent.answer(&question).await,
            Agent::Worker(agent) => Err(agent.away()),
        }
    }

    /// The agent that the effect's input names.
    ///
    /// Errors: `configuration` 400, naming those that there are.
    pub fn find(&self, input: &Data) -> Result<&Agent, EffectError> {
        let name = input.get("agent").and_then(|agent| agent.as_str().map(str::to_owned)).unwrap_or_default();
        self.get(&name).ok_or_else(|| EffectError::configuration(format!("there is no agent `{name}`")).with_detail(self.instead_of(&name)))
    }

    /// What may have been meant by a name that is not there: ``did you mean `a`?``, else all there are.
    pub fn instead_of(&self, name: &str) -> String {
        let known: Vec<_> = self.names().collect();
        match near::names(name, &known) {
            near if !near.is_empty() => format!("did you mean {near}?"),
            _ if known.is_empty() => "no agent is known: name their folder by --agents".to_owned(),
            _ => format!("known are {}", known.join(", ")),
        }
    }
}
