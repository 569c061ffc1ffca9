//! Activity `CallOpenAPIActivity`: one operation that an `OpenAPI` document describes.
//!
//! Input: see [`super::call::input`], with `effects::openapi`'s request.

use temporalio_sdk::activities::ActivityError;

use super::{Beat, ExecutionActivities, call};
use crate::expr::Data;

pub(super) async fn run(activities: &ExecutionActivities, input: &Data, beat: Beat<'_>) -> Result<Data, ActivityError> {
    Box::pin(call::run(&activities.secrets, input, beat, |request, key| async move { activities.openapi.call(&request, &key).await })).await
}
