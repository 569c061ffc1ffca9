//! The platform's own Temporal workflows and their workers.
//!
//! | workflow type | queue | what it does |
//! |---|---|---|
//! | `stigmer/workflow-execution/invoke` | `workflow_execution_stigmer` | calls the runner's `ExecuteWorkflow`, then its creator's callback |
//! | `ValidateWorkflow` | `workflow_validation_stigmer` | calls the runner's `validateWorkflow` |
//! | `stigmer/agent-execution/invoke` | `agent_execution_stigmer` | plays a scripted agent, then the caller's callback |
//!
//! All inputs are taken raw and decoded inside: one that cannot be read fails its workflow, and never sticks it.

mod agent_execution;
mod callback;
mod launcher;
mod validation;
mod worker;
mod workflow_execution;

pub(super) use self::{launcher::Launcher, worker::Workers};

use std::time::{Duration, SystemTime};

use anyhow::anyhow;
use serde_json::Value;
use temporalio_common::{
    ActivityDefinition,
    data_converters::RawValue,
    error::ApplicationFailure,
    protos::temporal::api::failure::v1::{Failure, failure::FailureInfo},
};
use temporalio_sdk::{ActivityExecutionError, LocalActivityOptions, WorkflowContext, WorkflowTermination, activities::ActivityError};
use temporalio_workflow::WorkflowCancellationToken;

use super::payload;

/// Where a runner's queue stands in a workflow's memo.
const RUNNER_QUEUE_MEMO: &str = "activityTaskQueue";

/// A failure that no retry mends, of a workflow.
fn failed(message: String) -> WorkflowTermination {
    ApplicationFailure::builder(anyhow!(message)).non_retryable(true).build().into()
}

/// A failure that no retry mends, of an activity.
fn refused(message: String) -> ActivityError {
    ApplicationFailure::builder(anyhow!(message)).non_retryable(true).build().into()
}

/// The text in a memo field.
fn memo_text<W>(ctx: &WorkflowContext<W>, key: &str) -> Option<String> {
    let memo = ctx.memo().raw_value(key).cloned()?;
    payload::read_value(&RawValue::new(vec![memo])).ok()?.as_str().map(str::to_owned)
}

/// Calls one of the stand-in's own activities, which read and write its store. Not touched by a cancel: what has happened is written down.
async fn local<W, A>(ctx: &WorkflowContext<W>, activity: A, input: RawValue) -> Result<Value, WorkflowTermination>
where
    A: ActivityDefinition<Input = RawValue, Output = RawValue>,
{
    let options = LocalActivityOptions::builder()
        .schedule_to_close_timeout(Duration::from_secs(30))
        .cancellation_token(WorkflowCancellationToken::new())
        .build();
    let result = ctx.execute_local_activity(activity, input, options).await.map_err(|error| failed(reason(&error)))?;
    payload::read_value(&result).map_err(failed)
}

/// What went wrong, in the words of the innermost failure that has some.
fn reason(error: &ActivityExecutionError) -> String {
    let mut text = error.to_string();
    let mut at: Option<&Failure> = error.failure();
    while let Some(failure) = at {
        // The wrapper says only that an activity failed.
        if !matches!(failure.failure_info, Some(FailureInfo::ActivityFailureInfo(_))) {
            return failure.message.clone();
        }
        text.clone_from(&failure.message);
        at = failure.cause.as_deref();
    }
    text
}

/// RFC 3339 in UTC, empty when there is no time.
fn timestamp(time: Option<SystemTime>) -> String {
    time.and_then(|time| jiff::Timestamp::try_from(time).ok()).map(|time| time.to_string()).unwrap_or_default()
}
