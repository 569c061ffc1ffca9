//! Where an outcome goes: the activity by token and by id, and the form in which it wants its answer.
//!
//! | row 13: a callback that | is |
//! |---|---|
//! | has neither token nor address | none at all: nobody waits |
//! | has a token that is not base64, empty beside an address, over 4 KiB | refused |
//! | lacks its address, or a part of it | refused |
//! | names another namespace | refused: completing across namespaces is impossible |
//!
//! It travels as two members of an object (the child's input, the signal's and the watch's argument):
//! `{"callback_token": base64, "callback": {namespace, workflow_id, run_id, activity_id, attempt, reply}}`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_sdk::activities::ActivityInfo;

use super::child::ChildInput;
use super::token::{TaskToken, TokenError, WireToken};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("the callback has no token: its address names {activity_id} of workflow {workflow_id}, but `callback_token` is empty")]
    NoToken { workflow_id: String, activity_id: String },
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the callback has a token but no address: `callback` is missing")]
    NoAddress,
    #[error("the callback's address is incomplete: `{0}` is missing")]
    Incomplete(&'static str),
    #[error("the callback names namespace `{theirs}`, and this worker serves `{ours}`")]
    Foreign { theirs: String, ours: String },
    #[error("the callback cannot be read: {0}")]
    Unreadable(String),
    #[error("only a normal activity of a workflow can be completed later: {0}")]
    NotCompletable(&'static str),
}

/// The activity by id. Not secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallbackAddress {
    pub namespace: String,
    pub workflow_id: String,
    pub run_id: String,
    pub activity_id: String,
    /// The attempt that handed over its token, 1 for the first.
    pub attempt: u32,
}

impl CallbackAddress {
    /// Whether both name the same activity, whatever the attempt.
    #[must_use]
    pub fn same_activity(&self, other: &Self) -> bool {
        self.workflow_id == other.workflow_id && self.run_id == other.run_id && self.activity_id == other.activity_id
    }
}

/// The form of a successful answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// A `WorkflowExecutionStatus` as `json/protobuf`: the caller is an `ExecuteWorkflow` activity.
    WorkflowExecutionStatus,
    /// The output as `json/plain`.
    #[default]
    Plain,
}

/// Who waits for an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    pub token: TaskToken,
    pub address: CallbackAddress,
    pub reply: Reply,
}

impl Callback {
    /// The callback of a running activity attempt.
    ///
    /// # Errors
    /// A local activity has no token, and a standalone one no workflow: neither can be completed later.
    pub fn of(info: &ActivityInfo, reply: Reply) -> Result<Self, CallbackError> {
        if info.is_local {
            return Err(CallbackError::NotCompletable("a local activity has no token"));
        }
        let (Some(workflow_id), Some(run_id)) = (&info.workflow_id, &info.workflow_run_id) else {
            return Err(CallbackError::NotCompletable("this one belongs to no workflow"));
        };
        Ok(Self {
            token: TaskToken::new(info.task_token.clone())?,
            address: CallbackAddress {
                namespace: info.namespace.clone(),
                workflow_id: workflow_id.clone(),
                run_id: run_id.clone(),
                activity_id: info.activity_id.clone(),
                attempt: info.attempt,
            },
            reply,
        })
    }

    /// The callback in a child's input; none where nobody waits (row 12).
    ///
    /// # Errors
    /// Row 13.
    pub fn from_child_input(input: &ChildInput, namespace: &str) -> Result<Option<Self>, CallbackError> {
        read(&input.callback_token, input.callback.as_ref(), namespace)
    }

    /// The newer callback that a later attempt has signalled (row 2).
    ///
    /// # Errors
    /// Row 13; a signal without a callback is unreadable.
    pub fn from_signal(argument: &Value, namespace: &str) -> Result<Self, CallbackError> {
        CallbackFields::deserialize(argument)
            .map_err(|e| CallbackError::Unreadable(e.to_string()))?
            .read(namespace)?
            .ok_or_else(|| CallbackError::Unreadable("it is empty".to_owned()))
    }

    /// The whole callback, token included: the argument of the callback signal, the members of the child's input.
    #[must_use]
    pub fn reveal(&self) -> CallbackFields {
        let CallbackAddress { namespace, workflow_id, run_id, activity_id, attempt } = self.address.clone();
        CallbackFields {
            callback_token: self.token.reveal(),
            callback: Some(AddressFields { namespace, workflow_id, run_id, activity_id, attempt, reply: self.reply }),
        }
    }

    /// The argument of `WatchCaller`.
    #[must_use]
    pub fn watch_input(&self) -> CallbackFields {
        self.reveal()
    }
}

