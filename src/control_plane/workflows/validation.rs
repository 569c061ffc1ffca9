//! `ValidateWorkflow`: asks the runner whether a specification is valid. The verdict is in the result, never an error.

use std::time::Duration;

use temporalio_common::{RetryPolicy, UntypedActivity, data_converters::RawValue};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

use super::{RUNNER_QUEUE_MEMO, failed, memo_text, reason};

pub(super) const TYPE: &str = "ValidateWorkflow";
const ACTIVITY: &str = "validateWorkflow";
const RUNNER_QUEUE_DEFAULT: &str = "workflow_validation_runner";

#[workflow]
#[derive(Default)]
pub struct ValidateWorkflow;

#[workflow_methods]
impl ValidateWorkflow {
    #[run(name = "ValidateWorkflow")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, spec: RawValue) -> WorkflowResult<RawValue> {
        let queue = memo_text(ctx, RUNNER_QUEUE_MEMO).unwrap_or_else(|| RUNNER_QUEUE_DEFAULT.to_owned());
        let options = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(30))
            .task_queue(queue)
            .retry_policy(RetryPolicy::builder().maximum_attempts(3).initial_interval(Duration::from_secs(1)).build())
            .build();
        ctx.execute_activity(UntypedActivity::new(ACTIVITY), spec, options).await.map_err(|error| failed(reason(&error)))
    }
}
