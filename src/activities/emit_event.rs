//! Local activity `workflow_runner/emit-event`: hands an event to the sink.
//!
//! Input: see [`super::call::input`], with `effects::events`' request.

use temporalio_sdk::activities::ActivityError;

use super::secrets::SecretScope;
use super::{Beat, ExecutionActivities, failure};
use crate::expr::Data;

pub(super) async fn run(activities: &ExecutionActivities, input: &Data, beat: Beat<'_>) -> Result<Data, ActivityError> {
    let request = input.get("request").ok_or_else(|| failure::bad_input("`request` is missing"))?;
    let scope = SecretScope::read(input)?;
    let emit = activities.secrets.with(scope.as_ref(), &request, |request| async move { activities.sink.call(&request).await });
    beat.until(emit).await?.map_err(|e| failure::of_effect(&e))
}
