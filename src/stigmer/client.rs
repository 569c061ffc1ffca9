//! The platform's rpcs, over one connection that is made when first used.
//!
//! Every call carries `authorization: Bearer` and a deadline; none is retried here, since each caller has its own idea of how long to try.
//! Key and certificates may be renewed while it is in use: calls under way end as they began, the next ones go over a new connection.

mod error;
mod rpc;

use std::collections::BTreeMap;
use std::fmt::{Debug, Formatter};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use prost::Message;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret, SecretString};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

pub use error::{SettingsError, StigmerError};
use rpc::Rpc;

use super::arkind::ApiResourceKind;
use super::{ag, agx, ar, environment, exc, wf, wfi, wfx};

/// Time limit of one call, connecting included.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// An execution with its whole task list is larger than gRPC's default of 4 MiB.
const MESSAGE_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// Entries in one page of a list.
const PAGE_SIZE: i32 = 100;

/// Where the platform is and how to speak to it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `host:port`; a scheme may stand before it and must then agree with `tls`.
    pub endpoint: String,
    /// TLS with the roots of the system, or plaintext HTTP/2.
    pub tls: bool,
    /// Sent with every call.
    pub api_key: SecretString,
    /// Whom to trust, and how to show who we are; says something with `tls` only.
    pub certificates: Certificates,
    /// Time limit of one call.
    pub deadline: Duration,
}

/// PEM texts of TLS.
#[derive(Clone, Default)]
pub struct Certificates {
    /// The authorities to trust, instead of those of the system.
    pub ca: Option<Vec<u8>>,
    /// The client's certificate and its key.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
    /// The name to check the server's certificate for, when it is not the endpoint's.
    pub server_name: Option<String>,
}

/// The client. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Stigmer {
    live: Arc<RwLock<Arc<Inner>>>,
}

/// A connection with the settings that it was made by.
struct Inner {
    endpoint: Endpoint,
    channel: OnceLock<Channel>,
    api_key: SecretString,
    bearer: MetadataValue<Ascii>,
    deadline: Duration,
}

impl Inner {
    fn new(settings: &Settings) -> Result<Arc<Self>, SettingsError> {
        let key = settings.api_key.expose_secret().trim();
        if key.is_empty() {
            return Err(SettingsError::NoApiKey);
        }
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {key}").parse().map_err(|_| SettingsError::ApiKey)?;
        bearer.set_sensitive(true);
        Ok(Arc::new(Self {
            endpoint: endpoint(settings)?,
            channel: OnceLock::new(),
            api_key: SecretString::from(key),
            bearer,
            deadline: settings.deadline,
        }))
    }

    fn channel(&self) -> Channel {
        self.channel.get_or_init(|| self.endpoint.connect_lazy()).clone()
    }
}

