//! One HTTP call, as `call: http` means it. A redirection is never followed: `redirect: true` says, in the specification's words, that a status
//! from 300 to 399 is no error, and the document then finds the new address in the header `location`. Any other status outside of 200 to 299 is
//! an error.
//!
//! | step | file |
//! |---|---|
//! | from the effect's input to what is sent | `request.rs` |
//! | which addresses may be called | `reach.rs` |
//! | the second request of digest authentication | `digest.rs` |
//! | from what came back to the task's output | `response.rs` |
//! | what is kept out of outputs | `redact.rs` |

mod digest;
mod reach;
mod redact;
mod request;
mod response;
#[cfg(test)]
mod tests;

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderValue, LOCATION};
use reqwest::{StatusCode, Url};

use self::digest::Challenge;
use self::reach::{Guard, denial};
use self::redact::Redaction;
use self::request::Request;
use self::response::Head;
use super::EffectError;
use crate::config::{Detour, HttpSettings, Reach, duration};
use crate::expr::Data;
use crate::telemetry::trace;

/// A client for all HTTP calls of a process: connections are kept and shared. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    /// For requests that `http.resolve` sends elsewhere; they know no proxy and no reach.
    detours: Option<reqwest::Client>,
    guard: Guard,
    redaction: Redaction,
    settings: Arc<HttpSettings>,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpSetupError {
    #[error("http.ca_file: cannot read {path}: {source}")]
    CaFile { path: String, source: std::io::Error },
    #[error("http.ca_file: {path} holds no certificate in PEM form")]
    NoCertificate { path: String },
    #[error("cannot set up TLS ({0}); name the trusted certificates by http.ca_file or SSL_CERT_FILE")]
    Tls(String),
}

/// A document that was fetched.
pub(super) struct Fetched {
    pub status: u16,
    /// Where the document is instead, as the answer says it.
    pub location: Option<String>,
    pub body: Vec<u8>,
}

