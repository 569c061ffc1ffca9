//! A process that serves task queues: what `worker`, `dev` and `run --temporal` have in common.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use temporalio_client::Client;
use tokio::task::JoinHandle;

use super::Exit;
use super::front::Front;
use super::reload::{self, Hangups, LogReload, Reload};
use crate::activities::activity_policy;
use crate::activities::publisher::NoPublisher;
use crate::activities::resources::{self, Platform};
use crate::activities::status::Publisher;
use crate::admin::Readiness;
use crate::config::{Config, TemporalSettings};
use crate::direct::Durable;
use crate::effects::definitions::Definitions;
use crate::effects::events::Sink;
use crate::effects::http::Http;
use crate::effects::openapi::OpenApi;
use crate::effects::process::Processes;
use crate::effects::resources::Resources;
use crate::effects::script::Scripts;
use crate::effects::secrets::{Chain, Directory, Environment};
use crate::handshake::Control;
use crate::telemetry::trace::Tracer;
use crate::telemetry::{Kind, Metrics};
use crate::temporal::connect::{Address, ConnectError, Tls};
use crate::temporal::events::Entrance;
use crate::temporal::metrics::SdkMetrics;
use crate::temporal::search_attribute;
use crate::temporal::worker::{Parts, Workers};

/// Time limit of one rpc to the control plane.
pub const RPC_DEADLINE: Duration = Duration::from_secs(10);
/// For the last spans to reach the collector.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);
/// How often the gauges are brought up to date.
const GAUGES_EVERY: Duration = Duration::from_secs(5);

/// A service that is running.
pub struct Service {
    /// By which executions are started and steered without a caller in Temporal.
    pub durable: Durable,
    pub readiness: Readiness,
    workers: Workers,
    tasks: Vec<JoinHandle<()>>,
    metrics: Arc<Metrics>,
    tracer: Option<Tracer>,
    /// Of the control plane's client.
    reload: Option<Reload>,
    reload_every: Duration,
}

/// Why there is none. Its text is for people.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StartError {
    pub message: String,
    pub exit: Exit,
}

impl StartError {
    // By value, so that they serve `map_err`.
    #[allow(clippy::needless_pass_by_value)]
    pub fn unreachable(message: impl ToString) -> Self {
        Self { message: message.to_string(), exit: Exit::Unreachable }
    }

    #[allow(clippy::needless_pass_by_value)]
    pub fn usage(message: impl ToString) -> Self {
        Self { message: message.to_string(), exit: Exit::Usage }
    }
}

impl From<ConnectError> for StartError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Configuration(_) => Self::usage(error),
            ConnectError::Unreachable { .. } => Self::unreachable(error),
        }
    }
}

/// The address of Temporal as the settings have it.
#[must_use]
pub fn address(settings: &TemporalSettings) -> Address {
    Address {
        address: settings.address.clone(),
        namespace: settings.namespace.clone(),
        identity: None,
        config_file: settings.config_file.clone(),
        profile: settings.profile.clone(),
        api_key: settings.api_key.as_ref().map(|key| key.expose_secret().to_owned()),
        api_key_file: settings.api_key_file.clone(),
        tls: Tls {
            enabled: settings.tls,
            client_cert: settings.tls_client_cert_path.clone(),
            client_key: settings.tls_client_key_path.clone(),
            server_ca_cert: settings.tls_server_ca_cert_path.clone(),
            server_name: settings.tls_server_name.clone(),
        },
    }
}

/// Secrets that the process itself was given: files, then its environment.
#[must_use]
pub fn own_secrets(config: &Config) -> Chain {
    let chain = match &config.secrets.dir {
        Some(dir) => Chain::default().then(Directory::new(dir)),
        None => Chain::default(),
    };
    chain.then(Environment::new(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))))
}

impl Service {
    /// Starts workers and the admin listener. Ready when the task queues are polled.
    ///
    /// # Errors
    /// A wrong setting, a port that is taken, a namespace that is not there.
    pub async fn start(
        config: Config,
        client: Client,
        sdk: &SdkMetrics,
        publisher: Option<Arc<dyn Publisher>>,
    ) -> Result<Self, StartError> {
        let front = Front::open(&config, Some(sdk)).await?;
        Self::start_behind(front, config, client, sdk, publisher).await
    }

    /// The same behind an admin listener that is open already.
    ///
    /// # Errors
    /// As for [`Service::start`].
    pub async fn start_behind(
        front: Front,
        config: Config,
        client: Client,
        sdk: &SdkMetrics,
        publisher: Option<Arc<dyn Publisher>>,
    ) -> Result<Self, StartError> {
        // All settings and clients live in it while it runs.
        Box::pin(Self::assemble(front, config, client, sdk, publisher)).await
    }

