//! What a test file says.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::effects::EffectError;
use crate::effects::agents::Agents;
use crate::engine::host::{Call, Effect};

#[derive(Debug)]
pub struct TestFile {
    /// The definition.
    pub workflow: PathBuf,
    pub cases: Vec<Case>,
}

/// One run and what is expected of it.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub input: Value,
    /// `$env`.
    pub env: Value,
    /// Names and values.
    pub secrets: Vec<(String, String)>,
    /// When it begins, in virtual time.
    pub start: Timestamp,
    /// Of everything random.
    pub seed: u64,
    pub mocks: Vec<Mock>,
    pub agents: Agents,
    /// `CloudEvents` and when they come, from the start on.
    pub events: Vec<(Duration, Value)>,
    /// Calls that no mock answers are made.
    pub allow_real: bool,
    pub expect: Expect,
}

/// Which calls. Everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// Name, or JSON pointer; with the indices of the loops around it, one iteration.
    pub task: Option<String>,
    pub effect: Option<Effect>,
    /// Members that the call's input must have.
    pub with: Option<Value>,
}

#[derive(Debug)]
pub struct Mock {
    pub matcher: Matcher,
    pub answers: Answers,
}

#[derive(Debug)]
pub enum Answers {
    Always(Answer),
    /// One after the other; when they are used up, the mock matches no more.
    Each(Vec<Answer>),
    /// The call is made.
    Real,
}

#[derive(Clone, Debug)]
pub struct Answer {
    /// `None` never answers.
    pub after: Option<Duration>,
    pub result: Result<Value, EffectError>,
}

#[derive(Debug, Default)]
pub struct Expect {
    pub outcome: Outcome,
    /// Tasks that started, in this order; others may stand between them.
    pub order: Vec<String>,
    /// Tasks that did not run.
    pub never: Vec<String>,
    /// Calls, and how many of each; without a number at least one.
    pub calls: Vec<(Matcher, Option<usize>)>,
    /// In virtual time.
    pub duration: Option<Duration>,
}

#[derive(Debug, Default)]
pub enum Outcome {
    #[default]
    Completes,
    Output(Value),
    /// Members that the output must have.
    Contains(Value),
    /// Members that the error must have.
    Error(Value),
}

impl Matcher {
    /// Whether a call of this task, with this input, is meant.
    #[must_use]
    pub fn matches(&self, name: &str, id: &str, effect: Effect, input: &Value) -> bool {
        self.task.as_ref().is_none_or(|task| names(task, name, id))
            && self.effect.is_none_or(|wanted| wanted == effect)
            && self.with.as_ref().is_none_or(|with| super::difference::of(with, input, super::difference::Extra::Allowed).is_empty())
    }

    #[must_use]
    pub fn is_meant(&self, call: &Call, input: &Value) -> bool {
        self.matches(&call.name, &call.id, call.effect, input)
    }
}

/// Whether `wanted` names a task: its name, its reference, or the id of one of its calls (`/do/0/loop/do/0/get[2]`).
#[must_use]
pub fn names(wanted: &str, name: &str, id: &str) -> bool {
    let of_reference = || id.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '#']));
    wanted == name || (wanted.starts_with('/') && of_reference())
}

/// Words for kinds of calls.
pub const EFFECTS: [(&str, Effect); 8] = [
    ("http", Effect::Http),
    ("agent", Effect::Agent),
    ("openapi", Effect::OpenApi),
    ("shell", Effect::Shell),
    ("script", Effect::Script),
    ("workflow", Effect::Workflow),
    ("activity", Effect::Activity),
    ("emit", Effect::Emit),
];

#[must_use]
pub fn word(effect: Effect) -> &'static str {
    EFFECTS.iter().find(|(_, known)| *known == effect).map_or("call", |(word, _)| word)
}
