//! The durable host: every effect of the engine as a Temporal command.
//!
//! | engine asks for | command | events |
//! |---|---|---|
//! | timer | timer | 5 with its workflow task |
//! | http, openapi, shell, script | see `own_activity`; `metadata.local` makes it a local one | 6, local 1 |
//! | emit | local activity | 1 |
//! | agent | see `agent_step` | 8 |
//! | workflow | see `child` | 9 |
//! | somebody else's activity | see `foreign_activity` | 6, the first one 7 |

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use indexmap::IndexMap;
use jiff::Timestamp;
use temporalio_sdk::{TimerOptions, TimerResult};
use temporalio_workflow::{WorkflowCancellationToken, WorkflowContext, WorkflowRandomStream};

use super::burst::Burst;
use super::continuation::Limit;
use super::own_activity::Manner;
use super::pending::PendingSteps;
use super::progress::Reporter;
use super::run::now;
use super::scope::{TokenScope, token_of};
use super::watch::Watch;
use super::workflow::ServerlessWorkflow;
use super::{agent_step, child, foreign_activity, own_activity};
use crate::activities::names;
use crate::activities::payload::PAYLOAD_LIMIT_BYTES;
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::{self, Call, CallError, Effect, Handover, Host, Place, Scope, Waited};
use crate::engine::inbox::Inbox;
use crate::engine::progress::Event;
use crate::expr::Data;
use crate::expr::marker::Markers;
use crate::handshake::child::EnvVar;

/// What a host needs to know of its run, fixed at its start.
#[derive(Debug)]
pub struct RunFacts {
    pub execution_id: Option<String>,
    /// The execution whose secrets the calls may read.
    pub secrets_of: Option<String>,
    pub org_id: String,
    pub first_run_id: String,
    pub error_host: String,
    pub agent_timeout: Duration,
    /// A call is done in this time or has failed by itself (`effects::http` stops a little earlier).
    pub call_timeout: Duration,
    /// Start-to-close of somebody else's activity that has no timeout of its own.
    pub foreign_timeout: Duration,
    /// The same for a process.
    pub process_timeout: Duration,
    /// What the run was started with: its children get the same.
    pub env_vars: IndexMap<String, EnvVar>,
    /// `activities.allow`, once this run has read it.
    pub activity_policy: RefCell<Option<Vec<String>>>,
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
    limit: Limit,
    /// What would be handed over is too large: the run goes on as long as it can.
    stays: Cell<bool>,
}

impl TemporalHost {
    pub fn new(
        ctx: WorkflowContext<ServerlessWorkflow>,
        facts: RunFacts,
        scope: WorkflowCancellationToken,
        watch: Rc<Watch>,
        reporter: Reporter,
        pending_agents: Arc<PendingSteps>,
        limit: Limit,
    ) -> Self {
        let random = ctx.random_stream("engine");
        let inbox = ctx.state(|s| s.inbox.clone());
        Self {
            ctx,
            facts: Rc::new(facts),
            scope,
            watch,
            reporter: RefCell::new(reporter),
            pending_agents,
            random,
            burst: Burst::default(),
            inbox,
            limit,
            stays: Cell::new(false),
        }
    }

    /// Nothing is handed over any more.
    pub fn stay(&self) {
        self.stays.set(true);
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
        let token = token_of(scope);
        match call.effect {
            Effect::Agent => agent_step::run(self, call, token),
            Effect::Workflow => child::run(self, call, token),
            Effect::Activity => foreign_activity::run(self, call, token),
            Effect::Http => own_activity::run(self, &call, &Manner::call(names::CALL_HTTP, &self.facts), token),
            Effect::OpenApi => own_activity::run(self, &call, &Manner::call(names::CALL_OPENAPI, &self.facts), token),
            Effect::Shell => own_activity::run(self, &call, &Manner::process(names::RUN_SHELL, &self.facts), token),
            Effect::Script => own_activity::run(self, &call, &Manner::process(names::RUN_SCRIPT, &self.facts), token),
            Effect::Emit => own_activity::run(self, &call, &Manner::emit(names::EMIT_EVENT), token),
        }
    }

    fn handover(&self) -> Handover {
        if self.stays.get() { Handover::No } else { self.limit.wants(&self.ctx) }
    }

    fn inbox(&self) -> Rc<Inbox> {
        self.inbox.clone()
    }

    /// Polled again in each activation, so also in the one whose signal brings the event: nothing has to wake it.
    fn arrival(&self, seen: u64, scope: &Scope) -> LocalBoxFuture<'static, Waited> {
        self.before_wait();
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

    fn report(&self, event: Event<'_>, place: &Place<'_>) {
        self.reporter.borrow_mut().record(event, place, &self.ctx);
    }
}
