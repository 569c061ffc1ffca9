//! Calls that this runner's own activities make: one table says how each is run.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_sdk::{ActivityCloseTimeouts, ActivityOptions, LocalActivityOptions};
use temporalio_workflow::WorkflowCancellationToken;

use super::activity_error::{call_error, ended};
use super::activity_id;
use super::host::{RunFacts, TemporalHost};
use crate::activities::payload::{first, raw_of};
use crate::activities::{call, digest};
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::{Call, CallError};
use crate::expr::Data;

/// A lost worker is noticed after this; a call heartbeats each third of it.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Only a lost worker is tried again: any answer is an outcome.
const LOST_WORKER_ATTEMPTS: u32 = 5;
/// A process that has begun may have done its work: it is never begun again.
const ONCE: u32 = 1;
/// Handing an event out; the sink knows it by its id, so a repetition does no harm.
const EMIT_ATTEMPTS: u32 = 3;
const EMIT_LIMIT: Duration = Duration::from_mins(1);

/// How the calls of one effect are run.
pub struct Manner {
    activity: &'static str,
    /// Start-to-close: done in this time, or failed by itself a little earlier.
    longest: Duration,
    attempts: u32,
    /// Whether it always runs as a local activity.
    local: bool,
}

impl Manner {
    /// A call over the network.
    pub fn call(activity: &'static str, facts: &RunFacts) -> Self {
        Self { activity, longest: facts.call_timeout, attempts: LOST_WORKER_ATTEMPTS, local: false }
    }

    /// A program that is run.
    pub fn process(activity: &'static str, facts: &RunFacts) -> Self {
        Self { activity, longest: facts.process_timeout, attempts: ONCE, local: false }
    }

    /// An event that is handed out.
    pub fn emit(activity: &'static str) -> Self {
        Self { activity, longest: EMIT_LIMIT, attempts: EMIT_ATTEMPTS, local: true }
    }
}

pub fn run(
    host: &TemporalHost,
    call: &Call,
    manner: &Manner,
    token: WorkflowCancellationToken,
) -> LocalBoxFuture<'static, Result<Data, CallError>> {
    let facts = host.facts.clone();
    let key = idempotency_key(host, &call.id);
    let input = raw_of(&call::input(&call.input, &key, &facts.markers, facts.secrets_of.as_deref()));
    let (ctx, activity) = (host.ctx.clone(), UntypedActivity::new(manner.activity));
    if call.local || manner.local {
        let options = local_options(call, manner, token);
        return async move { answer(ctx.execute_local_activity(activity, input, options).await, &facts) }.boxed_local();
    }
    if call.detached {
        // Asked for; what becomes of it is nobody's concern, and it outlives the run: no cancellation reaches it, and it does not beat.
        let mut options = options(call, manner, WorkflowCancellationToken::new());
        options.heartbeat_timeout = None;
        drop(ctx.execute_activity(activity, input, options));
        return std::future::ready(Ok(Data::null())).boxed_local();
    }
    let options = options(call, manner, token);
    async move { answer(ctx.execute_activity(activity, input, options).await, &facts) }.boxed_local()
}

fn answer(
    result: Result<temporalio_common::data_converters::RawValue, temporalio_sdk::ActivityExecutionError>,
    facts: &RunFacts,
) -> Result<Data, CallError> {
    match result {
        Ok(raw) => first(&raw)
            .map_err(|e| CallError::Fault(Box::new(Fault::standard(Standard::Runtime, &facts.error_host, "Unreadable result", Some(e))))),
        Err(e) => Err(call_error(ended(&e), &facts.error_host)),
    }
}

fn options(call: &Call, manner: &Manner, token: WorkflowCancellationToken) -> ActivityOptions {
    let timeouts = match call.timeout {
        Some(limit) => {
            ActivityCloseTimeouts::ScheduleAndStartToClose { schedule_to_close: limit, start_to_close: manner.longest.min(limit) }
        }
        None => ActivityCloseTimeouts::StartToClose(manner.longest),
    };
    ActivityOptions::with_close_timeouts(timeouts)
        .activity_id(activity_id::bounded(&call.id))
        .heartbeat_timeout(HEARTBEAT)
        .cancellation_token(token)
        .retry_policy(RetryPolicy::builder().initial_interval(Duration::from_millis(500)).maximum_attempts(manner.attempts).build())
        .summary(call.name.clone())
        .build()
}

fn local_options(call: &Call, manner: &Manner, token: WorkflowCancellationToken) -> LocalActivityOptions {
    let attempts = if manner.local { manner.attempts } else { ONCE };
    LocalActivityOptions::builder()
        .activity_id(activity_id::bounded(&call.id))
        .start_to_close_timeout(call.timeout.unwrap_or(manner.longest))
        .schedule_to_close_timeout(call.timeout.unwrap_or(manner.longest))
        .timer_backoff_threshold(Duration::from_secs(3))
        .retry_policy(RetryPolicy::builder().maximum_attempts(attempts).build())
        .cancellation_token(token)
        .summary(call.name.clone())
        .build()
}

/// The same on each attempt, another for each visit: the callee may use it to do the work once.
fn idempotency_key(host: &TemporalHost, call_id: &str) -> String {
    digest(&[host.ctx.workflow_id(), &host.facts.first_run_id, call_id])
}
