//! One `call: agent`: rows 14 and 15 of the handshake, seen from the child.
//!
//! The activity hands its token to the agent's side and stays pending. Beside it runs a timer; when it fires, a local activity looks at the
//! agent execution itself and, where that has ended, completes or fails the pending activity by id. So the callback is a hint, and the
//! execution's own status is the truth.
//!
//! | happens | then | events |
//! |---|---|---|
//! | the activity completes | the timer is cancelled; a delivered execution that had not ended is read back | 8 (9 read back) |
//! | the timer fires, the agent still runs | wait again, twice as long | +6 |
//! | the timer fires, the agent has ended or is lost | the pending activity is ended by id: its own future resolves | +6 |
//! | the scope is cancelled, or a time limit runs out | the agent's workflow is cancelled too | +1 |

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_sdk::{ActivityCloseTimeouts, ActivityOptions, LocalActivityOptions, TimerOptions, TimerResult};
use temporalio_workflow::{WorkflowCancellationToken, WorkflowContext};

use super::activity_error::{Ended, agent_failed, call_error, ended};
use super::activity_id;
use super::host::{RunFacts, TemporalHost};
use super::pending::PendingStep;
use super::run::now;
use super::workflow::ServerlessWorkflow;
use crate::activities::agent_executions::{AgentRef, Reading, is_execution, is_unfinished_execution, without_private_parts};
use crate::activities::call_agent::AgentCall;
use crate::activities::payload::{first, raw_of};
use crate::activities::secrets::SecretScope;
use crate::activities::{digest, names};
use crate::engine::host::{Call, CallError, Host};
use crate::expr::Data;

/// Attempts to create the agent execution, and to create it again when it is lost.
const ATTEMPTS: u32 = 5;
/// Reading back waits up to 10 s for a status that lags; the rest is room for a slow server.
const LOOK_TIMEOUT: Duration = Duration::from_secs(30);

pub fn run(host: &TemporalHost, call: Call, token: WorkflowCancellationToken) -> LocalBoxFuture<'static, Result<Data, CallError>> {
    let open = host.pending_agents.begin(host.now());
    let id = activity_id::bounded(&call.id);
    let agent = AgentRef {
        tag: format!("wr-{}", &digest(&[host.ctx.workflow_id(), &host.facts.first_run_id, &call.id])[..40]),
        activity_id: id,
        execution_id: host.facts.execution_id.clone(),
        secrets: SecretScope::of(&call.input, &host.facts.markers, host.facts.secrets_of.as_deref()),
    };
    let step = Step { ctx: host.ctx.clone(), facts: host.facts.clone(), agent, token, open };
    async move { step.run(call).await }.boxed_local()
}

struct Step {
    ctx: WorkflowContext<ServerlessWorkflow>,
    facts: Rc<RunFacts>,
    agent: AgentRef,
    token: WorkflowCancellationToken,
    open: PendingStep,
}

impl Step {
    async fn run(self, call: Call) -> Result<Data, CallError> {
        let ended = self.pending(call).await;
        if !self.ctx.is_replaying() {
            self.open.ended(now(&self.ctx));
        }
        match ended {
            Ok(delivered) => self.result(delivered).await,
            Err(end) => {
                if matches!(end, Ended::Cancelled | Ended::TimedOut) {
                    self.cancel_agent().await;
                }
                Err(call_error(end, &self.facts.error_host))
            }
        }
    }

    /// The pending activity raced with the timer that looks after it.
    async fn pending(&self, call: Call) -> Result<Data, Ended> {
        let input = AgentCall::of_step(&call.input, &self.facts.org_id, self.facts.execution_id.as_deref(), &call.id, call.visit)
            .tagged(&self.agent.tag)
            .with_markers(&call.input, &self.facts.markers);
        let activity = self.ctx.execute_activity(UntypedActivity::new(names::CALL_AGENT), raw_of(&input), self.options(&call));
        let mut activity = pin!(activity);
        let mut wait = self.facts.reconcile_after;
        loop {
            let timer_token = self.token.child_token();
            let options = TimerOptions::builder(wait).cancellation_token(timer_token.clone()).summary("reconcile".to_owned()).build();
            let mut timer = pin!(self.ctx.timer(options));
            let first_done = poll_fn(|cx| {
                if let Poll::Ready(result) = activity.as_mut().poll(cx) {
                    return Poll::Ready(Ok(result));
                }
                timer.as_mut().poll(cx).map(Err)
            })
            .await;
            let result = match first_done {
                Ok(result) => {
                    timer_token.cancel();
                    result
                }
                Err(TimerResult::Fired) => {
                    self.reconcile().await;
                    wait = (wait * 2).min(self.facts.reconcile_every);
                    continue;
                }
                Err(TimerResult::Cancelled) => activity.await,
            };
            return result.map_err(|e| ended(&e)).and_then(|raw| first(&raw).map_err(Ended::Other));
        }
    }

