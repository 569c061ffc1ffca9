//! `handshake cancel`: the work that is waited for is cancelled, and that ends the wait.
//!
//! | it waits for | then |
//! |---|---|
//! | a child that runs | the child is asked to cancel: it ends its own work and tells its caller (cancelled, or `ChildCancelled`) |
//! | no child, or one that is closed | the caller is told in its place, and the phase CANCELLED is sent |
//! | an agent | the agent's workflow is asked to cancel; when its execution says so, the step is failed as by a look |

use std::time::{Duration, Instant};

use super::args::CancelArgs;
use super::entry::{AgentSeen, Entry, Side};
use super::resolve::{Found, resolve};
use super::settle::{cancel_work, delivered, publish, tell};
use super::{Ground, away, plane_away};
use crate::activities::agent_executions::{AGENT_FAILED, Reading};
use crate::cli::service::StartError;
use crate::cli::{Exit, print};
use crate::handshake::look::describe;
use crate::handshake::operator::Step;
use crate::handshake::{Outcome, Seen};
use crate::stigmer::wfx::{ExecutionPhase, WorkflowExecutionStatus};

/// How long the end is waited for before it is left to the other side.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn run(ground: &Ground, args: &CancelArgs) -> Result<Exit, StartError> {
    let entry = match resolve(ground, &args.target).await? {
        Found::One(entry) => entry,
        Found::NothingWaits(why) => return Ok(print::data(&format!("already closed: {why}\n"), Exit::Completed)),
    };
    let reason = args.reason.as_deref().unwrap_or("cancelled by an operator");
    let report = match &entry.side {
        Side::Child { child: Some(child), .. } if child.is_open() => of_child(ground, &entry, reason).await?,
        Side::Child { execution_id, .. } => in_its_place(ground, &entry, execution_id.as_deref().ok(), reason).await?,
        Side::Agent { seen, .. } => of_agent(ground, &entry, seen, reason).await?,
    };
    Ok(print::data(&format!("{}\n", report.join("\n")), Exit::Completed))
}

async fn of_child(ground: &Ground, entry: &Entry, reason: &str) -> Result<Vec<String>, StartError> {
    let mut report: Vec<String> = cancel_work(ground, entry, reason).await?.into_iter().collect();
    report.push(if has_ended(ground, &entry.step).await? {
        format!("ended: activity {} of {} has been told", entry.step.activity_id, entry.step.workflow_id)
    } else {
        "the child has not told its caller yet; it does when it has ended its own work".to_owned()
    });
    Ok(report)
}

async fn in_its_place(ground: &Ground, entry: &Entry, execution_id: Option<&str>, reason: &str) -> Result<Vec<String>, StartError> {
    let phase = ExecutionPhase::ExecutionCancelled.into();
    let status = WorkflowExecutionStatus { phase, error: reason.to_owned(), ..Default::default() };
    let mut report = match execution_id {
        Some(id) => publish(ground, id, status).await?,
        None => Vec::new(),
    };
    let outcome = Outcome::Cancelled { details: None };
    let delivery = tell(ground, &entry.step, &outcome).await?;
    report.insert(0, delivered(&entry.step, delivery, &outcome));
    Ok(report)
}

async fn of_agent(ground: &Ground, entry: &Entry, seen: &AgentSeen, reason: &str) -> Result<Vec<String>, StartError> {
    let (id, stigmer) = match (seen, &ground.stigmer) {
        (AgentSeen::Found { id, .. }, Some(stigmer)) => (id, stigmer),
        (AgentSeen::None, _) => {
            let text = "there is no agent execution to cancel; `handshake fail` ends the step";
            return Err(StartError { message: text.to_owned(), exit: Exit::Faulted });
        }
        (AgentSeen::NotAsked | AgentSeen::Found { .. }, _) => {
            return Err(StartError::usage("only a control plane knows which agent execution this is: set STIGMER_BACKEND_ENDPOINT"));
        }
    };
    let mut report: Vec<String> = cancel_work(ground, entry, reason).await?.into_iter().collect();
    let until = Instant::now() + PATIENCE;
    loop {
        let execution = stigmer.get_agent_execution(id).await.map_err(|e| plane_away(&e))?;
        let failure = match Reading::of(&execution) {
            Reading::Failed { message } | Reading::Cancelled { message } => message,
            Reading::Answer { .. } => {
                report.push("the agent has ended well meanwhile; the step ends with its answer".to_owned());
                return Ok(report);
            }
            Reading::Unfinished if Instant::now() < until => {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            }
            Reading::Unfinished => {
                report.push(format!(
                    "agent execution {id} does not say that it is cancelled yet; the step ends when it does, or by `handshake fail`"
                ));
                return Ok(report);
            }
        };
        let outcome = Outcome::permanent(AGENT_FAILED, failure);
        let delivery = tell(ground, &entry.step, &outcome).await?;
        report.push(delivered(&entry.step, delivery, &outcome));
        return Ok(report);
    }
}

/// Waits a while until the attempt is over.
async fn has_ended(ground: &Ground, step: &Step) -> Result<bool, StartError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let run = describe(&ground.client, &step.workflow_id, &step.run_id).await.map_err(|e| away(&e))?;
        match run.map_or(Seen::Gone, |run| run.activity(&step.activity_id)) {
            Seen::Pending(pending) if pending.attempt == step.attempt => {}
            _ => return Ok(true),
        }
        if Instant::now() > until {
            return Ok(false);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
