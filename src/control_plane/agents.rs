//! What an agent does with one question, kept in its workflow's history: a scripted one decides at the start, one that a model plays when the model
//! has answered.
//!
//! | script | status | callback |
//! |---|---|---|
//! | `reply` | COMPLETED with the reply as the last AI message | `repeat` times |
//! | `failure` | FAILED with the text | none, as on the platform; or a failed activity ([`CallbackPolicy::failures`]) |
//! | `silence` with a reply | COMPLETED | none: it was lost |
//! | `silence` without one | stays `IN_PROGRESS` until it is cancelled | none |
//!
//! An answer of a model is like a `reply`, a model that fails like a `failure`.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::CallbackPolicy;
use crate::{
    effects::{
        EffectError,
        agents::{Agent, Question},
        openai::{Reply, Told},
        scripted,
    },
    stigmer::agx::AgentExecutionSpec,
};

/// One agent execution to be played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Play {
    /// Before the answer.
    pub delay: Duration,
    pub answer: Answer,
    /// How many times it calls back.
    pub callbacks: u32,
    /// Whether a callback carries the execution as it was created, or the answer itself.
    pub stale: bool,
    /// What a model's server told about the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Reply(Value),
    Failure(String),
    Never,
    /// A model is to be asked, which may take so long.
    Model {
        timeout: Duration,
    },
}

impl Play {
    /// A play that is over at once.
    pub(super) fn failed(text: String) -> Self {
        Self { delay: Duration::ZERO, answer: Answer::Failure(text), callbacks: 0, stale: false, told: None }
    }

    /// What `agent` does with the question in `spec`, as far as that is known before it begins.
    pub(super) fn of(agent: &Agent, spec: &AgentExecutionSpec, policy: CallbackPolicy) -> Self {
        match agent {
            Agent::Scripted(agent) => Self::scripted(agent, &question(spec), policy),
            Agent::Worker(agent) => Self::failed(format!("the workers of task queue `{}` answer for the agent now", agent.queue)),
            Agent::OpenAi(agent) => Self { answer: Answer::Model { timeout: agent.timeout }, ..Self::failed(String::new()) },
        }
    }

    /// What becomes of a model's answer.
    pub(super) fn answered(answer: Result<Reply, EffectError>, policy: CallbackPolicy) -> Self {
        let stale = policy.always_stale;
        match answer {
            Ok(Reply { text, told }) => {
                Self { delay: Duration::ZERO, answer: Answer::Reply(text.into()), callbacks: 1, stale, told: Some(told) }
            }
            Err(EffectError { title, detail, .. }) => {
                let text = detail.map_or_else(|| title.clone(), |detail| format!("{title}: {detail}"));
                Self { callbacks: policy.failures.into(), stale, ..Self::failed(text) }
            }
        }
    }

    fn scripted(agent: &scripted::Agent, question: &Question, policy: CallbackPolicy) -> Self {
        let answer = match (&agent.failure, agent.answer(question)) {
            (Some(text), _) => Answer::Failure(text.clone()),
            (None, Err(error)) => Answer::Failure(error.to_string()),
            (None, Ok(reply)) if agent.silence && reply.is_null() => Answer::Never,
            (None, Ok(reply)) => Answer::Reply(reply.to_json()),
        };
        let calls_back = match answer {
            Answer::Reply(_) => !agent.silence,
            Answer::Failure(_) => policy.failures && !agent.silence,
            Answer::Never | Answer::Model { .. } => false,
        };
        let callbacks = if calls_back { agent.repeat } else { 0 };
        Self { delay: agent.delay, answer, callbacks, stale: policy.always_stale || agent.stale, told: None }
    }
}

/// What an agent is asked.
pub(super) fn question(spec: &AgentExecutionSpec) -> Question {
    let env: BTreeMap<_, _> = spec.runtime_env.iter().map(|(name, value)| (name, &value.value)).collect();
    let model = spec.execution_config.as_ref().map(|config| config.model_name.clone()).filter(|model| !model.is_empty());
    Question { message: spec.message.clone(), env: json!(env).into(), model }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::effects::agents::Agents;

    fn play(script: &str, policy: CallbackPolicy) -> Play {
        let agents = Agents::parse(&format!("name: a\nkind: scripted\n{script}\n"), Path::new("agents.yaml")).unwrap();
        let spec = AgentExecutionSpec { message: "hello".to_owned(), ..Default::default() };
        Play::of(agents.get("a").unwrap(), &spec, policy)
    }

    #[test]
    fn the_script_decides_answer_and_callbacks() {
        let platform = CallbackPolicy::default();
        let reply = || Answer::Reply("fine".into());
        for (script, answer, callbacks) in [
            ("reply: fine", reply(), 1),
            ("reply: fine\nrepeat: 2", reply(), 2),
            ("reply: fine\nsilence: true", reply(), 0),
            ("silence: true", Answer::Never, 0),
            ("failure: broken", Answer::Failure("broken".to_owned()), 0),
        ] {
            let play = play(script, platform);
            assert_eq!((play.answer, play.callbacks), (answer, callbacks), "{script}");
        }
        assert_eq!(play("failure: broken", CallbackPolicy { failures: true, ..platform }).callbacks, 1);
    }

    #[test]
    fn the_platform_delivers_the_initial_object_whatever_the_script_says() {
        let scripted = CallbackPolicy { always_stale: false, failures: false };
        assert!(play("reply: fine", CallbackPolicy::default()).stale);
        assert!(!play("reply: fine", scripted).stale);
        assert!(play("reply: fine\nstale: true", scripted).stale);
    }

    #[test]
    fn a_play_survives_its_history() {
        let play = play("reply: {a: 1}\ndelay: 2s", CallbackPolicy::default());
        assert_eq!(serde_json::from_value::<Play>(serde_json::to_value(&play).unwrap()).unwrap(), play);
        assert_eq!(play.delay, Duration::from_secs(2));
    }
}
