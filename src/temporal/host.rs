//! The durable host: every effect of the engine as a Temporal command.
//!
//! | engine asks for | command | events |
//! |---|---|---|
//! | timer | timer | 5 with its workflow task |
//! | http | activity `CallHTTPActivity`, or the same as a local activity | 6, local 1 |
//! | agent | see `agent_step` | 8 |

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_sdk::{ActivityCloseTimeouts, ActivityOptions, LocalActivityOptions, TimerOptions, TimerResult};
use temporalio_workflow::{WorkflowCancellationToken, WorkflowContext, WorkflowRandomStream};

use super::activity_error::{call_error, ended};
use super::burst::Burst;
use super::pending::PendingSteps;
use super::progress::Reporter;
use super::run::now;
use super::scope::{TokenScope, token_of};
use super::watch::Watch;
use super::workflow::ServerlessWorkflow;
use super::{activity_id, agent_step};
use crate::activities::payload::{PAYLOAD_LIMIT_BYTES, first, raw_of};
use crate::activities::{call_http, digest, names};
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::{self, Call, CallError, Effect, Host, Scope, Waited};
use crate::engine::inbox::Inbox;
use crate::engine::progress::Event;
use crate::expr::Data;
use crate::expr::marker::Markers;

/// A lost worker is noticed after this; a call heartbeats each third of it.
const CALL_HEARTBEAT: Duration = Duration::from_secs(30);
/// Only a lost worker is tried again: any answer is an outcome.
const LOST_WORKER_ATTEMPTS: u32 = 5;

/// What a host needs to know of its run, fixed at its start.
#[derive(Debug)]
pub struct RunFacts {
    pub execution_id: Option<String>,
    pub org_id: String,
    pub first_run_id: String,
    pub error_host: String,
    pub agent_timeout: Duration,
    /// A call is done in this time or has failed by itself (`effects::http` stops a little earlier).
    pub call_timeout: Duration,
    pub reconcile_after: Duration,
    pub reconcile_every: Duration,
    pub markers: Markers,
}

pub struct TemporalHost {
    pub ctx: WorkflowContext<ServerlessWorkflow>,
    pub facts: Rc<RunFacts>,
    /// Everything that the document does hangs on this.
    pub scope: WorkflowCancellationToken,
    pub watch: Rc<Watch>,
    pub reporter: RefCell<Reporter>,
    pub pending_agents: Arc<PendingSteps>,
    random: WorkflowRandomStream,
    burst: Burst,
    inbox: Rc<Inbox>,
}

impl TemporalHost {
    pub fn new(
        ctx: WorkflowContext<ServerlessWorkflow>,
        facts: RunFacts,
        scope: WorkflowCancellationToken,
        watch: Rc<Watch>,
        reporter: Reporter,
        pending_agents: Arc<PendingSteps>,
    ) -> Self {
        let random = ctx.random_stream("engine");
        Self {
            ctx,
            facts: Rc::new(facts),
            scope,
            watch,
            reporter: RefCell::new(reporter),
            pending_agents,
            random,
            burst: Burst::default(),
            inbox: Rc::default(),
        }
    }

    /// The run is about to wait: whoever looks sees where it stands, and from now on somebody watches the caller.
    fn before_wait(&self) {
        self.watch.begin(&self.ctx);
        self.reporter.borrow_mut().publish(&self.ctx);
    }

    fn too_large(&self, call: &Call) -> Option<CallError> {
        let size = call.input.json_len();
        (size > PAYLOAD_LIMIT_BYTES).then(|| {
            let detail = format!(
                "the call's input has {size} bytes, and Temporal takes {PAYLOAD_LIMIT_BYTES}; send a reference to the data instead"
            );
            CallError::Fault(Box::new(Fault::standard(Standard::Runtime, &self.facts.error_host, "Input too large", Some(detail))))
        })
    }

    fn http(&self, call: Call, scope: &Scope) -> LocalBoxFuture<'static, Result<Data, CallError>> {
        let input = raw_of(&call_http::input(
            &call.input,
            &idempotency_key(&self.ctx, &self.facts, &call.id),
            &self.facts.markers,
            self.facts.execution_id.as_deref(),
        ));
        let (ctx, facts, token) = (self.ctx.clone(), self.facts.clone(), token_of(scope));
        async move {
            let result = if call.local {
                let options = local_call_options(&call, facts.call_timeout, token);
                ctx.execute_local_activity(UntypedActivity::new(names::CALL_HTTP), input, options).await
            } else {
                ctx.execute_activity(UntypedActivity::new(names::CALL_HTTP), input, call_options(&call, facts.call_timeout, token)).await
            };
            match result {
                Ok(raw) => first(&raw).map_err(|e| {
                    CallError::Fault(Box::new(Fault::standard(Standard::Runtime, &facts.error_host, "Unreadable result", Some(e))))
                }),
                Err(e) => Err(call_error(ended(&e), &facts.error_host)),
            }
        }
        .boxed_local()
    }
}

