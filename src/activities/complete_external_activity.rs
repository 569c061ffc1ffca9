//! Activity `stigmer/system/complete-external-activity` (also `CompleteExternalActivity`): completes the activity that a token names.
//!
//! Anybody may call it with `{"callback_token": base64, "result": any, "error": string | object}` (keys in Pascal case too). Our own children call it
//! as a local activity at their end, with the whole callback and their terminal status, which is published first. Rows 4 to 7, 11, 13 and 18.
//!
//! | delivery | a foreign caller's activity | a child's local activity |
//! |---|---|---|
//! | delivered, or there is nobody any more | succeeds, naming which | succeeds, naming which |
//! | refused by the server (garbage token) | fails, non-retryable | FAILED is published, fails, non-retryable |
//! | not possible now | fails, retryable: its own policy decides | fails, retryable, until `deliver_by`; then as refused |

use std::time::{Duration, SystemTime};

use anyhow::anyhow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::payload::json_payload;
use super::status::{Phase, TerminalStatus};
use super::{ExecutionActivities, execution_status, failure};
use crate::config::OnFailure;
use crate::expr::Data;
use crate::handshake::deliver::{Step, next_step};
use crate::handshake::{Callback, CallbackFields, Outcome, Reply, TaskToken, deliver, deliver_by_token, failure as close};
use crate::telemetry::{self, Kind};

/// Input of a child's own delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChildDelivery {
    #[serde(flatten)]
    pub callback: CallbackFields,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    pub status: TerminalStatus,
    /// The error's members, when the child failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Value>,
    pub deliver_by: Timestamp,
}

impl ChildDelivery {
    #[must_use]
    pub fn new(
        callback: &Callback,
        execution_id: Option<String>,
        status: TerminalStatus,
        fault: Option<Value>,
        deliver_by: Timestamp,
    ) -> Self {
        Self { callback: callback.reveal(), execution_id, status, fault, deliver_by }
    }

    /// How long the caller has waited, as far as this side knows: since the run began.
    fn waited(&self) -> Option<Duration> {
        let began: Timestamp = self.status.started_at.parse().ok()?;
        Duration::try_from(Timestamp::now().duration_since(began)).ok()
    }

    fn next_step(&self, attempt: u32) -> Step {
        next_step(SystemTime::now(), self.deliver_by.into(), attempt)
    }

    /// What the caller is told.
    fn outcome(&self, reply: Reply, on_failure: OnFailure) -> Outcome {
        match self.status.phase {
            Phase::Cancelled => Outcome::Cancelled { details: None },
            Phase::Failed if on_failure == OnFailure::Fail => {
                let member = |key: &str| self.fault.as_ref().and_then(|f| f.get(key)).cloned();
                let type_ = member("type").and_then(|t| t.as_str().map(str::to_owned)).unwrap_or_default();
                // A definition or an input that is wrong stays wrong; anything else the caller's policy may try again (row 3).
                let permanent = member("status").and_then(|s| s.as_i64()) == Some(400);
                let message = self.status.error.clone().unwrap_or_else(|| "the workflow failed".to_owned());
                let failed = if permanent { Outcome::permanent(&type_, message) } else { Outcome::retryable(&type_, message) };
                match &self.fault {
                    Some(fault) => failed.with_details(fault),
                    None => failed,
                }
            }
            Phase::Completed | Phase::Failed => Outcome::Completed(match reply {
                Reply::WorkflowExecutionStatus => execution_status::payload(&self.status),
                Reply::Plain => json_payload(&self.status.output.clone().unwrap_or_default()),
            }),
        }
    }
}

pub(super) async fn run(activities: &ExecutionActivities, ctx: &ActivityContext, input: &Data) -> Result<Data, ActivityError> {
    let json = input.to_json();
    if json.get("callback").is_some() {
        let delivery: ChildDelivery = serde_json::from_value(json).map_err(|e| failure::bad_input(&e.to_string()))?;
        return of_child(activities, ctx, delivery).await;
    }
    of_anyone(activities, ctx, &json).await
}

