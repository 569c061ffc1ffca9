//! `ExecuteServerlessWorkflow`: the one workflow type, as the SDK wants it.
//!
//! Written by hand instead of by the SDK's macros: payloads arrive raw, so no argument or signal can poison a run (a typed handler that cannot
//! decode fails the workflow *task*, for ever). What cannot be decoded fails the run, with a message.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::{HasWorkflowDefinition, WorkflowDefinition};
use temporalio_workflow::workflow_interceptors::WorkflowOutputValue;
use temporalio_workflow::workflows::{WorkflowDefinitionDescriptor, WorkflowError, WorkflowImplementation};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowTermination};

use super::events::event_of_signal;
use super::run::{self, WorkflowServices, now};
use crate::activities::payload::first;
use crate::engine::host;
use crate::engine::inbox::Inbox;
use crate::engine::pause::Pause;
use crate::handshake::{CALLBACK_SIGNAL, Callback, PAUSE_SIGNAL, RESUME_SIGNAL, WORKFLOW_TYPE};

/// State of one run that handlers and the run itself share.
pub struct ServerlessWorkflow {
    /// The newest callback: the input's, or one that a later attempt of the caller has signalled (row 2).
    pub callback: Option<Callback>,
    /// Whether the run is paused: by a signal, or since the run that this one continues.
    pub pause: Option<Pause>,
    /// Whether a signal of this run has paused or resumed it.
    pause_signalled: bool,
    /// Events that have come for the run.
    pub inbox: Rc<Inbox>,
    /// Signals that came as events, taken or not: what makes their ids.
    event_signals: u64,
    services: Arc<WorkflowServices>,
}

impl ServerlessWorkflow {
    #[must_use]
    pub fn new(services: Arc<WorkflowServices>) -> Self {
        Self { callback: None, pause: None, pause_signalled: false, inbox: Rc::default(), event_signals: 0, services }
    }

    pub fn services(&self) -> Arc<WorkflowServices> {
        self.services.clone()
    }

    /// What the run that this one continues knew of; a signal that has come since then knows better.
    pub fn recall_pause(&mut self, pause: Option<&Pause>) {
        if !self.pause_signalled {
            self.pause = pause.cloned();
        }
    }

    /// The runner's own, or an event. One that cannot be read is told in the log and changes nothing.
    fn signal(ctx: &WorkflowContext<Self>, name: &str, input: &RawValue) {
        match name {
            CALLBACK_SIGNAL => return Self::take_callback(ctx, input),
            PAUSE_SIGNAL => return Self::take_pause(ctx, Some(Pause::new(now(ctx), &reason(input)))),
            RESUME_SIGNAL => return Self::take_pause(ctx, None),
            _ => {}
        }
        let count = ctx.state_mut(|s| {
            s.event_signals += 1;
            s.event_signals
        });
        let id = host::uuid(&[ctx.workflow_id(), ctx.run_id(), "signal", &count.to_string()]);
        let event = event_of_signal(name, input, &id, now(ctx));
        let taken = event.and_then(|event| ctx.state_mut(|s| s.inbox.put(event)).map_err(|full| full.to_string()));
        if let Err(reason) = taken
            && !ctx.is_replaying()
        {
            tracing::warn!(workflow_id = ctx.workflow_id(), run_id = ctx.run_id(), signal = name, %reason, "a signal is no event for this run");
        }
    }

    /// A run that is paused stays so since then, and for that reason.
    fn take_pause(ctx: &WorkflowContext<Self>, pause: Option<Pause>) {
        let paused = pause.is_some();
        let changed = ctx.state_mut(|s| {
            s.pause_signalled = true;
            let changed = s.pause.is_some() != paused;
            if changed {
                s.pause = pause;
            }
            changed
        });
        if changed && !ctx.is_replaying() {
            let now = if paused { "the run is paused" } else { "the run is resumed" };
            tracing::info!(workflow_id = ctx.workflow_id(), run_id = ctx.run_id(), "{now}");
        }
    }

