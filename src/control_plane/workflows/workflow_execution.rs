//! `stigmer/workflow-execution/invoke`: the outer workflow of a workflow execution.
//!
//! It calls the runner's `ExecuteWorkflow` with the execution as it came, and completes the callback token of the execution's own specification,
//! which belongs to whoever created it. Its result is the activity's.

use std::sync::Arc;

use temporalio_common::{RetryPolicy, UntypedActivity, data_converters::RawValue};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::{
    ActivityCancellationType, ActivityExecutionError, ActivityOptions, WorkflowContext, WorkflowResult, WorkflowTermination,
    activities::{ActivityContext, ActivityError},
};

use super::{
    RUNNER_QUEUE_MEMO,
    callback::{News, call_back},
    failed, local, memo_text, payload, reason, refused, timestamp,
};
use crate::{
    control_plane::{
        ExecutePolicy,
        store::{Execution, Resource, Store, StoreError},
    },
    stigmer::wfx::{ExecutionPhase, WorkflowExecution, WorkflowExecutionStatus, WorkflowExecutionUpdateStatusInput},
};

pub(super) const TYPE: &str = "stigmer/workflow-execution/invoke";
/// Memo: an [`ExecutePolicy`].
pub(super) const POLICY_MEMO: &str = "executePolicy";
/// Memo: where the callback activity is polled for.
pub(super) const CALLBACK_QUEUE_MEMO: &str = "callbackTaskQueue";
const ACTIVITY: &str = "ExecuteWorkflow";
const RUNNER_QUEUE_DEFAULT: &str = "workflow_execution_runner";

/// The one workflow id of an execution.
pub(super) fn id(execution_id: &str) -> String {
    format!("{TYPE}/{execution_id}")
}

#[workflow]
#[derive(Default)]
pub struct InvokeWorkflowExecution;

#[workflow_methods]
impl InvokeWorkflowExecution {
    #[run(name = "stigmer/workflow-execution/invoke")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: RawValue) -> WorkflowResult<RawValue> {
        let execution: WorkflowExecution = payload::read_message(&input).map_err(failed)?;
        let policy = policy(ctx);
        let queue = memo_text(ctx, RUNNER_QUEUE_MEMO).unwrap_or_else(|| RUNNER_QUEUE_DEFAULT.to_owned());
        let outcome = ctx.execute_activity(UntypedActivity::new(ACTIVITY), input, call_options(queue, &policy)).await;
        if let Err(error) = &outcome
            && policy.record_failure
            && !cancelled(error)
        {
            record_failure(ctx, &execution, error).await?;
        }
        if let Some(spec) = &execution.spec
            && !spec.callback_token.is_empty()
        {
            let queue = memo_text(ctx, CALLBACK_QUEUE_MEMO);
            call_back(ctx, queue, &spec.callback_token, &news(&outcome)).await.map_err(|error| failed(reason(&error)))?;
        }
        outcome.map_err(|error| if cancelled(&error) { WorkflowTermination::cancelled() } else { failed(failure_text(&error)) })
    }
}

fn policy(ctx: &WorkflowContext<InvokeWorkflowExecution>) -> ExecutePolicy {
    let memo = ctx.memo().raw_value(POLICY_MEMO).cloned();
    let value = memo.and_then(|memo| payload::read_value(&RawValue::new(vec![memo])).ok());
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

fn call_options(queue: String, policy: &ExecutePolicy) -> ActivityOptions {
    let retry = RetryPolicy::builder().initial_interval(policy.retry_interval).maximum_attempts(policy.attempts).build();
    let mut options = ActivityOptions::with_start_to_close_timeout(policy.start_to_close).task_queue(queue).retry_policy(retry).build();
    options.heartbeat_timeout = policy.heartbeat;
    if policy.wait_for_cancellation {
        options.cancellation_type = ActivityCancellationType::WaitCancellationCompleted;
    }
    options
}

fn cancelled(error: &ActivityExecutionError) -> bool {
    matches!(error, ActivityExecutionError::Cancelled(_))
}

fn failure_text(error: &ActivityExecutionError) -> String {
    format!("Workflow execution failed: {}", reason(error))
}

fn news(outcome: &Result<RawValue, ActivityExecutionError>) -> News {
    match outcome {
        Ok(status) => payload::read_value(status),
        Err(error) if cancelled(error) => Err("Workflow execution cancelled".to_owned()),
        Err(error) => Err(failure_text(error)),
    }
}

async fn record_failure(
    ctx: &WorkflowContext<InvokeWorkflowExecution>,
    execution: &WorkflowExecution,
    error: &ActivityExecutionError,
) -> Result<(), WorkflowTermination> {
    let status = WorkflowExecutionStatus {
        phase: ExecutionPhase::ExecutionFailed.into(),
        error: failure_text(error),
        completed_at: timestamp(ctx.workflow_time()),
        ..Default::default()
    };
    let report = WorkflowExecutionUpdateStatusInput { execution_id: execution.id().to_owned(), status: Some(status) };
    local(ctx, WorkflowExecutionActivities::record_failure, payload::message(&report)).await.map(drop)
}

/// The store's side.
pub struct WorkflowExecutionActivities {
    pub store: Arc<Store>,
}

#[allow(clippy::needless_pass_by_value)] // an activity is handed its input
#[activities]
impl WorkflowExecutionActivities {
    /// Merges a status into an execution that has not ended: what the runner has reported is better than what is seen from here.
    #[activity(name = "UpdateWorkflowExecutionStatus")]
    pub fn record_failure(self: Arc<Self>, _ctx: ActivityContext, input: RawValue) -> Result<RawValue, ActivityError> {
        let report: WorkflowExecutionUpdateStatusInput = payload::read_message(&input).map_err(refused)?;
        match self.store.workflow_executions.get(&report.execution_id) {
            Ok(row) if !row.is_terminal() => {
                let merged = self.store.update_workflow_execution(&report.execution_id, report.status.unwrap_or_default());
                merged.map_err(|error| refused(error.to_string()))?;
            }
            Ok(_) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(refused(error.to_string())),
        }
        Ok(RawValue::empty())
    }
}
