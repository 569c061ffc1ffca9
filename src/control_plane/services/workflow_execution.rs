//! Workflow executions.

use std::sync::Arc;

use futures::{StreamExt, stream::BoxStream};
use tonic::{Request, Response, Status, async_trait};

use super::{Answer, Shared, by_id, delete, follow, whole};
use crate::{
    control_plane::store::{Listing, Page, Resource, Store, required},
    stigmer::{
        ar::ApiResourceId,
        wfx::{
            ListWorkflowExecutionsByWorkflowRequest, ListWorkflowExecutionsRequest, SubscribeWorkflowExecutionRequest, WorkflowExecution,
            WorkflowExecutionId, WorkflowExecutionList, WorkflowExecutionUpdateStatusInput,
            workflow_execution_command_controller_server::WorkflowExecutionCommandController,
            workflow_execution_query_controller_server::WorkflowExecutionQueryController,
        },
    },
};

pub(super) struct Executions(pub Arc<Shared>);

impl Executions {
    fn store(&self) -> &Store {
        &self.0.platform.store
    }

    /// Whether an execution runs the workflow, named or by one of its instances.
    fn runs(&self, execution: &WorkflowExecution, workflow_id: &str) -> bool {
        execution.spec.as_ref().is_some_and(|spec| {
            let instance = || self.store().workflow_instances.get(&spec.workflow_instance_id).ok();
            spec.workflow_id == workflow_id || instance().and_then(|row| row.spec).is_some_and(|spec| spec.workflow_id == workflow_id)
        })
    }
}

fn listed(listing: Listing<WorkflowExecution>) -> Response<WorkflowExecutionList> {
    Response::new(WorkflowExecutionList { total_pages: listing.total_pages, entries: listing.entries })
}

#[async_trait]
impl WorkflowExecutionCommandController for Executions {
    async fn create(&self, request: Request<WorkflowExecution>) -> Answer<WorkflowExecution> {
        let shared = Arc::clone(&self.0);
        whole(async move { shared.platform.create_workflow_execution(request.into_inner()).await }).await
    }

    async fn update(&self, request: Request<WorkflowExecution>) -> Answer<WorkflowExecution> {
        let execution = request.into_inner();
        required("metadata.id", execution.id())?;
        let id = execution.id().to_owned();
        Ok(Response::new(self.store().workflow_executions.modify(&id, |row| row.spec = execution.spec)?))
    }

    async fn update_status(&self, request: Request<WorkflowExecutionUpdateStatusInput>) -> Answer<WorkflowExecution> {
        let input = request.into_inner();
        let status = input.status.ok_or_else(|| Status::invalid_argument("status is required"))?;
        Ok(Response::new(self.store().update_workflow_execution(&input.execution_id, status)?))
    }

    async fn delete(&self, request: Request<ApiResourceId>) -> Answer<WorkflowExecution> {
        delete(&self.store().workflow_executions, &request.into_inner().value)
    }
}

#[async_trait]
impl WorkflowExecutionQueryController for Executions {
    type subscribeStream = BoxStream<'static, Result<WorkflowExecution, Status>>;

    async fn get(&self, request: Request<WorkflowExecutionId>) -> Answer<WorkflowExecution> {
        by_id(&self.store().workflow_executions, &request.into_inner().value)
    }

    async fn list(&self, request: Request<ListWorkflowExecutionsRequest>) -> Answer<WorkflowExecutionList> {
        let request = request.into_inner();
        let in_phase = |row: &WorkflowExecution| row.status.as_ref().is_some_and(|status| status.phase == request.phase);
        let page = Page::of(request.page_size, &request.page_token)?;
        let fits = |row: &WorkflowExecution| row.has_tags(&request.tags) && (request.phase == 0 || in_phase(row));
        Ok(listed(self.store().workflow_executions.list(page, fits)))
    }

    async fn list_by_workflow(&self, request: Request<ListWorkflowExecutionsByWorkflowRequest>) -> Answer<WorkflowExecutionList> {
        let request = request.into_inner();
        required("workflow_id", &request.workflow_id)?;
        let page = Page::of(request.page_size, &request.page_token)?;
        Ok(listed(self.store().workflow_executions.list(page, |row| self.runs(row, &request.workflow_id))))
    }

    async fn subscribe(&self, request: Request<SubscribeWorkflowExecutionRequest>) -> Answer<Self::subscribeStream> {
        let rows = self.store().workflow_executions.subscribe(&request.into_inner().execution_id)?;
        Ok(Response::new(follow(rows, self.0.closing.clone()).map(Ok).boxed()))
    }
}