/// A callback as it travels. Holds the whole token: hand it to the server and to nobody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackFields {
    #[serde(default, alias = "CallbackToken", skip_serializing_if = "WireToken::is_empty")]
    pub callback_token: WireToken,
    #[serde(default, alias = "Callback", skip_serializing_if = "Option::is_none")]
    pub callback: Option<AddressFields>,
}

impl CallbackFields {
    /// # Errors
    /// Row 13.
    pub fn read(&self, namespace: &str) -> Result<Option<Callback>, CallbackError> {
        read(&self.callback_token, self.callback.as_ref(), namespace)
    }
}

/// The part of a callback that is not secret, as it travels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddressFields {
    namespace: String,
    workflow_id: String,
    run_id: String,
    activity_id: String,
    attempt: u32,
    reply: Reply,
}

impl AddressFields {
    /// As it says itself; empty where it does not.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    fn read(&self, namespace: &str) -> Result<CallbackAddress, CallbackError> {
        let parts = [
            ("namespace", &self.namespace),
            ("workflow_id", &self.workflow_id),
            ("run_id", &self.run_id),
            ("activity_id", &self.activity_id),
        ];
        if let Some((missing, _)) = parts.into_iter().find(|(_, value)| value.is_empty()) {
            return Err(CallbackError::Incomplete(missing));
        }
        if self.attempt == 0 {
            return Err(CallbackError::Incomplete("attempt"));
        }
        if self.namespace != namespace {
            return Err(CallbackError::Foreign { theirs: self.namespace.clone(), ours: namespace.to_owned() });
        }
        Ok(CallbackAddress {
            namespace: self.namespace.clone(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            activity_id: self.activity_id.clone(),
            attempt: self.attempt,
        })
    }
}

fn read(token: &WireToken, address: Option<&AddressFields>, namespace: &str) -> Result<Option<Callback>, CallbackError> {
    match (token.read()?, address) {
        (None, None) => Ok(None),
        (None, Some(address)) => {
            Err(CallbackError::NoToken { workflow_id: address.workflow_id.clone(), activity_id: address.activity_id.clone() })
        }
        (Some(_), None) => Err(CallbackError::NoAddress),
        (Some(token), Some(fields)) => Ok(Some(Callback { token, address: fields.read(namespace)?, reply: fields.reply })),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in crate::handshake) fn callback(attempt: u32) -> Callback {
        Callback {
            token: TaskToken::new(vec![9; 100]).unwrap(),
            address: CallbackAddress {
                namespace: "default".to_owned(),
                workflow_id: "caller".to_owned(),
                run_id: "0198c0de-0000-7000-8000-000000000001".to_owned(),
                activity_id: "5".to_owned(),
                attempt,
            },
            reply: Reply::WorkflowExecutionStatus,
        }
    }

    #[test]
    fn a_callback_survives_its_journey() {
        let sent = callback(3);
        let wire = serde_json::to_value(sent.reveal()).unwrap();
        assert_eq!(wire["callback"]["reply"], "workflow_execution_status");
        assert_eq!(Callback::from_signal(&wire, "default"), Ok(sent));
    }

    #[test]
    fn row_13_in_one_table() {
        let whole = serde_json::to_value(callback(1).reveal()).unwrap();
        let with = |pointer: &str, value: Value| {
            let mut changed = whole.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            changed
        };
        for (argument, want) in [
            (json!({}), "it is empty"),
            (json!({"callback_token": ""}), "it is empty"),
            (with("/callback_token", json!("")), "no token"),
            (with("/callback_token", json!(null)), "no token"),
            (with("/callback_token", json!("%%%")), "not base64"),
            (with("/callback_token", json!("A".repeat(8000))), "bytes or more"),
            (with("/callback_token", json!(5)), "cannot be read"),
            (with("/callback", json!(null)), "no address"),
            (with("/callback", json!({})), "`namespace` is missing"),
            (with("/callback/workflow_id", json!("")), "`workflow_id` is missing"),
            (with("/callback/run_id", json!("")), "`run_id` is missing"),
            (with("/callback/activity_id", json!("")), "`activity_id` is missing"),
            (with("/callback/attempt", json!(0)), "`attempt` is missing"),
            (with("/callback/namespace", json!("other")), "namespace `other`, and this worker serves `default`"),
            (with("/callback/reply", json!("letter")), "cannot be read"),
        ] {
            let error = Callback::from_signal(&argument, "default").unwrap_err().to_string();
            assert!(error.contains(want), "{want}: {error}");
        }
    }

    #[test]
    fn nothing_that_prints_a_callback_prints_its_token() {
        let callback = callback(1);
        let whole = callback.token.reveal().into_base64();
        for shown in [format!("{callback:?}"), format!("{:?}", callback.reveal()), format!("{:#?}", callback.watch_input())] {
            assert!(!shown.contains(&whole), "{shown}");
        }
    }
}
