//! What went wrong with an activity, as the engine's errors.
//!
//! A remote activity's failure comes wrapped (activity failure, with the cause inside), a local one's does not: both are read from the
//! failure message itself, outermost first.

use temporalio_common::error::ChildWorkflowExecutionError;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::failure::v1::{ApplicationFailureInfo, Failure};
use temporalio_sdk::ActivityExecutionError;

use crate::activities::agent_executions::AGENT_FAILED;
use crate::activities::payload::data_of;
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::CallError;
use crate::expr::Data;

/// How an activity ended when it gave no result.
#[derive(Debug)]
pub enum Ended {
    Cancelled,
    /// One of the activity's time limits ran out.
    TimedOut,
    Application {
        type_: String,
        message: String,
        details: Option<Data>,
    },
    Other(String),
}

/// Reads the SDK's error.
#[must_use]
pub fn ended(error: &ActivityExecutionError) -> Ended {
    match error {
        ActivityExecutionError::Cancelled(_) => Ended::Cancelled,
        other => other.failure().map_or_else(|| Ended::Other(other.to_string()), ended_with),
    }
}

fn ended_with(failure: &Failure) -> Ended {
    let mut at = Some(failure);
    while let Some(f) = at {
        match &f.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) => {
                return Ended::Application { type_: info.r#type.clone(), message: f.message.clone(), details: first_detail(info) };
            }
            Some(FailureInfo::TimeoutFailureInfo(_)) => return Ended::TimedOut,
            Some(FailureInfo::CanceledFailureInfo(_)) => return Ended::Cancelled,
            _ => at = f.cause.as_deref(),
        }
    }
    Ended::Other(failure.message.clone())
}

fn first_detail(info: &ApplicationFailureInfo) -> Option<Data> {
    info.details.as_ref()?.payloads.first().and_then(|p: &Payload| data_of(p).ok())
}

/// The fault that a document's `catch` sees. Our activities put the error's members into the failure's details, with the kind as a slug.
#[must_use]
pub fn call_error(ended: Ended, error_host: &str) -> CallError {
    let fault = match ended {
        Ended::Cancelled => return CallError::Cancelled,
        Ended::TimedOut => Fault::standard(Standard::Timeout, error_host, "Timeout", Some("the call did not end in time".to_owned())),
        // As when its failure is read from the execution: a document cannot know which of the two came first.
        Ended::Application { message, type_, .. } if type_ == AGENT_FAILED => agent_failed(error_host, message),
        Ended::Application { message, details, type_ } => {
            return CallError::Fault(Box::new(from_details(details.as_ref(), error_host).unwrap_or_else(|| {
                let detail = if type_.is_empty() { message } else { format!("{type_}: {message}") };
                Fault::standard(Standard::Runtime, error_host, "The call failed", Some(detail))
            })));
        }
        Ended::Other(message) => Fault::standard(Standard::Runtime, error_host, "The call failed", Some(message)),
    };
    CallError::Fault(Box::new(fault))
}

/// The fault of a child workflow: what it raised, whatever its type.
#[must_use]
pub fn child_error(error: &ChildWorkflowExecutionError, error_host: &str) -> CallError {
    let ended = error.failure().map_or_else(|| Ended::Other(error.to_string()), ended_with);
    if let Ended::Application { details: Some(details), .. } = &ended
        && let Ok(raised) = serde_json::from_value::<Fault>(details.to_json())
    {
        // Its place is one in another document.
        return CallError::Fault(Box::new(Fault { instance: None, ..raised }));
    }
    call_error(ended, error_host)
}

/// The agent failed by itself.
#[must_use]
pub fn agent_failed(error_host: &str, message: String) -> Fault {
    Fault::standard(Standard::Runtime, error_host, "Agent failed", Some(message))
}

fn from_details(details: Option<&Data>, error_host: &str) -> Option<Fault> {
    let details = details?;
    let slug = details.get("type")?;
    let kind = Standard::ALL.into_iter().find(|kind| Some(kind.slug()) == slug.as_str())?;
    let text = |key: &str| details.get(key).and_then(|v| v.as_str().map(str::to_owned));
    let mut fault = Fault::standard(kind, error_host, text("title").unwrap_or_else(|| "The call failed".to_owned()), text("detail"));
    if let Some(status) = details.get("status").and_then(|v| v.as_i64()).and_then(|s| u16::try_from(s).ok()) {
        fault.status = status;
    }
    Some(fault)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use temporalio_common::protos::temporal::api::common::v1::Payloads;
    use temporalio_common::protos::temporal::api::failure::v1::{ActivityFailureInfo, TimeoutFailureInfo};

    use super::*;
    use crate::activities::payload::json_of;

    fn application(details: &serde_json::Value) -> Failure {
        Failure {
            message: "boom".to_owned(),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
                r#type: "communication".to_owned(),
                details: Some(Payloads { payloads: vec![json_of(details)] }),
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    fn wrapped(cause: Failure) -> Failure {
        Failure {
            message: "activity error".to_owned(),
            cause: Some(Box::new(cause)),
            failure_info: Some(FailureInfo::ActivityFailureInfo(ActivityFailureInfo::default())),
            ..Default::default()
        }
    }

    fn fault(failure: &Failure) -> Fault {
        match call_error(ended_with(failure), "https://h") {
            CallError::Fault(fault) => *fault,
            CallError::Cancelled => panic!("cancelled"),
        }
    }

    #[test]
    fn remote_and_local_failures_read_alike() {
        let inner = application(&json!({"type": "communication", "status": 503, "title": "Service Unavailable", "detail": "busy"}));
        for failure in [inner.clone(), wrapped(inner)] {
            let fault = fault(&failure);
            assert_eq!(fault.type_, "https://h/spec/1.0.0/errors/communication");
            assert_eq!((fault.status, fault.title.as_deref(), fault.detail.as_deref()), (503, Some("Service Unavailable"), Some("busy")));
        }
    }

    #[test]
    fn a_time_limit_is_408_and_a_strange_failure_is_runtime() {
        let timeout = Failure { failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo::default())), ..Default::default() };
        assert_eq!(fault(&wrapped(timeout)).status, 408);
        let strange = fault(&wrapped(application(&json!("no object"))));
        assert_eq!((strange.status, strange.detail.as_deref()), (500, Some("communication: boom")));
    }
}
