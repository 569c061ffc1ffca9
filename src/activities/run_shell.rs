//! Activity `RunShellActivity`: one command of the shell.
//!
//! Input: see [`super::call::input`], with `effects::process`'s.

use temporalio_sdk::activities::ActivityError;

use super::{Beat, ExecutionActivities, call};
use crate::expr::Data;

pub(super) async fn run(activities: &ExecutionActivities, input: &Data, beat: Beat<'_>) -> Result<Data, ActivityError> {
    let processes = activities.scripts.processes();
    call::run(&activities.secrets, input, beat, |request, _| async move { processes.shell(&request).await }).await
}
