//! Agent executions.

use std::sync::Arc;

use futures::{StreamExt, stream::BoxStream};
use tonic::{Request, Response, Status, async_trait};

use super::{Answer, Shared, by_id, delete, follow, whole};
use crate::{
    control_plane::store::{Listing, Page, Resource, Store, required},
    stigmer::{
        agx::{
            AgentExecution, AgentExecutionId, AgentExecutionList, AgentExecutionUpdateStatusInput, ListAgentExecutionsBySessionRequest,
            ListAgentExecutionsRequest, agent_execution_command_controller_server::AgentExecutionCommandController,
            agent_execution_query_controller_server::AgentExecutionQueryController,
        },
        ar::ApiResourceId,
    },
};

pub(super) struct AgentExecutions(pub Arc<Shared>);

impl AgentExecutions {
    fn store(&self) -> &Store {
        &self.0.platform.store
    }
}

fn listed(listing: Listing<AgentExecution>) -> Response<AgentExecutionList> {
    Response::new(AgentExecutionList { total_pages: listing.total_pages, entries: listing.entries })
}

#[async_trait]
impl AgentExecutionCommandController for AgentExecutions {
    async fn create(&self, request: Request<AgentExecution>) -> Answer<AgentExecution> {
        let shared = Arc::clone(&self.0);
        whole(async move { shared.platform.create_agent_execution(request.into_inner()).await }).await
    }

    async fn update(&self, request: Request<AgentExecution>) -> Answer<AgentExecution> {
        let execution = request.into_inner();
        required("metadata.id", execution.id())?;
        let id = execution.id().to_owned();
        Ok(Response::new(self.store().agent_executions.modify(&id, |row| row.spec = execution.spec)?))
    }

    async fn update_status(&self, request: Request<AgentExecutionUpdateStatusInput>) -> Answer<AgentExecution> {
        let input = request.into_inner();
        let status = input.status.ok_or_else(|| Status::invalid_argument("status is required"))?;
        Ok(Response::new(self.store().update_agent_execution(&input.execution_id, status)?))
    }

    async fn delete(&self, request: Request<ApiResourceId>) -> Answer<AgentExecution> {
        delete(&self.store().agent_executions, &request.into_inner().value)
    }
}

#[async_trait]
impl AgentExecutionQueryController for AgentExecutions {
    type subscribeStream = BoxStream<'static, Result<AgentExecution, Status>>;

    async fn get(&self, request: Request<AgentExecutionId>) -> Answer<AgentExecution> {
        by_id(&self.store().agent_executions, &request.into_inner().value)
    }

    async fn list(&self, request: Request<ListAgentExecutionsRequest>) -> Answer<AgentExecutionList> {
        let request = request.into_inner();
        let in_phase = |row: &AgentExecution| row.status.as_ref().is_some_and(|status| status.phase == request.phase);
        let page = Page::of(request.page_size, &request.page_token)?;
        let fits = |row: &AgentExecution| row.has_tags(&request.tags) && (request.phase == 0 || in_phase(row));
        Ok(listed(self.store().agent_executions.list(page, fits)))
    }

    async fn list_by_session(&self, request: Request<ListAgentExecutionsBySessionRequest>) -> Answer<AgentExecutionList> {
        let request = request.into_inner();
        required("session_id", &request.session_id)?;
        let page = Page::of(request.page_size, &request.page_token)?;
        let fits = |row: &AgentExecution| row.spec.as_ref().is_some_and(|spec| spec.session_id == request.session_id);
        Ok(listed(self.store().agent_executions.list(page, fits)))
    }

    async fn subscribe(&self, request: Request<AgentExecutionId>) -> Answer<Self::subscribeStream> {
        let rows = self.store().agent_executions.subscribe(&request.into_inner().value)?;
        Ok(Response::new(follow(rows, self.0.closing.clone()).map(Ok).boxed()))
    }
}
