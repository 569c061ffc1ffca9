//! Activity `CallHTTPActivity`: one HTTP call of a document.
//!
//! Any answer is an outcome: a status that the task does not accept comes back as a non-retryable failure with the error's members in its
//! details, and the document's `try` decides. Temporal tries again only when the worker is lost.
//!
//! Input: see [`super::call::input`], with `effects::http`'s request.

use temporalio_sdk::activities::ActivityError;

use super::secrets::SecretScope;
use super::{Beat, ExecutionActivities, failure};
use crate::effects::EffectError;
use crate::expr::Data;

/// Results of local calls are written together, at the end of their workflow task, and the server terminates a run that writes more than 4 MB at a
/// time.
const LOCAL_RESULT_LIMIT_BYTES: usize = 256 * 1024;

pub(super) async fn run(activities: &ExecutionActivities, input: &Data, beat: Beat<'_>) -> Result<Data, ActivityError> {
    let request = input.get("request").ok_or_else(|| failure::bad_input("`request` is missing"))?;
    let key = input.get("idempotency_key").and_then(|k| k.as_str().map(str::to_owned)).unwrap_or_default();
    let scope = SecretScope::read(input)?;
    let call = activities.secrets.with(scope.as_ref(), &request, |request| async move { activities.http.call(&request, &key).await });
    let output = beat.until(call).await?.map_err(|e| failure::of_effect(&e))?;
    match output.json_len() {
        size if beat.is_local() && size > LOCAL_RESULT_LIMIT_BYTES => Err(failure::of_effect(&too_large(size))),
        _ => Ok(output),
    }
}

fn too_large(size: usize) -> EffectError {
    EffectError::runtime("the answer is too large for a local call")
        .with_detail(format!("{size} bytes; the limit is {LOCAL_RESULT_LIMIT_BYTES} bytes: leave out `metadata.local`"))
}
