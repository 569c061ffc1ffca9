//! Activity `RunScriptActivity`: one script, in JavaScript or Python.
//!
//! Input: see [`super::call::input`], with `effects::script`'s.

use temporalio_sdk::activities::ActivityError;

use super::{Beat, ExecutionActivities, call};
use crate::expr::Data;

pub(super) async fn run(activities: &ExecutionActivities, input: &Data, beat: Beat<'_>) -> Result<Data, ActivityError> {
    call::run(&activities.secrets, input, beat, |request, _| async move { activities.scripts.call(&request).await }).await
}