    /// One that cannot be read leaves the callback known so far.
    fn take_callback(ctx: &WorkflowContext<Self>, input: &RawValue) {
        let namespace = ctx.namespace().to_owned();
        let parsed = first(input)
            .map_err(|e| e.clone())
            .and_then(|data| Callback::from_signal(&data.to_json(), &namespace).map_err(|e| e.to_string()));
        match parsed {
            Ok(callback) => ctx.state_mut(|s| s.callback = Some(callback)),
            Err(e) if !ctx.is_replaying() => {
                tracing::warn!(workflow_id = ctx.workflow_id(), run_id = ctx.run_id(), error = %e, "ignoring a callback signal that cannot be read");
            }
            Err(_) => {}
        }
    }
}

/// Of a pause; a signal without one that can be read pauses all the same.
fn reason(input: &RawValue) -> String {
    let argument = first(input).unwrap_or_default();
    let reason = if argument.is_object() { argument.get("reason").unwrap_or_default() } else { argument };
    reason.as_str().unwrap_or_default().to_owned()
}

/// Name and types of the run.
pub struct Run;

impl WorkflowDefinition for Run {
    type Input = RawValue;
    type Output = RawValue;

    fn name(&self) -> &'static str {
        WORKFLOW_TYPE
    }
}

impl HasWorkflowDefinition for Run {
    type Run = Self;
}

fn unknown(what: &str, name: &str) -> WorkflowError {
    WorkflowError::Execution(format!("this workflow has no {what} `{name}`").into())
}

impl WorkflowImplementation for ServerlessWorkflow {
    type Run = Run;
    const HAS_INIT: bool = false;
    const INIT_TAKES_INPUT: bool = false;

    fn name() -> &'static str {
        WORKFLOW_TYPE
    }

    fn definition() -> WorkflowDefinitionDescriptor {
        WorkflowDefinitionDescriptor {
            workflow_type: WORKFLOW_TYPE.to_owned(),
            has_init: false,
            init_takes_input: false,
            signals: [CALLBACK_SIGNAL, PAUSE_SIGNAL, RESUME_SIGNAL].map(str::to_owned).to_vec(),
            queries: vec![],
            updates: vec![],
        }
    }

    fn init(_: WorkflowContextView, _: Option<RawValue>) -> Self {
        // Types registered with a factory are never initialised here, and this one has no other registration.
        unreachable!("{WORKFLOW_TYPE} is registered with a factory")
    }

    fn run(
        ctx: WorkflowContext<Self>,
        input: Option<RawValue>,
    ) -> LocalBoxFuture<'static, Result<Box<dyn WorkflowOutputValue>, WorkflowTermination>> {
        let input = input.unwrap_or_else(|| RawValue::new(vec![]));
        async move { run::run(ctx, input).await.map(|raw| Box::new(raw) as Box<dyn WorkflowOutputValue>) }.boxed_local()
    }

    fn decode_signal_input(_: &str, payloads: Payloads, _: &PayloadConverter) -> Result<Option<Box<dyn Any>>, WorkflowError> {
        Ok(Some(Box::new(RawValue::new(payloads.payloads))))
    }

    fn dispatch_signal(ctx: WorkflowContext<Self>, name: &str, input: Box<dyn Any>) -> LocalBoxFuture<'static, Result<(), WorkflowError>> {
        if let Ok(raw) = input.downcast::<RawValue>() {
            Self::signal(&ctx, name, &raw);
        }
        std::future::ready(Ok(())).boxed_local()
    }

    fn dispatch_query(&self, _: WorkflowContextView, name: &str, _: Box<dyn Any>) -> Result<Box<dyn WorkflowOutputValue>, WorkflowError> {
        Err(unknown("query", name))
    }

    fn dispatch_update(
        _: WorkflowContext<Self>,
        name: &str,
        _: Box<dyn Any>,
    ) -> LocalBoxFuture<'static, Result<Box<dyn WorkflowOutputValue>, WorkflowError>> {
        std::future::ready(Err(unknown("update", name))).boxed_local()
    }

    fn validate_update(&self, _: WorkflowContextView, name: &str, _: Box<dyn Any>) -> Result<(), WorkflowError> {
        Err(unknown("update", name))
    }
}
