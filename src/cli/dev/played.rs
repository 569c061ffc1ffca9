//! What the agents of a run are doing, as notes below its tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::cli::timeline::Note;
use crate::control_plane::{Execution, Page, Resource, Store};
use crate::effects::openai::Told;
use crate::stigmer::agx::{AgentExecution, AgentExecutionStatus, AgentMessage, ExecutionPhase, MessageType};
use crate::stigmer::structs;

/// An agent that is at work for so long is worth a hint.
const LONG: Duration = Duration::from_secs(30);
const ROWS_MAX: i32 = 200;

/// The agent executions that began after this was made.
pub(super) struct Played {
    earlier: BTreeSet<String>,
    since: BTreeMap<String, Instant>,
    hinted: bool,
}

impl Played {
    pub fn from_now_on(store: &Store) -> Self {
        let earlier = rows(store, |_| true).into_iter().map(|row| row.id().to_owned()).collect();
        Self { earlier, since: BTreeMap::new(), hinted: false }
    }

    /// A note for each agent that a model plays.
    pub fn notes(&mut self, store: &Store, plays_model: impl Fn(&str) -> bool) -> Vec<Note> {
        let mut notes = Vec::new();
        for row in rows(store, |row| !self.earlier.contains(row.id())) {
            if row.is_terminal() {
                self.since.remove(row.id());
            } else {
                self.since.entry(row.id().to_owned()).or_insert_with(Instant::now);
            }
            let agent = row.spec.as_ref().and_then(|spec| store.agents.get(&spec.agent_id).ok());
            let name = agent.as_ref().map_or("", |agent| agent.slug());
            if plays_model(name) {
                notes.push(note(&row, name));
            }
        }
        notes
    }

    /// True once, when an agent has been at work for long.
    pub fn takes_long(&mut self) -> bool {
        let long = !self.hinted && self.since.values().any(|since| since.elapsed() >= LONG);
        self.hinted |= long;
        long
    }
}

fn rows(store: &Store, fits: impl Fn(&AgentExecution) -> bool) -> Vec<AgentExecution> {
    Page::of(ROWS_MAX, "").map(|page| store.agent_executions.list(page, fits).entries).unwrap_or_default()
}

fn note(row: &AgentExecution, name: &str) -> Note {
    let status = row.status.clone().unwrap_or_default();
    let text = match status.phase() {
        ExecutionPhase::ExecutionCompleted => format!("completed{}", told(&status)),
        ExecutionPhase::ExecutionFailed => "failed".to_owned(),
        ExecutionPhase::ExecutionCancelled => "cancelled".to_owned(),
        _ => match answer(&status).map_or(0, |message| message.content.chars().count()) {
            0 => "is asked".to_owned(),
            count => format!("writes: {count} characters"),
        },
    };
    Note { key: row.id().to_owned(), text: format!("agent {name} ({}) {text}", row.id()), lasting: row.is_terminal() }
}

fn answer(status: &AgentExecutionStatus) -> Option<&AgentMessage> {
    status.messages.iter().rev().find(|message| message.r#type() == MessageType::MessageAi)
}

/// What the answer cost.
fn told(status: &AgentExecutionStatus) -> String {
    let metadata = answer(status).and_then(|message| message.metadata.as_ref());
    let told = metadata.and_then(|metadata| serde_json::from_value::<Told>(structs::value(metadata)).ok());
    told.map_or_else(String::new, |told| {
        let Told { model, prompt_tokens, completion_tokens, cut_off } = told;
        let tokens = match (prompt_tokens, completion_tokens) {
            (0, 0) => String::new(),
            (prompt, completion) => format!(", {prompt} tokens in, {completion} out"),
        };
        let cut = if cut_off { ", cut off by the limit of tokens" } else { "" };
        format!(": {model}{tokens}{cut}")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control_plane::Store;
    use crate::stigmer::ag::Agent;
    use crate::stigmer::agx::AgentExecutionSpec;

    fn ask(store: &Store, agent_id: &str) -> String {
        let spec = AgentExecutionSpec { agent_id: agent_id.to_owned(), ..Default::default() };
        store.agent_executions.insert(AgentExecution { spec: Some(spec), ..Default::default() }).unwrap().id().to_owned()
    }

    fn say(store: &Store, id: &str, phase: ExecutionPhase, text: &str, told: &serde_json::Value) {
        let message = AgentMessage {
            r#type: MessageType::MessageAi.into(),
            content: text.to_owned(),
            metadata: Some(structs::object(told)),
            ..Default::default()
        };
        store
            .update_agent_execution(id, AgentExecutionStatus { phase: phase.into(), messages: vec![message], ..Default::default() })
            .unwrap();
    }

    #[test]
    fn a_note_says_what_the_agent_does_and_what_it_cost() {
        let store = Store::default();
        let agent = store
            .agents
            .insert(Agent {
                metadata: Some(crate::stigmer::ar::ApiResourceMetadata { name: "triage".into(), ..Default::default() }),
                ..Default::default()
            })
            .unwrap();
        ask(&store, agent.id());
        let mut played = Played::from_now_on(&store);
        let id = ask(&store, agent.id());
        let text = |played: &mut Played| {
            let notes = played.notes(&store, |name| name == "triage");
            assert_eq!(notes.len(), 1, "the earlier one is not of this run");
            (notes[0].text.replace(&id, "ID"), notes[0].lasting)
        };
        assert_eq!(text(&mut played), ("agent triage (ID) is asked".to_owned(), false));
        say(&store, &id, ExecutionPhase::ExecutionInProgress, "grün", &json!({}));
        assert_eq!(text(&mut played), ("agent triage (ID) writes: 4 characters".to_owned(), false));
        let told = json!({"model": "small", "prompt_tokens": 12, "completion_tokens": 3, "cut_off": true});
        say(&store, &id, ExecutionPhase::ExecutionCompleted, "grün", &told);
        assert_eq!(
            text(&mut played),
            ("agent triage (ID) completed: small, 12 tokens in, 3 out, cut off by the limit of tokens".to_owned(), true)
        );
        assert!(played.notes(&store, |_| false).is_empty() && !played.takes_long());
    }
}
