//! `call: activity`: somebody else's activity, on any queue that `activities.allow` lets through.
//!
//! The list is a setting, and a setting may change between two replays of a run. So each run reads it once, by a local activity, and keeps to
//! what it read.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use temporalio_common::data_converters::RawValue;
use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_sdk::{ActivityCloseTimeouts, ActivityOptions, LocalActivityOptions};
use temporalio_workflow::{WorkflowCancellationToken, WorkflowContext};

use super::activity_error::{call_error, ended};
use super::activity_id;
use super::host::TemporalHost;
use super::workflow::ServerlessWorkflow;
use crate::activities::activity_policy::allowed;
use crate::activities::names::ACTIVITY_POLICY;
use crate::activities::payload::{first, json_payload, raw};
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::{Call, CallError};
use crate::expr::Data;

const POLICY_LIMIT: Duration = Duration::from_secs(30);

pub fn run(host: &TemporalHost, call: Call, token: WorkflowCancellationToken) -> LocalBoxFuture<'static, Result<Data, CallError>> {
    let (ctx, facts) = (host.ctx.clone(), host.facts.clone());
    async move {
        let refuse = |kind, title: &str, detail: String| {
            Err(CallError::Fault(Box::new(Fault::standard(kind, &facts.error_host, title, Some(detail)))))
        };
        if !facts.markers.names_in(&call.input).is_empty() {
            let detail = "another program's activity cannot look up secrets: it gets what it needs from its own worker".to_owned();
            return refuse(Standard::Authorization, "A secret cannot be handed to this activity", detail);
        }
        let text = |key: &str| call.input.get(key).and_then(|value| value.as_str().map(str::to_owned));
        let name = text("name").unwrap_or_default();
        let queue = text("queue").unwrap_or_else(|| ctx.task_queue().to_owned());
        let known = facts.activity_policy.borrow().clone();
        let patterns = if let Some(patterns) = known {
            patterns
        } else {
            let read = read_policy(&ctx).await.map_err(|e| call_error(ended(&e), &facts.error_host))?;
            facts.activity_policy.borrow_mut().get_or_insert(read).clone()
        };
        if !allowed(&patterns, &queue, &name) {
            let detail = format!("`{queue}/{name}` is not among activities.allow");
            return refuse(Standard::Authorization, "This activity may not be called", detail);
        }
        let arguments =
            call.input.get("arguments").and_then(|list| list.items().map(|items| items.map(|item| json_payload(&item)).collect()));
        let input = RawValue::new(arguments.unwrap_or_default());
        let running = ctx.execute_activity(UntypedActivity::new(name), input, options(&call, queue, facts.foreign_timeout, token));
        match running.await {
            Ok(raw) if raw.payloads.is_empty() => Ok(Data::null()),
            Ok(raw) => first(&raw).or_else(|e| refuse(Standard::Runtime, "Unreadable result", e)),
            Err(e) => Err(call_error(ended(&e), &facts.error_host)),
        }
    }
    .boxed_local()
}

async fn read_policy(ctx: &WorkflowContext<ServerlessWorkflow>) -> Result<Vec<String>, temporalio_sdk::ActivityExecutionError> {
    let options = LocalActivityOptions::builder()
        .start_to_close_timeout(POLICY_LIMIT)
        .schedule_to_close_timeout(POLICY_LIMIT)
        .cancellation_token(WorkflowCancellationToken::new())
        .summary("activities.allow".to_owned())
        .build();
    let answer = ctx.execute_local_activity(UntypedActivity::new(ACTIVITY_POLICY), raw(&Data::null()), options).await?;
    let list = first(&answer).unwrap_or_default();
    Ok(list.items().map(|items| items.filter_map(|item| item.as_str().map(str::to_owned)).collect()).unwrap_or_default())
}

/// What its worker answers is an outcome, which the document's `try` decides: Temporal tries nothing again.
fn options(call: &Call, queue: String, longest: Duration, token: WorkflowCancellationToken) -> ActivityOptions {
    let timeouts = match call.timeout {
        Some(limit) => ActivityCloseTimeouts::ScheduleToClose(limit),
        None => ActivityCloseTimeouts::StartToClose(longest),
    };
    ActivityOptions::with_close_timeouts(timeouts)
        .activity_id(activity_id::bounded(&call.id))
        .task_queue(queue)
        .cancellation_token(token)
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .summary(call.name.clone())
        .build()
}
