//! Scripted agents: answers written down in YAML, for local runs and tests where no agent platform is.
//!
//! ```yaml
//! name: reviewer
//! kind: scripted
//! reply: "Looks good: {message}"   # or `${ … }` over {message, env, agent}, or an object of such texts
//! delay: 2s                        # before it answers
//! failure: no capacity             # it fails with this text instead of replying
//! silence: false                   # true: it never answers
//! repeat: 1                        # how many times it calls back
//! stale: false                     # true: it calls back with the unfinished object, and the answer stands in the store only
//! queue: my-agents                 # instead of all that: the workers of this task queue answer for it (`dev` only)
//! ```

mod load;
mod reply;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::reply::Reply;
use super::EffectError;
use crate::expr::Data;

pub use self::load::LoadError;

/// What an agent is asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub message: String,
    /// Object of strings.
    pub env: Data,
}

impl Question {
    /// From the effect's input: `{"agent", "message", "env"?, …}`.
    pub fn parse(input: &Data) -> Self {
        let message = input.get("message").and_then(|message| message.as_str().map(str::to_owned)).unwrap_or_default();
        Self { message, env: input.get("env").filter(|env| !env.is_null()).unwrap_or_else(Data::empty_object) }
    }
}

/// One scripted agent.
#[derive(Clone, Debug)]
pub struct Agent {
    pub name: String,
    pub delay: Duration,
    pub failure: Option<String>,
    pub silence: bool,
    /// Times it calls back; 1 unless a test of repeated deliveries says otherwise.
    pub repeat: u32,
    pub stale: bool,
    /// Task queue of the workers that answer for it. Then nothing is scripted.
    pub queue: Option<String>,
    reply: Reply,
}

impl Agent {
    /// What it says, without waiting. Errors: `runtime` 500 with the scripted failure, `expression` 400 when the reply cannot be evaluated.
    pub fn answer(&self, question: &Question) -> Result<Data, EffectError> {
        match &self.failure {
            Some(text) => Err(EffectError::runtime(format!("the agent `{}` failed", self.name)).with_detail(text.clone())),
            None => self.reply.fill(&self.name, question),
        }
    }
}

/// Scripted agents by name.
#[derive(Clone, Debug, Default)]
pub struct Agents(BTreeMap<String, Arc<Agent>>);

impl Agents {
    pub fn get(&self, name: &str) -> Option<&Arc<Agent>> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The agent effect, in process: waits the scripted delay on tokio's clock (for ever when the agent is silent), then answers.
    ///
    /// Errors: `configuration` 400 when there is no such agent or workers elsewhere answer for it, otherwise those of [`Agent::answer`].
    pub async fn call(&self, input: &Data) -> Result<Data, EffectError> {
        let agent = self.find(input)?;
        if let Some(queue) = &agent.queue {
            let error =
                EffectError::configuration(format!("the agent `{}` is answered for by the workers of task queue `{queue}`", agent.name));
            return Err(error.with_detail("run the definition on a Temporal server, with `dev`, where these workers are"));
        }
        tokio::time::sleep(agent.delay).await;
        if agent.silence {
            std::future::pending::<()>().await;
        }
        agent.answer(&Question::parse(input))
    }

    fn find(&self, input: &Data) -> Result<&Arc<Agent>, EffectError> {
        let name = input.get("agent").and_then(|agent| agent.as_str().map(str::to_owned)).unwrap_or_default();
        self.get(&name).ok_or_else(|| {
            let known: Vec<_> = self.names().collect();
            let known = if known.is_empty() { "no agent is scripted".to_owned() } else { format!("scripted: {}", known.join(", ")) };
            EffectError::configuration(format!("there is no agent `{name}`")).with_detail(known)
        })
    }
}
