//! Payloads as they are shown: JSON, without what completes an activity of somebody else.
//!
//! Secrets are markers in everything that the runner writes. Task tokens are not: whoever has one can end the activity that it belongs to.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads};

use crate::activities::payload::{data_of, encoding};

/// What stands in the place of a token.
pub const REDACTED: &str = "(not shown)";

/// Members that hold a token wherever they stand, in any spelling.
const TOKENS: [&str; 2] = ["callbacktoken", "tasktoken"];
/// A callback's address has these members: one of them alone may be anybody's.
const ADDRESS: [&str; 2] = ["workflowid", "activityid"];

/// The arguments of a call: the one that there is, or the list of them.
#[must_use]
pub fn arguments(payloads: Option<&Payloads>) -> Option<Value> {
    match payloads.map(|payloads| payloads.payloads.as_slice()) {
        None | Some([]) => None,
        Some([one]) => Some(value(one)),
        Some(several) => Some(several.iter().map(value).collect()),
    }
}

/// What a payload says; what is no JSON is named.
#[must_use]
pub fn value(payload: &Payload) -> Value {
    match data_of(payload) {
        Ok(data) => redacted(data.to_json()),
        Err(_) => json!(format!(
            "({} bytes of {})",
            payload.data.len(),
            Some(encoding(payload)).filter(|e| !e.is_empty()).unwrap_or("no encoding")
        )),
    }
}

/// The value without tokens and addresses of callbacks.
#[must_use]
pub fn redacted(mut value: Value) -> Value {
    redact(&mut value);
    value
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let name = plain(name);
                let callback = name == "callback" && is_address(member);
                if callback || (TOKENS.contains(&name.as_str()) && !is_empty(member)) {
                    *member = json!(REDACTED);
                } else {
                    redact(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn is_address(value: &Value) -> bool {
    let Value::Object(members) = value else { return false };
    ADDRESS.iter().all(|wanted| members.keys().any(|name| plain(name) == *wanted))
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_callbacks_are_taken_out_wherever_they_stand() {
        let shown = redacted(json!({
            "callback_token": "dG9r", "CallbackToken": "x", "spec": [{"callbackToken": "y", "task_token": 3}],
            "callback": {"workflow_id": "w", "activity_id": "a", "reply": "plain"}, "other": {"callback": "https://example.com"}, "taskToken": "",
        }));
        let gone = json!(REDACTED);
        assert_eq!(
            shown,
            json!({"callback_token": gone, "CallbackToken": gone, "spec": [{"callbackToken": gone, "task_token": gone}],
                "callback": gone, "other": {"callback": "https://example.com"}, "taskToken": ""})
        );
    }

    #[test]
    fn what_is_no_json_is_named() {
        let payload = |encoding: &str, data: &[u8]| Payload {
            metadata: [("encoding".to_owned(), encoding.as_bytes().to_vec())].into(),
            data: data.to_vec(),
            ..Default::default()
        };
        assert_eq!(value(&payload("binary/encrypted", b"xyz")), json!("(3 bytes of binary/encrypted)"));
        assert_eq!(
            arguments(Some(&Payloads { payloads: vec![payload("json/plain", b"1"), payload("json/plain", b"2")] })),
            Some(json!([1, 2]))
        );
        assert_eq!(arguments(None), None);
    }
}
