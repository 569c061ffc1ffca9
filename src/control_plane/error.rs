//! Why the stand-in refuses, as an error of the process and as a gRPC status.

use tonic::Status;

use super::store::StoreError;
use crate::effects::agents::LoadError;

#[derive(Debug, thiserror::Error)]
pub enum ControlPlaneError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runner found the workflow invalid; the text is its first error.
    #[error("workflow validation failed: {0}")]
    Rejected(String),
    /// The runner could not say whether the workflow is valid.
    #[error("workflow could not be validated: {0}")]
    Validation(String),
    /// Temporal did not take a workflow.
    #[error("{workflow} could not be started: {message}")]
    Start { workflow: &'static str, message: String },
    #[error("execution `{execution_id}` could not be cancelled: {message}")]
    Cancel { execution_id: String, message: String },
    #[error("the definition cannot be read: {0}")]
    Definition(String),
    #[error("cannot listen on {address}: {source}")]
    Listen { address: std::net::SocketAddr, source: std::io::Error },
    #[error("the worker of queue `{queue}` could not be made: {message}")]
    Worker { queue: String, message: String },
    #[error(transparent)]
    Agents(#[from] LoadError),
}

impl From<ControlPlaneError> for Status {
    fn from(error: ControlPlaneError) -> Self {
        let text = error.to_string();
        match error {
            ControlPlaneError::Store(StoreError::NotFound { .. }) => Self::not_found(text),
            ControlPlaneError::Store(StoreError::AlreadyExists { .. }) => Self::already_exists(text),
            ControlPlaneError::Store(StoreError::Invalid(_)) | ControlPlaneError::Rejected(_) | ControlPlaneError::Definition(_) => {
                Self::invalid_argument(text)
            }
            ControlPlaneError::Start { .. } | ControlPlaneError::Cancel { .. } => Self::unavailable(text),
            ControlPlaneError::Validation(_)
            | ControlPlaneError::Listen { .. }
            | ControlPlaneError::Worker { .. }
            | ControlPlaneError::Agents(_) => Self::internal(text),
        }
    }
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        ControlPlaneError::from(error).into()
    }
}
