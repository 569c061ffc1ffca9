//! Spans of runs and of activities, around them: nothing within knows of traces.
//!
//! | span | made when | parent |
//! |---|---|---|
//! | a run | it closes, unless that is a replay | what the header of its start names; without one, the first run of its chain |
//! | an agent, or somebody else's activity: from its call to its result | the result comes, unless that is a replay | the run |
//! | an attempt of an activity of ours | it ends | what the header of its schedule names: the run, or the agent |
//!
//! The header is the one that Temporal's other SDKs read and write. It stands in histories only while traces are on; a replay does not compare it.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::SystemTime;

use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_sdk::WorkerOptions;
use temporalio_sdk::activities::{ActivityError, ActivityInfo};
use temporalio_sdk::interceptors::{ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, ExecuteActivityResult, Next};
use temporalio_workflow::workflow_interceptors::{
    CancellableWorkflowOutboundFuture, ContinueAsNewInput, ContinueAsNewResult, ExecuteWorkflowInput, ExecuteWorkflowResult,
    ScheduleActivityInput, ScheduleActivityResult, ScheduleLocalActivityInput, StartChildWorkflowInput, StartChildWorkflowResult,
    SyncWorkflowInterceptorContext, WorkflowInterceptor, WorkflowInterceptorConstructor, WorkflowInterceptorContext,
    WorkflowInterceptorFuture, WorkflowNext,
};
use temporalio_workflow::{WorkflowContextView, WorkflowTermination};

use crate::activities::names::{CALL_AGENT, CALL_HTTP, CALL_OPENAPI, EXECUTE_WORKFLOW, WATCH_CALLER};
use crate::handshake::trace;
use crate::telemetry::trace::{ACTIVITY_ID, Attempt, Context, Kind, RUN_ID, Span, Tracer, WORKFLOW_ID, within};

/// Lets the worker of these options make spans.
pub fn make(options: &mut WorkerOptions, tracer: &Tracer) {
    options.activity_inbound_interceptor(Attempts(tracer.clone()));
    let tracer = tracer.clone();
    options.workflow_interceptor(WorkflowInterceptorConstructor::new(move |run: &WorkflowContextView| Run::new(tracer.clone(), run)));
}

/// Around every attempt of an activity.
struct Attempts(Tracer);

impl ActivityInboundInterceptor for Attempts {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        let info = input.activity_info().clone();
        let workflow_id = info.workflow_id.clone().unwrap_or_default();
        let run_id = info.workflow_run_id.clone().unwrap_or_default();
        let parent = trace::read(input.headers()).and_then(|header| Context::parse(&header)).map(|caller| self.0.continued(caller));
        let root = || self.0.root(&[&info.namespace, &workflow_id, &run_id]);
        let context = parent.unwrap_or_else(root).child(&[&run_id, &info.activity_type, &info.activity_id, &info.attempt.to_string()]);
        Box::pin(async move {
            let (start, attempt) = (SystemTime::now(), Attempt::new(context));
            let result = within(attempt.clone(), next.run(input)).await;
            let mut attributes = vec![
                (WORKFLOW_ID, workflow_id.into()),
                (RUN_ID, run_id.into()),
                (ACTIVITY_ID, info.activity_id.clone().into()),
                ("temporal.attempt", i64::from(info.attempt).into()),
            ];
            attributes.extend(attempt.take_notes());
            if matches!(result, Err(ActivityError::WillCompleteAsync)) {
                attributes.push(("temporal.pending", true.into()));
            }
            let (name, kind, error) = (info.activity_type.clone(), kind(&info), error_type(&info, &result));
            self.0.emit(Span { context, parent, name, kind, start, end: SystemTime::now(), attributes, error });
            result
        })
    }
}

fn kind(info: &ActivityInfo) -> Kind {
    match info.activity_type.as_str() {
        CALL_HTTP | CALL_OPENAPI => Kind::Client,
        _ if info.is_local => Kind::Internal,
        _ => Kind::Server,
    }
}

fn error_type(info: &ActivityInfo, result: &ExecuteActivityResult) -> Option<String> {
    match result {
        // The type may be a child's own, which its document makes of its data.
        Err(ActivityError::Application(_)) if info.activity_type == EXECUTE_WORKFLOW => Some("failed".to_owned()),
        Ok(_) | Err(ActivityError::WillCompleteAsync) => None,
        Err(ActivityError::Cancelled { .. }) => Some("cancelled".to_owned()),
        Err(ActivityError::Application(failure)) => Some(failure.type_name().unwrap_or("failed").to_owned()),
        Err(_) => Some("failed".to_owned()),
    }
}

/// Around one run.
struct Run {
    tracer: Tracer,
    first: Context,
    first_id: String,
    namespace_and_id: [String; 2],
    /// What began the chain's trace, when somebody else did: it goes on to the next run.
    caller: Cell<Option<Context>>,
    context: Cell<Context>,
}

impl Run {
    fn new(tracer: Tracer, run: &WorkflowContextView) -> Self {
        let first_run_id = run.first_execution_run_id().to_owned();
        let namespace_and_id = [run.namespace().to_owned(), run.workflow_id().to_owned()];
        let root = tracer.root(&[&namespace_and_id[0], &namespace_and_id[1], &first_run_id]);
        let first_run = root.child(&[&first_run_id, "run"]);
        let context = if run.run_id() == first_run_id { first_run } else { root.child(&[run.run_id(), "run"]) };
        Self { tracer, first: first_run, first_id: first_run_id, namespace_and_id, caller: Cell::new(None), context: Cell::new(context) }
    }

