//! Agents. The scripted ones are stored at the start and belong to no organization, so that they are found from each.

use std::sync::Arc;

use tonic::{Request, Response, async_trait};

use super::{Answer, Shared, applied_to, by_id, by_reference, delete};
use crate::{
    control_plane::store::{Resource, StoreError, Table, required},
    stigmer::{
        ag::{
            Agent, AgentId, agent_command_controller_server::AgentCommandController, agent_query_controller_server::AgentQueryController,
        },
        ar::ApiResourceReference,
        arkind::ApiResourceKind,
    },
};

pub(super) struct Agents(pub Arc<Shared>);

impl Agents {
    fn table(&self) -> &Table<Agent> {
        &self.0.platform.store.agents
    }

    fn replace(&self, agent: Agent) -> Result<Agent, StoreError> {
        required("metadata.id", agent.id())?;
        let id = agent.id().to_owned();
        self.table().modify(&id, |row| row.spec = agent.spec)
    }
}

#[async_trait]
impl AgentCommandController for Agents {
    async fn apply(&self, request: Request<Agent>) -> Answer<Agent> {
        let mut agent = request.into_inner();
        match applied_to(self.table(), &agent)? {
            Some(id) => {
                agent.metadata_mut().id = id;
                Ok(Response::new(self.replace(agent)?))
            }
            None => Ok(Response::new(self.table().insert(agent)?)),
        }
    }

    async fn create(&self, request: Request<Agent>) -> Answer<Agent> {
        Ok(Response::new(self.table().insert(request.into_inner())?))
    }

    async fn update(&self, request: Request<Agent>) -> Answer<Agent> {
        Ok(Response::new(self.replace(request.into_inner())?))
    }

    async fn delete(&self, request: Request<AgentId>) -> Answer<Agent> {
        delete(self.table(), &request.into_inner().value)
    }
}

#[async_trait]
impl AgentQueryController for Agents {
    async fn get(&self, request: Request<AgentId>) -> Answer<Agent> {
        by_id(self.table(), &request.into_inner().value)
    }

    async fn get_by_reference(&self, request: Request<ApiResourceReference>) -> Answer<Agent> {
        by_reference(self.table(), ApiResourceKind::Agent, &request.into_inner())
    }
}
