//! One run of `ExecuteServerlessWorkflow`, from its input to its end.
//!
//! Input → plan → the engine on the durable host, beside the watch → the terminal status and the callback → the run's own outcome.
//! Whatever goes wrong fails the run with a message; nothing leaves it stuck in retries of a workflow task.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::ApplicationFailure;
use temporalio_workflow::{ContinueAsNewOptions, WorkflowContext, WorkflowTermination};

use super::continuation::{Continuation, Limit};
use super::delivery;
use super::host::{RunFacts, TemporalHost};
use super::outside::{self, NoPlan};
use super::pending::PendingSteps;
use super::progress::{Observer, Reporter};
use super::watch::{Stop, Watch};
use super::workflow::ServerlessWorkflow;
use crate::activities::digest;
use crate::activities::lifecycle::LifecycleOutlet;
use crate::activities::payload::{PAYLOAD_LIMIT_BYTES, data_of, raw};
use crate::activities::status::{Phase, Publisher, RunKey, TerminalStatus};
use crate::engine::cursor::Cursor;
use crate::engine::fault::{Fault, Standard};
use crate::engine::lifecycle::Lifecycle;
use crate::engine::{self, Outcome, Settings, Start};
use crate::expr::Data;
use crate::expr::marker::Markers;
use crate::handshake::{Callback, ChildInput, failure};
use crate::plan::{Outsides, Plan, PlanCache};

/// What runs need from their process. Settings here may change between releases of a pod only where a replay does not see them: those that
/// shape the history travel in the run's input.
pub struct WorkflowServices {
    pub plans: PlanCache,
    pub publisher: Arc<dyn Publisher>,
    pub pending_agents: Arc<PendingSteps>,
    pub engine: Settings,
    pub delivery_budget: Duration,
    pub reconcile_after: Duration,
    pub reconcile_every: Duration,
    pub agent_timeout: Duration,
    /// Start-to-close of a call.
    pub call_timeout: Duration,
    /// Start-to-close of somebody else's activity.
    pub foreign_timeout: Duration,
    /// Start-to-close of a process.
    pub process_timeout: Duration,
    pub watch_queue: String,
    /// Whether runs may set `WorkflowRunnerListens`.
    pub listens_attribute: bool,
    /// Where lifecycle events go, if anywhere.
    pub lifecycle: Option<LifecycleOutlet>,
    /// Who looks on; nobody, in a worker.
    pub observer: Option<Arc<dyn Observer>>,
}

/// The texts that a failure carries are cut to this, so that the failure itself always fits.
const DETAIL_LIMIT_CHARS: usize = 2_000;

pub async fn run(ctx: WorkflowContext<ServerlessWorkflow>, input: RawValue) -> Result<RawValue, WorkflowTermination> {
    let services = ctx.state(ServerlessWorkflow::services);
    let input = read_input(&ctx, &services, &input)?;
    let earlier =
        Continuation::of(&input).map_err(|e| terminate(failure::INVALID_INPUT, format!("`continuation` cannot be read: {e}"), None))?;
    let started_at = earlier.as_ref().map_or_else(|| now(&ctx), |earlier| earlier.started_at);
    let child = Child { started_at, execution_id: input.execution_id(), budget: services.delivery_budget };
    let key = RunKey { workflow_id: ctx.workflow_id().to_owned(), execution_id: child.execution_id.clone() };
    let mut reporter = Reporter::new(key, services.publisher.clone()).observed(services.observer.clone());
    let (mut outsides, mut resume) = (Outsides::new(), None);
    if let Some(earlier) = earlier {
        reporter = reporter.after(earlier.tasks);
        if !earlier.inbox.is_null()
            && let Err(reason) = ctx.state(|s| s.inbox.resume(&earlier.inbox))
            && !ctx.is_replaying()
        {
            tracing::warn!(workflow_id = ctx.workflow_id(), run_id = ctx.run_id(), %reason, "events are lost between two runs");
        }
        (outsides, resume) = (earlier.outsides, Some(earlier.cursor));
    }
    let ended = match outside::plan(&ctx, &services, &input.workflow_yaml, &mut outsides).await {
        Ok(plan) => {
            if let Some(outlet) = &services.lifecycle {
                reporter.tell(Lifecycle::new(&plan, ctx.workflow_id(), ctx.run_id()), outlet.clone());
            }
            if resume.is_none() {
                reporter.began(&ctx);
            }
            let origin = Origin { started_at, outsides };
            match execute(&ctx, &services, &plan, &input, reporter, resume, origin).await {
                Step::Ended(ended) => ended,
                Step::Continues(next) => return go_on(&ctx, next).await,
            }
        }
        Err(NoPlan::Fault(fault)) => Ended { outcome: Outcome::Faulted(fault), reporter },
        Err(NoPlan::Cancelled) => Ended { outcome: Outcome::Cancelled, reporter },
    };
    child.conclude(&ctx, ended, &services.engine.error_host).await
}

