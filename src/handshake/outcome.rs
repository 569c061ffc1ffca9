//! What a caller is told: the end of the work that it waits for. Row 11: nothing goes out that the server would refuse for its size.
//!
//! | outcome | how the caller sees it |
//! |---|---|
//! | completed | its activity's result, as the payload says |
//! | failed | an application failure with type, details and the word on retries |
//! | cancelled | a cancelled activity where it asked for that; else a retryable failure of type `ChildCancelled` (row 18) |
//! | any, over [`LIMIT_BYTES`] | a non-retryable failure that names size and limit |

use anyhow::anyhow;
use prost::Message;
use serde::Serialize;
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::ApplicationFailure;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_sdk::activities::ActivityError;

use super::{failure, payload};

/// The server refuses 2 MiB; the frame around a payload, and a codec, need room.
pub const LIMIT_BYTES: usize = 2 * 1024 * 1024 - 64 * 1024;
/// The server cuts a failure that it keeps between attempts at 4 KiB, type and details included.
const MESSAGE_LIMIT_BYTES: usize = 3 * 1024;

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Already in the form that the callback's `reply` asks for.
    Completed(Payload),
    Failed {
        message: String,
        type_: String,
        non_retryable: bool,
        details: Option<Payload>,
    },
    Cancelled {
        details: Option<Payload>,
    },
}

impl Outcome {
    /// A result as `json/plain`.
    pub fn completed<T: Serialize>(result: &T) -> Self {
        Self::Completed(payload::json(result))
    }

    /// A failure after which the caller's retry policy decides.
    #[must_use]
    pub fn retryable(type_: &str, message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), type_: type_.to_owned(), non_retryable: false, details: None }
    }

    #[must_use]
    pub fn permanent(type_: &str, message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), type_: type_.to_owned(), non_retryable: true, details: None }
    }

    /// The same failure with its details as `json/plain`; nothing changes for other outcomes.
    #[must_use]
    pub fn with_details<T: Serialize>(mut self, value: &T) -> Self {
        if let Self::Failed { details, .. } | Self::Cancelled { details } = &mut self {
            *details = Some(payload::json(value));
        }
        self
    }

    /// Row 18: what is reported where cancelling is not possible.
    #[must_use]
    pub fn child_cancelled() -> Self {
        Self::retryable(failure::CHILD_CANCELLED, "the child workflow was cancelled, but not by its caller")
    }

    /// Size of what the caller's history would have to hold, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Completed(result) => result.encoded_len(),
            Self::Failed { message, type_, details, .. } => {
                message.len().min(MESSAGE_LIMIT_BYTES) + type_.len() + details.as_ref().map_or(0, Message::encoded_len)
            }
            Self::Cancelled { details } => details.as_ref().map_or(0, Message::encoded_len),
        }
    }

    /// # Errors
    /// Row 11: the size, where that is over the limit.
    pub fn within_limit(&self) -> Result<(), TooLarge> {
        let size_bytes = self.size_bytes();
        if size_bytes > LIMIT_BYTES { Err(TooLarge { size_bytes }) } else { Ok(()) }
    }

    /// Whether an attempt that ended with this failure has been told this outcome: who told it may have died before knowing so. Of a long failure the
    /// server keeps the type and the beginning of the message, as the cause of a failure of its own.
    #[must_use]
    pub fn is_in(&self, seen: &Failure) -> bool {
        let (message, type_) = match self {
            Self::Completed(_) => return false,
            Self::Failed { message, type_, .. } => (message, type_),
            Self::Cancelled { .. } => return Self::child_cancelled().is_in(seen),
        };
        let seen = match (&seen.failure_info, &seen.cause) {
            (Some(FailureInfo::ServerFailureInfo(_)), Some(cut)) => cut,
            _ => seen,
        };
        let Some(FailureInfo::ApplicationFailureInfo(info)) = &seen.failure_info else { return false };
        info.r#type == *type_ && (seen.encoded_attributes.is_some() || message.starts_with(&seen.message))
    }

    /// One word for logs and metric labels.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Completed(_) => "completed",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// The outcome as the answer of an attempt that need not wait.
    ///
    /// # Errors
    /// Failed and cancelled outcomes.
    pub fn into_activity_result(self) -> Result<RawValue, ActivityError> {
        match self {
            Self::Completed(result) => Ok(RawValue::new(vec![result])),
            Self::Failed { message, type_, non_retryable, details } => {
                Err(application_failure(&message, type_, non_retryable, details).into())
            }
            Self::Cancelled { details: Some(details) } => Err(ActivityError::cancelled_with_details(RawValue::new(vec![details]))),
            Self::Cancelled { details: None } => Err(ActivityError::cancelled()),
        }
    }
}