async fn of_child(activities: &ExecutionActivities, ctx: &ActivityContext, delivery: ChildDelivery) -> Result<Data, ActivityError> {
    let info = ctx.info();
    // The last attempt delivers whatever becomes of the status.
    if let (Err(e), Step::Retry { after }) = (publish(activities, &delivery, &delivery.status).await, delivery.next_step(info.attempt)) {
        activities.metrics.delivery_failed(telemetry::DeliveryError::StatusUnpublished);
        return Err(again(after, &e));
    }
    let callback = delivery.callback.read(&info.namespace).map_err(|e| failure::bad_input(&e.to_string()))?;
    let callback = callback.ok_or_else(|| failure::bad_input("the callback is empty"))?;
    let outcome = delivery.outcome(callback.reply, activities.on_failure);
    let begun = std::time::Instant::now();
    let done = deliver(&ctx.client(), &callback, &outcome).await;
    let step = delivery.next_step(info.attempt);
    let took = begun.elapsed();
    super::count(&activities.metrics, Kind::ExecuteWorkflow, &outcome, done.as_ref(), took, delivery.waited(), step == Step::Spent);
    let error = match done {
        Ok(delivered) => {
            tracing::info!(workflow_id = info.workflow_id, run_id = info.workflow_run_id, attempt = info.attempt, execution_id = delivery.execution_id,
                token_preview = %callback.token, token_digest = callback.token.digest(), delivery = delivered.kind(), "caller completed");
            return Ok(Data::from(json!({"delivery": delivered.kind()})));
        }
        Err(e) => e,
    };
    if let (true, Step::Retry { after }) = (error.is_retryable(), step) {
        return Err(again(after, &error.to_string()));
    }
    let reason = error.to_string();
    tracing::error!(workflow_id = info.workflow_id, run_id = info.workflow_run_id, execution_id = delivery.execution_id,
        token_preview = %callback.token, token_digest = callback.token.digest(), %reason, "the caller cannot be told; giving up");
    if delivery.status.phase == Phase::Completed {
        let error = format!("the workflow completed, but its caller could not be told: {reason}");
        let status = TerminalStatus { phase: Phase::Failed, error: Some(error), ..delivery.status.clone() };
        // Best effort: the run is about to fail with the same words.
        if let Err(e) = publish(activities, &delivery, &status).await {
            tracing::warn!(execution_id = delivery.execution_id, error = %e, "cannot publish the failed delivery");
        }
    }
    Err(failure::permanent(close::DELIVERY_FAILED, reason))
}

/// The terminal status, before the caller learns of the end. A platform that does not know the execution is no reason to wait.
async fn publish(activities: &ExecutionActivities, delivery: &ChildDelivery, status: &TerminalStatus) -> Result<(), String> {
    let (Some(id), Some(publisher)) = (&delivery.execution_id, &activities.publisher) else { return Ok(()) };
    match publisher.publish_terminal(id, status).await {
        Ok(()) => Ok(()),
        Err(e) if e.is_retryable() => Err(format!("the status cannot be published: {e}")),
        Err(e) => {
            tracing::warn!(execution_id = %id, error = %e, "the platform refuses the terminal status; delivering all the same");
            Ok(())
        }
    }
}

fn again(after: Duration, reason: &str) -> ActivityError {
    ApplicationFailure::builder(anyhow!(reason.to_owned())).type_name("Unavailable".to_owned()).next_retry_delay(after).build().into()
}

async fn of_anyone(activities: &ExecutionActivities, ctx: &ActivityContext, input: &Value) -> Result<Data, ActivityError> {
    let member = |snake: &str, pascal: &str| input.get(snake).or_else(|| input.get(pascal)).filter(|v| !v.is_null());
    let token = match member("callback_token", "CallbackToken") {
        None => "",
        Some(Value::String(text)) => text.as_str(),
        Some(_) => return Err(failure::bad_input("`callback_token` is not text: send the task token as base64")),
    };
    if token.is_empty() {
        tracing::debug!(workflow_id = ctx.info().workflow_id, "no callback token: nobody to complete");
        return Ok(Data::from(json!({"delivery": "none"})));
    }
    let token = TaskToken::parse(token).map_err(|e| failure::bad_input(&e.to_string()))?;
    let outcome = match member("error", "Error") {
        Some(error) => of_error(error),
        None => Outcome::Completed(json_payload(&Data::from(member("result", "Result").unwrap_or(&Value::Null)))),
    };
    let begun = std::time::Instant::now();
    let done = deliver_by_token(&ctx.client(), &token, &outcome).await;
    super::count(&activities.metrics, Kind::CallAgent, &outcome, done.as_ref(), begun.elapsed(), None, false);
    match done {
        Ok(delivered) => {
            tracing::info!(workflow_id = ctx.info().workflow_id, token_preview = %token, token_digest = token.digest(), delivery = delivered.kind(), "external activity completed");
            Ok(Data::from(json!({"delivery": delivered.kind()})))
        }
        Err(e) if e.is_retryable() => Err(failure::retryable("Unavailable", e.to_string())),
        Err(e) => Err(failure::permanent(close::DELIVERY_REFUSED, e.to_string())),
    }
}

