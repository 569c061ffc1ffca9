//! Activity `validateWorkflow`: a `WorkflowSpec` is converted and planned; the verdict is in the message, never an error of the activity.
//!
//! | state | when |
//! |---|---|
//! | VALID | it converts and would run; `yaml` is what would run |
//! | INVALID | it does not convert, or the document has errors (then with its `yaml`) |
//! | FAILED | there is no spec, or it cannot be decoded |
//!
//! The platform shows the first error only, so causes come before what follows from them: the shape of the document, then names, then
//! expressions, then what this runner cannot run yet; within each in the order of the tasks. Warnings never change the state.

use jiff::Timestamp;
use temporalio_common::data_converters::RawValue;

use super::payload::PAYLOAD_LIMIT_BYTES;
use super::{payload, wire_payload};
use crate::plan::{self, Diagnostic};
use crate::stigmer::convert::{self, Converted, Queues};
use crate::stigmer::payload as wire;
use crate::stigmer::sls::{ServerlessWorkflowValidation, ValidationState};
use crate::stigmer::wf::WorkflowSpec;

/// Errors, and warnings, that a verdict has; a last one counts the rest.
const MOST: usize = 100;
/// Each of them is cut.
const LONGEST_CHARS: usize = 1_000;
/// A definition travels in the input of its run, with everything else that stands there.
const YAML_LIMIT_BYTES: usize = PAYLOAD_LIMIT_BYTES / 4 * 3;

/// `workflow_id` is the id of the workflow that asks.
pub(super) async fn run(raw: &RawValue, queues: &Queues, workflow_id: Option<&str>) -> RawValue {
    let now = Timestamp::now();
    let (raw, queues) = (raw.clone(), queues.clone());
    // On a thread of its own: a large specification takes its time, and whatever goes wrong there is a verdict too.
    let verdict = tokio::task::spawn_blocking(move || verdict(&raw, &queues)).await;
    let verdict = ServerlessWorkflowValidation {
        validated_at: Some(prost_types::Timestamp { seconds: now.as_second(), nanos: now.subsec_nanosecond() }),
        validation_workflow_id: workflow_id.unwrap_or_default().to_owned(),
        ..verdict.unwrap_or_else(|_| failed("the validation broke down: please report the workflow"))
    };
    RawValue::new(vec![wire_payload(wire::encode(&verdict))])
}

fn verdict(raw: &RawValue, queues: &Queues) -> ServerlessWorkflowValidation {
    let spec = match read(raw) {
        Ok(Some(spec)) => spec,
        Ok(None) => return failed("WorkflowSpec cannot be nil"),
        Err(e) => return failed(&e),
    };
    let Converted { yaml, notes } = match convert::convert(&spec, queues) {
        Ok(converted) => converted,
        Err(e) => return of(ValidationState::Invalid, String::new(), e.problems.iter().map(ToString::to_string), []),
    };
    if yaml.len() > YAML_LIMIT_BYTES {
        let error = format!("the definition has {} bytes of YAML; {YAML_LIMIT_BYTES} are the most: divide it by RUN", yaml.len());
        return of(ValidationState::Invalid, String::new(), [error], notes);
    }
    // What this runner cannot run is refused here rather than at the first execution.
    let (mut errors, warnings): (Vec<_>, Vec<_>) = plan::check(&yaml, "workflow.yaml").into_iter().partition(Diagnostic::prevents_run);
    errors.sort_by_key(|error| (!error.is_error(), family(error.code)));
    let state = if errors.is_empty() { ValidationState::Valid } else { ValidationState::Invalid };
    of(state, yaml, errors.iter().map(told), notes.into_iter().chain(warnings.iter().map(told)))
}

/// `E0303` → `E03`.
fn family(code: &'static str) -> &'static str {
    code.get(..3).unwrap_or(code)
}

/// In the words of somebody who wrote tasks, not the document: which task, what, how to put it right, and where in the YAML.
fn told(found: &Diagnostic) -> String {
    let Diagnostic { code, message, span, .. } = found;
    let place = found.reference.as_deref().map(|reference| {
        // The last part is the task's name, with `~` and `/` as JSON pointers write them.
        let name = reference.rsplit('/').next().unwrap_or(reference).replace("~1", "/").replace("~0", "~");
        format!("task '{name}' ({reference}): ")
    });
    let help = found.help.as_deref().map(|help| format!(" (help: {help})"));
    format!("{}{message}{} [{code}, line {} of the YAML]", place.unwrap_or_default(), help.unwrap_or_default(), span.line)
}

fn read(raw: &RawValue) -> Result<Option<WorkflowSpec>, String> {
    let Some(payload) = raw.payloads.first() else { return Ok(None) };
    if payload::encoding(payload) == "binary/null" {
        return Ok(None);
    }
    let message_type = payload.metadata.get("messageType").map(|m| String::from_utf8_lossy(m).into_owned());
    match wire::decode(payload::encoding(payload), message_type.as_deref(), &payload.data) {
        Err(wire::PayloadError::Null(_)) => Ok(None),
        decoded => decoded.map(Some).map_err(|e| e.to_string()),
    }
}

fn failed(error: &str) -> ServerlessWorkflowValidation {
    of(ValidationState::Failed, String::new(), [error.to_owned()], [])
}

fn of(
    state: ValidationState,
    yaml: String,
    errors: impl IntoIterator<Item = String>,
    warnings: impl IntoIterator<Item = String>,
) -> ServerlessWorkflowValidation {
    let (errors, warnings) = (bounded(errors), bounded(warnings));
    ServerlessWorkflowValidation { state: state.into(), yaml, errors, warnings, ..Default::default() }
}

/// The answer has to fit into a payload, whatever is wrong.
fn bounded(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut texts = texts.into_iter();
    let mut kept: Vec<String> = texts.by_ref().take(MOST).map(|text| text.chars().take(LONGEST_CHARS).collect()).collect();
    let rest = texts.count();
    if rest > 0 {
        kept.push(format!("and {rest} more"));
    }
    kept
}

#[cfg(test)]
mod tests;