/// Row 10. The server holds this back while there are signals that the run has not seen.
async fn go_on(ctx: &WorkflowContext<ServerlessWorkflow>, next: RawValue) -> Result<RawValue, WorkflowTermination> {
    let handlers = ctx.clone();
    ctx.wait_condition(move |_| handlers.all_handlers_finished()).await?;
    match ctx.continue_as_new(next, ContinueAsNewOptions::default())? {}
}

/// Decodes the input and takes its callback, unless a signal has brought a newer one already.
fn read_input(
    ctx: &WorkflowContext<ServerlessWorkflow>,
    services: &WorkflowServices,
    raw: &RawValue,
) -> Result<ChildInput, WorkflowTermination> {
    let refuse = |message: String| terminate(failure::INVALID_INPUT, message, None);
    let data = match raw.payloads.as_slice() {
        [argument] => data_of(argument).map_err(refuse)?,
        arguments => {
            return Err(refuse(format!("the workflow takes one argument, its input object; there are {} arguments", arguments.len())));
        }
    };
    let input = ChildInput::from_json(&data.to_json()).map_err(|e| refuse(e.to_string()))?;
    match Callback::from_child_input(&input, ctx.namespace()) {
        Ok(None) => {}
        Ok(Some(callback)) => ctx.state_mut(|s| {
            s.callback.get_or_insert(callback);
        }),
        Err(e) => {
            let child = Child { started_at: now(ctx), execution_id: input.execution_id(), budget: services.delivery_budget };
            child.publish_refusal(ctx, services, e.to_string());
            return Err(refuse(e.to_string()));
        }
    }
    Ok(input)
}

struct Ended {
    outcome: Outcome,
    reporter: Reporter,
}

/// What every run of a chain has of the first.
struct Origin {
    started_at: Timestamp,
    outsides: Outsides,
}

#[allow(clippy::large_enum_variant, reason = "made once in a run")]
enum Step {
    Ended(Ended),
    /// With the input of the next run.
    Continues(RawValue),
}

async fn execute(
    ctx: &WorkflowContext<ServerlessWorkflow>,
    services: &WorkflowServices,
    plan: &Plan,
    input: &ChildInput,
    reporter: Reporter,
    resume: Option<Cursor>,
    origin: Origin,
) -> Step {
    let first_run_id = ctx.info().first_execution_run_id().to_owned();
    let markers = Markers::new(&digest(&[&first_run_id])[..16]);
    let env = Environment::of(input, plan, &markers);
    let facts = RunFacts {
        secrets_of: input.secrets_of.clone().or_else(|| input.execution_id()),
        execution_id: input.execution_id(),
        org_id: input.org_id.clone(),
        first_run_id,
        error_host: services.engine.error_host.clone(),
        agent_timeout: services.agent_timeout,
        call_timeout: services.call_timeout,
        process_timeout: services.process_timeout,
        foreign_timeout: services.foreign_timeout,
        env_vars: input.env_vars.clone(),
        activity_policy: RefCell::default(),
        reconcile_after: services.reconcile_after,
        reconcile_every: services.reconcile_every,
        markers,
    };
    let watch = Rc::new(Watch::new(input.watch(), input.cancel_when_caller_gone(), services.watch_queue.clone()));
    let scope = ctx.cancellation_token().child_token();
    let (limit, pending) = (Limit::new(input.continue_after), services.pending_agents.clone());
    let host = TemporalHost::new(ctx.clone(), facts, scope.clone(), watch.clone(), reporter, pending, limit);
    let initial = Data::from(&input.initial_data);
    let mut start = Start {
        workflow_id: ctx.workflow_id().to_owned(),
        data: if initial.is_object() { initial.clone() } else { Data::empty_object() },
        input: initial,
        env: env.env,
        secrets: env.secrets,
        started_at: now(ctx),
        settings: services.engine.clone(),
        resume,
    };
    loop {
        let outcome = drive(ctx, plan, &host, &start, &watch).await;
        host.reporter.borrow_mut().ended(ctx, &outcome);
        let Outcome::Suspended(cursor) = outcome else { return Step::Ended(Ended { outcome, reporter: host.reporter.into_inner() }) };
        let tasks = host.reporter.borrow().carried();
        let inbox = ctx.state(|s| s.inbox.snapshot());
        let continuation = Continuation { cursor, inbox, tasks, started_at: origin.started_at, outsides: origin.outsides.clone() };
        if let Some(next) = continuation.next_input(input, ctx) {
            return Step::Continues(next);
        }
        if !ctx.is_replaying() {
            let bytes = continuation.cursor.json_len();
            tracing::warn!(
                workflow_id = ctx.workflow_id(),
                run_id = ctx.run_id(),
                bytes,
                "what the run holds is too large for another run to go on with"
            );
        }
        host.stay();
        start.resume = Some(continuation.cursor);
    }
}

