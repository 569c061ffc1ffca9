//! The direct path: executions begun and steered by gRPC, without a caller in Temporal.
//!
//! One listener with three services:
//!
//! * `ai.stigmer.agentic.workflowrunner.v1.WorkflowRunnerServiceController`: executeAsync, cancelExecution, pauseExecution, resumeExecution
//! * `grpc.health.v1.Health`: SERVING when the process is ready; needs no token, so that a probe can ask
//! * `grpc.reflection.v1` and `v1alpha`: of the first two
//!
//! | mode | an execution runs | file |
//! |---|---|---|
//! | `dual` | on Temporal, as child `workflow-exec-{id}`, like one that `ExecuteWorkflow` starts | `durable` |
//! | `grpc` | in this process, and ends with it | `in_process` |

mod bearer;
mod durable;
mod in_process;
mod listener;
mod local_run;
mod order;
mod refusal;
mod service;
mod tls;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::health_reporter;

pub use self::durable::Durable;
pub use self::in_process::InProcess;
pub use self::local_run::Kit;
pub use self::tls::TlsError;

use self::bearer::Bearer;
use self::service::Controller;
use crate::config::DirectSettings;
use crate::stigmer;
use crate::stigmer::wfr::workflow_runner_service_controller_server::{SERVICE_NAME, WorkflowRunnerServiceControllerServer};

const HEALTH: &str = "grpc.health.v1.Health";
/// Of one message; a definition that Temporal takes is smaller.
const MESSAGE_LIMIT_BYTES: usize = 10 * 1024 * 1024;
/// Calls of one connection that are worked on at a time.
const CALLS_PER_CONNECTION: usize = 64;
/// Of one call: a pause may wait until it stands in the history.
const CALL_LIMIT: Duration = Duration::from_mins(1);
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// Where executions run.
pub enum Runs {
    Durable(Box<Durable>),
    InProcess(InProcess),
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("direct.listen: cannot listen on {address}: {source}")]
    Bind { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("direct.token: it cannot be sent in a header: only visible ASCII characters can")]
    Token,
    #[error("the descriptors of the services cannot be read: {0}")]
    Descriptors(#[from] tonic_reflection::server::Error),
}

/// An open listener that nobody is served at yet.
pub struct Entrance {
    listener: TcpListener,
    tls: Option<tls::Acceptor>,
    bearer: Bearer,
}

impl Entrance {
    /// Takes the address, reads the certificate.
    ///
    /// # Errors
    /// A setting that cannot be used.
    pub async fn open(settings: &DirectSettings) -> Result<Self, OpenError> {
        let bearer = Bearer::new(settings.token.as_ref()).ok_or(OpenError::Token)?;
        let tls = settings.tls.as_ref().map(tls::Acceptor::new).transpose()?;
        let address = settings.listen;
        let listener = TcpListener::bind(address).await.map_err(|source| OpenError::Bind { address, source })?;
        if tls.is_none() && !address.ip().is_loopback() {
            tracing::warn!(%address, "the direct service is open without TLS: its token travels in the clear");
        }
        Ok(Self { listener, tls, bearer })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `closing` is true; healthy once `ready` has ended. Calls that have come by then are answered.
    ///
    /// # Errors
    /// The listener is broken, or the descriptors are.
    pub async fn serve(
        self,
        runs: std::sync::Arc<Runs>,
        ready: impl Future<Output = ()> + Send + 'static,
        mut closing: watch::Receiver<bool>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let (health, health_service) = health_reporter();
        for service in ["", SERVICE_NAME] {
            health.set_service_status(service, ServingStatus::NotServing).await;
        }
        let mut ending = closing.clone();
        let reporter = tokio::spawn(async move {
            tokio::select! {
                () = ready => {}
                _ = ending.wait_for(|closing| *closing) => return,
            }
            for service in ["", SERVICE_NAME] {
                health.set_service_status(service, ServingStatus::Serving).await;
            }
            let _ = ending.wait_for(|closing| *closing).await;
            for service in ["", SERVICE_NAME] {
                health.set_service_status(service, ServingStatus::NotServing).await;
            }
        });
        let controller = WorkflowRunnerServiceControllerServer::new(Controller { runs })
            .max_decoding_message_size(MESSAGE_LIMIT_BYTES)
            .max_encoding_message_size(MESSAGE_LIMIT_BYTES);
        let served = Server::builder()
            .timeout(CALL_LIMIT)
            .concurrency_limit_per_connection(CALLS_PER_CONNECTION)
            .http2_keepalive_interval(Some(KEEP_ALIVE))
            .add_service(health_service)
            .add_service(InterceptedService::new(reflection().build_v1()?, self.bearer.clone()))
            .add_service(InterceptedService::new(reflection().build_v1alpha()?, self.bearer.clone()))
            .add_service(InterceptedService::new(controller, self.bearer))
            .serve_with_incoming_shutdown(listener::incoming(self.listener, self.tls), async move {
                let _ = closing.wait_for(|closing| *closing).await;
            })
            .await;
        reporter.abort();
        Ok(served?)
    }
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(stigmer::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name(SERVICE_NAME)
        .with_service_name(HEALTH)
}
