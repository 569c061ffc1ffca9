//! Why a request has no answer, and whether asking again may help.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;

use super::super::EffectError;
use super::Agent;

#[derive(Debug)]
pub(super) enum Failure {
    /// Asking again may help, when so much time has passed.
    Transient {
        error: EffectError,
        after: Option<Duration>,
    },
    Final(EffectError),
}

impl From<EffectError> for Failure {
    fn from(error: EffectError) -> Self {
        Self::Final(error)
    }
}

impl Failure {
    pub fn transient(error: EffectError) -> Self {
        Self::Transient { error, after: None }
    }

    /// A status that is no success, with the body that came with it.
    pub fn of_status(agent: &Agent, model: &str, status: StatusCode, headers: &HeaderMap, body: &str) -> Self {
        let (server, words) = (agent.server(), words(body));
        let title = |what: &str| format!("agent `{}`: {server} {what}", agent.name);
        let with = |advice: String| if words.is_empty() { advice } else { format!("{advice}; it says: {words}") };
        let code = status.as_u16();
        match code {
            401 | 403 => {
                let advice = match &agent.key {
                    Some(key) => format!("set the environment variable {} to a key that is valid there, and start again", key.variable),
                    None => "it wants a key: name the variable that holds one in the agent's file, `api_key: {env: NAME}`".to_owned(),
                };
                EffectError::authorization(title(&format!("refused the key ({code})"))).with_detail(with(advice)).into()
            }
            404 => EffectError::communication(code, title("does not know the model, or the path (404)"))
                .with_detail(with(format!("is there a model `{model}`, and does `base_url` end as it should (often in /v1)?")))
                .into(),
            300..=399 => {
                let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("another address");
                let advice = format!("if that is right, set `base_url` to it: {to}");
                EffectError::communication(code, title(&format!("redirects ({code})"))).with_detail(advice).into()
            }
            408 | 409 | 425 | 429 | 500..=599 => {
                let what = if code == 429 { "is busy, or a limit is reached (429)".to_owned() } else { format!("answered with {code}") };
                let error = EffectError::communication(code, title(&what));
                Self::Transient { error: if words.is_empty() { error } else { error.with_detail(words) }, after: retry_after(headers) }
            }
            _ => EffectError::communication(code, title(&format!("refused the request ({code})"))).with_detail(words).into(),
        }
    }

    /// An error that came within the stream.
    pub fn in_stream(agent: &Agent, error: &Value) -> Self {
        let title = format!("agent `{}`: {} broke off with an error", agent.name, agent.server());
        Self::transient(EffectError::communication(502, title).with_detail(words_of(error)))
    }

    /// An answer that is none.
    pub fn unreadable(agent: &Agent, what: &str) -> Self {
        let title = format!("agent `{}`: the answer of {} cannot be read", agent.name, agent.server());
        Self::Final(EffectError::communication(502, title).with_detail(what))
    }
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or_default())
}

/// What a server says in the body of an error: `error.message`, as `OpenAI` has it, or the text. All of it: it is shortened when key and message have been
/// struck out, since half of a key is no longer found.
fn words(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(value) => words_of(value.get("error").unwrap_or(&value)),
        Err(_) if body.trim_start().starts_with('<') => String::new(), // A page for a browser.
        Err(_) => body.trim().to_owned(),
    }
}

fn words_of(error: &Value) -> String {
    let text = error.as_str().or_else(|| error["message"].as_str()).or_else(|| error["detail"].as_str());
    text.map_or_else(|| error.to_string(), str::to_owned)
}
