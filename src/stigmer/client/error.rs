//! What can go wrong with a call, without anything secret in its text.

use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

use tonic::{Code, Status, TimeoutExpired};

/// Longest message of a server that is kept, in characters.
const MESSAGE_LIMIT: usize = 1_000;

/// An rpc that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {code:?}: {message}", short(.method))]
pub struct StigmerError {
    /// The gRPC code.
    pub code: Code,
    /// The rpc's path, e.g. `/ai.stigmer.agentic.workflow.v1.WorkflowQueryController/get`.
    pub method: &'static str,
    /// The server's message, or why the server was not reached.
    pub message: String,
}

/// Settings that no client can be made of.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no key.
    #[error("the API key is empty")]
    NoApiKey,
    /// The key cannot stand in a header.
    #[error("the API key has characters that no header may contain")]
    ApiKey,
    /// What TLS is to use cannot be used.
    #[error("certificates: {0}")]
    Certificates(String),
    /// The address is none, or contradicts the TLS setting.
    #[error("endpoint '{endpoint}': {reason} (expected host:port)")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl StigmerError {
    /// The server has no such resource.
    pub fn is_not_found(&self) -> bool {
        self.code == Code::NotFound
    }

    /// Nobody answered.
    pub fn is_unreachable(&self) -> bool {
        matches!(self.code, Code::Unavailable | Code::DeadlineExceeded)
    }

    /// Whether the same call may succeed later. False where the server has judged the request itself.
    pub fn is_retryable(&self) -> bool {
        match self.code {
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::DataLoss => false,
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::Internal
            | Code::Unavailable => true,
        }
    }

    /// Takes the `private` texts out of the message, should a server repeat them.
    pub(super) fn of(method: &'static str, status: &Status, deadline: Duration, private: &[String]) -> Self {
        // The transport reports its own expiry of the deadline as a cancellation.
        if status.code() == Code::Cancelled && status.message() == TimeoutExpired(()).to_string() {
            return Self::deadline(method, deadline);
        }
        let mut message = status.message().to_owned();
        if let Some(cause) = root_cause(status).filter(|cause| !message.contains(cause)) {
            let _ = write!(message, ": {cause}");
        }
        for text in private.iter().filter(|text| !text.is_empty()) {
            message = message.replace(text, "[redacted]");
        }
        Self { code: status.code(), method, message: message.chars().take(MESSAGE_LIMIT).collect() }
    }

    pub(super) fn deadline(method: &'static str, deadline: Duration) -> Self {
        Self { code: Code::DeadlineExceeded, method, message: format!("no answer within {deadline:?}") }
    }
}

/// `WorkflowQueryController/get` of a path.
fn short(method: &str) -> &str {
    let service = method.rfind('/').unwrap_or_default();
    method[..service].rfind('.').map_or(method, |dot| &method[dot + 1..])
}

/// "connection refused" says more than the "tcp connect error" around it.
fn root_cause(status: &Status) -> Option<String> {
    let mut cause = status.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}
