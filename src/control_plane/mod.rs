//! An embedded stand-in for the platform's server: the same gRPC services over a real socket, its outer workflows on a real Temporal server, and
//! agents that this process plays. `dev` and the integration tests run it in process. Its data lives in memory.
//!
//! It behaves as the platform was measured to (see [`Options`] for where it can be told otherwise): only `updateStatus` moves a phase, the agents'
//! side calls back with the agent execution as it was created, and a failed agent calls nobody back.

mod agents;
mod cast;
pub mod dev_server;
mod error;
mod go_json;
mod options;
mod payload;
mod platform;
mod services;
mod store;
#[cfg(test)]
mod tests;
mod workflows;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use futures::Stream;
use tokio::{sync::watch, task::JoinHandle};

use self::{
    cast::Cast,
    platform::Platform,
    services::{Shared, follow, serve},
    workflows::{Launcher, Workers},
};
pub use self::{
    dev_server::{DevServer, DevServerError, DevServerOptions},
    error::ControlPlaneError,
    options::{CallbackPolicy, ExecutePolicy, Options, Queues},
    store::{Execution, Listing, Page, Resource, Store, StoreError, Table},
};
use crate::effects::agents::Agents;
use crate::stigmer::{
    ar::{ApiResourceMetadata, ApiResourceOwnerScope},
    exc::ExecutionValue,
    sls::{ServerlessWorkflowValidation, ValidationState},
    wf::{Workflow, WorkflowSpec, WorkflowStatus},
    wfx::{WorkflowExecution, WorkflowExecutionSpec},
};

/// Calls in flight have so long to end at a shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// A running stand-in. Dropping it stops it without waiting; [`shutdown`](Self::shutdown) waits.
pub struct ControlPlane {
    address: SocketAddr,
    api_key: Option<String>,
    org: String,
    shared: Arc<Shared>,
    cast: Arc<Cast>,
    close: watch::Sender<bool>,
    server: JoinHandle<()>,
    workers: Option<Workers>,
}

