//! A client of the direct service, and what a worker needs to serve it.

use std::path::PathBuf;

use tempfile::TempDir;
use tonic::codegen::InterceptedService;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};
use workflow_runner::stigmer::wfr::workflow_runner_service_controller_client::WorkflowRunnerServiceControllerClient;
use workflow_runner::stigmer::wfr::{
    CancelExecutionRequest, PauseExecutionRequest, ResumeExecutionRequest, WorkflowExecuteInput, WorkflowExecuteResponse,
};

use crate::support::worker::free_port;

pub const TOKEN: &str = "direct-token-0123456789";

/// Settings of a service with a certificate of its own, and how to reach it.
pub struct Direct {
    pub port: u16,
    pub cert: PathBuf,
    pub key: PathBuf,
    pem: String,
    _dir: TempDir,
}

/// A certificate for `localhost` and its key, as PEM.
pub fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

impl Direct {
    pub fn new() -> Self {
        workflow_runner::effects::http::use_ring();
        let dir = tempfile::tempdir().expect("a folder");
        let (cert, key) = (dir.path().join("tls.crt"), dir.path().join("tls.key"));
        let (pem, key_pem) = certificate();
        std::fs::write(&cert, &pem).expect("written");
        std::fs::write(&key, key_pem).expect("written");
        Self { port: free_port(), cert, key, pem, _dir: dir }
    }

    /// The worker's settings for this mode.
    pub fn settings(&self, mode: &str) -> Vec<(String, String)> {
        let path = |path: &PathBuf| path.display().to_string();
        [
            ("EXECUTION_MODE", mode.to_owned()),
            ("WORKFLOW_RUNNER_DIRECT__LISTEN", format!("127.0.0.1:{}", self.port)),
            ("WORKFLOW_RUNNER_DIRECT__TOKEN", TOKEN.to_owned()),
            ("WORKFLOW_RUNNER_DIRECT__TLS_CERT_PATH", path(&self.cert)),
            ("WORKFLOW_RUNNER_DIRECT__TLS_KEY_PATH", path(&self.key)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// A connection that trusts this certificate.
    pub async fn channel_trusting(&self, pem: &str) -> Result<Channel, tonic::transport::Error> {
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)).domain_name("localhost");
        let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{}", self.port)).expect("an address");
        endpoint.tls_config(tls).expect("TLS").connect().await
    }

    pub async fn channel(&self) -> Channel {
        self.channel_trusting(&self.pem).await.expect("a connection over TLS")
    }

    pub async fn client(&self) -> Client {
        Client(WorkflowRunnerServiceControllerClient::with_interceptor(self.channel().await, Bearer::new(TOKEN)))
    }
}

/// For the settings of a [`crate::support::WorkerProcess`].
pub fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Bearer {
    pub fn new(token: &str) -> Self {
        Self(format!("Bearer {token}").parse().expect("a header"))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

#[derive(Clone)]
pub struct Client(pub WorkflowRunnerServiceControllerClient<InterceptedService<Channel, Bearer>>);

impl Client {
    pub async fn execute(&mut self, id: &str, yaml: &str) -> Result<WorkflowExecuteResponse, Status> {
        let input = WorkflowExecuteInput { workflow_execution_id: id.to_owned(), workflow_yaml: yaml.to_owned() };
        self.0.execute_async(input).await.map(tonic::Response::into_inner)
    }

    pub async fn cancel(&mut self, id: &str, force: bool) -> Result<(), Status> {
        let request = CancelExecutionRequest { execution_id: id.to_owned(), reason: "a test".to_owned(), force };
        self.0.cancel_execution(request).await.map(tonic::Response::into_inner)
    }

    pub async fn pause(&mut self, id: &str) -> Result<(), Status> {
        let request = PauseExecutionRequest { execution_id: id.to_owned(), reason: "lunch".to_owned() };
        self.0.pause_execution(request).await.map(tonic::Response::into_inner)
    }

    pub async fn resume(&mut self, id: &str) -> Result<(), Status> {
        let request = ResumeExecutionRequest { execution_id: id.to_owned(), reason: String::new() };
        self.0.resume_execution(request).await.map(tonic::Response::into_inner)
    }
}

/// The call was refused so, with these words.
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, words: &str) {
    let status = answer.expect_err("a refusal");
    assert_eq!(status.code(), code, "{status:?}");
    assert!(status.message().contains(words), "`{words}` in {status:?}");
}
