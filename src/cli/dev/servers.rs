//! What `dev` runs: a Temporal server, a control plane, a worker, and a folder with the registered definitions.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use temporalio_client::{Client, UntypedWorkflow, WorkflowDescribeOptions};

use super::next::Next;
use super::project::{Project, Workflow};
use crate::cli::DevArgs;
use crate::cli::service::{Service, StartError, address};
use crate::config::{Config, DefinitionSettings, StigmerSettings};
use crate::control_plane::{CallbackPolicy, ControlPlane, DevServer, DevServerOptions, Options};
use crate::effects::definitions::Definitions;
use crate::temporal::connect::{self, Address};
use crate::temporal::metrics::SdkMetrics;

/// Key of the control plane: it listens on loopback only.
const API_KEY: &str = "dev";

pub(super) struct Servers {
    pub plane: ControlPlane,
    pub next: Next,
    client: Client,
    /// Behind a lock, so that it can be asked how it is while others look at the rest.
    server: Option<Mutex<DevServer>>,
    service: Service,
    definitions: Registry,
}

/// Where `run: workflow` looks.
struct Registry {
    definitions: Definitions,
    /// None: the settings name another place, which is not ours to write to.
    folder: Option<TempDir>,
}

impl Servers {
    pub async fn start(args: &DevArgs, mut config: Config, project: &Project, program: &str) -> Result<Self, StartError> {
        free(args.port, "--port")?;
        free(args.ui_port, "--ui-port")?;
        let definitions = Registry::make(&mut config.definitions)?;
        let sdk = SdkMetrics::start().map_err(StartError::unreachable)?;
        let (server, client, at) = temporal(args, &config, &sdk).await?;
        let plane = ControlPlane::start(Options {
            port: args.port.unwrap_or(0),
            api_key: Some(API_KEY.to_owned()),
            temporal: Some(client.clone()),
            agents: Arc::new(project.agents.clone()),
            // As the platform does it, but for failures: there a failed agent calls nobody back, and is found out after a minute.
            callbacks: CallbackPolicy { failures: true, ..CallbackPolicy::default() },
            ..Options::default()
        })
        .map_err(StartError::usage)?;
        eprintln!("control plane  {} (key `{API_KEY}`)", plane.endpoint());
        config.stigmer = Some(StigmerSettings::local(plane.address().to_string(), API_KEY));
        let next = Next {
            program: program.to_owned(),
            address: at,
            namespace: config.temporal.namespace.clone().filter(|name| name != "default"),
            ui: server.as_ref().and_then(DevServer::ui_url),
            queue: config.worker.workflow_queue.clone(),
        };
        let service = Service::start(config, client.clone(), &sdk, None).await?;
        Ok(Self { plane, next, client, server: server.map(Mutex::new), service, definitions })
    }

    /// Takes over what has changed: definitions, agents.
    pub fn renew(&self, project: &Project, before: Option<&Project>) -> Result<(), StartError> {
        if before.is_some() {
            self.plane.replace_agents(project.agents.clone()).map_err(StartError::usage)?;
        }
        for workflow in project.folders.iter().chain(&project.files) {
            self.plane.apply_definition(&workflow.text).map_err(StartError::usage)?;
        }
        self.definitions.renew(project, before);
        Ok(())
    }

    /// Creates an execution of a definition; its id.
    pub async fn execute(&self, workflow: &Workflow, input: Option<&str>, project: &Project) -> Result<String, StartError> {
        // Once more: a definition of the same name may have been registered after it.
        let row = self.plane.apply_definition(&workflow.text).map_err(StartError::usage)?;
        let id = row.metadata.map(|metadata| metadata.id).unwrap_or_default();
        let message = input.unwrap_or("execute");
        let created = self.plane.execute(&id, message, std::collections::BTreeMap::new(), project.env.clone()).await;
        created.map_err(StartError::unreachable)
    }

    /// # Errors
    /// The Temporal server that was started here has ended: somebody has killed it, or it has failed.
    pub fn check(&self) -> Result<(), StartError> {
        let ended = self.server.as_ref().is_some_and(|server| server.lock().unwrap_or_else(PoisonError::into_inner).has_ended());
        if ended {
            let at = &self.next.address;
            return Err(StartError::unreachable(format!(
                "the Temporal server at {at} has ended, and with it everything that ran; start again"
            )));
        }
        Ok(())
    }

