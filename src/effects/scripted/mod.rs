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
//! ```

mod read;
mod reply;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(super) use self::read::read;
use self::reply::Reply;
use super::EffectError;
use super::agents::Question;
use crate::expr::Data;

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
