//! Activity `validateWorkflow`: a `WorkflowSpec` is converted and planned; the verdict is in the message, never an error of the activity.
//!
//! | state | when |
//! |---|---|
//! | VALID | it converts and would run; `yaml` is what would run |
//! | INVALID | it does not convert, or the document has errors; the first error is the one that the platform shows |
//! | FAILED | there is no spec, or it cannot be decoded |

use jiff::Timestamp;
use temporalio_common::data_converters::RawValue;

use super::{payload, wire_payload};
use crate::plan;
use crate::stigmer::sls::{ServerlessWorkflowValidation, ValidationState};
use crate::stigmer::wf::WorkflowSpec;
use crate::stigmer::{convert, payload as wire};

#[must_use]
pub(super) fn run(raw: &RawValue) -> RawValue {
    let now = Timestamp::now();
    let verdict = ServerlessWorkflowValidation {
        validated_at: Some(prost_types::Timestamp { seconds: now.as_second(), nanos: now.subsec_nanosecond() }),
        ..verdict(raw)
    };
    RawValue::new(vec![wire_payload(wire::encode(&verdict))])
}

fn verdict(raw: &RawValue) -> ServerlessWorkflowValidation {
    let spec = match read(raw) {
        Ok(Some(spec)) => spec,
        Ok(None) => return failed("WorkflowSpec cannot be nil"),
        Err(e) => return failed(&e),
    };
    let yaml = match convert::to_yaml(&spec) {
        Ok(yaml) => yaml,
        Err(e) => return of(ValidationState::Invalid, String::new(), vec![format!("Failed to generate YAML: {e}")]),
    };
    // What this runner cannot run is refused here rather than at the first execution.
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for found in plan::check(&yaml, "workflow.yaml") {
        if found.prevents_run() { &mut errors } else { &mut warnings }.push(found.to_string());
    }
    let state = if errors.is_empty() { ValidationState::Valid } else { ValidationState::Invalid };
    ServerlessWorkflowValidation { warnings, ..of(state, yaml, errors) }
}

fn read(raw: &RawValue) -> Result<Option<WorkflowSpec>, String> {
    let Some(payload) = raw.payloads.first() else { return Ok(None) };
    if payload::encoding(payload) == "binary/null" {
        return Ok(None);
    }
    let message_type = payload.metadata.get("messageType").map(|m| String::from_utf8_lossy(m).into_owned());
    wire::decode(payload::encoding(payload), message_type.as_deref(), &payload.data).map(Some).map_err(|e| e.to_string())
}

fn failed(error: &str) -> ServerlessWorkflowValidation {
    of(ValidationState::Failed, String::new(), vec![error.to_owned()])
}

fn of(state: ValidationState, yaml: String, errors: Vec<String>) -> ServerlessWorkflowValidation {
    ServerlessWorkflowValidation { state: state.into(), yaml, errors, ..Default::default() }
}
