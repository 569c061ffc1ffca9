//! Workflows.

use std::sync::Arc;

use tonic::{Request, Response, async_trait};

use super::{Answer, Shared, applied_to, by_id, by_reference, delete};
use crate::{
    control_plane::store::Resource,
    stigmer::{
        ar::ApiResourceReference,
        arkind::ApiResourceKind,
        wf::{
            Workflow, WorkflowId, workflow_command_controller_server::WorkflowCommandController,
            workflow_query_controller_server::WorkflowQueryController,
        },
    },
};

pub(super) struct Workflows(pub Arc<Shared>);

#[async_trait]
impl WorkflowCommandController for Workflows {
    async fn apply(&self, request: Request<Workflow>) -> Answer<Workflow> {
        let mut workflow = request.into_inner();
        match applied_to(&self.0.platform.store.workflows, &workflow)? {
            Some(id) => {
                workflow.metadata_mut().id = id;
                Ok(Response::new(self.0.platform.update_workflow(workflow).await?))
            }
            None => Ok(Response::new(self.0.platform.create_workflow(workflow).await?)),
        }
    }

    async fn create(&self, request: Request<Workflow>) -> Answer<Workflow> {
        Ok(Response::new(self.0.platform.create_workflow(request.into_inner()).await?))
    }

    async fn update(&self, request: Request<Workflow>) -> Answer<Workflow> {
        Ok(Response::new(self.0.platform.update_workflow(request.into_inner()).await?))
    }

    async fn delete(&self, request: Request<WorkflowId>) -> Answer<Workflow> {
        delete(&self.0.platform.store.workflows, &request.into_inner().value)
    }
}

#[async_trait]
impl WorkflowQueryController for Workflows {
    async fn get(&self, request: Request<WorkflowId>) -> Answer<Workflow> {
        by_id(&self.0.platform.store.workflows, &request.into_inner().value)
    }

    async fn get_by_reference(&self, request: Request<ApiResourceReference>) -> Answer<Workflow> {
        by_reference(&self.0.platform.store.workflows, ApiResourceKind::Workflow, &request.into_inner())
    }
}
