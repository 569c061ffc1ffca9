//! Replaying histories with the code of this build.

use temporalio_common::protos::temporal::api::history::v1::History;
use workflow_runner::engine::fault::DEFAULT_ERROR_HOST;
use workflow_runner::temporal::replay;

/// # Errors
/// Where this build would have done something else.
pub async fn replay(history: History) -> Result<(), String> {
    match replay::replay(history, DEFAULT_ERROR_HOST).await {
        Ok(replayed) => replayed.divergence.map_or(Ok(()), |divergence| Err(format!("{divergence:?}"))),
        Err(error) => Err(error.to_string()),
    }
}
