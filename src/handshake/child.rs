//! The child: its names on the wire and its input. They stand in histories: never change one.
//!
//! Row 1: the child's id is a pure function of the execution. Row 10: what the child starts with is what it hands to the run that
//! continues it.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::callback::{AddressFields, Callback, CallbackError};
use super::payload;
use super::token::WireToken;

pub const WORKFLOW_TYPE: &str = "ExecuteServerlessWorkflow";
/// Argument: a callback, as [`super::CallbackFields`].
pub const CALLBACK_SIGNAL: &str = "workflow_runner_callback";
/// Argument: `{"reason": text}`, or none. Nothing new begins in a paused run; see `engine::pause`.
pub const PAUSE_SIGNAL: &str = "workflow_runner_pause";
/// The same argument.
pub const RESUME_SIGNAL: &str = "workflow_runner_resume";
/// Search attribute (keyword) that holds the execution's id, where the namespace has it.
pub const EXECUTION_ID_ATTRIBUTE: &str = "WorkflowExecutionID";

const ID_PREFIX: &str = "workflow-exec-";

/// The one workflow id of an execution's child.
#[must_use]
pub fn child_id(execution_id: &str) -> String {
    format!("{ID_PREFIX}{execution_id}")
}

/// The execution of a child, by its workflow id.
#[must_use]
pub fn execution_id(child_id: &str) -> Option<&str> {
    child_id.strip_prefix(ID_PREFIX).filter(|id| !id.is_empty())
}

#[derive(Debug, thiserror::Error)]
#[error("the workflow's input cannot be read: {0}")]
pub struct InputError(#[from] serde_json::Error);

/// What becomes of a child whose caller is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCallerGone {
    #[default]
    Cancel,
    Continue,
}

/// One variable of `$env`. The value of a secret one is left out: it is looked up where it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvVar {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub is_secret: bool,
}

/// Input of [`WORKFLOW_TYPE`]: one `json/plain` object with these keys. The original's spelling (`OrgId`) is read too, and unknown keys are
/// not minded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildInput {
    /// Empty where no platform knows of the run.
    #[serde(alias = "WorkflowExecutionID", deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub workflow_execution_id: String,
    /// The definition's text.
    #[serde(alias = "WorkflowYaml", deserialize_with = "or_default")]
    pub workflow_yaml: String,
    /// `$input`, and `$data` at the start where it is an object.
    #[serde(alias = "InitialData", skip_serializing_if = "Value::is_null")]
    pub initial_data: Value,
    #[serde(alias = "EnvVars", deserialize_with = "or_default", skip_serializing_if = "IndexMap::is_empty")]
    pub env_vars: IndexMap<String, EnvVar>,
    #[serde(alias = "OrgId", alias = "OrgID", deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub org_id: String,
    /// The execution whose own secrets the run may read, where that is not `workflow_execution_id`: a sub-workflow works for its parent's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_of: Option<String>,
    /// See [`super::CallbackFields`]: these two are its members.
    #[serde(alias = "CallbackToken", skip_serializing_if = "WireToken::is_empty")]
    pub callback_token: WireToken,
    #[serde(alias = "Callback", skip_serializing_if = "Option::is_none")]
    pub callback: Option<AddressFields>,
    /// Settings that shape the history travel with the run. Absent: as by default.
    #[serde(rename = "watch", skip_serializing_if = "Option::is_none")]
    pub watch_caller: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_caller_gone: Option<OnCallerGone>,
    /// Events of a history after which the run goes on in a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_after: Option<u32>,
    /// Row 10: where the run before this one stood. Its shape is the run's own affair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuation: Option<Value>,
}

impl ChildInput {
    /// # Errors
    /// What in the JSON is not of this shape.
    pub fn from_json(value: &Value) -> Result<Self, InputError> {
        Ok(Self::deserialize(value)?)
    }

    /// # Errors
    /// As [`ChildInput::from_json`].
    pub fn from_payload(payload: &Payload) -> Result<Self, InputError> {
        Ok(serde_json::from_slice(&payload.data)?)
    }

