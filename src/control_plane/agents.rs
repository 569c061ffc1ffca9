//! What a scripted agent does with one question, decided once at the start of its workflow and kept in its history.
//!
//! | script | status | callback |
//! |---|---|---|
//! | `reply` | COMPLETED with the reply as the last AI message | `repeat` times |
//! | `failure` | FAILED with the text | none, as on the platform; or a failed activity ([`CallbackPolicy::failures`]) |
//! | `silence` with a reply | COMPLETED | none: it was lost |
//! | `silence` without one | stays IN_PROGRESS until it is cancelled | none |

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::CallbackPolicy;
use crate::{
    effects::scripted::{Agent, Question},
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
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Reply(Value),
    Failure(String),
    Never,
}

impl Play {
    /// The play of an agent that nobody has scripted.
    pub(super) fn unscripted(slug: &str) -> Self {
        Self::failed(format!("the agent `{slug}` is not scripted"))
    }

    /// A play that is over at once.
    pub(super) fn failed(text: String) -> Self {
        Self { delay: Duration::ZERO, answer: Answer::Failure(text), callbacks: 0, stale: false }
    }

    /// What `agent` does with the question in `spec`.
    pub(super) fn of(agent: &Agent, spec: &AgentExecutionSpec, policy: CallbackPolicy) -> Self {
        let env: BTreeMap<_, _> = spec.runtime_env.iter().map(|(name, value)| (name, &value.value)).collect();
        let question = Question { message: spec.message.clone(), env: json!(env).into() };
        let answer = match (&agent.failure, agent.answer(&question)) {
            (Some(text), _) => Answer::Failure(text.clone()),
            (None, Err(error)) => Answer::Failure(error.to_string()),
            (None, Ok(reply)) if agent.silence && reply.is_null() => Answer::Never,
            (None, Ok(reply)) => Answer::Reply(reply.to_json()),
        };
        let calls_back = match answer {
            Answer::Reply(_) => !agent.silence,
            Answer::Failure(_) => policy.failures && !agent.silence,
            Answer::Never => false,
        };
        Self { delay: agent.delay, answer, callbacks: if calls_back { agent.repeat } else { 0 }, stale: policy.always_stale || agent.stale }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::effects::scripted::Agents;

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
