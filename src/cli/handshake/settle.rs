//! `handshake complete` and `handshake fail`: the caller's activity ends as an operator says.
//!
//! | order | complete, fail | fail --retryable |
//! |---|---|---|
//! | 1 | the execution's terminal phase is sent, unless it has one | the same |
//! | 2 | | the child is terminated, so that the next attempt runs it again instead of meeting it |
//! | 3 | the activity is ended by id, in the form that its caller reads | the same |
//! | 4 | the child, or the agent's workflow, is asked to cancel | |
//!
//! `--keep-child` leaves 2 and 4 out; a child that watches its caller cancels itself then all the same, unless `handshake.on_caller_gone` says
//! otherwise. A child that ends at the same moment may be quicker: then nothing is pending any more, and that is said.

use std::time::{Duration, Instant};

use jiff::{Timestamp, Unit};

use super::args::{End, Order};
use super::entry::{AgentSeen, Entry, Side};
use super::resolve::{Found, resolve};
use super::trouble::is_terminal;
use super::{Ground, away, plane_away};
use crate::activities::agent_executions::AGENT_FAILED;
use crate::activities::execution_status;
use crate::activities::names::agent_workflow_id;
use crate::activities::payload::json_payload;
use crate::cli::service::StartError;
use crate::cli::{Exit, print};
use crate::expr::Data;
use crate::handshake::look::describe;
use crate::handshake::operator::{self, Kind, Step, Stopped};
use crate::handshake::{Delivery, Ended, Outcome, Seen, child_id, end_pending};
use crate::stigmer::wfx::{ExecutionPhase, WorkflowExecutionStatus};

/// Type of a failure that has none of its own.
const BY_OPERATOR: &str = "FailedByOperator";
/// What the history of a stopped workflow says.
const REASON: &str = "its handshake was settled by an operator";
/// A failure reaches only an attempt that runs: so long one is waited for.
const BACK_OFF_PATIENCE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(ground: &Ground, order: &Order) -> Result<Exit, StartError> {
    let entry = match resolve(ground, &order.target).await? {
        Found::One(entry) => entry,
        Found::NothingWaits(why) => return Ok(print::data(&format!("already closed: {why}\n"), Exit::Completed)),
    };
    let (outcome, status) = outcome(&entry, &order.end);
    outcome.within_limit().map_err(StartError::usage)?;
    let mut report = Vec::new();
    if let (Side::Child { execution_id: Ok(id), .. }, Some(status)) = (&entry.side, status) {
        report.extend(publish(ground, id, status).await?);
    }
    let again = matches!(order.end, End::Failed { retryable: true, .. });
    if again && !order.keep_child {
        report.extend(terminate_child(ground, &entry).await?);
    }
    let delivery = tell(ground, &entry.step, &outcome).await?;
    report.insert(0, delivered(&entry.step, delivery, &outcome));
    // What ended by itself meanwhile has its own word on its work: a later attempt may have taken it over.
    if !again && !order.keep_child && delivery != Delivery::AlreadyClosed {
        report.extend(cancel_work(ground, &entry, REASON).await?);
    }
    Ok(print::data(&format!("{}\n", report.join("\n")), Exit::Completed))
}

/// What the caller is told, and what the platform is told of an execution.
fn outcome(entry: &Entry, end: &End) -> (Outcome, Option<WorkflowExecutionStatus>) {
    let now = Timestamp::now().round(Unit::Millisecond).unwrap_or_else(|_| Timestamp::now()).to_string();
    let of_child = |status: WorkflowExecutionStatus| {
        let temporal_workflow_id = match &entry.side {
            Side::Child { execution_id: Ok(id), .. } => child_id(id),
            Side::Child { .. } | Side::Agent { .. } => String::new(),
        };
        WorkflowExecutionStatus { completed_at: now.clone(), temporal_workflow_id, ..status }
    };
    match (entry.step.kind, end) {
        (Kind::ExecuteWorkflow, End::Completed(result)) => {
            let status = of_child(execution_status::completed(result));
            (Outcome::Completed(execution_status::payload_of(status.clone())), Some(status))
        }
        (Kind::CallAgent, End::Completed(result)) => (Outcome::Completed(answer(result)), None),
        (kind, End::Failed { message, type_, retryable }) => {
            let default = if kind == Kind::CallAgent { AGENT_FAILED } else { BY_OPERATOR };
            let type_ = type_.as_deref().unwrap_or(default);
            let failed = if *retryable { Outcome::retryable(type_, message) } else { Outcome::permanent(type_, message) };
            let phase = ExecutionPhase::ExecutionFailed.into();
            let status = WorkflowExecutionStatus { phase, error: message.clone(), ..Default::default() };
            (failed, (kind == Kind::ExecuteWorkflow).then(|| of_child(status)))
        }
    }
}

fn answer(result: &Data) -> temporalio_common::protos::temporal::api::common::v1::Payload {
    json_payload(result)
}

