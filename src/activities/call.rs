//! What the activities of all effects are given, and how one is run.
//!
//! Any answer is an outcome: a status that the task does not accept comes back as a non-retryable failure with the error's members in its
//! details, and the document's `try` decides. Temporal tries again only when the worker is lost.

use serde_json::{Value, json};
use temporalio_sdk::activities::ActivityError;

use super::secrets::{SecretScope, Secrets};
use super::{Beat, failure};
use crate::effects::EffectError;
use crate::expr::Data;
use crate::expr::marker::Markers;

/// Results of local calls are written together, at the end of their workflow task, and the server terminates a run that writes more than 4 MB at a
/// time.
const LOCAL_RESULT_LIMIT_BYTES: usize = 256 * 1024;

/// `{"request": the effect's own input, "idempotency_key": text, "secrets": scope where the request names any}`.
#[must_use]
pub fn input(request: &Data, idempotency_key: &str, markers: &Markers, execution_id: Option<&str>) -> Value {
    let mut input = json!({"request": request.to_json(), "idempotency_key": idempotency_key});
    if let Some(scope) = SecretScope::of(request, markers, execution_id) {
        input["secrets"] = json!(scope);
    }
    input
}

/// Runs `effect` with the request, its secrets swapped in, and the idempotency key of an activity's input.
pub(super) async fn run<R>(
    secrets: &Secrets,
    input: &Data,
    beat: Beat<'_>,
    effect: impl FnOnce(Data, String) -> R,
) -> Result<Data, ActivityError>
where
    R: Future<Output = Result<Data, EffectError>>,
{
    let request = input.get("request").ok_or_else(|| failure::bad_input("`request` is missing"))?;
    let key = input.get("idempotency_key").and_then(|k| k.as_str().map(str::to_owned)).unwrap_or_default();
    let scope = SecretScope::read(input)?;
    let call = secrets.with(scope.as_ref(), &request, |request| effect(request, key));
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
