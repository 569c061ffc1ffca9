//! One run, shown until it ends.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::place;
use super::played::Played;
use super::project::{Project, Workflow};
use super::servers::Servers;
use super::watch::{News, Watch};
use crate::cli::Exit;
use crate::cli::outcome::indented;
use crate::cli::print::lines;
use crate::cli::service::StartError;
use crate::cli::stop::Stop;
use crate::cli::timeline::{Line, Timeline};
use crate::effects::agents::Agent;
use crate::stigmer::structs;
use crate::stigmer::wfx::{ExecutionPhase, WorkflowExecution, WorkflowTaskStatus};

/// How often it is looked what the agents do.
const AGENTS_EVERY: Duration = Duration::from_millis(250);
/// A run that is cancelled for a newer one has so long to end.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a run is not watched any more.
pub(super) enum End {
    Ended(Exit),
    /// Ctrl-C: it was cancelled.
    Interrupted,
    /// A file has changed: it was cancelled for what comes now.
    Superseded(News),
}

/// What is around the run.
pub(super) struct Around<'s> {
    pub servers: &'s Servers,
    pub project: &'s Project,
    pub stop: &'s mut Stop,
    pub watch: Option<&'s mut Watch>,
}

/// Creates an execution of `workflow` and shows it. News that leave the run alone are given to `aside`; those that do not, cancel it.
pub(super) async fn follow(
    around: Around<'_>,
    workflow: &Workflow,
    input: Option<&str>,
    mut aside: impl FnMut(News) -> Result<Option<News>, StartError>,
) -> Result<(String, End), StartError> {
    let Around { servers, project, stop, mut watch } = around;
    let plane = &servers.plane;
    let mut played = Played::from_now_on(plane.store());
    let id = servers.execute(workflow, input, project).await?;
    let row = plane.store().workflow_executions.get(&id).ok().and_then(|row| row.spec);
    // Whoever calls `ExecuteWorkflow` by themselves needs the workflow's id.
    eprintln!("{}  execution {id}  workflow {}", workflow.file.display(), row.map(|spec| spec.workflow_id).unwrap_or_default());
    let mut changes = Box::pin(plane.changes(&id).map_err(StartError::unreachable)?);
    let mut ticks = interval(AGENTS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut timeline, mut last, mut interrupted) = (Timeline::default(), None::<WorkflowExecution>, false);
    let mut superseded: Option<(News, Instant)> = None;
    let plays_model = |name: &str| project.agents.get(name).is_some_and(Agent::is_model);
    loop {
        let limit = superseded.as_ref().map(|(_, limit)| *limit);
        tokio::select! {
            change = changes.next() => match change {
                Some(execution) => last = Some(execution),
                None => break,
            },
            _ = ticks.tick() => servers.check()?,
            _ = stop.asked() => {
                if interrupted {
                    break;
                }
                interrupted = true;
                timeline.say(&format!("cancelling {id}; interrupt again to leave it"));
                // It may end by itself just now.
                cancel(servers, &id).await;
            }
            news = next_news(watch.as_deref_mut()), if superseded.is_none() && !interrupted => {
                if let Err(wrong) = &news.read {
                    timeline.say(&format!("{}the last good version stays; {id} goes on", wrong.text));
                } else if let Some(news) = aside(news)? {
                    timeline.say(&format!("a file has changed: cancelling {id}"));
                    cancel(servers, &id).await;
                    superseded = Some((news, Instant::now() + CANCEL_TIMEOUT));
                }
            }
            () = at(limit) => {
                timeline.say(&format!("{id} has not ended in time; it is left to itself"));
                break;
            }
        }
        let notes = played.notes(plane.store(), plays_model);
        let tasks = last.as_ref().and_then(|execution| execution.status.as_ref()).map(|status| status.tasks.as_slice()).unwrap_or_default();
        timeline.show_with(tasks.iter().map(Line::of_task).collect(), &notes);
        if played.takes_long() {
            timeline.say(&format!(
                "an agent takes long; what is pending: {}",
                servers.next.platform_command(&plane.address().to_string(), plane.api_key().unwrap_or_default(), "handshake list")
            ));
        }
    }
    let exit = last.map_or(Exit::Faulted, |execution| ended(&id, &execution, workflow));
    let end = match superseded {
        _ if interrupted => End::Interrupted,
        Some((news, _)) => End::Superseded(news),
        None => End::Ended(exit),
    };
    Ok((id, end))
}

/// An execution that has ended meanwhile needs no cancel; any other error is told.
async fn cancel(servers: &Servers, id: &str) {
    if let Err(error) = servers.plane.cancel(id).await {
        tracing::debug!(%error, "not cancelled");
    }
}

/// News, where files are watched.
pub(super) async fn next_news(watch: Option<&mut Watch>) -> News {
    match watch {
        Some(watch) => watch.news().await,
        None => std::future::pending().await,
    }
}

async fn at(limit: Option<Instant>) {
    match limit {
        Some(limit) => sleep_until(limit).await,
        None => std::future::pending().await,
    }
}

/// Prints the end of an execution.
fn ended(id: &str, execution: &WorkflowExecution, workflow: &Workflow) -> Exit {
    let status = execution.status.clone().unwrap_or_default();
    match status.phase() {
        ExecutionPhase::ExecutionCompleted => {
            eprintln!("{id} completed");
            println!("{}", status.output.as_ref().map_or_else(|| "null".to_owned(), |output| indented(&structs::value(output))));
            Exit::Completed
        }
        ExecutionPhase::ExecutionCancelled => {
            eprintln!("{id} cancelled");
            Exit::Cancelled
        }
        ExecutionPhase::ExecutionPending | ExecutionPhase::ExecutionInProgress | ExecutionPhase::Unspecified => {
            eprintln!("{id} has not ended");
            Exit::Faulted
        }
        ExecutionPhase::ExecutionFailed => {
            eprintln!("{id} failed: {}", lines(&status.error));
            // The innermost task that failed is where it began.
            let failed = status.tasks.iter().filter(|task| task.status() == WorkflowTaskStatus::WorkflowTaskFailed);
            if let Some(task) = failed.max_by_key(|task| task.task_id.matches('/').count())
                && let Some(span) = place::of(&workflow.text, &task.task_id)
            {
                eprintln!("  --> {}:{}:{} (task `{}`)", workflow.file.display(), span.line, span.column, task.task_name);
            }
            Exit::Faulted
        }
    }
}