/// A string is final; an object is `{message, type, non_retryable, details}`; an empty object is an error all the same: it is what another
/// language's error looks like after plain JSON encoding.
fn of_error(error: &Value) -> Outcome {
    let text = |key: &str| error.get(key).and_then(Value::as_str).map(str::to_owned);
    match error {
        Value::String(message) => Outcome::permanent("ExternalError", message.clone()),
        _ => {
            let message = text("message").filter(|m| !m.is_empty()).unwrap_or_else(|| "unknown error".to_owned());
            let type_ = text("type").unwrap_or_else(|| "ExternalError".to_owned());
            let permanent = error.get("non_retryable").and_then(Value::as_bool).unwrap_or(true);
            let failed = if permanent { Outcome::permanent(&type_, message) } else { Outcome::retryable(&type_, message) };
            match error.get("details").filter(|d| !d.is_null()) {
                Some(details) => failed.with_details(details),
                None => failed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_error_is_a_failure() {
        let cases = [
            (json!("boom"), "boom", true),
            (json!({}), "unknown error", true),
            (json!({"message": "m", "type": "T", "non_retryable": false, "details": [1]}), "m", false),
        ];
        for (error, expected, permanent) in cases {
            let Outcome::Failed { message, non_retryable, .. } = of_error(&error) else { panic!("{error} is no failure") };
            assert_eq!((message.as_str(), non_retryable), (expected, permanent), "{error}");
        }
    }

    fn delivery(phase: Phase, fault: Option<Value>) -> ChildDelivery {
        ChildDelivery {
            callback: CallbackFields::default(),
            execution_id: None,
            status: TerminalStatus {
                phase,
                tasks: super::super::status::TaskList::default(),
                output: Some(Data::from(json!({"a": 1}))),
                error: Some("it broke".into()),
                started_at: String::new(),
                completed_at: String::new(),
                temporal_workflow_id: String::new(),
            },
            fault,
            deliver_by: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_failed_child_fails_its_caller_unless_told_otherwise() {
        let failed = delivery(Phase::Failed, Some(json!({"type": "https://x/validation", "status": 400})));
        let Outcome::Failed { type_, non_retryable, .. } = failed.outcome(Reply::WorkflowExecutionStatus, OnFailure::Fail) else {
            panic!()
        };
        assert_eq!((type_.as_str(), non_retryable), ("https://x/validation", true));
        assert!(matches!(failed.outcome(Reply::WorkflowExecutionStatus, OnFailure::Status), Outcome::Completed(_)));
        let Outcome::Failed { non_retryable, .. } =
            delivery(Phase::Failed, Some(json!({"status": 503}))).outcome(Reply::Plain, OnFailure::Fail)
        else {
            panic!()
        };
        assert!(!non_retryable);
    }

    #[test]
    fn a_plain_caller_gets_the_output_itself() {
        let Outcome::Completed(payload) = delivery(Phase::Completed, None).outcome(Reply::Plain, OnFailure::Fail) else { panic!() };
        assert_eq!(payload.data, br#"{"a":1}"#);
        let Outcome::Completed(payload) = delivery(Phase::Completed, None).outcome(Reply::WorkflowExecutionStatus, OnFailure::Fail) else {
            panic!()
        };
        assert_eq!(super::super::payload::encoding(&payload), "json/protobuf");
    }
}