impl Host for TemporalHost {
    fn now(&self) -> Timestamp {
        now(&self.ctx)
    }

    fn random(&self) -> f64 {
        self.random.random::<f64>()
    }

    fn root(&self) -> Scope {
        TokenScope::scope(self.scope.clone())
    }

    fn timer(&self, duration: Duration, summary: &str, scope: &Scope) -> LocalBoxFuture<'static, Waited> {
        self.before_wait();
        let options = TimerOptions::builder(duration).cancellation_token(token_of(scope)).summary(summary.to_owned()).build();
        let ctx = self.ctx.clone();
        async move {
            match ctx.timer(options).await {
                TimerResult::Fired => Waited::Fired,
                TimerResult::Cancelled => Waited::Cancelled,
            }
        }
        .boxed_local()
    }

    fn has_room(&self, input_bytes: usize) -> bool {
        // A larger one is refused by `call` and takes no room.
        input_bytes > PAYLOAD_LIMIT_BYTES || self.burst.take(self.ctx.history_length(), input_bytes)
    }

    fn call(&self, call: Call, scope: &Scope) -> LocalBoxFuture<'static, Result<Data, CallError>> {
        if let Some(error) = self.too_large(&call) {
            return std::future::ready(Err(error)).boxed_local();
        }
        self.before_wait();
        match call.effect {
            Effect::Http => self.http(call, scope),
            Effect::Agent => agent_step::run(self, call, token_of(scope)),
            other => {
                let detail = Some(format!("{other:?}"));
                let fault = Fault::standard(Standard::Configuration, &self.facts.error_host, "This cannot be called here", detail);
                std::future::ready(Err(CallError::Fault(Box::new(fault)))).boxed_local()
            }
        }
    }

    fn inbox(&self) -> Rc<Inbox> {
        self.inbox.clone()
    }

    fn arrival(&self, seen: u64, scope: &Scope) -> LocalBoxFuture<'static, Waited> {
        let (inbox, scope) = (self.inbox.clone(), scope.clone());
        std::future::poll_fn(move |_| match (scope.is_cancelled(), inbox.received() > seen) {
            (true, _) => Poll::Ready(Waited::Cancelled),
            (false, true) => Poll::Ready(Waited::Fired),
            (false, false) => Poll::Pending,
        })
        .boxed_local()
    }

    fn unique_id(&self, call_id: &str) -> String {
        host::uuid(&[self.ctx.workflow_id(), &self.facts.first_run_id, call_id])
    }

    fn report(&self, event: Event<'_>) {
        self.reporter.borrow_mut().record(event);
    }
}

fn call_options(call: &Call, longest: Duration, token: WorkflowCancellationToken) -> ActivityOptions {
    let timeouts = match call.timeout {
        Some(limit) => ActivityCloseTimeouts::ScheduleAndStartToClose { schedule_to_close: limit, start_to_close: longest.min(limit) },
        None => ActivityCloseTimeouts::StartToClose(longest),
    };
    ActivityOptions::with_close_timeouts(timeouts)
        .activity_id(activity_id::bounded(&call.id))
        .heartbeat_timeout(CALL_HEARTBEAT)
        .cancellation_token(token)
        .retry_policy(RetryPolicy::builder().initial_interval(Duration::from_millis(500)).maximum_attempts(LOST_WORKER_ATTEMPTS).build())
        .summary(call.name.clone())
        .build()
}

fn local_call_options(call: &Call, longest: Duration, token: WorkflowCancellationToken) -> LocalActivityOptions {
    LocalActivityOptions::builder()
        .activity_id(activity_id::bounded(&call.id))
        .start_to_close_timeout(call.timeout.unwrap_or(longest))
        .schedule_to_close_timeout(call.timeout.unwrap_or(longest))
        .timer_backoff_threshold(Duration::from_secs(3))
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .cancellation_token(token)
        .summary(call.name.clone())
        .build()
}

/// The same on each attempt, another for each visit: the callee may use it to do the work once.
fn idempotency_key(ctx: &WorkflowContext<ServerlessWorkflow>, facts: &RunFacts, call_id: &str) -> String {
    digest(&[ctx.workflow_id(), &facts.first_run_id, call_id])
}