    async fn assemble(
        front: Front,
        config: Config,
        client: Client,
        sdk: &SdkMetrics,
        publisher: Option<Arc<dyn Publisher>>,
    ) -> Result<Self, StartError> {
        let Front { metrics, liveness, readiness, ready, serving } = front;
        let platform = config.stigmer.as_ref().map(|settings| reload::stigmer(settings, RPC_DEADLINE));
        let (platform, reload) = platform.transpose().map_err(StartError::usage)?.unzip();
        let reload_every = config.worker.reload_every;
        if platform.is_none() {
            tracing::info!(
                "no control plane (STIGMER_BACKEND_ENDPOINT): ExecuteWorkflow, CallAgentActivity and validateWorkflow are not served"
            );
        }
        let search_attribute = search_attribute::EXECUTION_ID.ensure(&client).await;
        let listens_attribute = search_attribute::LISTENS.ensure(&client).await;
        let entrance = Entrance::open(&config.events, client.clone()).await.map_err(StartError::usage)?;
        let tracer = Tracer::start(&config.otlp).map_err(StartError::usage)?;
        let runtime = sdk.runtime().map_err(StartError::unreachable)?;
        let http = Http::new(&config.http).map_err(StartError::usage)?;
        let sink = Sink::new(&config.events, &config.http).map_err(StartError::usage)?;
        let outside = Resources::new(http.clone(), &config.resources);
        let secrets = own_secrets(&config);
        let platform = platform.map(Platform::start);
        let durable = Durable {
            control: Control::new(client.clone()),
            task_queue: config.worker.workflow_queue.clone(),
            platform: platform.clone(),
            queues: activity_policy::queues(&config.activities),
            outside: outside.clone(),
            search_attribute,
            listens_attribute,
        };
        let workers = Workers::start(Parts {
            client,
            runtime: Arc::new(runtime),
            activities: resources::Resources {
                platform,
                scripts: Scripts::new(Processes::new(&config.run), outside.clone()),
                definitions: Definitions::new(&config.definitions),
                openapi: Arc::new(OpenApi::new(http.clone(), outside.clone())),
                outside,
                http: Arc::new(http),
                sink,
                secrets: Arc::new(secrets),
                metrics: metrics.clone(),
            },
            publisher: publisher.unwrap_or_else(|| Arc::new(NoPublisher)),
            liveness,
            tracer: tracer.clone(),
            ready,
            search_attribute,
            listens_attribute,
            config: Arc::new(config),
        })
        .map_err(StartError::unreachable)?;
        let mut tasks: Vec<_> = serving.into_iter().collect();
        tasks.push(tokio::spawn(keep_gauges(&workers, metrics.clone())));
        tasks.extend(entrance.map(take_events));
        Ok(Self { durable, readiness, workers, tasks, metrics, tracer, reload: reload.flatten(), reload_every })
    }

    /// From now on takes over what changes in these, and in the files of the control plane's client.
    pub fn reload(&mut self, mut reloads: Vec<Reload>, log: Option<LogReload>, hangups: Option<Hangups>) {
        reloads.extend(self.reload.take());
        self.tasks.push(tokio::spawn(reload::run(reloads, log, hangups, self.reload_every, self.metrics.clone())));
    }

    /// Waits until something ends that should not, and says what.
    pub async fn failure(&mut self) -> String {
        self.workers.failure().await
    }

    /// Stops polling and lets running work end within the grace period.
    pub async fn stop(self) -> bool {
        let in_time = self.workers.stop().await;
        if let Some(tracer) = &self.tracer {
            tracer.flush(FLUSH_LIMIT).await;
        }
        self.tasks.iter().for_each(JoinHandle::abort);
        in_time
    }
}

fn take_events(entrance: Entrance) -> JoinHandle<()> {
    if let Ok(address) = entrance.address() {
        tracing::info!(%address, "taking events");
    }
    tokio::spawn(async move {
        if let Err(error) = entrance.serve().await {
            tracing::error!(%error, "the listener for events has ended");
        }
    })
}

/// What is pending now, from the watches and from the agent steps of the runs that are here.
fn keep_gauges(workers: &Workers, metrics: Arc<Metrics>) -> impl Future<Output = ()> + Send + 'static {
    let (wheel, agents, counters) = (workers.wheel.clone(), workers.pending_agents.clone(), workers.counters.clone());
    async move {
        let mut ticks = tokio::time::interval(GAUGES_EVERY);
        let mut gone = 0;
        loop {
            ticks.tick().await;
            metrics.set_pending(Kind::ExecuteWorkflow, wheel.pending(), wheel.oldest().unwrap_or_default());
            let (open, oldest) = agents.snapshot();
            let age = oldest.map(|since| jiff::Timestamp::now().duration_since(since)).and_then(|age| Duration::try_from(age).ok());
            metrics.set_pending(Kind::CallAgent, open, age.unwrap_or_default());
            agents.take_ended().into_iter().for_each(|waited| metrics.waited(Kind::CallAgent, waited));
            let now_gone = counters.callers_gone.load(std::sync::atomic::Ordering::Relaxed);
            (gone..now_gone).for_each(|_| metrics.caller_gone());
            gone = now_gone;
        }
    }
}
