//! The answer that the chunks of a stream make up, or that one object holds.

use serde::Deserialize;
use serde_json::Value;

use super::super::EffectError;
use super::{Agent, Reply, Told};

/// The text of one answer. Temporal takes payloads up to 2 MB, and JSON writes some characters as six.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// `chat.completion.chunk`, and `chat.completion`, which has `message` in place of `delta`.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
    choices: Option<Vec<Choice>>,
    model: Option<String>,
    usage: Option<Usage>,
    pub error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    #[serde(alias = "message")]
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Value>>,
    function_call: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub text: String,
    refusal: String,
    told: Told,
    finish: Option<String>,
}

impl Answer {
    /// Whether the model has said that it is done.
    pub fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Takes one chunk; tells whether the text has grown.
    ///
    /// # Errors
    /// The model wants what it is not given, or does not stop.
    pub fn take(&mut self, chunk: Chunk, agent: &Agent) -> Result<bool, EffectError> {
        if let Some(model) = chunk.model.filter(|model| !model.is_empty()) {
            self.told.model = model;
        }
        if let Some(usage) = chunk.usage {
            (self.told.prompt_tokens, self.told.completion_tokens) = (usage.prompt_tokens, usage.completion_tokens);
        }
        let before = self.text.len();
        for choice in chunk.choices.into_iter().flatten().filter(|choice| choice.index == 0) {
            if let Some(delta) = choice.delta {
                let tools =
                    delta.tool_calls.is_some_and(|calls| !calls.is_empty()) || delta.function_call.is_some_and(|call| !call.is_null());
                if tools {
                    return Err(EffectError::runtime(format!("agent `{}` asked for a tool, and has none", agent.name)));
                }
                self.text.push_str(&delta.content.unwrap_or_default());
                self.refusal.push_str(&delta.refusal.unwrap_or_default());
            }
            self.finish = choice.finish_reason.or(self.finish.take());
        }
        if self.text.len() + self.refusal.len() > TEXT_BYTES_MAX {
            let limit = format!("more than {} KiB came; `max_tokens` in the agent's file limits it", TEXT_BYTES_MAX / 1024);
            return Err(EffectError::runtime(format!("the answer of agent `{}` is too long", agent.name)).with_detail(limit));
        }
        Ok(self.text.len() > before)
    }

    /// The whole answer.
    ///
    /// # Errors
    /// There is none: the model refused, the server held it back, or it is empty.
    pub fn reply(self, agent: &Agent) -> Result<Reply, EffectError> {
        let Self { text, refusal, mut told, finish } = self;
        let name = &agent.name;
        if finish.as_deref() == Some("content_filter") {
            return Err(EffectError::runtime(format!("the server's content filter stopped the answer of agent `{name}`")));
        }
        if text.is_empty() && !refusal.is_empty() {
            return Err(EffectError::runtime(format!("agent `{name}` refused to answer")).with_detail(refusal));
        }
        told.cut_off = finish.as_deref() == Some("length");
        if text.is_empty() {
            let why =
                if told.cut_off { "the limit of tokens came first: raise `max_tokens` in its file" } else { "the model sent no text" };
            return Err(EffectError::runtime(format!("agent `{name}` answered nothing")).with_detail(why));
        }
        if told.model.is_empty() {
            told.model.clone_from(&agent.model);
        }
        Ok(Reply { text, told })
    }
}
