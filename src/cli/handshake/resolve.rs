//! From an id to the pending handshake that is meant. An id that fits several is refused with all of them: nothing is guessed.
//!
//! | the id is | the candidates are |
//! |---|---|
//! | with `--activity`: a workflow's | that activity of it |
//! | a workflow's | what it waits for; where it is a child, the activity that waits for it |
//! | an execution's | the activity that waits for its child, also where there is none |
//! | an agent execution's | the step that carries its tag, found by a look through the open workflows |
//! | none of these | whatever names it, found by such a look |

use std::fmt::Write as _;
use temporalio_client::NamespacedClient;

use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;

use super::args::Target;
use super::entry::{self, AgentBook, Entry, agent_call, execution_id};
use super::trouble::status_word;
use super::{Ground, WANTED, away};
use crate::activities::names::{WATCH_CALLER, agent_workflow_id};
use crate::activities::payload::encoding;
use crate::cli::service::StartError;
use crate::handshake::operator::{self, Callee, Kind, Step};
use crate::handshake::{WORKFLOW_TYPE, child_id, payload};
use crate::stigmer::agx::AgentExecution;
use crate::stigmer::payload as wire;

/// What an id names.
pub(super) enum Found {
    One(Box<Entry>),
    /// It is known, and nothing waits: why, for people.
    NothingWaits(String),
}

/// # Errors
/// Nothing of that id is known, or it fits several; a server is away.
pub(super) async fn resolve(ground: &Ground, target: &Target) -> Result<Found, StartError> {
    let mut search = Search { ground, steps: Vec::new(), known: None };
    match &target.activity {
        Some(activity) => search.activity(&target.id, activity).await?,
        None => search.any(&target.id).await?,
    }
    let Search { mut steps, known, .. } = search;
    match steps.len() {
        0 => known.map(Found::NothingWaits).ok_or_else(|| {
            StartError::usage(format!("nothing is known of `{}`; `workflow-runner handshake list` shows what is pending", target.id))
        }),
        1 => {
            let agents = match steps[0].kind {
                Kind::CallAgent => AgentBook::read(ground.stigmer.as_ref()).await,
                Kind::ExecuteWorkflow => AgentBook::closed(),
            };
            Ok(Found::One(Box::new(entry::complete(ground, &agents, steps.remove(0)).await?)))
        }
        _ => Err(ambiguous(ground, &target.id, steps).await?),
    }
}

async fn ambiguous(ground: &Ground, id: &str, steps: Vec<Step>) -> Result<StartError, StartError> {
    let agents = AgentBook::read(ground.stigmer.as_ref()).await;
    let mut text = format!("`{id}` fits {} pending handshakes; name one of them:", steps.len());
    for step in steps {
        let entry = entry::complete(ground, &agents, step).await?;
        let (kind, activity, workflow) = (entry.step.kind.as_str(), &entry.step.activity_id, &entry.step.workflow_id);
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {}   {kind}, activity {activity} of {workflow}", entry.target());
    }
    Ok(StartError::usage(text))
}

struct Search<'a> {
    ground: &'a Ground,
    steps: Vec<Step>,
    /// What is known of the id, should nothing wait.
    known: Option<String>,
}

