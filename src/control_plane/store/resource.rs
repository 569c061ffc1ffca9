//! What all stored resources have in common: metadata, and the fixed words of their kind.

use crate::stigmer::{
    ag::Agent, agx::AgentExecution, ar::ApiResourceMetadata, environment::Environment, wf::Workflow, wfi::WorkflowInstance,
    wfx::WorkflowExecution,
};

pub(super) const API_VERSION: &str = "agentic.stigmer.ai/v1";

/// A message that the platform stores by id.
pub trait Resource: Clone + Send + Sync + 'static {
    /// The message's name, as in its field `kind`.
    const KIND: &'static str;
    /// What its ids begin with.
    const PREFIX: &'static str;
    /// Whether a slug stands for at most one resource in an organization. Executions may share one.
    const UNIQUE: bool;

    fn metadata(&self) -> Option<&ApiResourceMetadata>;
    fn metadata_mut(&mut self) -> &mut ApiResourceMetadata;
    /// Writes `api_version` and `kind`.
    fn stamp(&mut self);

    fn id(&self) -> &str {
        self.metadata().map_or("", |metadata| &metadata.id)
    }

    fn slug(&self) -> &str {
        self.metadata().map_or("", |metadata| &metadata.slug)
    }

    fn org(&self) -> &str {
        self.metadata().map_or("", |metadata| &metadata.org)
    }

    /// Whether all of `tags` are among its own.
    fn has_tags(&self, tags: &[String]) -> bool {
        tags.iter().all(|tag| self.metadata().is_some_and(|metadata| metadata.tags.contains(tag)))
    }
}

macro_rules! resources {
    ($($message:ident $prefix:literal unique: $unique:literal;)*) => {$(
        impl Resource for $message {
            const KIND: &'static str = stringify!($message);
            const PREFIX: &'static str = $prefix;
            const UNIQUE: bool = $unique;

            fn metadata(&self) -> Option<&ApiResourceMetadata> {
                self.metadata.as_ref()
            }

            fn metadata_mut(&mut self) -> &mut ApiResourceMetadata {
                self.metadata.get_or_insert_default()
            }

            fn stamp(&mut self) {
                self.api_version = API_VERSION.to_owned();
                self.kind = Self::KIND.to_owned();
            }
        }
    )*};
}

resources! {
    Workflow "wfl" unique: true;
    WorkflowInstance "win" unique: true;
    WorkflowExecution "wex" unique: false;
    Agent "agt" unique: true;
    AgentExecution "aex" unique: false;
    Environment "env" unique: true;
}
