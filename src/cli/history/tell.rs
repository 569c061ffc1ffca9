//! Runs → story: what the replay of each run tells of its tasks, what its events tell of their calls, and what the server tells of those that
//! are pending.

use jiff::Timestamp;
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;

use super::facts::{self, Facts};
use super::model::{Call, Definition, Run, State, Story};
use super::place::place;
use super::tree::Tree;
use super::waiting;
use crate::handshake::{PAUSE_SIGNAL, RESUME_SIGNAL};
use crate::plan::{self, Outsides, Plan};
use crate::temporal::replay::{self, ReplayError};

/// What there is to tell a story of.
pub struct Told {
    /// Of a chain, the first run first.
    pub histories: Vec<History>,
    /// Of the last run, as the server has them now.
    pub pending: Vec<PendingActivityInfo>,
    /// When the server was asked; none for what was saved.
    pub asked_at: Option<Timestamp>,
    /// `dsl.error_host`.
    pub error_host: String,
}

/// Tells it.
///
/// # Errors
/// A history that is none of this program's.
pub async fn story(told: Told) -> Result<Story, ReplayError> {
    let mut story = Story::default();
    let mut tree = Tree::default();
    let mut calls: Vec<Call> = Vec::new();
    let mut last = Facts::default();
    let count = told.histories.len();
    for (at, history) in told.histories.into_iter().enumerate() {
        let mut facts = facts::read(&history)?;
        if at > 0 && (last.next.is_none() || facts.workflow_id != story.workflow_id) {
            return Err(ReplayError::NoChain(facts.run_id));
        }
        if at == 0 {
            story.input = super::redact::redacted(facts.input.initial_data.clone());
            story.workflow_id.clone_from(&facts.workflow_id);
            story.started_at = facts.started_at;
            story.definition.text.clone_from(&facts.input.workflow_yaml);
        }
        if at + 1 == count {
            facts.pending(&told.pending);
        }
        let known = tasks(&mut tree, history, &told.error_host, &mut story.notes).await?;
        if known != Known::All {
            tree.calls(&facts);
        }
        story.signals.append(&mut facts.signals);
        story.runs.push(Run {
            run_id: facts.run_id.clone(),
            state: facts.state,
            started_at: facts.started_at,
            closed_at: facts.closed_at,
            events: facts.events,
            replayed: known == Known::All,
        });
        calls.append(&mut facts.calls);
        last = facts;
    }
    story.state = last.state;
    story.closed_at = last.closed_at;
    story.as_of = last.closed_at.or(told.asked_at).or(last.last_event_at);
    story.output = last.output.take();
    story.error = last.error.take();
    if let Some(reason) = &last.stuck {
        story.notes.push(format!("the run is stuck: its last workflow task failed, and is tried again: {reason}"));
    }
    let control = story.signals.iter().rfind(|signal| signal.name == PAUSE_SIGNAL || signal.name == RESUME_SIGNAL);
    let pause = control.filter(|signal| signal.name == PAUSE_SIGNAL && story.closed_at.is_none());
    story.paused_since = pause.and_then(|signal| signal.at);
    let plan = definition(&mut story);
    story.others = place(&mut tree, calls, &story.workflow_id);
    waiting::mark(&mut tree, plan.as_ref(), story.state);
    story.tasks = tree.into_tasks();
    let open = || {
        story.flat().into_iter().map(|(_, task)| task).filter(|task| task.state.is_open() && !task.tasks.iter().any(|t| t.state.is_open()))
    };
    if story.state == State::Running && open().count() > 0 && open().all(|task| task.state == State::Waiting) {
        story.state = State::Waiting;
    }
    Ok(story)
}

/// What a replay tells of the tasks of a run. Of the rest the calls tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    All,
    /// Up to where this version goes another way.
    Beginning,
    Nothing,
}

/// Adds the steps of one run.
async fn tasks(tree: &mut Tree, history: History, error_host: &str, notes: &mut Vec<String>) -> Result<Known, ReplayError> {
    let replayed = match replay::replay(history, error_host).await {
        Ok(replayed) => replayed,
        Err(ReplayError::Internal(reason) | ReplayError::Invalid(reason)) => {
            notes.push(format!("the history cannot be replayed, so only calls are known: {reason}"));
            return Ok(Known::Nothing);
        }
        Err(other) => return Err(other),
    };
    if replayed.record.left_out > 0 {
        notes.push(format!("{} further steps are left out", replayed.record.left_out));
    }
    let known = match replayed.divergence {
        None => Known::All,
        Some(divergence) => {
            let at = divergence.task.as_deref().unwrap_or("its beginning");
            notes.push(format!(
                "this version goes another way at `{at}`; what came after it is known by its calls alone ({})",
                divergence.cause
            ));
            Known::Beginning
        }
    };
    tree.steps(&replayed.record.steps);
    Ok(known)
}

/// Names and plan of what ran. A definition that is made of others elsewhere has names, but no plan here.
fn definition(story: &mut Story) -> Option<Plan> {
    let text = std::mem::take(&mut story.definition.text);
    let header = serde_yaml::from_str::<serde_json::Value>(&text).unwrap_or_default();
    let name = |key: &str| header.pointer(&format!("/document/{key}")).and_then(|name| name.as_str()).unwrap_or_default().to_owned();
    story.definition = Definition { namespace: name("namespace"), name: name("name"), version: name("version"), text };
    plan::build_with(&story.definition.text, "workflow.yaml", &Outsides::new()).ok()
}