impl Search<'_> {
    async fn activity(&mut self, workflow_id: &str, activity_id: &str) -> Result<(), StartError> {
        let Some(steps) = self.waiting_in(workflow_id, "").await? else { return Ok(()) };
        steps.into_iter().filter(|step| step.activity_id == activity_id).for_each(|step| self.put(step));
        self.known = Some(format!("workflow {workflow_id} has no pending activity {activity_id} that has been handed over"));
        Ok(())
    }

    async fn any(&mut self, id: &str) -> Result<(), StartError> {
        self.workflow(id).await?;
        self.execution(id).await?;
        let tag = self.agent_tag(id).await?;
        if self.steps.is_empty() && (self.known.is_none() || tag.is_some()) {
            eprintln!("looking through the open workflows for {id} …");
            let mut found = Vec::new();
            let named = |step: &Step| match step.kind {
                Kind::ExecuteWorkflow => execution_id(step).as_deref() == Ok(id),
                Kind::CallAgent => tag.as_ref().is_some_and(|tag| agent_call(step).1 == *tag),
            };
            let all = operator::scan(&self.ground.client, &self.ground.pace, WANTED, None, |step| {
                if named(&step) {
                    found.push(step);
                }
            });
            let scanned = all.await.map_err(|e| away(&e))?;
            if found.is_empty() && !scanned.complete {
                let text =
                    format!("`{id}` is in none of the newest {} open workflows; give the workflow's id and --activity", scanned.workflows);
                return Err(StartError::usage(text));
            }
            found.into_iter().for_each(|step| self.put(step));
        }
        Ok(())
    }

    /// As the workflow of either side.
    async fn workflow(&mut self, id: &str) -> Result<(), StartError> {
        let Some(run) = self.callee(id).await? else { return Ok(()) };
        self.known = Some(format!("workflow {id} is {}, and neither waits nor is waited for", word(&run)));
        if run.is_open() {
            self.waiting_in(id, &run.run_id).await?.unwrap_or_default().into_iter().for_each(|step| self.put(step));
        }
        if run.workflow_type == WORKFLOW_TYPE {
            self.caller_of(&run).await?;
        }
        Ok(())
    }

    /// As an execution: the caller of its child, or the platform's own workflow, which names it.
    async fn execution(&mut self, id: &str) -> Result<(), StartError> {
        if let Some(child) = self.callee(&child_id(id)).await? {
            self.known = Some(format!("execution {id}: its child is {}, and nothing waits for it any more", word(&child)));
            self.caller_of(&child).await?;
        }
        let outer = format!("stigmer/workflow-execution/invoke/{id}");
        if let Some(steps) = self.waiting_in(&outer, "").await? {
            self.known.get_or_insert_with(|| format!("execution {id}: its workflow {outer} waits for nothing"));
            steps.into_iter().filter(|step| execution_id(step).as_deref() == Ok(id)).for_each(|step| self.put(step));
        }
        Ok(())
    }

    /// As an agent execution: the tag that its step carries.
    async fn agent_tag(&mut self, id: &str) -> Result<Option<String>, StartError> {
        let stored = match &self.ground.stigmer {
            Some(stigmer) => stigmer.get_agent_execution(id).await.ok(),
            None => None,
        };
        let execution = match stored {
            Some(execution) => Some(execution),
            None => self.agent_of_workflow(id).await?,
        };
        let Some(execution) = execution else { return Ok(None) };
        self.known.get_or_insert_with(|| format!("agent execution {id}: no step waits for it any more"));
        Ok(execution.metadata.and_then(|m| m.tags.into_iter().find(|tag| tag.starts_with("wr-"))))
    }

    /// The agent execution as its own workflow was given it.
    async fn agent_of_workflow(&self, id: &str) -> Result<Option<AgentExecution>, StartError> {
        let client = &self.ground.client;
        self.ground.pace.turn().await;
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: client.namespace(),
            execution: Some(WorkflowExecution { workflow_id: agent_workflow_id(id), run_id: String::new() }),
            maximum_page_size: 1,
            ..Default::default()
        };
        let Ok(page) = WorkflowService::get_workflow_execution_history(&mut client.clone(), request.into_request()).await else {
            return Ok(None);
        };
        let first = page.into_inner().history.and_then(|h| h.events.into_iter().next()).and_then(|event| event.attributes);
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = first else { return Ok(None) };
        let input = payload::decode(client, started.input).await.map_err(|e| away(&e))?;
        let payload = input.and_then(|input| input.payloads.into_iter().next());
        Ok(payload.and_then(|payload| {
            let message_type = payload.metadata.get("messageType").map(|m| String::from_utf8_lossy(m).into_owned());
            wire::decode(encoding(&payload), message_type.as_deref(), &payload.data).ok()
        }))
    }

    async fn callee(&self, workflow_id: &str) -> Result<Option<Callee>, StartError> {
        operator::callee(&self.ground.client, &self.ground.pace, workflow_id, WATCH_CALLER).await.map_err(|e| away(&e))
    }

    async fn waiting_in(&self, workflow_id: &str, run_id: &str) -> Result<Option<Vec<Step>>, StartError> {
        let steps = operator::of_workflow(&self.ground.client, &self.ground.pace, WANTED, workflow_id, run_id).await;
        steps.map_err(|e| away(&e))
    }

    /// The activity that waits for a child.
    async fn caller_of(&mut self, child: &Callee) -> Result<(), StartError> {
        let callback = operator::newest_callback(&self.ground.client, &self.ground.pace, &child.workflow_id, &child.run_id).await;
        let Some(callback) = callback.map_err(|e| away(&e))? else { return Ok(()) };
        let address = callback.address;
        let steps = self.waiting_in(&address.workflow_id, &address.run_id).await?.unwrap_or_default();
        steps.into_iter().filter(|step| step.activity_id == address.activity_id).for_each(|step| self.put(step));
        Ok(())
    }

    fn put(&mut self, step: Step) {
        let same = |s: &Step| (&s.workflow_id, &s.run_id, &s.activity_id) == (&step.workflow_id, &step.run_id, &step.activity_id);
        if !self.steps.iter().any(same) {
            self.steps.push(step);
        }
    }
}

fn word(run: &Callee) -> String {
    if run.is_open() { "open".to_owned() } else { format!("closed ({})", status_word(run.status)) }
}
