//! Workflow instances.

use std::sync::Arc;

use tonic::{Request, Response, async_trait};

use super::{Answer, Shared, applied_to, by_id, by_reference, delete};
use crate::{
    control_plane::store::{Page, Resource, Store, StoreError, required},
    stigmer::{
        ar::ApiResourceReference,
        arkind::ApiResourceKind,
        wfi::{
            GetWorkflowInstancesByWorkflowRequest, WorkflowInstance, WorkflowInstanceId, WorkflowInstanceList,
            workflow_instance_command_controller_server::WorkflowInstanceCommandController,
            workflow_instance_query_controller_server::WorkflowInstanceQueryController,
        },
    },
};

pub(super) struct Instances(pub Arc<Shared>);

impl Instances {
    fn store(&self) -> &Store {
        &self.0.platform.store
    }

    fn insert(&self, instance: WorkflowInstance) -> Result<WorkflowInstance, StoreError> {
        let workflow_id = workflow_of(&instance);
        required("spec.workflow_id", workflow_id)?;
        self.store().workflows.get(workflow_id)?;
        self.store().workflow_instances.insert(instance)
    }

    fn replace(&self, instance: WorkflowInstance) -> Result<WorkflowInstance, StoreError> {
        required("metadata.id", instance.id())?;
        let id = instance.id().to_owned();
        self.store().workflow_instances.modify(&id, |row| row.spec = instance.spec)
    }
}

fn workflow_of(instance: &WorkflowInstance) -> &str {
    instance.spec.as_ref().map_or("", |spec| &spec.workflow_id)
}

#[async_trait]
impl WorkflowInstanceCommandController for Instances {
    async fn apply(&self, request: Request<WorkflowInstance>) -> Answer<WorkflowInstance> {
        let mut instance = request.into_inner();
        match applied_to(&self.store().workflow_instances, &instance)? {
            Some(id) => {
                instance.metadata_mut().id = id;
                Ok(Response::new(self.replace(instance)?))
            }
            None => Ok(Response::new(self.insert(instance)?)),
        }
    }

    async fn create(&self, request: Request<WorkflowInstance>) -> Answer<WorkflowInstance> {
        Ok(Response::new(self.insert(request.into_inner())?))
    }

    async fn update(&self, request: Request<WorkflowInstance>) -> Answer<WorkflowInstance> {
        Ok(Response::new(self.replace(request.into_inner())?))
    }

    async fn delete(&self, request: Request<WorkflowInstanceId>) -> Answer<WorkflowInstance> {
        delete(&self.store().workflow_instances, &request.into_inner().value)
    }
}

#[async_trait]
impl WorkflowInstanceQueryController for Instances {
    async fn get(&self, request: Request<WorkflowInstanceId>) -> Answer<WorkflowInstance> {
        by_id(&self.store().workflow_instances, &request.into_inner().value)
    }

    async fn get_by_workflow(&self, request: Request<GetWorkflowInstancesByWorkflowRequest>) -> Answer<WorkflowInstanceList> {
        let request = request.into_inner();
        required("workflow_id", &request.workflow_id)?;
        let page = request.page_info.unwrap_or_default();
        let page = Page::of(page.size, &page.num.to_string())?;
        let listing = self.store().workflow_instances.list(page, |row| workflow_of(row) == request.workflow_id);
        Ok(Response::new(WorkflowInstanceList { total_pages: listing.total_pages, entries: listing.entries }))
    }

    async fn get_by_reference(&self, request: Request<ApiResourceReference>) -> Answer<WorkflowInstance> {
        by_reference(&self.store().workflow_instances, ApiResourceKind::WorkflowInstance, &request.into_inner())
    }
}