impl Stigmer {
    /// Checks the settings and opens nothing: the first call connects.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self { live: Arc::new(RwLock::new(Inner::new(settings)?)) })
    }

    /// From the next call on every clone goes by these settings. When they cannot be used, all stays as it was.
    pub fn renew(&self, settings: &Settings) -> Result<(), SettingsError> {
        let renewed = Inner::new(settings)?;
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    fn inner(&self) -> Arc<Inner> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The workflow with its definition.
    pub async fn get_workflow(&self, id: &str) -> Result<wf::Workflow, StigmerError> {
        self.unary(rpc::GET_WORKFLOW, wf::WorkflowId { value: id.to_owned() }).await
    }

    /// The workflow by organisation and slug.
    pub async fn workflow_by_reference(&self, org: &str, slug: &str) -> Result<wf::Workflow, StigmerError> {
        self.unary(rpc::WORKFLOW_BY_REFERENCE, reference(ApiResourceKind::Workflow, org, slug)).await
    }

    /// Creates a workflow, or replaces the one of its organisation and name. The platform has it validated first.
    pub async fn apply_workflow(&self, workflow: wf::Workflow) -> Result<wf::Workflow, StigmerError> {
        self.unary(rpc::APPLY_WORKFLOW, workflow).await
    }

    /// The workflow instance.
    pub async fn get_instance(&self, id: &str) -> Result<wfi::WorkflowInstance, StigmerError> {
        self.unary(rpc::GET_INSTANCE, wfi::WorkflowInstanceId { value: id.to_owned() }).await
    }

    /// The environment that a workflow instance refers to, its values included.
    pub async fn environment_by_reference(&self, reference: ar::ApiResourceReference) -> Result<environment::Environment, StigmerError> {
        self.unary(rpc::ENVIRONMENT_BY_REFERENCE, reference).await
    }

    /// Creates a workflow execution; the platform starts it.
    pub async fn create_workflow_execution(&self, execution: wfx::WorkflowExecution) -> Result<wfx::WorkflowExecution, StigmerError> {
        let private = execution.spec.as_ref().map(|spec| private(&spec.callback_token, &spec.runtime_env)).unwrap_or_default();
        self.unary_with(rpc::CREATE_WORKFLOW_EXECUTION, execution, private).await
    }

    /// The workflow execution as it is stored, its runtime environment included.
    pub async fn get_execution(&self, id: &str) -> Result<wfx::WorkflowExecution, StigmerError> {
        self.unary(rpc::GET_WORKFLOW_EXECUTION, wfx::WorkflowExecutionId { value: id.to_owned() }).await
    }

    /// Merges a status into the stored execution: a task list that is not empty replaces the old one, every other field is set when it is
    /// not empty, and nothing can be cleared.
    pub async fn update_status(
        &self,
        execution_id: &str,
        status: wfx::WorkflowExecutionStatus,
    ) -> Result<wfx::WorkflowExecution, StigmerError> {
        let input = wfx::WorkflowExecutionUpdateStatusInput { execution_id: execution_id.to_owned(), status: Some(status) };
        self.unary(rpc::UPDATE_STATUS, input).await
    }

    /// The agent by organisation, slug and scope.
    pub async fn agent_by_reference(&self, org: &str, slug: &str, scope: ar::ApiResourceOwnerScope) -> Result<ag::Agent, StigmerError> {
        let reference = ar::ApiResourceReference { scope: scope.into(), ..reference(ApiResourceKind::Agent, org, slug) };
        self.unary(rpc::AGENT_BY_REFERENCE, reference).await
    }

    /// Creates an agent execution; the platform starts the agent.
    pub async fn create_agent_execution(&self, execution: agx::AgentExecution) -> Result<agx::AgentExecution, StigmerError> {
        let private = execution.spec.as_ref().map(|spec| private(&spec.callback_token, &spec.runtime_env)).unwrap_or_default();
        self.unary_with(rpc::CREATE_AGENT_EXECUTION, execution, private).await
    }

    /// The agent execution as it is stored.
    pub async fn get_agent_execution(&self, id: &str) -> Result<agx::AgentExecution, StigmerError> {
        self.unary(rpc::GET_AGENT_EXECUTION, agx::AgentExecutionId { value: id.to_owned() }).await
    }

    /// One page of the agent executions with a tag, and the token of the next page when there is one. The first page's token is empty,
    /// that of page `n` is `n`. A server may ignore the tag: compare it yourself.
    pub async fn list_agent_executions(
        &self,
        tag: &str,
        page_token: &str,
    ) -> Result<(Vec<agx::AgentExecution>, Option<String>), StigmerError> {
        let tags = if tag.is_empty() { Vec::new() } else { vec![tag.to_owned()] };
        let request =
            agx::ListAgentExecutionsRequest { page_size: PAGE_SIZE, page_token: page_token.to_owned(), tags, ..Default::default() };
        let list = self.unary(rpc::LIST_AGENT_EXECUTIONS, request).await?;
        let page: i32 = page_token.parse().unwrap_or(1);
        let next = (page < list.total_pages && !list.entries.is_empty()).then(|| (page + 1).to_string());
        Ok((list.entries, next))
    }

    async fn unary<Q, R>(&self, rpc: Rpc<Q, R>, message: Q) -> Result<R, StigmerError>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        self.unary_with(rpc, message, Vec::new()).await
    }

    /// A call whose message holds what no error may repeat.
    async fn unary_with<Q, R>(&self, rpc: Rpc<Q, R>, message: Q, mut private: Vec<String>) -> Result<R, StigmerError>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let inner = self.inner();
        let call = async {
            let mut grpc = Grpc::new(inner.channel()).max_decoding_message_size(MESSAGE_LIMIT_BYTES);
            grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
            let mut request = Request::new(message);
            request.set_timeout(inner.deadline);
            request.metadata_mut().insert("authorization", inner.bearer.clone());
            grpc.unary(request, PathAndQuery::from_static(rpc.path), ProstCodec::default()).await
        };
        match tokio::time::timeout(inner.deadline, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => {
                private.push(inner.api_key.expose_secret().to_owned());
                Err(StigmerError::of(rpc.path, &status, inner.deadline, &private))
            }
            Err(_) => Err(StigmerError::deadline(rpc.path, inner.deadline)),
        }
    }
}

