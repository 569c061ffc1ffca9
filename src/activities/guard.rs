//! What the watch and the sweep do to the platform before they fail a caller: rows 9 and 16.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::publisher::StigmerPublisher;
use crate::handshake::DeadChild;
use crate::handshake::watch::{DeadPhase, StatusGuard};

/// With a platform: its execution ends. Without one there is nothing to end.
pub struct PlatformGuard(pub Option<Arc<StigmerPublisher>>);

impl StatusGuard for PlatformGuard {
    fn settle<'a>(&'a self, child: &'a DeadChild) -> BoxFuture<'a, Result<(), String>> {
        async move {
            let (Some(publisher), Some(id)) = (&self.0, &child.execution_id) else { return Ok(()) };
            match publisher.ensure_ended(id, child.phase == DeadPhase::Cancelled, &child.message).await {
                Ok(()) => Ok(()),
                Err(e) if e.is_retryable() => Err(e.to_string()),
                Err(e) => {
                    tracing::warn!(execution_id = %id, error = %e, "the platform does not take the end of a dead child");
                    Ok(())
                }
            }
        }
        .boxed()
    }
}