    /// `json/plain`, whole token included.
    #[must_use]
    pub fn to_payload(&self) -> Payload {
        payload::json(self)
    }

    /// The same input for the newest callback.
    #[must_use]
    pub fn with_callback(mut self, callback: Option<&Callback>) -> Self {
        let fields = callback.map(Callback::reveal).unwrap_or_default();
        self.callback_token = fields.callback_token;
        self.callback = fields.callback;
        self
    }

    /// # Errors
    /// Row 13.
    pub fn callback(&self, namespace: &str) -> Result<Option<Callback>, CallbackError> {
        Callback::from_child_input(self, namespace)
    }

    #[must_use]
    pub fn execution_id(&self) -> Option<String> {
        (!self.workflow_execution_id.is_empty()).then(|| self.workflow_execution_id.clone())
    }

    /// Whether the run is to watch its caller.
    #[must_use]
    pub fn watch(&self) -> bool {
        self.watch_caller.unwrap_or(true)
    }

    /// Whether the run that this one continues was paused when it handed over (`engine::cursor::Cursor::pause`).
    #[must_use]
    pub fn begins_paused(&self) -> bool {
        self.continuation.as_ref().is_some_and(|continuation| continuation["cursor"]["pause"].is_object())
    }

    #[must_use]
    pub fn cancel_when_caller_gone(&self) -> bool {
        self.on_caller_gone.unwrap_or_default() == OnCallerGone::Cancel
    }
}

/// The original writes null for what is empty.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::callback::tests::callback;
    use super::*;

    #[test]
    fn ids_go_both_ways() {
        assert_eq!(child_id("wex_1"), "workflow-exec-wex_1");
        assert_eq!(execution_id("workflow-exec-wex_1"), Some("wex_1"));
        assert_eq!(execution_id("workflow-exec-"), None);
        assert_eq!(execution_id("mine"), None);
    }

    #[test]
    fn reads_both_spellings() {
        let ours = json!({"workflow_execution_id": "e", "workflow_yaml": "y", "initial_data": {"a": 1}, "org_id": "o",
            "env_vars": {"K": {"value": "v"}, "S": {"is_secret": true}}});
        let theirs = json!({"WorkflowExecutionID": "e", "WorkflowYaml": "y", "InitialData": {"a": 1}, "OrgId": "o", "Metadata": null,
            "EnvVars": {"K": {"value": "v", "is_secret": false}, "S": {"is_secret": true}}});
        let (ours, theirs) = (ChildInput::from_json(&ours).unwrap(), ChildInput::from_json(&theirs).unwrap());
        assert_eq!(ours, theirs);
        assert_eq!(ours.env_vars["S"], EnvVar { value: None, is_secret: true });
        assert!(ours.watch() && ours.cancel_when_caller_gone());
        assert_eq!(ours.callback("default"), Ok(None));
    }

    #[test]
    fn null_is_empty_and_a_wrong_type_is_an_error() {
        let input = ChildInput::from_json(
            &json!({"WorkflowYaml": "y", "OrgId": null, "EnvVars": null, "InitialData": null, "CallbackToken": null}),
        );
        assert_eq!(input.unwrap(), ChildInput { workflow_yaml: "y".to_owned(), ..Default::default() });
        assert!(ChildInput::from_json(&json!({"workflow_yaml": 5})).unwrap_err().to_string().contains("cannot be read"));
        assert!(ChildInput::from_json(&json!("text")).is_err());
    }

    #[test]
    fn the_callback_travels_with_a_run_and_is_not_printed() {
        let input = ChildInput { workflow_yaml: "y".to_owned(), on_caller_gone: Some(OnCallerGone::Continue), ..Default::default() };
        let input = input.with_callback(Some(&callback(2)));
        let read = ChildInput::from_payload(&input.to_payload()).unwrap();
        assert_eq!(read, input);
        assert!(!read.cancel_when_caller_gone());
        assert_eq!(read.callback("default"), Ok(Some(callback(2))));
        assert!(!format!("{read:?}").contains(&callback(2).token.reveal().into_base64()));
        assert_eq!(read.with_callback(None).callback("default"), Ok(None));
    }
}
