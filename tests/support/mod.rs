//! The stage for tests on a real Temporal server: the server, the control plane in process, the worker as a process of its own (so that it can be
//! killed), and callers written for the test. One of each per test: nothing is shared, so tests run side by side.

#![allow(dead_code, clippy::pedantic, reason = "each test binary uses a part of it")]

pub mod by_hand;
pub mod caller;
pub mod direct;
pub mod gate;
pub mod hand_over;
pub mod history;
pub mod model;
pub mod operator;
pub mod replay;
pub mod site;
pub mod steps;
pub mod tls;
pub mod wait;
pub mod web;
pub mod worker;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use temporalio_client::Client;
use workflow_runner::control_plane::{ControlPlane, DevServer, DevServerError, DevServerOptions, Options};
use workflow_runner::effects::agents::Agents;
use workflow_runner::stigmer::exc::ExecutionValue;
use workflow_runner::stigmer::structs;
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecution};
use workflow_runner::temporal::connect::{self, Address};

pub use self::worker::WorkerProcess;

/// Key of the control plane on the stage.
pub const API_KEY: &str = "stage-key-0123456789";

/// What a test needs of the world.
pub struct Stage {
    pub server: DevServer,
    pub client: Client,
    pub plane: ControlPlane,
}

/// Changes the options of the control plane before it starts.
pub type ChangePlane = Box<dyn FnOnce(&mut Options)>;

/// How the stage differs from the usual one.
#[derive(Default)]
pub struct StageOptions {
    /// Scripted agents, as YAML of several documents' worth: one list item each.
    pub agents: Vec<&'static str>,
    pub plane: Option<ChangePlane>,
    pub server: DevServerOptions,
}

impl Stage {
    pub async fn start() -> Self {
        Self::with(StageOptions::default()).await
    }

    /// With these scripted agents (YAML each).
    pub async fn with_agents(agents: &[&'static str]) -> Self {
        Self::with(StageOptions { agents: agents.to_vec(), ..Default::default() }).await
    }

    pub async fn with(options: StageOptions) -> Self {
        workflow_runner::effects::http::use_ring();
        let server = dev_server(&options.server).await;
        let client = connect(&server.address()).await;
        let agents = agents(&options.agents);
        let mut plane =
            Options { api_key: Some(API_KEY.to_owned()), temporal: Some(client.clone()), agents: Arc::new(agents), ..Default::default() };
        if let Some(change) = options.plane {
            change(&mut plane);
        }
        let plane = ControlPlane::start(plane).expect("the control plane starts");
        Self { server, client, plane }
    }

    /// Ends everything in order: call it at the end of a test, or the threads of the control plane complain about the runtime's end.
    pub async fn stop(self) {
        self.plane.shutdown().await;
        self.server.stop().await;
    }

    /// A worker with these settings beside the usual ones, ready to work.
    pub async fn worker(&self, settings: &[(&str, &str)]) -> WorkerProcess {
        WorkerProcess::start(&self.server.address(), Some(&self.plane.address().to_string()), settings).await
    }

    /// Registers a definition and starts an execution of it. Gives the execution's id.
    pub async fn execute(&self, yaml: &str, input: &Value) -> String {
        self.execute_with(yaml, input, &[]).await
    }

    /// The same with secret variables.
    pub async fn execute_with(&self, yaml: &str, input: &Value, secrets: &[(&str, &str)]) -> String {
        let workflow = self.plane.apply_definition(yaml).expect("the definition is taken");
        let id = workflow.metadata.expect("metadata").id;
        let env: BTreeMap<String, ExecutionValue> =
            secrets.iter().map(|(k, v)| ((*k).to_owned(), ExecutionValue { value: (*v).to_owned(), is_secret: true })).collect();
        self.plane.execute(&id, &input.to_string(), BTreeMap::new(), env).await.expect("the execution is created")
    }

    /// The execution when its phase is terminal.
    pub async fn ended(&self, execution_id: &str) -> WorkflowExecution {
        wait::within("the execution to end", self.plane.wait(execution_id)).await.expect("the execution exists")
    }

    /// Its output; panics with its error when it did not complete.
    pub async fn output(&self, execution_id: &str) -> Value {
        let status = self.ended(execution_id).await.status.expect("a status");
        assert_eq!(status.phase(), ExecutionPhase::ExecutionCompleted, "{}", status.error);
        structs::value(status.output.as_ref().expect("an output"))
    }
}

/// The server picks ports beside the one that it is given, and another server may be quicker to take one: that is tried again.
pub async fn dev_server(options: &DevServerOptions) -> DevServer {
    // The program chooses further ports by itself, and ends when another one of the many that run at once has taken one of them meanwhile.
    let mut attempts = 0;
    loop {
        match DevServer::start(options).await {
            Ok(server) => return server,
            Err(DevServerError::Ended { .. }) if attempts < 3 => attempts += 1,
            Err(error) => panic!("the Temporal dev server starts (run `make tools` once): {error:?}"),
        }
    }
}

/// Workflow id of the outer workflow of an execution.
pub fn outer_id(execution_id: &str) -> String {
    format!("stigmer/workflow-execution/invoke/{execution_id}")
}

/// Workflow id of the child of an execution.
pub fn child_id(execution_id: &str) -> String {
    format!("workflow-exec-{execution_id}")
}

pub async fn connect(address: &str) -> Client {
    let address = Address { address: Some(address.to_owned()), ..Default::default() };
    connect::once(&address, None).await.expect("the server answers")
}

/// Scripted agents from YAML texts.
pub fn agents(texts: &[&str]) -> Agents {
    let dir = tempfile::tempdir().expect("a folder");
    for (i, text) in texts.iter().enumerate() {
        std::fs::write(dir.path().join(format!("agent{i}.yaml")), text).expect("written");
    }
    if texts.is_empty() { Agents::default() } else { Agents::load(Path::new(dir.path())).expect("the agents are well written") }
}

/// A document around a `do` list (indented by two spaces).
pub fn document(tasks: &str) -> String {
    format!("document:\n  dsl: '1.0.3'\n  namespace: test\n  name: stage\n  version: '0.1.0'\ndo:\n{tasks}")
}
