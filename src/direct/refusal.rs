//! Why a call is refused, and the status that says so.
//!
//! | status | when |
//! |---|---|
//! | `INVALID_ARGUMENT` | no id, or a definition that would not run: the message lists what is wrong with it |
//! | `NOT_FOUND` | nothing of that id to pause or resume; no such execution, where its definition was to come from the control plane |
//! | `ALREADY_EXISTS` | the execution has run and ended |
//! | `FAILED_PRECONDITION` | it is paused already, or not paused, or closed; there is no definition |
//! | `RESOURCE_EXHAUSTED` | mode `grpc`: as many runs as there may be |
//! | `UNAVAILABLE` | Temporal or the control plane cannot be asked, or this process is stopping: call again |

use tonic::Status;

use crate::activities::execution::NotPrepared;
use crate::handshake::ControlError;

/// Longer messages do not fit into the headers that a client takes.
const MESSAGE_MAX_BYTES: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    AlreadyEnded(String),
    #[error("{0}")]
    Precondition(String),
    #[error("there are {0} runs already, the most that direct.max_runs allows")]
    Full(usize),
    #[error("{0}")]
    Unavailable(String),
}

impl Refusal {
    pub fn not_found(execution_id: &str) -> Self {
        ControlError::NotFound(execution_id.to_owned()).into()
    }

    pub fn stopping() -> Self {
        Self::Unavailable("this process is stopping".to_owned())
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let text = error.to_string();
        match error {
            ControlError::NotFound(_) => Self::NotFound(text),
            ControlError::Ended { .. } | ControlError::AlreadyPaused(_) | ControlError::NotPaused(_) => Self::Precondition(text),
            ControlError::Refused(_) => Self::Invalid(text),
            ControlError::Unavailable(_) => Self::Unavailable(text),
        }
    }
}

impl From<NotPrepared> for Refusal {
    fn from(error: NotPrepared) -> Self {
        let text = error.to_string();
        match error {
            NotPrepared::NoControlPlane(_) => Self::Invalid(text),
            NotPrepared::Unknown(_) => Self::NotFound(text),
            NotPrepared::Ended { .. } => Self::AlreadyEnded(text),
            NotPrepared::Refused(_) => Self::Precondition(text),
            NotPrepared::Unavailable(_) => Self::Unavailable(text),
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let mut text = refusal.to_string();
        if text.len() > MESSAGE_MAX_BYTES {
            text.truncate(text.floor_char_boundary(MESSAGE_MAX_BYTES));
            text.push('…');
        }
        match refusal {
            Refusal::Invalid(_) => Self::invalid_argument(text),
            Refusal::NotFound(_) => Self::not_found(text),
            Refusal::AlreadyEnded(_) => Self::already_exists(text),
            Refusal::Precondition(_) => Self::failed_precondition(text),
            Refusal::Full(_) => Self::resource_exhausted(text),
            Refusal::Unavailable(_) => Self::unavailable(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn what_a_client_is_told() {
        let id = || "wex-1".to_owned();
        for (refusal, code) in [
            (Refusal::from(ControlError::NotFound(id())), Code::NotFound),
            (ControlError::Ended { id: id(), status: "failed" }.into(), Code::FailedPrecondition),
            (ControlError::AlreadyPaused(id()).into(), Code::FailedPrecondition),
            (ControlError::NotPaused(id()).into(), Code::FailedPrecondition),
            (ControlError::Refused("too large".to_owned()).into(), Code::InvalidArgument),
            (ControlError::Unavailable("away".to_owned()).into(), Code::Unavailable),
            (NotPrepared::NoControlPlane(id()).into(), Code::InvalidArgument),
            (NotPrepared::Unknown(id()).into(), Code::NotFound),
            (NotPrepared::Refused("no instance".to_owned()).into(), Code::FailedPrecondition),
            (Refusal::Full(3), Code::ResourceExhausted),
            (Refusal::stopping(), Code::Unavailable),
        ] {
            assert_eq!(Status::from(refusal.clone()).code(), code, "{refusal:?}");
        }
        let long = Status::from(Refusal::Invalid("é".repeat(5_000)));
        assert!(long.message().len() < 2_010 && long.message().ends_with('…'));
    }
}
