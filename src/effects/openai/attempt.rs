//! One request, and its answer as it comes.

use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::super::EffectError;
use super::super::agents::Question;
use super::super::http::causes;
use super::answer::{Answer, Chunk};
use super::refusal::Failure;
use super::sse::{Decoder, TooLarge};
use super::{Agent, Reply};

/// What ends a stream.
const DONE: &str = "[DONE]";
/// All bytes of one answer, with everything that is around its text.
const STREAM_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The body of an error, and an answer that is no stream.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

impl Agent {
    pub(super) async fn attempt(&self, question: &Question, progress: &mut (impl FnMut(&str) + Send)) -> Result<Reply, Failure> {
        let model = question.model.as_deref().filter(|model| !model.is_empty()).unwrap_or(&self.model);
        let mut request = self.client.post(self.endpoint.clone()).header(ACCEPT, "text/event-stream");
        request = request.header(CONTENT_TYPE, "application/json").body(self.body(model, &question.message).to_string());
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.value.expose_secret());
        }
        let response = request.send().await.map_err(|error| self.broken("cannot be reached", &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            // What can still be read of it says more than the error of reading on.
            let body = self.whole(response).await.unwrap_or_default();
            return Err(Failure::of_status(self, model, status, &headers, &body));
        }
        let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/event-stream").to_ascii_lowercase();
        match content.split(';').next().unwrap_or_default().trim() {
            "text/event-stream" => self.stream(response, progress).await,
            // A server that knows no streams.
            "application/json" => self.object(&self.whole(response).await?),
            other => Err(Failure::unreadable(self, &format!("it is `{other}`, and no stream of events; is `base_url` right?"))),
        }
    }

    /// `stream_options.include_usage` makes the last chunk tell the tokens.
    fn body(&self, model: &str, message: &str) -> Value {
        let instructions = self.instructions.as_ref().map(|text| json!({"role": "system", "content": text}));
        let messages: Vec<_> = instructions.into_iter().chain([json!({"role": "user", "content": message})]).collect();
        let mut body = json!({"model": model, "messages": messages, "stream": true, "stream_options": {"include_usage": true}});
        if let Some(temperature) = self.temperature {
            body["temperature"] = temperature.into();
        }
        if let Some((member, count)) = self.tokens_max {
            body[member] = count.into();
        }
        body
    }

    async fn stream(&self, mut response: Response, progress: &mut (impl FnMut(&str) + Send)) -> Result<Reply, Failure> {
        let (mut decoder, mut answer, mut size) = (Decoder::default(), Answer::default(), 0_usize);
        loop {
            let bytes = match response.chunk().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(_) if answer.is_finished() => break,
                Err(error) => return Err(self.broken("broke off in the middle of the answer", &error)),
            };
            size = size.saturating_add(bytes.len());
            if size > STREAM_BYTES_MAX {
                return Err(Failure::unreadable(self, &format!("it is larger than {} MiB", STREAM_BYTES_MAX >> 20)));
            }
            let events = decoder.push(&bytes).map_err(|TooLarge| Failure::unreadable(self, "one of its events is larger than 1 MiB"))?;
            for data in events {
                if data.trim() == DONE {
                    return Ok(answer.reply(self)?);
                }
                if self.take(&mut answer, &data)? {
                    progress(&answer.text);
                }
            }
        }
        match decoder.finish(DONE) {
            Some(data) if data.trim() == DONE => return Ok(answer.reply(self)?),
            Some(data) => drop(self.take(&mut answer, &data)?),
            None => {}
        }
        // Some servers leave out the last event.
        if answer.is_finished() {
            return Ok(answer.reply(self)?);
        }
        let title = format!("agent `{}`: {} broke off in the middle of the answer", self.name, self.server());
        Err(Failure::transient(EffectError::communication(502, title)))
    }

    fn take(&self, answer: &mut Answer, data: &str) -> Result<bool, Failure> {
        if data.trim().is_empty() {
            return Ok(false);
        }
        // What stands there is not told: it may be part of an answer.
        let chunk: Chunk = serde_json::from_str(data)
            .map_err(|error| Failure::unreadable(self, &format!("an event is no chunk of an answer: {}", place(&error))))?;
        match &chunk.error {
            Some(error) if !error.is_null() => Err(Failure::in_stream(self, error)),
            _ => Ok(answer.take(chunk, self)?),
        }
    }

    fn object(&self, body: &str) -> Result<Reply, Failure> {
        let mut answer = Answer::default();
        self.take(&mut answer, body)?;
        Ok(answer.reply(self)?)
    }

    async fn whole(&self, mut response: Response) -> Result<String, Failure> {
        let mut body = Vec::new();
        while let Some(bytes) = response.chunk().await.map_err(|error| self.broken("broke off in the middle of the answer", &error))? {
            body.extend_from_slice(&bytes);
            if body.len() > BODY_BYTES_MAX {
                return Err(Failure::unreadable(self, &format!("it is larger than {} MiB", BODY_BYTES_MAX >> 20)));
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// No answer, or half of one: the connection's fault, and perhaps not the next one's.
    fn broken(&self, what: &str, error: &reqwest::Error) -> Failure {
        let title = format!("agent `{}`: {} {what}", self.name, self.server());
        Failure::transient(EffectError::communication(502, title).with_detail(causes(error)))
    }
}

/// Line and kind of a JSON error, without the text that it may quote.
fn place(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Data => "a member has another type",
        serde_json::error::Category::Eof => "it ends too early",
        _ => "it is no JSON",
    };
    format!("{kind}, at column {}", error.column())
}