    /// The run of a workflow that is the latest, when Temporal knows one.
    pub async fn run_id(&self, workflow_id: &str) -> Option<String> {
        let handle = self.client.get_workflow_handle::<UntypedWorkflow>(workflow_id);
        let described = handle.describe(WorkflowDescribeOptions::default()).await.ok()?;
        Some(described.run_id().to_owned())
    }

    pub async fn stop(self) {
        self.service.stop().await;
        self.plane.shutdown().await;
        if let Some(server) = self.server {
            server.into_inner().unwrap_or_else(PoisonError::into_inner).stop().await;
        }
    }
}

impl Registry {
    fn make(settings: &mut DefinitionSettings) -> Result<Self, StartError> {
        if settings.dir.is_some() {
            return Ok(Self { definitions: Definitions::new(settings), folder: None });
        }
        let folder = tempfile::tempdir().map_err(StartError::unreachable)?;
        settings.dir = Some(folder.path().to_owned());
        Ok(Self { definitions: Definitions::new(settings), folder: Some(folder) })
    }

    fn renew(&self, project: &Project, before: Option<&Project>) {
        let Some(folder) = &self.folder else {
            if before.is_none() && !project.folders.is_empty() {
                eprintln!("note: `run: workflow` looks into definitions.dir, as it is set; `apply` registers there");
            }
            return;
        };
        let path =
            |workflow: &Workflow| folder.path().join(&workflow.namespace).join(&workflow.name).join(format!("{}.yaml", workflow.version));
        let now: Vec<_> = project.workflows().map(path).collect();
        for gone in before.into_iter().flat_map(Project::workflows).map(path).filter(|path| !now.contains(path)) {
            if let Err(error) = fs::remove_file(&gone) {
                tracing::debug!(%error, "a definition stays registered");
            }
        }
        for workflow in project.workflows() {
            let Workflow { namespace, name, version, text, file, .. } = workflow;
            if let Err(error) = self.definitions.register(namespace, name, version, text, true) {
                eprintln!("warning: {}: `run: workflow` will not find it: {error}", file.display());
            }
        }
    }
}

/// A server that is running already, or one of our own; a client of it, and its address for people.
async fn temporal(args: &DevArgs, config: &Config, sdk: &SdkMetrics) -> Result<(Option<DevServer>, Client, String), StartError> {
    if let Some(at) = &args.address {
        let address = address(&config.temporal);
        return Ok((None, connect::once(&address, Some(sdk.for_client())).await?, at.clone()));
    }
    let options = DevServerOptions {
        cli: args.temporal_cli.clone(),
        ui_port: Some(ui_port(args.ui_port)?),
        namespace: config.temporal.namespace.clone(),
        ..DevServerOptions::default()
    };
    let server = DevServer::start(&options).await.map_err(StartError::unreachable)?;
    let address = Address { address: Some(server.address()), ..address(&config.temporal) };
    let client = connect::once(&address, Some(sdk.for_client())).await?;
    let at = server.address();
    eprintln!("Temporal       {at}");
    if let Some(url) = server.ui_url() {
        eprintln!("Temporal UI    {url}");
    }
    Ok((Some(server), client, at))
}

/// Asked before anything starts: what listens there already would be in the way only later.
fn free(port: Option<u16>, flag: &str) -> Result<(), StartError> {
    let Some(port) = port.filter(|port| *port != 0) else { return Ok(()) };
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop);
    let hint = format!("hint: name another one by {flag}, or leave {flag} out: then a free one is taken");
    bound.map_err(|error| StartError::usage(format!("{flag}: port {port} of 127.0.0.1 cannot be used: {error}\n{hint}")))
}

/// The port asked for, or a free one.
fn ui_port(wanted: Option<u16>) -> Result<u16, StartError> {
    match wanted {
        Some(port) => Ok(port),
        None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).map(|a| a.port()).map_err(StartError::unreachable),
    }
}