    fn options(&self, call: &Call) -> ActivityOptions {
        let limit = call.timeout.unwrap_or(self.facts.agent_timeout);
        ActivityOptions::with_close_timeouts(ActivityCloseTimeouts::ScheduleToClose(limit))
            .activity_id(self.agent.activity_id.clone())
            .cancellation_token(self.token.clone())
            .retry_policy(RetryPolicy::builder().initial_interval(Duration::from_secs(1)).maximum_attempts(ATTEMPTS).build())
            .summary(call.name.clone())
            .build()
    }

    /// Looks once; what it finds out it does to the pending activity. Its own failure only means: look again later.
    async fn reconcile(&self) {
        let options = local_options(self.token.clone(), 1, "reconcile");
        let done = self.ctx.execute_local_activity(UntypedActivity::new(names::RECONCILE_AGENT), raw_of(&self.agent), options).await;
        if let (Err(e), false) = (done, self.ctx.is_replaying()) {
            tracing::warn!(workflow_id = self.ctx.workflow_id(), activity_id = %self.agent.activity_id, error = %e, "cannot look at the agent execution; trying again later");
        }
    }

    /// Row 15: what was delivered, or what the execution really says.
    async fn result(&self, delivered: Data) -> Result<Data, CallError> {
        if !is_unfinished_execution(&delivered) {
            // What goes on is the run's data: the token and the environment have no place there, however the agent ended.
            return Ok(if is_execution(&delivered) { without_private_parts(&delivered) } else { delivered });
        }
        let options = local_options(self.token.clone(), 3, "read the agent's answer");
        let read = self.ctx.execute_local_activity(UntypedActivity::new(names::READ_AGENT), raw_of(&self.agent), options).await;
        let reading = match read.map(|raw| first(&raw)) {
            Ok(Ok(data)) => Reading::parse(&data),
            Ok(Err(_)) => None,
            Err(e) => match ended(&e) {
                Ended::Cancelled => return Err(CallError::Cancelled),
                _ => None,
            },
        };
        match reading {
            Some(Reading::Answer { answer: Some(text) }) => Ok(Data::string(text)),
            Some(Reading::Failed { message } | Reading::Cancelled { message }) => {
                Err(CallError::Fault(Box::new(agent_failed(&self.facts.error_host, message))))
            }
            Some(Reading::Answer { answer: None } | Reading::Unfinished) | None => Ok(without_private_parts(&delivered)),
        }
    }

    /// There is no rpc for it: the agent's own workflow is cancelled. Best effort, on a token of its own so that it still runs.
    async fn cancel_agent(&self) {
        let options = local_options(WorkflowCancellationToken::new(), 3, "cancel the agent");
        let done = self.ctx.execute_local_activity(UntypedActivity::new(names::CANCEL_AGENT), raw_of(&self.agent), options).await;
        if let (Err(e), false) = (done, self.ctx.is_replaying()) {
            tracing::warn!(workflow_id = self.ctx.workflow_id(), activity_id = %self.agent.activity_id, error = %e, "cannot cancel the agent; it runs to its own end");
        }
    }
}

fn local_options(token: WorkflowCancellationToken, attempts: u32, summary: &str) -> LocalActivityOptions {
    LocalActivityOptions::builder()
        .start_to_close_timeout(LOOK_TIMEOUT)
        .schedule_to_close_timeout(LOOK_TIMEOUT * attempts.max(1) + LOOK_TIMEOUT)
        .retry_policy(RetryPolicy::builder().initial_interval(Duration::from_millis(500)).maximum_attempts(attempts).build())
        .timer_backoff_threshold(Duration::from_secs(3))
        .cancellation_token(token)
        .summary(summary.to_owned())
        .build()
}