impl Http {
    /// Trusts the certificates of the system (`SSL_CERT_FILE` and `SSL_CERT_DIR` say where they are) and those of `http.ca_file`.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpSetupError> {
        use_ring();
        let guard = Guard::new(settings.reach, if settings.environment_proxy { proxies() } else { Vec::new() });
        let mut builder = client(settings)?;
        if settings.reach != Reach::Any {
            builder = builder.dns_resolver(guard.clone());
        }
        if !settings.environment_proxy {
            builder = builder.no_proxy();
        }
        let tls = |error: reqwest::Error| HttpSetupError::Tls(causes(&error));
        let detours = (!settings.resolve.is_empty()).then(|| client(settings)?.no_proxy().build().map_err(tls)).transpose()?;
        let redaction = Redaction::new(&settings.redact_headers);
        Ok(Self { client: builder.build().map_err(tls)?, detours, guard, redaction, settings: Arc::new(settings.clone()) })
    }

    /// Makes the call that `request` describes:
    /// `{"method", "uri", "headers"?, "query"?, "body"?, "output"?: "content" | "raw" | "response", "redirect"?: bool, "authentication"?}`.
    ///
    /// `idempotency_key` must be the same on each attempt of one call; it goes out as `Idempotency-Key` with methods that may change something,
    /// unless the document set that header.
    ///
    /// Errors: `validation` 400 when the request is malformed; `authorization` 403 when `http.reach` leaves the address out, or a secret has not
    /// what `authentication` needs; `communication` with the HTTP status when it is outside 200–299 (200–399 with `redirect: true`), with 500
    /// when no answer came; `runtime` 500 when the answer is larger than `http.body_limit_bytes`, which counts after decompression.
    pub async fn call(&self, request: &Data, idempotency_key: &str) -> Result<Data, EffectError> {
        let request = Request::parse(request, idempotency_key)?;
        let limit = Limit { size_bytes: self.settings.body_limit_bytes, setting: "http.body_limit_bytes" };
        trace::note("http.request.method", request.method.as_str().to_owned());
        let (head, body) = self.exchange(&request, limit).await?;
        trace::note("http.response.status_code", i64::from(head.status.as_u16()));
        head.accept(&body, &request, &self.redaction)?;
        let output = head.output(body, &request, &self.redaction);
        // What is stored is JSON: escapes and base64 make it larger than what came over the wire.
        match output.json_len() {
            size if size > limit.size_bytes => Err(limit.exceeded(&request.peer(), size)),
            _ => Ok(output),
        }
    }

    /// Gets a document: `{"uri", "authentication"?, "headers"?}`. A redirection is told, not followed.
    ///
    /// Errors: as [`Http::call`]'s, by `limit`.
    pub(super) async fn fetch(&self, request: &Data, limit: Limit) -> Result<Fetched, EffectError> {
        let request = request.with("method", Data::from("GET")).with("redirect", Data::from(true));
        let request = Request::parse(&request, "")?;
        let (head, body) = self.exchange(&request, limit).await?;
        head.accept(&body, &request, &self.redaction)?;
        let location = head.headers.get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Ok(Fetched { status: head.status.as_u16(), location, body })
    }

    /// Within `http.timeout`, all of it.
    async fn exchange(&self, request: &Request, limit: Limit) -> Result<(Head, Vec<u8>), EffectError> {
        let peer = request.peer();
        let work = async {
            let answer = self.answer(request).await?;
            let head = Head::of(&answer);
            let body = response::read(answer, limit.size_bytes).await.map_err(|stopped| match stopped {
                response::Stopped::TooLarge(size) => limit.exceeded(&peer, size),
                response::Stopped::Broken(error) => no_answer(request, error),
            })?;
            Ok((head, body))
        };
        self.in_time(&peer, work).await
    }

    /// Waits for `work` no longer than `http.timeout`.
    pub(super) async fn in_time<T>(&self, peer: &str, work: impl Future<Output = Result<T, EffectError>>) -> Result<T, EffectError> {
        tokio::time::timeout(self.settings.timeout, work).await.unwrap_or_else(|_| {
            Err(EffectError::communication(500, format!("no answer from {peer}"))
                .with_detail(format!("timed out: http.timeout is {}", duration::format(self.settings.timeout))))
        })
    }

    /// The answer, after the challenge of digest authentication where there is one. A login that is refused is not tried again, but for an
    /// expired nonce.
    async fn answer(&self, request: &Request) -> Result<reqwest::Response, EffectError> {
        let mut answer = self.send(request, None).await?;
        let Some(login) = &request.digest else { return Ok(answer) };
        for attempt in 1..=2 {
            let challenge =
                Some(&answer).filter(|answer| answer.status() == StatusCode::UNAUTHORIZED).and_then(|a| Challenge::of(a.headers()));
            let Some(challenge) = challenge.filter(|challenge| attempt == 1 || challenge.is_stale()) else { break };
            let header = challenge.answer(login, &request.method, &request.url, request.body.as_deref())?;
            answer = self.send(request, Some(header)).await?;
        }
        Ok(answer)
    }

    async fn send(&self, request: &Request, authorization: Option<HeaderValue>) -> Result<reqwest::Response, EffectError> {
        let (client, mut sent) = match (&self.detours, self.detour(&request.url)) {
            (Some(client), Some(detour)) => (client, request.to_send_by(detour)),
            _ => {
                self.guard.check(&request.url).await?;
                (&self.client, request.to_send())
            }
        };
        if let Some(value) = authorization {
            sent.headers_mut().insert(AUTHORIZATION, value);
        }
        if let Some(value) = trace::traceparent().and_then(|text| HeaderValue::try_from(text).ok()) {
            // A document that sets it means another trace.
            sent.headers_mut().entry("traceparent").or_insert(value);
        }
        client.execute(sent).await.map_err(|error| no_answer(request, error))
    }

    fn detour(&self, url: &Url) -> Option<&Detour> {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default();
        self.settings.resolve.iter().find(|detour| detour.host == host && detour.port.is_none_or(|own| Some(own) == port))
    }
}

/// How large an answer may be, and which setting says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub size_bytes: usize,
    pub setting: &'static str,
}

impl Limit {
    pub(super) fn exceeded(self, what: &str, size_bytes: usize) -> EffectError {
        let Self { size_bytes: limit, setting } = self;
        EffectError::runtime(format!("the answer of {what} is too large"))
            .with_detail(format!("{size_bytes} bytes or more; the limit is {limit} bytes ({setting})"))
    }
}

/// What both clients have in common.
fn client(settings: &HttpSettings) -> Result<reqwest::ClientBuilder, HttpSetupError> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(settings.connect_timeout)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
    match &settings.ca_file {
        Some(path) => Ok(builder.tls_certs_merge(certificates(path)?)),
        None => Ok(builder),
    }
}

/// The proxies that the client will heed.
fn proxies() -> Vec<String> {
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    names.into_iter().filter_map(|name| std::env::var(name).ok()).filter(|text| !text.is_empty()).collect()
}

fn no_answer(request: &Request, error: reqwest::Error) -> EffectError {
    denial(request.url.host_str().unwrap_or_default(), &error).unwrap_or_else(|| {
        EffectError::communication(500, format!("no answer from {}", request.peer())).with_detail(causes(&error.without_url()))
    })
}

/// TLS by ring, for the whole process. A second call, or another library's choice before ours, changes nothing.
pub fn use_ring() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, HttpSetupError> {
    let shown = path.display().to_string();
    let pem = std::fs::read(path).map_err(|source| HttpSetupError::CaFile { path: shown.clone(), source })?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(HttpSetupError::NoCertificate { path: shown }),
    }
}

/// The error with everything that caused it: reqwest's own text alone says little more than "error sending request".
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
