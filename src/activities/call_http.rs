//! Activity `CallHTTPActivity`: one HTTP call of a document.
//!
//! Input: see [`super::call::input`], with `effects::http`'s request.

use temporalio_sdk::activities::ActivityError;

use super::{Beat, ExecutionActivities, call};
use crate::expr::Data;

pub(super) async fn run(activities: &ExecutionActivities, input: &Data, beat: Beat<'_>) -> Result<Data, ActivityError> {
    call::run(&activities.secrets, input, beat, |request, key| async move { activities.http.call(&request, &key).await }).await
}
