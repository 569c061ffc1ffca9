//! `dev [FILE…]`: Temporal, a control plane with scripted agents, and the worker, all on this machine.
//!
//! Each FILE runs as the platform would run it: its definition is registered, an execution is created, the outer workflow calls `ExecuteWorkflow`, and
//! so on through both handshakes. The timeline goes to stderr, each output to stdout.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use temporalio_client::Client;

use super::document::Document;
use super::outcome::indented;
use super::run::folder_of;
use super::service::{Service, StartError, address};
use super::stop::Stop;
use super::timeline::{Line, Timeline};
use super::{DevArgs, Exit, outside};
use crate::config::{Config, StigmerSettings};
use crate::control_plane::{ControlPlane, DevServer, DevServerOptions, Options};
use crate::effects::scripted::Agents;
use crate::stigmer::structs;
use crate::stigmer::wfx::{ExecutionPhase, WorkflowExecution};
use crate::temporal::connect::{self, Address};
use crate::temporal::metrics::SdkMetrics;

/// Key of the control plane: it listens on loopback only.
const API_KEY: &str = "dev";

pub async fn run(args: DevArgs, config: Config) -> Exit {
    match Box::pin(serve(args, config)).await {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("error: {error}");
            error.exit
        }
    }
}

async fn serve(args: DevArgs, mut config: Config) -> Result<Exit, StartError> {
    config.resources.folder = args.files.first().map(|file| folder_of(file));
    let mut documents = Vec::new();
    for file in &args.files {
        let document = Document::read(file).map_err(StartError::usage)?;
        if let Err(exit) = document.plan(&outside::read(&document, &config).await) {
            return Ok(exit);
        }
        documents.push((document.name, document.text));
    }
    let mut stop = Stop::listen().map_err(StartError::unreachable)?;
    let dev = tokio::select! {
        dev = Dev::start(&args, config) => dev?,
        _ = stop.asked() => return Ok(Exit::Interrupted),
    };
    let mut exit = Exit::Completed;
    for (file, text) in &documents {
        let ended = dev.run(file, text, args.input.as_deref(), &mut stop).await?;
        if exit == Exit::Completed {
            exit = ended;
        }
        if ended == Exit::Interrupted {
            break;
        }
    }
    if !args.exit && exit != Exit::Interrupted {
        eprintln!("serving; stop with Ctrl-C");
        stop.asked().await;
    }
    tokio::select! {
        () = dev.stop() => {}
        _ = stop.asked() => {}
    }
    Ok(exit)
}

struct Dev {
    server: Option<DevServer>,
    plane: ControlPlane,
    service: Service,
}

impl Dev {
    async fn start(args: &DevArgs, mut config: Config) -> Result<Self, StartError> {
        let agents = match &args.agents {
            Some(path) => Agents::load(path).map_err(StartError::usage)?,
            None => Agents::default(),
        };
        let sdk = SdkMetrics::start().map_err(StartError::unreachable)?;
        let (server, client) = temporal(args, &config, &sdk).await?;
        let plane = ControlPlane::start(Options {
            port: args.port.unwrap_or(0),
            api_key: Some(API_KEY.to_owned()),
            temporal: Some(client.clone()),
            agents: Arc::new(agents),
            ..Options::default()
        })
        .map_err(StartError::usage)?;
        eprintln!("control plane  {} (key `{API_KEY}`)", plane.endpoint());
        config.stigmer = Some(StigmerSettings::local(plane.address().to_string(), API_KEY));
        let service = Service::start(config, client, &sdk, None).await?;
        Ok(Self { server, plane, service })
    }

    /// Runs one document, showing it. Ctrl-C cancels the run.
    async fn run(&self, file: &str, text: &str, input: Option<&str>, stop: &mut Stop) -> Result<Exit, StartError> {
        let workflow = self.plane.apply_definition(text).map_err(StartError::usage)?;
        let workflow_id = workflow.metadata.map(|m| m.id).unwrap_or_default();
        let message = input.unwrap_or("execute");
        let id = self.plane.execute(&workflow_id, message, BTreeMap::new(), BTreeMap::new()).await.map_err(StartError::unreachable)?;
        eprintln!("{file}  execution {id}");
        let mut changes = Box::pin(self.plane.changes(&id).map_err(StartError::unreachable)?);
        let (mut timeline, mut last, mut interrupted) = (Timeline::default(), None, false);
        loop {
            tokio::select! {
                change = changes.next() => match change {
                    Some(execution) => {
                        let status = execution.status.clone().unwrap_or_default();
                        timeline.show(status.tasks.iter().map(Line::of_task).collect());
                        last = Some(execution);
                    }
                    None => break,
                },
                _ = stop.asked() => {
                    if interrupted {
                        break;
                    }
                    interrupted = true;
                    eprintln!("cancelling {id}");
                    self.plane.cancel(&id).await.map_err(StartError::unreachable)?;
                }
            }
        }
        let exit = last.map_or(Exit::Faulted, |execution| ended(&id, &execution));
        Ok(if interrupted { Exit::Interrupted } else { exit })
    }

    async fn stop(self) {
        self.service.stop().await;
        self.plane.shutdown().await;
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

/// A server that is running already, or one of our own.
async fn temporal(args: &DevArgs, config: &Config, sdk: &SdkMetrics) -> Result<(Option<DevServer>, Client), StartError> {
    if args.address.is_some() {
        let address = address(&config.temporal);
        return Ok((None, connect::once(&address, Some(sdk.for_client())).await?));
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
    eprintln!("Temporal       {}", server.address());
    if let Some(url) = server.ui_url() {
        eprintln!("Temporal UI    {url}");
    }
    Ok((Some(server), client))
}

/// The port asked for, or a free one.
fn ui_port(wanted: Option<u16>) -> Result<u16, StartError> {
    match wanted {
        Some(port) => Ok(port),
        None => {
            std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).map(|a| a.port()).map_err(StartError::unreachable)
        }
    }
}

/// Prints the end of an execution.
fn ended(id: &str, execution: &WorkflowExecution) -> Exit {
    let status = execution.status.clone().unwrap_or_default();
    match status.phase() {
        ExecutionPhase::ExecutionCompleted => {
            eprintln!("{id} completed");
            println!("{}", status.output.as_ref().map_or_else(|| "null".to_owned(), |output| indented(&structs::value(output))));
            Exit::Completed
        }
        ExecutionPhase::ExecutionCancelled => {
            eprintln!("{id} cancelled");
            Exit::Cancelled
        }
        _ => {
            eprintln!("{id} failed: {}", status.error);
            Exit::Faulted
        }
    }
}
