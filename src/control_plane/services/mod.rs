//! The platform's gRPC services, one file for each kind of resource.

mod agent;
mod agent_execution;
mod auth;
mod environment;
mod follow;
mod workflow;
mod workflow_execution;
mod workflow_instance;

use std::{net::TcpListener, sync::Arc};

use tokio::sync::watch;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Response, Status, service::InterceptorLayer, transport::Server};

use self::auth::Bearer;
pub(super) use self::follow::follow;
use super::{
    ControlPlaneError,
    platform::Platform,
    store::{Resource, Table, required},
};
use crate::stigmer::{
    ag::{agent_command_controller_server::AgentCommandControllerServer, agent_query_controller_server::AgentQueryControllerServer},
    agx::{
        agent_execution_command_controller_server::AgentExecutionCommandControllerServer,
        agent_execution_query_controller_server::AgentExecutionQueryControllerServer,
    },
    ar::ApiResourceReference,
    arkind::ApiResourceKind,
    environment::environment_query_controller_server::EnvironmentQueryControllerServer,
    wf::{
        workflow_command_controller_server::WorkflowCommandControllerServer,
        workflow_query_controller_server::WorkflowQueryControllerServer,
    },
    wfi::{
        workflow_instance_command_controller_server::WorkflowInstanceCommandControllerServer,
        workflow_instance_query_controller_server::WorkflowInstanceQueryControllerServer,
    },
    wfx::{
        workflow_execution_command_controller_server::WorkflowExecutionCommandControllerServer,
        workflow_execution_query_controller_server::WorkflowExecutionQueryControllerServer,
    },
};

/// An execution with its whole task list is larger than gRPC's default of 4 MiB.
const MESSAGE_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// What every service sees.
pub(super) struct Shared {
    pub platform: Platform,
    /// Turns true when the server closes; open streams end then.
    pub closing: watch::Receiver<bool>,
}

/// Serves until `shared.closing` turns true and the calls in flight have ended.
pub(super) async fn serve(
    listener: TcpListener,
    api_key: Option<&str>,
    shared: Arc<Shared>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    listener.set_nonblocking(true)?;
    let incoming = TcpListenerStream::new(tokio::net::TcpListener::from_std(listener)?);
    let mut closing = shared.closing.clone();
    Server::builder()
        .layer(InterceptorLayer::new(Bearer::new(api_key)))
        .add_service(WorkflowCommandControllerServer::new(workflow::Workflows(Arc::clone(&shared))))
        .add_service(WorkflowQueryControllerServer::new(workflow::Workflows(Arc::clone(&shared))))
        .add_service(WorkflowInstanceCommandControllerServer::new(workflow_instance::Instances(Arc::clone(&shared))))
        .add_service(WorkflowInstanceQueryControllerServer::new(workflow_instance::Instances(Arc::clone(&shared))))
        .add_service(
            WorkflowExecutionCommandControllerServer::new(workflow_execution::Executions(Arc::clone(&shared)))
                .max_decoding_message_size(MESSAGE_LIMIT_BYTES),
        )
        .add_service(WorkflowExecutionQueryControllerServer::new(workflow_execution::Executions(Arc::clone(&shared))))
        .add_service(AgentCommandControllerServer::new(agent::Agents(Arc::clone(&shared))))
        .add_service(AgentQueryControllerServer::new(agent::Agents(Arc::clone(&shared))))
        .add_service(AgentExecutionCommandControllerServer::new(agent_execution::AgentExecutions(Arc::clone(&shared))))
        .add_service(AgentExecutionQueryControllerServer::new(agent_execution::AgentExecutions(Arc::clone(&shared))))
        .add_service(EnvironmentQueryControllerServer::new(environment::Environments(shared)))
        .serve_with_incoming_shutdown(incoming, async move {
            // An error says that the sender is gone: closing all the same.
            let _ = closing.wait_for(|closing| *closing).await;
        })
        .await?;
    Ok(())
}

type Answer<T> = Result<Response<T>, Status>;

/// `create`: goes on to its end when the caller hangs up. Half of it would leave an execution behind that nobody runs.
async fn whole<T: Send + 'static>(create: impl Future<Output = Result<T, ControlPlaneError>> + Send + 'static) -> Answer<T> {
    let created = tokio::spawn(create).await.map_err(|error| Status::internal(error.to_string()))?;
    Ok(Response::new(created?))
}

/// `get`: by id.
fn by_id<R: Resource>(table: &Table<R>, id: &str) -> Answer<R> {
    required("id", id)?;
    Ok(Response::new(table.get(id)?))
}

/// `getByReference`: by slug, within the organization when it is set. `scope` and `version` are not looked at, as on the platform.
fn by_reference<R: Resource>(table: &Table<R>, kind: ApiResourceKind, reference: &ApiResourceReference) -> Answer<R> {
    required("slug", &reference.slug)?;
    if reference.kind != 0 && reference.kind() != kind {
        return Err(Status::invalid_argument(format!("kind {} is not served here, only {}", reference.kind, i32::from(kind))));
    }
    Ok(Response::new(table.by_reference(&reference.slug, &reference.org)?))
}

/// `delete`: gives what there was.
fn delete<R: Resource>(table: &Table<R>, id: &str) -> Answer<R> {
    required("id", id)?;
    Ok(Response::new(table.remove(id)?))
}

/// `apply`: the id of what an `apply` of `resource` replaces, when there is such.
fn applied_to<R: Resource>(table: &Table<R>, resource: &R) -> Result<Option<String>, Status> {
    if !resource.id().is_empty() {
        return Ok(Some(table.get(resource.id())?.id().to_owned()));
    }
    let metadata = resource.metadata().ok_or_else(|| Status::invalid_argument("metadata is required"))?;
    let slug = if metadata.slug.is_empty() { super::store::id::slug(&metadata.name) } else { metadata.slug.clone() };
    Ok(table.find(|row| row.slug() == slug && row.org() == metadata.org).map(|row| row.id().to_owned()))
}
