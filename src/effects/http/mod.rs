//! One HTTP call, as `call: http` means it: no redirect is followed, and a status that the document does not expect is an error.
//!
//! | step | file |
//! |---|---|
//! | from the effect's input to what is sent | `request.rs` |
//! | from what came back to the task's output | `response.rs` |

mod request;
mod response;
#[cfg(test)]
mod tests;

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;

use self::request::Request;
use super::EffectError;
use crate::config::HttpSettings;
use crate::expr::Data;

/// A client for all HTTP calls of a process: connections are kept and shared. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
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

impl Http {
    /// Trusts the certificates of the system (`SSL_CERT_FILE` and `SSL_CERT_DIR` say where they are) and those of `http.ca_file`.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpSetupError> {
        use_ring();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(settings.timeout)
            .connect_timeout(settings.connect_timeout)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &settings.ca_file {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        if !settings.environment_proxy {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| HttpSetupError::Tls(causes(&error)))?;
        Ok(Self { client, settings: Arc::new(settings.clone()) })
    }

    /// Makes the call that `request` describes:
    /// `{"method", "uri", "headers"?, "query"?, "body"?, "output"?: "content" | "raw" | "response", "redirect"?: bool}`.
    ///
    /// `idempotency_key` must be the same on each attempt of one call; it goes out as `Idempotency-Key` with methods that may change something,
    /// unless the document set that header.
    ///
    /// Errors: `validation` 400 when the request is malformed; `communication` with the HTTP status when it is outside 200–299 (200–399 with
    /// `redirect: true`), with 500 when no answer came; `runtime` 500 when the answer is larger than `http.body_limit_bytes`.
    pub async fn call(&self, request: &Data, idempotency_key: &str) -> Result<Data, EffectError> {
        let request = Request::parse(request, idempotency_key)?;
        let peer = request.peer();
        let no_answer = |error: reqwest::Error| {
            EffectError::communication(500, format!("no answer from {peer}")).with_detail(causes(&error.without_url()))
        };
        let answer = self.client.execute(request.to_send()).await.map_err(no_answer)?;
        let head = response::Head::of(&answer);
        let limit = self.settings.body_limit_bytes;
        let body = response::read(answer, limit).await.map_err(|stopped| match stopped {
            response::Stopped::TooLarge(size) => too_large(&peer, size, limit),
            response::Stopped::Broken(error) => no_answer(error),
        })?;
        head.accept(&body, request.redirect)?;
        let output = head.output(body, &request);
        // What is stored is JSON: escapes and base64 make it larger than what came over the wire.
        match output.json_len() {
            size if size > limit => Err(too_large(&peer, size, limit)),
            _ => Ok(output),
        }
    }
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

fn too_large(peer: &str, size: usize, limit: usize) -> EffectError {
    EffectError::runtime(format!("the answer of {peer} is too large"))
        .with_detail(format!("{size} bytes or more; the limit is {limit} bytes (http.body_limit_bytes)"))
}

/// The error with everything that caused it: reqwest's own text alone says little more than "error sending request".
fn causes(error: &reqwest::Error) -> String {
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