/// The engine beside the watch.
async fn drive(ctx: &WorkflowContext<ServerlessWorkflow>, plan: &Plan, host: &TemporalHost, start: &Start, watch: &Watch) -> Outcome {
    {
        let mut body = pin!(engine::run(plan, host, start));
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(outcome) = body.as_mut().poll(cx) {
                    return Poll::Ready(outcome);
                }
                match watch.poll(cx, ctx) {
                    // The body is polled again: its timers and activities have been told.
                    Poll::Ready(Stop::CallerAskedForCancel) => host.scope.cancel_with_reason("the caller asked for it"),
                    Poll::Ready(Stop::CallerGone) => host.scope.cancel_with_reason("the caller is gone"),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }
}

/// `$env` and `$secrets`: a secret's name is known here, its value never is.
struct Environment {
    env: Data,
    secrets: Data,
}

impl Environment {
    fn of(input: &ChildInput, plan: &Plan, markers: &Markers) -> Self {
        let mut names = plan.secrets.clone();
        let env = input.env_vars.iter().map(|(name, var)| {
            if var.is_secret && !names.contains(name) {
                names.push(name.clone());
            }
            let value = if var.is_secret { markers.mark(name) } else { var.value.clone().unwrap_or_default() };
            (name.as_str(), Data::object([("value", Data::string(value)), ("is_secret", Data::from(var.is_secret))]))
        });
        let env = Data::object(env.collect::<Vec<_>>());
        Self { env, secrets: markers.object(&names) }
    }
}

/// What the end of a run needs to know of its beginning.
struct Child {
    started_at: Timestamp,
    execution_id: Option<String>,
    budget: Duration,
}

impl Child {
    async fn conclude(
        self,
        ctx: &WorkflowContext<ServerlessWorkflow>,
        ended: Ended,
        error_host: &str,
    ) -> Result<RawValue, WorkflowTermination> {
        let outcome = within_limits(ended.outcome, error_host);
        let status = self.status(ctx, &outcome, &ended.reporter);
        let Some(callback) = ctx.state(|s| s.callback.clone()) else {
            if !ctx.is_replaying() {
                tracing::debug!(workflow_id = ctx.workflow_id(), run_id = ctx.run_id(), "no callback: nobody to complete");
                ended.reporter.publisher().terminal(ended.reporter.run(), status);
            }
            return close(outcome, None);
        };
        let fault = if let Outcome::Faulted(fault) = &outcome { Some(fault.clone()) } else { None };
        match delivery::deliver(ctx, callback, self.execution_id, status, fault, now(ctx), self.budget).await {
            Ok(()) => close(outcome, Some(true)),
            // Completion is critical: a result that nobody got is no success (row 6). An error of the run's own stays its error (row 7).
            Err(reason) if matches!(outcome, Outcome::Completed(_)) => Err(terminate(
                failure::DELIVERY_FAILED,
                format!("the workflow completed, but its caller could not be told: {reason}"),
                None,
            )),
            Err(reason) => {
                if !ctx.is_replaying() {
                    tracing::error!(workflow_id = ctx.workflow_id(), run_id = ctx.run_id(), %reason, "the caller could not be told");
                }
                close(outcome, Some(false))
            }
        }
    }

    /// Row 13: nobody can be told of a callback that cannot be read, but the execution must not stay open for it.
    fn publish_refusal(&self, ctx: &WorkflowContext<ServerlessWorkflow>, services: &WorkflowServices, message: String) {
        if ctx.is_replaying() {
            return;
        }
        let run = RunKey { workflow_id: ctx.workflow_id().to_owned(), execution_id: self.execution_id.clone() };
        let reporter = Reporter::new(run, services.publisher.clone());
        let fault = Fault::standard(Standard::Validation, &services.engine.error_host, "Invalid callback", Some(message));
        reporter.publisher().terminal(reporter.run(), self.status(ctx, &Outcome::Faulted(fault), &reporter));
    }

    fn status(&self, ctx: &WorkflowContext<ServerlessWorkflow>, outcome: &Outcome, reporter: &Reporter) -> TerminalStatus {
        let (phase, output, error) = match outcome {
            Outcome::Completed(output) => (Phase::Completed, Some(output.clone()), None),
            Outcome::Faulted(fault) => (Phase::Failed, None, Some(fault.to_string())),
            Outcome::Cancelled => (Phase::Cancelled, None, Some("the workflow was cancelled".to_owned())),
            Outcome::Suspended(_) => (Phase::Failed, None, None),
        };
        TerminalStatus {
            phase,
            tasks: reporter.tasks(),
            output,
            error,
            started_at: self.started_at.to_string(),
            completed_at: now(ctx).to_string(),
            temporal_workflow_id: ctx.workflow_id().to_owned(),
        }
    }
}

/// Row 11: a result that Temporal would refuse is a failure that says so; a failure's texts are cut.
fn within_limits(outcome: Outcome, error_host: &str) -> Outcome {
    match outcome {
        Outcome::Completed(output) if output.json_len() > PAYLOAD_LIMIT_BYTES => {
            let detail = format!(
                "the workflow's output has {} bytes, and Temporal takes {PAYLOAD_LIMIT_BYTES}; return a reference to the data instead, or cut it with `output.as`",
                output.json_len()
            );
            // A kind that no caller tries again: the output would be as large.
            Outcome::Faulted(Fault::standard(Standard::Validation, error_host, "Output too large", Some(detail)))
        }
        Outcome::Faulted(mut fault) => {
            // Any of them may be an expression's result.
            fault.type_ = cut(&fault.type_);
            fault.title = fault.title.as_deref().map(cut);
            fault.detail = fault.detail.as_deref().map(cut);
            fault.instance = fault.instance.as_deref().map(cut);
            Outcome::Faulted(fault)
        }
        // Never asked for: this host's `handover` says no.
        Outcome::Suspended(_) => Outcome::Faulted(Fault::standard(Standard::Runtime, error_host, "Nobody goes on with this run", None)),
        other => other,
    }
}

fn close(outcome: Outcome, delivered: Option<bool>) -> Result<RawValue, WorkflowTermination> {
    match outcome {
        Outcome::Completed(output) => Ok(raw(&output)),
        Outcome::Cancelled | Outcome::Suspended(_) => {
            Err(WorkflowTermination::cancelled_with_details(failure::cancelled_details(delivered)))
        }
        Outcome::Faulted(fault) => {
            let message = fault.to_string();
            Err(terminate(&fault.type_.clone(), message, Some(failure::closing_details(&fault, delivered))))
        }
    }
}

fn terminate(type_: &str, message: String, details: Option<serde_json::Value>) -> WorkflowTermination {
    let builder = ApplicationFailure::builder(anyhow::anyhow!(message)).type_name(type_.to_owned()).non_retryable(true);
    match details {
        Some(details) => builder.details(details).build().into(),
        None => builder.build().into(),
    }
}

pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(DETAIL_LIMIT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Workflow time.
pub(super) fn now(ctx: &WorkflowContext<ServerlessWorkflow>) -> Timestamp {
    ctx.workflow_time().and_then(|t| Timestamp::try_from(t).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}
