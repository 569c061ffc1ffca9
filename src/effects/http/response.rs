//! What came back, as the task's output.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use super::super::{EffectError, excerpt};
use super::redact::Redaction;
use super::request::{Output, Request};
use crate::expr::Data;

/// Characters of an unexpected answer that go into the error. It is cut again once secrets are swapped out: a value cut here could not be
/// recognised any more, so this is well beyond what is kept.
const EXCERPT_LENGTH: usize = 4_096;

/// Everything of the answer but its body.
pub(super) struct Head {
    pub status: StatusCode,
    pub headers: HeaderMap,
}

/// Why a body was not read to its end.
pub(super) enum Stopped {
    /// Its size as far as it is known.
    TooLarge(usize),
    Broken(reqwest::Error),
}

/// Reads the body, and stops as soon as it is known to be larger than `limit`.
pub(super) async fn read(mut answer: reqwest::Response, limit: usize) -> Result<Vec<u8>, Stopped> {
    let announced = answer.content_length().map_or(0, |size| usize::try_from(size).unwrap_or(usize::MAX));
    if announced > limit {
        return Err(Stopped::TooLarge(announced));
    }
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = answer.chunk().await.map_err(Stopped::Broken)? {
        body.extend_from_slice(&chunk);
        if body.len() > limit {
            return Err(Stopped::TooLarge(body.len()));
        }
    }
    Ok(body)
}

impl Head {
    pub fn of(answer: &reqwest::Response) -> Self {
        Self { status: answer.status(), headers: answer.headers().clone() }
    }

    /// The specification: without `redirect` everything outside 200–299 is an error, with it everything outside 200–399.
    pub fn accept(&self, body: &[u8], request: &Request, redaction: &Redaction) -> Result<(), EffectError> {
        if self.status.is_success() || (request.redirect && self.status.is_redirection()) {
            return Ok(());
        }
        let error = EffectError::communication(self.status.as_u16(), self.status.canonical_reason().unwrap_or("unexpected status"));
        let text = String::from_utf8_lossy(body);
        match text.trim() {
            "" => Err(error),
            text => Err(error.with_detail(excerpt(&redaction.text(text, &request.headers), EXCERPT_LENGTH))),
        }
    }

    pub fn output(&self, body: Vec<u8>, request: &Request, redaction: &Redaction) -> Data {
        match request.output {
            Output::Content => self.content(body),
            Output::Raw => Data::string(BASE64_STANDARD.encode(body)),
            Output::Response => Data::object([
                ("request", request.echo(redaction)),
                ("statusCode", Data::from(i64::from(self.status.as_u16()))),
                ("headers", redaction.headers(&self.headers)),
                ("content", self.content(body)),
            ]),
        }
    }

    /// JSON where the content type says so, or says nothing; text otherwise, and where JSON cannot be read. No bytes at all are null.
    fn content(&self, body: Vec<u8>) -> Data {
        if body.is_empty() {
            return Data::null();
        }
        let content_type = self.headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
        if content_type.as_deref().is_none_or(is_json)
            && let Ok(json) = Data::parse(&body)
        {
            return json;
        }
        Data::string(text(body, content_type.as_deref().unwrap_or_default()))
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// UTF-8, or Latin-1 where the content type says so: the two that servers still send.
fn text(body: Vec<u8>, content_type: &str) -> String {
    match String::from_utf8(body) {
        Ok(text) => text,
        Err(error) if content_type.contains("iso-8859-1") || content_type.contains("latin1") => {
            error.into_bytes().into_iter().map(char::from).collect()
        }
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}
