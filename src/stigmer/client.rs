//! The platform's rpcs, over one connection that is made when first used.
//!
//! Every call carries `authorization: Bearer` and a deadline; none is retried here, since each caller has its own idea of how long to try.

mod error;
mod rpc;

use std::collections::BTreeMap;
use std::fmt::{Debug, Formatter};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use prost::Message;
use secrecy::{ExposeSecret, SecretString};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
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
    /// Time limit of one call.
    pub deadline: Duration,
}

/// The client. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Stigmer {
    inner: Arc<Inner>,
}

struct Inner {
    endpoint: Endpoint,
    channel: OnceLock<Channel>,
    api_key: SecretString,
    bearer: MetadataValue<Ascii>,
    deadline: Duration,
}

impl Stigmer {
    /// Checks the settings and opens nothing: the first call connects.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let key = settings.api_key.expose_secret().trim();
        if key.is_empty() {
            return Err(SettingsError::NoApiKey);
        }
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {key}").parse().map_err(|_| SettingsError::ApiKey)?;
        bearer.set_sensitive(true);
        let inner = Inner {
            endpoint: endpoint(settings)?,
            channel: OnceLock::new(),
            api_key: SecretString::from(key),
            bearer,
            deadline: settings.deadline,
        };
        Ok(Self { inner: Arc::new(inner) })
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
        let call = async {
            let mut grpc = Grpc::new(self.channel()).max_decoding_message_size(MESSAGE_LIMIT_BYTES);
            grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
            let mut request = Request::new(message);
            request.set_timeout(self.inner.deadline);
            request.metadata_mut().insert("authorization", self.inner.bearer.clone());
            grpc.unary(request, PathAndQuery::from_static(rpc.path), ProstCodec::default()).await
        };
        match tokio::time::timeout(self.inner.deadline, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => {
                private.push(self.inner.api_key.expose_secret().to_owned());
                Err(StigmerError::of(rpc.path, &status, self.inner.deadline, &private))
            }
            Err(_) => Err(StigmerError::deadline(rpc.path, self.inner.deadline)),
        }
    }

    fn channel(&self) -> Channel {
        self.inner.channel.get_or_init(|| self.inner.endpoint.connect_lazy()).clone()
    }
}

impl Debug for Stigmer {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stigmer").field("endpoint", self.inner.endpoint.uri()).finish_non_exhaustive()
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
        endpoint = endpoint.tls_config(ClientTlsConfig::new().with_native_roots()).map_err(|error| invalid(error.to_string()))?;
    }
    Ok(endpoint)
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
