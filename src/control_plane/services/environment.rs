//! Environments: read only, as the runner sees them. They come into the store through [`Store::environments`](crate::control_plane::Store).

use std::sync::Arc;

use tonic::{Request, async_trait};

use super::{Answer, Shared, by_id, by_reference};
use crate::stigmer::{
    ar::{ApiResourceId, ApiResourceReference},
    arkind::ApiResourceKind,
    environment::{Environment, environment_query_controller_server::EnvironmentQueryController},
};

pub(super) struct Environments(pub Arc<Shared>);

#[async_trait]
impl EnvironmentQueryController for Environments {
    async fn get(&self, request: Request<ApiResourceId>) -> Answer<Environment> {
        by_id(&self.0.platform.store.environments, &request.into_inner().value)
    }

    async fn get_by_reference(&self, request: Request<ApiResourceReference>) -> Answer<Environment> {
        by_reference(&self.0.platform.store.environments, ApiResourceKind::Environment, &request.into_inner())
    }
}
