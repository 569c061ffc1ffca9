//! The end of a child: publish the terminal status, then complete the caller. Rows 4 to 7 and 18, seen from the child.
//!
//! One local activity does both, on a token of its own (a cancelled child still delivers). It keeps its budget itself, since the SDK loses
//! a schedule-to-close timeout during a local back-off; the one set here is only a net below that.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_sdk::LocalActivityOptions;
use temporalio_workflow::{WorkflowCancellationToken, WorkflowContext};

use super::activity_error::{Ended, ended};
use super::workflow::ServerlessWorkflow;
use crate::activities::complete_external_activity::ChildDelivery;
use crate::activities::names::COMPLETE_EXTERNAL;
use crate::activities::payload::raw_of;
use crate::activities::status::TerminalStatus;
use crate::engine::fault::Fault;
use crate::handshake::Callback;

const ATTEMPT: Duration = Duration::from_mins(1);
/// Added to the budget for the net below it.
const MARGIN: Duration = Duration::from_mins(5);
/// Longer back-offs are timers: a local one holds the workflow task and its slot.
const LOCAL_BACKOFF: Duration = Duration::from_secs(3);

/// Delivers to the newest callback.
///
/// # Errors
/// The reason why the caller could not be told before the budget ran out.
pub async fn deliver(
    ctx: &WorkflowContext<ServerlessWorkflow>,
    callback: Callback,
    execution_id: Option<String>,
    status: TerminalStatus,
    fault: Option<Fault>,
    now: Timestamp,
    budget: Duration,
) -> Result<(), String> {
    let deliver_by = now.saturating_add(SignedDuration::try_from(budget).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX);
    let input = ChildDelivery::new(&callback, execution_id, status, fault.and_then(|f| serde_json::to_value(f).ok()), deliver_by);
    let options = LocalActivityOptions::builder()
        .start_to_close_timeout(ATTEMPT)
        .schedule_to_close_timeout(budget + MARGIN)
        .retry_policy(
            RetryPolicy::builder()
                .initial_interval(Duration::from_millis(500))
                .backoff_coefficient(2.0)
                .maximum_interval(Duration::from_secs(30))
                .build(),
        )
        .timer_backoff_threshold(LOCAL_BACKOFF)
        .cancellation_token(WorkflowCancellationToken::new())
        .summary("deliver".to_owned())
        .build();
    match ctx.execute_local_activity(UntypedActivity::new(COMPLETE_EXTERNAL), raw_of(&input), options).await {
        Ok(_) => Ok(()),
        Err(e) => Err(match ended(&e) {
            Ended::Application { message, .. } | Ended::Other(message) => message,
            Ended::TimedOut => "the delivery did not end in time".to_owned(),
            Ended::Cancelled => "the delivery was cancelled".to_owned(),
        }),
    }
}