impl ControlPlane {
    /// Listens on 127.0.0.1, stores the agents, and starts the workers when there is a Temporal client. Call it within a multi-threaded
    /// tokio runtime: workflow code runs on threads beside it.
    ///
    /// # Errors
    /// The port is taken, or a worker cannot be made.
    pub fn start(options: Options) -> Result<Self, ControlPlaneError> {
        let Options { port, api_key, org, temporal, queues, execute, agents, callbacks, validate } = options;
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listen = |source| ControlPlaneError::Listen { address: wanted, source };
        let listener = TcpListener::bind(wanted).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let store = Arc::new(Store::default());
        let cast = Arc::new(Cast::default());
        cast.set(agents, &store)?;
        let workers = temporal.as_ref().map(|client| Workers::start(client, &queues, &store, &cast, callbacks)).transpose()?;
        let launcher = temporal.map(|client| Launcher { client, queues, execute, cast: Arc::clone(&cast) });

        let (close, closing) = watch::channel(false);
        let shared = Arc::new(Shared { platform: Platform { store, launcher, validate }, closing });
        let server = tokio::spawn({
            let (shared, api_key) = (Arc::clone(&shared), api_key.clone());
            async move {
                if let Err(error) = serve(listener, api_key.as_deref(), shared).await {
                    tracing::error!(error, "the control plane's server has ended");
                }
            }
        });
        Ok(Self { address, api_key, org, shared, cast, close, server, workers })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client dials, e.g. `http://127.0.0.1:7234`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key that every call must carry, when there is one.
    pub fn api_key(&self) -> Option<&str> {
        self.api_key.as_deref()
    }

    /// Everything that it remembers.
    pub fn store(&self) -> &Arc<Store> {
        &self.shared.platform.store
    }

    /// Plays other agents from now on. A question that is being answered is not touched.
    ///
    /// # Errors
    /// A name is taken by an agent that was created from outside.
    pub fn replace_agents(&self, agents: Agents) -> Result<(), ControlPlaneError> {
        Ok(self.cast.set(Arc::new(agents), self.store())?)
    }

    /// Stores a definition of the standard DSL as a workflow that is valid, with its YAML and without tasks; replaces the one of the same name.
    /// The text is taken as it is: whoever calls has checked it.
    ///
    /// # Errors
    /// The text is no YAML, or has no `document.name`.
    pub fn apply_definition(&self, yaml: &str) -> Result<Workflow, ControlPlaneError> {
        let document: serde_yaml::Value = serde_yaml::from_str(yaml).map_err(|error| ControlPlaneError::Definition(error.to_string()))?;
        let text = |key: &str| document.get("document").and_then(|part| part.get(key)).and_then(serde_yaml::Value::as_str);
        let name = text("name").ok_or_else(|| ControlPlaneError::Definition("document.name is missing".to_owned()))?;
        let validation = ServerlessWorkflowValidation { state: ValidationState::Valid.into(), yaml: yaml.to_owned(), ..Default::default() };
        let table = &self.store().workflows;
        if let Some(known) = table.find(|row| row.org() == self.org && row.metadata().is_some_and(|metadata| metadata.name == name)) {
            let replace = |row: &mut Workflow| row.status.get_or_insert_default().serverless_workflow_validation = Some(validation);
            return Ok(table.modify(known.id(), replace)?);
        }
        self.shared.platform.store_workflow(Workflow {
            metadata: Some(self.metadata(name)),
            spec: Some(WorkflowSpec { description: text("summary").unwrap_or_default().to_owned(), ..Default::default() }),
            status: Some(WorkflowStatus { serverless_workflow_validation: Some(validation), ..Default::default() }),
            ..Default::default()
        })
    }

    /// Creates an execution of a workflow, and so starts it. Gives its id.
    ///
    /// # Errors
    /// There is no such workflow, or Temporal does not take the outer workflow.
    pub async fn execute(
        &self,
        workflow_id: &str,
        trigger_message: &str,
        trigger_metadata: BTreeMap<String, String>,
        runtime_env: BTreeMap<String, ExecutionValue>,
    ) -> Result<String, ControlPlaneError> {
        let spec = WorkflowExecutionSpec {
            workflow_id: workflow_id.to_owned(),
            trigger_message: trigger_message.to_owned(),
            trigger_metadata,
            runtime_env,
            ..Default::default()
        };
        let execution = WorkflowExecution { metadata: Some(self.metadata("")), spec: Some(spec), ..Default::default() };
        Ok(self.shared.platform.create_workflow_execution(execution).await?.id().to_owned())
    }

    /// Cancels an execution's outer workflow, and so the runner's activity. Its phase changes when the runner says so.
    ///
    /// # Errors
    /// Temporal does not know the outer workflow, or it has ended.
    pub async fn cancel(&self, execution_id: &str) -> Result<(), ControlPlaneError> {
        match &self.shared.platform.launcher {
            Some(launcher) => launcher.cancel_workflow_execution(execution_id).await,
            None => Ok(()),
        }
    }

    /// The execution as it is, then after each change until its phase is terminal. A slow reader sees the latest state, not each one.
    ///
    /// # Errors
    /// There is no such execution.
    pub fn changes(&self, execution_id: &str) -> Result<impl Stream<Item = WorkflowExecution> + Send + 'static, ControlPlaneError> {
        let rows = self.store().workflow_executions.subscribe(execution_id)?;
        Ok(follow(rows, self.shared.closing.clone()))
    }

    /// Waits until the execution's phase is terminal.
    ///
    /// # Errors
    /// There is no such execution, or it was removed.
    pub async fn wait(&self, execution_id: &str) -> Result<WorkflowExecution, ControlPlaneError> {
        let mut rows = self.store().workflow_executions.subscribe(execution_id)?;
        let removed = |_| StoreError::NotFound { kind: WorkflowExecution::KIND, key: execution_id.to_owned() };
        let row = rows.wait_for(Execution::is_terminal).await.map_err(removed)?;
        Ok(row.clone())
    }

    /// Ends open streams, lets calls in flight finish, and stops the workers.
    pub async fn shutdown(mut self) {
        self.close.send_replace(true);
        if tokio::time::timeout(DRAIN_TIMEOUT, &mut self.server).await.is_err() {
            tracing::warn!("calls to the control plane did not end in time");
        }
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
    }

    fn metadata(&self, name: &str) -> ApiResourceMetadata {
        ApiResourceMetadata {
            name: name.to_owned(),
            org: self.org.clone(),
            owner_scope: ApiResourceOwnerScope::Organization.into(),
            ..Default::default()
        }
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.server.abort();
    }
}