/// The execution's terminal status, before its caller learns of the end: whoever waits for the caller looks at the phase then.
pub(super) async fn publish(ground: &Ground, id: &str, status: WorkflowExecutionStatus) -> Result<Vec<String>, StartError> {
    let Some(stigmer) = &ground.stigmer else {
        return Ok(vec![format!(
            "phase: not sent, there is no control plane (STIGMER_BACKEND_ENDPOINT); execution {id} keeps the one it has"
        )]);
    };
    let stored = match stigmer.get_execution(id).await {
        Ok(execution) => execution.status.map_or(ExecutionPhase::Unspecified, |s| s.phase()),
        Err(e) if e.is_not_found() => return Ok(vec![format!("phase: the control plane knows no execution {id}")]),
        Err(e) => return Err(undone(&plane_away(&e))),
    };
    if execution_status::is_terminal(stored) {
        return Ok(vec![format!("phase: {id} is {} already and stays so", stored.as_str_name())]);
    }
    let phase = status.phase();
    stigmer.update_status(id, status).await.map_err(|e| undone(&plane_away(&e)))?;
    Ok(vec![format!("phase: {id} is {}", phase.as_str_name())])
}

fn undone(error: &StartError) -> StartError {
    StartError::unreachable(format!("{error}; nothing has been done (without STIGMER_BACKEND_ENDPOINT the caller alone is told)"))
}

/// Ends the pending activity, in the attempt that was seen and in no other.
pub(super) async fn tell(ground: &Ground, step: &Step, outcome: &Outcome) -> Result<Delivery, StartError> {
    let until = Instant::now() + BACK_OFF_PATIENCE;
    let mut told = false;
    loop {
        let ended = end_pending(&ground.client, &step.workflow_id, &step.run_id, &step.activity_id, outcome).await;
        if ended.map_err(StartError::unreachable)? == Ended::Told {
            return Ok(Delivery::Delivered);
        }
        let run = describe(&ground.client, &step.workflow_id, &step.run_id).await.map_err(|e| away(&e))?;
        match run.map_or(Seen::Gone, |run| run.activity(&step.activity_id)) {
            Seen::Gone | Seen::Closed(_) => return Ok(Delivery::CallerGone),
            Seen::NoActivity => return Ok(Delivery::AlreadyClosed),
            // Another attempt is another decision.
            Seen::Pending(pending) if pending.attempt != step.attempt => return Ok(Delivery::AlreadyClosed),
            Seen::Pending(_) if Instant::now() > until => {
                let text = "the caller is between two attempts, where no failure reaches it; try again when the next one runs (`handshake show` says when), or end it with a result";
                return Err(StartError { message: text.to_owned(), exit: Exit::Faulted });
            }
            Seen::Pending(_) => {}
        }
        if !told {
            eprintln!("the caller is between two attempts: waiting for the next one");
            told = true;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

pub(super) fn delivered(step: &Step, delivery: Delivery, outcome: &Outcome) -> String {
    let Step { activity_id, workflow_id, .. } = step;
    match delivery {
        Delivery::Delivered => format!("delivered: activity {activity_id} of {workflow_id} is {}", outcome.kind()),
        Delivery::AlreadyClosed => format!("already closed: activity {activity_id} of {workflow_id} has ended meanwhile by itself"),
        Delivery::CallerGone => format!("already closed: workflow {workflow_id} has ended meanwhile"),
    }
}

async fn terminate_child(ground: &Ground, entry: &Entry) -> Result<Option<String>, StartError> {
    let Side::Child { child: Some(child), .. } = &entry.side else { return Ok(None) };
    if !child.is_open() {
        return Ok(None);
    }
    let done = operator::terminate(&ground.client, &child.workflow_id, &child.run_id, REASON).await.map_err(|e| away(&e))?;
    Ok((done == Stopped::Done).then(|| format!("child: {} is terminated; another attempt runs it again", child.workflow_id)))
}

/// Asks whatever still works for the activity to cancel itself.
pub(super) async fn cancel_work(ground: &Ground, entry: &Entry, reason: &str) -> Result<Option<String>, StartError> {
    let (name, workflow_id, run_id) = match &entry.side {
        Side::Child { child: Some(child), .. } if child.is_open() => ("child", child.workflow_id.clone(), child.run_id.clone()),
        Side::Agent { seen: AgentSeen::Found { id, phase, .. }, .. } if !is_terminal(*phase) => {
            ("agent", agent_workflow_id(id), String::new())
        }
        Side::Agent { seen: AgentSeen::NotAsked, .. } => {
            return Ok(Some("agent: left alone, since only a control plane knows its id (STIGMER_BACKEND_ENDPOINT)".to_owned()));
        }
        Side::Child { .. } | Side::Agent { .. } => return Ok(None),
    };
    let done = operator::ask_to_cancel(&ground.client, &workflow_id, &run_id, reason).await.map_err(|e| away(&e))?;
    Ok((done == Stopped::Done).then(|| format!("{name}: {workflow_id} is asked to cancel")))
}
