//! An agent that workers elsewhere answer for: those of a task queue, with an agents' side of their own.

use super::super::EffectError;
use super::{Fields, Problem};

const KEYS: [&str; 3] = ["name", "kind", "queue"];

/// Nothing of its answers is known here.
#[derive(Clone, Debug)]
pub struct Worker {
    pub name: String,
    /// Where workflow `stigmer/agent-execution/invoke` is started, with the agent execution and its callback token.
    pub queue: String,
}

impl Worker {
    /// # Errors
    /// The key of the first mistake, and what it is.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Problem> {
        fields.only(&KEYS)?;
        Ok(Self { name: fields.required("name")?, queue: fields.required("queue")? })
    }

    /// What a run in process says in its place.
    pub(crate) fn away(&self) -> EffectError {
        let title = format!("the agent `{}` is answered for by the workers of task queue `{}`", self.name, self.queue);
        EffectError::configuration(title).with_detail("run the definition with `dev`, on the Temporal server where these workers are")
    }
}
