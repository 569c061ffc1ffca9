//! `stigmer/system/complete-external-activity`: completes the activity that a callback token names, as the platform's own worker does.
//!
//! Input `{"CallbackToken": base64, "Result": any, "Error": string | null}`. A token that nobody waits for any more is success: the holder has
//! been told before, or is gone.

use std::time::Duration;

use anyhow::anyhow;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use temporalio_client::{ActivityIdentifier, AsyncActivityHandle, Client, RpcOptions, errors::AsyncActivityError};
use temporalio_common::{RetryPolicy, data_converters::RawValue, error::ApplicationFailure, protos::TaskToken};
use temporalio_macros::activities;
use temporalio_sdk::{
    ActivityExecutionError, ActivityOptions, WorkflowContext,
    activities::{ActivityContext, ActivityError},
};
use temporalio_workflow::WorkflowCancellationToken;

use super::{payload, refused};

/// What the holder of a token is told: a result, or the text of an error.
pub(super) type News = Result<Value, String>;

/// Tells it, by the activity on `queue`. Goes on through a cancel of the workflow: the holder must learn of it.
pub(super) async fn call_back<W>(
    ctx: &WorkflowContext<W>,
    queue: Option<String>,
    token: &[u8],
    news: &News,
) -> Result<(), ActivityExecutionError> {
    let mut options = ActivityOptions::with_start_to_close_timeout(Duration::from_mins(1))
        .retry_policy(RetryPolicy::builder().maximum_attempts(3).initial_interval(Duration::from_secs(1)).build())
        .cancellation_token(WorkflowCancellationToken::new())
        .build();
    options.task_queue = queue;
    let (result, error) = match news {
        Ok(result) => (Some(result), None),
        Err(error) => (None, Some(error)),
    };
    let input = json!({"CallbackToken": BASE64_STANDARD.encode(token), "Result": result, "Error": error});
    ctx.execute_activity(Callbacks::complete_external_activity, payload::value(&input), options).await.map(drop)
}

pub struct Callbacks;

#[activities]
impl Callbacks {
    #[activity(name = "stigmer/system/complete-external-activity")]
    pub async fn complete_external_activity(ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let input = payload::read_value(&input).map_err(refused)?;
        let token = BASE64_STANDARD.decode(input["CallbackToken"].as_str().unwrap_or_default());
        let token = token.map_err(|error| refused(format!("CallbackToken is not base64: {error}")))?;
        if token.is_empty() {
            tracing::warn!("a callback without a token was asked for");
            return Ok(RawValue::empty());
        }
        let handle = ctx.client().get_async_activity_handle(ActivityIdentifier::from_task_token(TaskToken::from(token)));
        match tell(&handle, &input).await {
            Ok(()) => Ok(RawValue::empty()),
            Err(AsyncActivityError::NotFound(status)) => {
                tracing::info!(reason = status.message(), "nobody waits for this callback any more");
                Ok(RawValue::empty())
            }
            Err(error) => Err(anyhow!(error).into()),
        }
    }
}

async fn tell(handle: &AsyncActivityHandle<Client>, input: &Value) -> Result<(), AsyncActivityError> {
    let text = match &input["Error"] {
        Value::Null => return handle.complete(Some(payload::value(&input["Result"])), RpcOptions::default()).await,
        Value::String(text) => text.clone(),
        other => other["message"].as_str().unwrap_or("unknown error").to_owned(),
    };
    let failure = ApplicationFailure::builder(anyhow!(text)).non_retryable(true).build();
    handle.fail(failure, None::<()>, RpcOptions::default()).await
}