    fn ids(&self, run_id: &str) -> Vec<(&'static str, crate::telemetry::trace::Value)> {
        vec![(WORKFLOW_ID, self.namespace_and_id[1].clone().into()), (RUN_ID, run_id.to_owned().into())]
    }
}

fn carry(headers: &mut HashMap<String, Payload>, context: Context) {
    trace::write(headers, &context.traceparent());
}

#[allow(clippy::result_large_err, reason = "the SDK's own results pass through")]
impl WorkflowInterceptor for Run {
    fn execute<'a>(
        &'a self,
        ctx: WorkflowInterceptorContext,
        input: ExecuteWorkflowInput,
        next: WorkflowNext<'a, ExecuteWorkflowInput, WorkflowInterceptorFuture<'a, ExecuteWorkflowResult>>,
    ) -> WorkflowInterceptorFuture<'a, ExecuteWorkflowResult> {
        let caller = trace::read(input.headers()).and_then(|header| Context::parse(&header));
        if let Some(caller) = caller {
            self.caller.set(Some(caller));
            self.context.set(self.tracer.continued(caller).child(&[ctx.run_id(), "run"]));
        }
        WorkflowInterceptorFuture::new(async move {
            let start = ctx.workflow_time();
            let result = next.run(input).await;
            if !ctx.is_replaying() && !matches!(result, Err(WorkflowTermination::Evicted)) {
                let continues = (ctx.run_id() != self.first_id).then_some(self.first);
                let error = match &result {
                    Ok(_) | Err(WorkflowTermination::ContinueAsNew(_)) => None,
                    Err(WorkflowTermination::Cancelled { .. }) => Some("cancelled".to_owned()),
                    Err(_) => Some("failed".to_owned()),
                };
                self.tracer.emit(Span {
                    context: self.context.get(),
                    parent: caller.or(continues),
                    name: ctx.workflow_type().to_owned(),
                    kind: Kind::Server,
                    start: start.unwrap_or(SystemTime::UNIX_EPOCH),
                    end: ctx.workflow_time().unwrap_or(SystemTime::UNIX_EPOCH),
                    attributes: self.ids(ctx.run_id()),
                    error,
                });
            }
            result
        })
    }

    fn schedule_activity(
        &self,
        ctx: WorkflowInterceptorContext,
        mut input: ScheduleActivityInput,
        next: WorkflowNext<'static, ScheduleActivityInput, CancellableWorkflowOutboundFuture<ScheduleActivityResult>>,
    ) -> CancellableWorkflowOutboundFuture<ScheduleActivityResult> {
        let Some(name) = waited_for(&input) else {
            if input.activity_type() != WATCH_CALLER {
                carry(input.headers_mut(), self.context.get());
            }
            return next.run(input);
        };
        let parent = self.context.get();
        let activity_id = input.options().activity_id.clone().unwrap_or_default();
        let context = parent.child(&[ctx.run_id(), &activity_id, "call"]);
        carry(input.headers_mut(), context);
        let (tracer, start, mut attributes) = (self.tracer.clone(), ctx.workflow_time(), self.ids(ctx.run_id()));
        attributes.push((ACTIVITY_ID, activity_id.into()));
        next.run(input).map(move |result| {
            if let (Some(start), Some(end), false) = (start, ctx.workflow_time(), ctx.is_replaying()) {
                let error = result.is_err().then(|| "failed".to_owned());
                tracer.emit(Span { context, parent: Some(parent), name, kind: Kind::Client, start, end, attributes, error });
            }
            result
        })
    }

    fn schedule_local_activity(
        &self,
        _ctx: WorkflowInterceptorContext,
        mut input: ScheduleLocalActivityInput,
        next: WorkflowNext<'static, ScheduleLocalActivityInput, CancellableWorkflowOutboundFuture<ScheduleActivityResult>>,
    ) -> CancellableWorkflowOutboundFuture<ScheduleActivityResult> {
        carry(input.headers_mut(), self.context.get());
        next.run(input)
    }

    fn start_child_workflow(
        &self,
        _ctx: WorkflowInterceptorContext,
        mut input: StartChildWorkflowInput,
        next: WorkflowNext<'static, StartChildWorkflowInput, CancellableWorkflowOutboundFuture<StartChildWorkflowResult>>,
    ) -> CancellableWorkflowOutboundFuture<StartChildWorkflowResult> {
        carry(input.headers_mut(), self.context.get());
        next.run(input)
    }

    fn continue_as_new(
        &self,
        _ctx: SyncWorkflowInterceptorContext,
        mut input: ContinueAsNewInput,
        next: WorkflowNext<'static, ContinueAsNewInput, ContinueAsNewResult>,
    ) -> ContinueAsNewResult {
        if let Some(caller) = self.caller.get() {
            carry(input.headers_mut(), caller);
        }
        next.run(input)
    }
}

/// The name of a span for what is waited for longer than an attempt of ours lasts: an agent, or an activity on somebody else's queue.
fn waited_for(input: &ScheduleActivityInput) -> Option<String> {
    match input.activity_type() {
        WATCH_CALLER => None,
        CALL_AGENT => Some("agent".to_owned()),
        other => input.options().task_queue.is_some().then(|| other.to_owned()),
    }
}
