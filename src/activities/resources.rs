//! What the activities of a process work with.

use std::sync::Arc;

use super::publisher::StigmerPublisher;
use super::secrets::{ExecutionSecrets, Secrets};
use crate::effects;
use crate::effects::events::Sink;
use crate::effects::http::Http;
use crate::effects::openapi::OpenApi;
use crate::effects::secrets::SecretSource;
use crate::stigmer::Stigmer;
use crate::telemetry::Metrics;

pub struct Resources {
    /// The control plane, where there is one.
    pub platform: Option<Platform>,
    pub http: Arc<Http>,
    pub sink: Sink,
    pub openapi: Arc<OpenApi>,
    pub outside: effects::resources::Resources,
    /// Secrets of this process; those of an execution come from the control plane first.
    pub secrets: Arc<dyn SecretSource>,
    pub metrics: Arc<Metrics>,
}

/// The control plane, and the queue of what it is told.
#[derive(Clone)]
pub struct Platform {
    pub stigmer: Stigmer,
    pub publisher: Arc<StigmerPublisher>,
}

impl Platform {
    /// Begins to publish, on the current runtime.
    #[must_use]
    pub fn start(stigmer: Stigmer) -> Self {
        Self { publisher: StigmerPublisher::start(stigmer.clone()), stigmer }
    }
}

impl Resources {
    pub(crate) fn lookup(&self) -> Secrets {
        match &self.platform {
            Some(platform) => Secrets::new(Arc::new(ExecutionSecrets::new(platform.stigmer.clone(), self.secrets.clone()))),
            None => Secrets::new(self.secrets.clone()),
        }
    }
}
