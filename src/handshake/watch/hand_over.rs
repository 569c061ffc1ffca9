//! Giving the watches back when the process leaves, so that no child is unwatched for the five minutes of a heartbeat timeout.
//!
//! Each watch's attempt is failed, retryable: the server makes the next attempt under the same id, and whoever polls takes it over. That writes
//! no event. With nobody else there it waits for the next process.
//!
//! | answer | then |
//! |---|---|
//! | done | another process has it now |
//! | `NotFound`, refused | its attempt was over anyway |
//! | the server is away | it moves when its heartbeat is missed |

use futures::StreamExt;
use temporalio_client::ActivityIdentifier;
use temporalio_common::error::ApplicationFailure;

use super::super::deliver::handle;
use super::super::failure::WORKER_SHUTDOWN;
use super::super::rpc::{Answer, answer, once};
use super::Inner;
use super::entry::Entry;

/// Not at the pace of the rounds: the process has seconds, and does this once.
const CONCURRENCY: usize = 32;

pub(super) async fn all(inner: &Inner) {
    let entries: Vec<Entry> = {
        let book = inner.book();
        book.by_caller().into_iter().flatten().filter_map(|child| book.get(child)).collect()
    };
    if entries.is_empty() {
        return;
    }
    let given = futures::stream::iter(&entries)
        .map(|entry| one(inner, entry))
        .buffer_unordered(CONCURRENCY)
        .filter(|given| std::future::ready(*given))
        .count()
        .await;
    tracing::info!(watches = entries.len(), given, "the watches are given back");
}

async fn one(inner: &Inner, entry: &Entry) -> bool {
    let failure =
        ApplicationFailure::builder(anyhow::anyhow!("the worker that held this watch leaves")).type_name(WORKER_SHUTDOWN.to_owned());
    let handle = handle(&inner.means.client, ActivityIdentifier::from_task_token((&entry.own_token).into()));
    let said = answer(&handle.fail(failure.build(), None::<()>, once()).await);
    if !matches!(said, Answer::Again(_)) {
        inner.book().take(entry);
    }
    said == Answer::Done
}
