//! The failures that the handshake itself makes, and the note that a child leaves in its close event.
//!
//! | type | who fails with it | retryable | row |
//! |---|---|---|---|
//! | [`INVALID_INPUT`] | child, activities: input or callback cannot be used | no | 13 |
//! | [`CHILD_CANCELLED`] | the caller's activity, when nobody asked it to cancel | yes | 18 |
//! | [`CHILD_LOST`] | the caller's activity: its child was terminated, timed out or deleted | yes | 16 |
//! | [`AGENT_LOST`] | the child's activity: its agent execution is not there | yes | 14 |
//! | [`OUTCOME_TOO_LARGE`] | the caller's activity | no | 11 |
//! | [`DELIVERY_BUDGET`] | the delivering activity | no | 6 |
//! | [`DELIVERY_REFUSED`] | the delivering activity: the server will never take it | no | 13 |
//! | [`DELIVERY_FAILED`] | a child whose success nobody got | no | 6 |
//! | [`WORKER_SHUTDOWN`] | an activity, or a parked watch, whose process leaves | yes | 19 |

use serde::Serialize;
use serde_json::{Map, Value, json};
use temporalio_common::protos::temporal::api::common::v1::Payloads;

pub const INVALID_INPUT: &str = "InvalidInput";
pub const CHILD_CANCELLED: &str = "ChildCancelled";
pub const CHILD_LOST: &str = "ChildLost";
pub const AGENT_LOST: &str = "AgentLost";
pub const OUTCOME_TOO_LARGE: &str = "OutcomeTooLarge";
pub const DELIVERY_BUDGET: &str = "DeliveryBudget";
pub const DELIVERY_REFUSED: &str = "DeliveryRefused";
pub const DELIVERY_FAILED: &str = "DeliveryFailed";
pub const WORKER_SHUTDOWN: &str = "WorkerShutdown";

/// Key of the note in the details of a child's failure or cancellation.
const DELIVERED: &str = "delivered";

/// Details of a failed child's close: the error's members, and whether its caller has been told (absent where nobody waits). Rows 3 and
/// 16 read it.
#[must_use]
pub fn closing_details<E: Serialize>(error: &E, delivered: Option<bool>) -> Value {
    let mut details = match serde_json::to_value(error) {
        Ok(Value::Object(members)) => members,
        Ok(other) => Map::from_iter([("error".to_owned(), other)]),
        Err(_) => Map::new(),
    };
    if let Some(delivered) = delivered {
        details.insert(DELIVERED.to_owned(), delivered.into());
    }
    Value::Object(details)
}

/// Details of a cancelled child's close.
#[must_use]
pub fn cancelled_details(delivered: Option<bool>) -> Value {
    closing_details(&json!({}), delivered)
}

/// Whether a child's last words say that its caller has been told.
#[must_use]
pub fn says_delivered(details: Option<&Payloads>) -> bool {
    details.is_some_and(|details| {
        details.payloads.iter().any(|payload| {
            serde_json::from_slice::<Value>(&payload.data).is_ok_and(|value| value.get(DELIVERED) == Some(&Value::Bool(true)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::payload;
    use super::*;

    #[test]
    fn the_note_is_read_back() {
        let error = json!({"type": "t", "status": 500});
        for (details, want) in [
            (closing_details(&error, Some(true)), true),
            (closing_details(&error, Some(false)), false),
            (closing_details(&error, None), false),
            (closing_details(&"text", Some(true)), true),
            (cancelled_details(Some(true)), true),
            (json!("delivered"), false),
        ] {
            let payloads = Payloads { payloads: vec![payload::json(&"other"), payload::json(&details)] };
            assert_eq!(says_delivered(Some(&payloads)), want, "{details}");
        }
        assert_eq!(closing_details(&error, Some(true)), json!({"type": "t", "status": 500, "delivered": true}));
        assert!(!says_delivered(None));
    }
}
