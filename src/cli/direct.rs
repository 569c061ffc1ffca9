//! The direct gRPC service of a process: beside its workers (mode `dual`), or alone (mode `grpc`).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Exit;
use super::front::Front;
use super::reload;
use super::service::{RPC_DEADLINE, StartError, own_secrets};
use super::stop::Stop;
use crate::activities::resources::Platform;
use crate::activities::secrets::ExecutionSecrets;
use crate::admin::Readiness;
use crate::config::Config;
use crate::direct::{Entrance, InProcess, Kit, OpenError, Runs};
use crate::effects::events::Sink;
use crate::effects::http::Http;
use crate::effects::resources::Resources;
use crate::effects::secrets::SecretSource;

const READY_LOOK_EVERY: Duration = Duration::from_millis(100);
/// Calls that are being answered have so long at a stop.
const DRAIN: Duration = Duration::from_secs(2);

/// The service while it is served.
pub struct Serving {
    close: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        Self::usage(error)
    }
}

/// Takes the address of the settings.
///
/// # Errors
/// It is taken, or a certificate cannot be used.
pub async fn open(config: &Config) -> Result<Option<Entrance>, StartError> {
    Ok(if config.direct.mode.serves_grpc() { Some(Entrance::open(&config.direct).await?) } else { None })
}

impl Serving {
    /// Healthy as soon as the process is ready.
    pub fn start(entrance: Entrance, runs: Runs, readiness: Readiness) -> Self {
        if let Ok(address) = entrance.address() {
            tracing::info!(%address, "serving WorkflowRunnerServiceController");
        }
        let (close, closing) = watch::channel(false);
        let ready = async move {
            while !readiness.is_ready() {
                tokio::time::sleep(READY_LOOK_EVERY).await;
            }
        };
        let server = tokio::spawn(async move {
            if let Err(error) = entrance.serve(Arc::new(runs), ready, closing).await {
                tracing::error!(error, "the direct service has ended");
            }
        });
        Self { close, server }
    }

    /// Not healthy any more; takes no new calls and answers those that have come.
    pub async fn stop(mut self) {
        self.close.send_replace(true);
        if tokio::time::timeout(DRAIN, &mut self.server).await.is_err() {
            self.server.abort(); // a client that keeps its connection open
        }
    }
}

/// Mode `grpc`: no Temporal.
pub async fn run_alone(config: Config) -> Result<Exit, StartError> {
    let mut stop = Stop::listen().map_err(StartError::unreachable)?;
    let Some(entrance) = open(&config).await? else { return Err(StartError::usage("direct.mode: no service is to be served")) };
    let Front { readiness, ready, serving: admin, .. } = Front::open(&config, None).await?;
    let grace = config.worker.grace;
    let runs = in_process(config)?;
    let serving = Serving::start(entrance, Runs::InProcess(runs.clone()), readiness);
    drop(ready);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "runner started without Temporal: what runs here ends with this process");
    let signal = stop.asked().await;
    tracing::info!(signal, "stopping: what runs is cancelled, and may end within the grace period");
    tokio::select! {
        left = async { serving.stop().await; runs.stop(grace).await } => tracing::info!(left, "stopped"),
        signal = stop.asked() => tracing::warn!(signal, "stopped at once"),
    }
    if let Some(admin) = admin {
        admin.abort();
    }
    Ok(Exit::Completed)
}

fn in_process(config: Config) -> Result<InProcess, StartError> {
    let platform =
        config.stigmer.as_ref().map(|settings| reload::stigmer(settings, RPC_DEADLINE)).transpose().map_err(StartError::usage)?;
    let platform = platform.map(|(client, _)| Platform::start(client));
    let http = Http::new(&config.http).map_err(StartError::usage)?;
    let sink = Sink::new(&config.events, &config.http).map_err(StartError::usage)?;
    let own: Arc<dyn SecretSource> = Arc::new(own_secrets(&config));
    let secrets = match &platform {
        Some(platform) => Arc::new(ExecutionSecrets::new(platform.stigmer.clone(), own)),
        None => own,
    };
    let resources = Resources::new(http.clone(), &config.resources);
    let (max_runs, budget) = (config.direct.max_runs, config.handshake.delivery_budget);
    Ok(InProcess::new(Kit { config, platform, http, sink, resources, secrets }, max_runs, budget))
}