/// Row 11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the outcome has {size_bytes} bytes, and Temporal takes {LIMIT_BYTES}; return a reference to the data instead")]
pub struct TooLarge {
    pub size_bytes: usize,
}

impl TooLarge {
    /// What the caller is told instead.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        Outcome::permanent(failure::OUTCOME_TOO_LARGE, self.to_string())
    }
}

pub(super) fn application_failure(message: &str, type_: String, non_retryable: bool, details: Option<Payload>) -> ApplicationFailure {
    let builder = ApplicationFailure::builder(anyhow!(cut(message).to_owned())).type_name(type_).non_retryable(non_retryable);
    match details {
        Some(details) => builder.details(RawValue::new(vec![details])).build(),
        None => builder.build(),
    }
}

fn cut(message: &str) -> &str {
    &message[..message.floor_char_boundary(MESSAGE_LIMIT_BYTES)]
}

#[cfg(test)]
mod tests {
    use temporalio_common::protos::temporal::api::failure::v1::{ApplicationFailureInfo, ServerFailureInfo, TimeoutFailureInfo};

    use super::*;

    #[test]
    fn a_failure_that_has_been_told_is_known_again() {
        let of = |message: &str, info| Failure { message: message.to_owned(), failure_info: Some(info), ..Default::default() };
        let application = |type_: &str, message: &str| {
            of(message, FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo { r#type: type_.to_owned(), ..Default::default() }))
        };
        let cut = |cause: Failure| Failure {
            cause: Some(Box::new(cause)),
            ..of("Failure exceeds size limit.", FailureInfo::ServerFailureInfo(ServerFailureInfo::default()))
        };
        let timeout = of("activity timeout", FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo::default()));
        let encoded = Failure { encoded_attributes: Some(Payload::default()), ..application("T", "Encoded failure") };
        let outcome = Outcome::retryable("T", "it broke");
        for (seen, told) in [
            (application("T", "it broke"), true),
            (cut(application("T", "it br")), true),
            (encoded, true),
            (cut(application("T", "it was")), false),
            (application("T", "it broke again"), false),
            (application("U", "it broke"), false),
            (cut(timeout.clone()), false),
            (timeout, false),
            (Failure::default(), false),
        ] {
            assert_eq!(outcome.is_in(&seen), told, "{seen:?}");
            assert!(!Outcome::completed(&1).is_in(&seen), "{seen:?}");
        }
        let Outcome::Failed { message, type_, .. } = Outcome::child_cancelled() else { panic!("not a failure") };
        assert!(Outcome::Cancelled { details: None }.is_in(&application(&type_, &message)));
    }

    #[test]
    fn sizes_are_held_against_the_limit() {
        let text = |bytes: usize| Outcome::completed(&"x".repeat(bytes));
        assert_eq!(text(1000).within_limit(), Ok(()));
        let error = text(LIMIT_BYTES).within_limit().unwrap_err();
        assert!(error.size_bytes > LIMIT_BYTES && error.size_bytes < LIMIT_BYTES + 200);
        let Outcome::Failed { message, non_retryable: true, .. } = error.outcome() else { panic!("not a final failure") };
        assert!(message.contains(&error.size_bytes.to_string()) && message.contains(&LIMIT_BYTES.to_string()), "{message}");
        assert!(Outcome::permanent("t", "m".repeat(LIMIT_BYTES + 1)).within_limit().is_ok(), "messages are cut");
        assert!(Outcome::permanent("t", "m").with_details(&"x".repeat(LIMIT_BYTES)).within_limit().is_err());
        assert!(error.outcome().within_limit().is_ok());
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let failure = application_failure(&"é".repeat(5000), "T".to_owned(), true, None);
        let message = failure.to_string();
        assert!(message.len() <= MESSAGE_LIMIT_BYTES && message.len() > MESSAGE_LIMIT_BYTES - 4);
        assert_eq!((failure.type_name(), failure.is_non_retryable()), (Some("T"), true));
        assert_eq!(application_failure("short", String::new(), false, None).to_string(), "short");
    }

    #[test]
    fn an_attempt_can_answer_with_it_at_once() {
        let raw = Outcome::completed(&5).into_activity_result().unwrap();
        assert_eq!(raw.payloads[0].data, b"5");
        assert!(matches!(Outcome::child_cancelled().into_activity_result(), Err(ActivityError::Application(f)) if !f.is_non_retryable()));
        assert!(matches!(Outcome::Cancelled { details: None }.into_activity_result(), Err(ActivityError::Cancelled { .. })));
    }
}