impl Debug for Stigmer {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stigmer").field("endpoint", self.inner().endpoint.uri()).finish_non_exhaustive()
    }
}

fn endpoint(settings: &Settings) -> Result<Endpoint, SettingsError> {
    let invalid = |reason: String| SettingsError::Endpoint { endpoint: settings.endpoint.clone(), reason };
    let scheme = if settings.tls { "https" } else { "http" };
    let uri = match settings.endpoint.split_once("://") {
        None => format!("{scheme}://{}", settings.endpoint),
        Some((given, _)) if given == scheme => settings.endpoint.clone(),
        Some((given, _)) => return Err(invalid(format!("scheme '{given}' where TLS is {}", if settings.tls { "on" } else { "off" }))),
    };
    let mut endpoint = Endpoint::from_shared(uri)
        .and_then(|endpoint| endpoint.user_agent(concat!("workflow-runner/", env!("CARGO_PKG_VERSION"))))
        .map_err(|error| invalid(error.to_string()))?
        .connect_timeout(settings.deadline)
        // Of the socket only: servers close a connection on HTTP/2 pings that come more often than they allow.
        .tcp_keepalive(Some(Duration::from_mins(1)));
    if settings.tls {
        // Without this a text that is no PEM would be an authority that vouches for nobody.
        if settings.certificates.ca.as_deref().is_some_and(|ca| !names_authority(ca)) {
            return Err(SettingsError::Certificates("the file of the authority holds no certificate in PEM form".to_owned()));
        }
        endpoint = endpoint.tls_config(tls(&settings.certificates)).map_err(|error| SettingsError::Certificates(root_cause(&error)))?;
    }
    Ok(endpoint)
}

fn names_authority(pem: &[u8]) -> bool {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    rustls::RootCertStore::empty().add_parsable_certificates(certificates.unwrap_or_default()).0 > 0
}

fn tls(certificates: &Certificates) -> ClientTlsConfig {
    let mut tls = match &certificates.ca {
        Some(ca) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let Some((certificate, key)) = &certificates.client {
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    match &certificates.server_name {
        Some(name) => tls.domain_name(name),
        None => tls,
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Sizes only: a key is a secret.
impl Debug for Certificates {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (ca, client) = (self.ca.as_ref().map(Vec::len), self.client.as_ref().map(|(cert, _)| cert.len()));
        f.debug_struct("Certificates").field("ca_bytes", &ca).field("client_bytes", &client).finish_non_exhaustive()
    }
}

fn reference(kind: ApiResourceKind, org: &str, slug: &str) -> ar::ApiResourceReference {
    ar::ApiResourceReference { org: org.to_owned(), kind: kind.into(), slug: slug.to_owned(), ..Default::default() }
}

/// What no error text may repeat: the token in base64, and the values that are marked as secret.
fn private(token: &[u8], values: &BTreeMap<String, exc::ExecutionValue>) -> Vec<String> {
    let secrets = values.values().filter(|value| value.is_secret).map(|value| value.value.clone());
    secrets.chain([BASE64_STANDARD.encode(token)]).collect()
}

#[cfg(test)]
mod tests;
