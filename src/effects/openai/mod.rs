//! Agents whose answers a model gives, over the chat-completions API that `OpenAI`, and many servers besides, speak. One question, one answer: tool
//! calls are off, and nothing is remembered between two questions.
//!
//! ```yaml
//! name: triage
//! kind: openai
//! base_url: https://api.openai.com/v1     # this is the default; `/chat/completions` is added to it
//! model: gpt-4o-mini                      # `with.config.model` of the step wins
//! instructions: You sort support tickets. # the system prompt
//! api_key: { env: OPENAI_API_KEY }        # the variable that holds the key; without `api_key` none is sent
//! temperature: 0.2
//! max_tokens: 500                         # or `max_completion_tokens`, which newer models of OpenAI want
//! timeout: 5m                             # of the whole step, all attempts together
//! ```
//!
//! Only the message goes out: `with.env` stays here. The key and the message stand in no log and in no error.
//!
//! | step | file |
//! |---|---|
//! | from the file | `read.rs` |
//! | one request, and what refuses it | `attempt.rs`, `refusal.rs` |
//! | the stream of events | `sse.rs` |
//! | the answer that they make up | `answer.rs` |

mod answer;
mod attempt;
mod read;
mod refusal;
mod sse;
#[cfg(test)]
mod tests;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

pub(super) use self::read::read;
use self::refusal::Failure;
use super::EffectError;
use super::agents::Question;
use crate::config::duration;
use crate::expr::Data;

/// Requests for one question.
const ATTEMPTS_MAX: u32 = 6;
/// Before the second request where the server says nothing; doubles each time.
const BACK_OFF: Duration = Duration::from_secs(1);
const BACK_OFF_MAX: Duration = Duration::from_secs(30);
/// Texts under this length are not looked for in what a server says about an error: too much would be struck out.
const HIDDEN_LENGTH_MIN: usize = 4;

/// One agent.
#[derive(Debug)]
pub struct Agent {
    pub name: String,
    pub model: String,
    /// Of a question with all its attempts.
    pub timeout: Duration,
    endpoint: Url,
    instructions: Option<String>,
    key: Option<Key>,
    temperature: Option<f64>,
    /// The member that limits the answer, and its value.
    tokens_max: Option<(&'static str, u32)>,
    client: reqwest::Client,
}

#[derive(Debug)]
struct Key {
    /// Its environment variable.
    variable: String,
    value: SecretString,
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub text: String,
    pub told: Told,
}

/// What the server says about an answer. Counts are 0 where it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub model: String,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    /// The answer is not whole: the limit of tokens came first.
    pub cut_off: bool,
}

impl Agent {
    /// Where it sends its requests, without the path: for messages.
    fn server(&self) -> String {
        self.endpoint.origin().ascii_serialization()
    }

    /// The answer's text. What it cost goes to the log.
    ///
    /// Errors: as [`Agent::ask`].
    pub async fn answer(&self, question: &Question) -> Result<Data, EffectError> {
        let Reply { text, told } = self.ask(question, |_| ()).await?;
        let Told { model, prompt_tokens, completion_tokens, .. } = told;
        tracing::info!(agent = self.name, model, prompt_tokens, completion_tokens, "the agent has answered");
        Ok(Data::string(&*text))
    }

    /// Asks the model. `progress` is given all of the text that has come so far; it begins again with a new attempt. Dropping the future closes the
    /// request.
    ///
    /// Errors: `timeout` 408 after the agent's timeout, with what went wrong last; `authorization` 403 when the server refuses the key;
    /// `communication` with the server's status, or 502 for an answer that cannot be read; `runtime` 500 when the model refuses or asks for a tool.
    pub async fn ask(&self, question: &Question, mut progress: impl FnMut(&str) + Send) -> Result<Reply, EffectError> {
        let mut last = None;
        let ended = timeout(self.timeout, self.attempts(question, &mut progress, &mut last)).await;
        let answer = ended.unwrap_or_else(|_| {
            let error = EffectError::timeout(format!("agent `{}` did not answer within {}", self.name, duration::format(self.timeout)));
            Err(match last.take() {
                Some(last) => error.with_detail(format!("the last attempt: {last}")),
                None => error.with_detail("a longer time can be set by `timeout` in the agent's file"),
            })
        });
        answer.map_err(|error| self.hide(error, question))
    }

    async fn attempts(
        &self,
        question: &Question,
        progress: &mut (impl FnMut(&str) + Send),
        last: &mut Option<EffectError>,
    ) -> Result<Reply, EffectError> {
        let deadline = Instant::now() + self.timeout;
        let mut back_off = BACK_OFF;
        for attempt in 1.. {
            let (error, after) = match self.attempt(question, progress).await {
                Ok(reply) => return Ok(reply),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transient { error, after }) => (error, after),
            };
            let pause = after.unwrap_or(back_off);
            if attempt >= ATTEMPTS_MAX {
                return Err(error);
            }
            if pause >= deadline.saturating_duration_since(Instant::now()) {
                // Waiting would only make the same end later.
                let detail = error.detail.clone().map(|detail| format!(": {detail}")).unwrap_or_default();
                let (wait, limit) = (duration::format(pause), duration::format(self.timeout));
                return Err(
                    error.with_detail(format!("the next attempt would be after {wait}, beyond the agent's `timeout` of {limit}{detail}"))
                );
            }
            tracing::debug!(agent = self.name, attempt, pause_ms = pause.as_millis(), title = error.title, "the request is sent again");
            *last = Some(error);
            sleep(pause).await;
            back_off = (back_off * 2).min(BACK_OFF_MAX);
        }
        unreachable!("the attempts are bounded")
    }

    /// The error without key and message: a server may repeat what it was sent.
    fn hide(&self, mut error: EffectError, question: &Question) -> EffectError {
        let key = self.key.as_ref().map(|key| key.value.expose_secret());
        let hidden = key.into_iter().chain([question.message.as_str()]).filter(|text| text.chars().count() >= HIDDEN_LENGTH_MIN);
        for text in hidden {
            // Also as it stands in a JSON text that a server gives back.
            let quoted = serde_json::Value::from(text).to_string();
            for form in [text, quoted.trim_matches('"')] {
                error.title = error.title.replace(form, "…");
                error.detail = error.detail.map(|detail| detail.replace(form, "…"));
            }
        }
        error.shortened()
    }
}
