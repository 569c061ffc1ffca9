//! A row's changes as a stream.

use futures::{Stream, stream};
use tokio::sync::watch;

use crate::control_plane::store::{Execution, Resource};

enum Step {
    /// Give the row as it is now.
    Now,
    /// Wait for its next change.
    Next,
    Over,
}

/// The row as it is, then again after each change; the last one is terminal. Ends early when the row is removed or `closing` turns true.
/// A slow reader sees the latest state, not each one in between.
pub(in crate::control_plane) fn follow<R: Resource + Execution>(
    rows: watch::Receiver<R>,
    closing: watch::Receiver<bool>,
) -> impl Stream<Item = R> + Send + 'static {
    stream::unfold((rows, closing, Step::Now), |(mut rows, mut closing, step)| async move {
        match step {
            Step::Now => {}
            Step::Next => tokio::select! {
                changed = rows.changed() => changed.ok()?,
                _ = closing.wait_for(|closing| *closing) => return None,
            },
            Step::Over => return None,
        }
        let row = rows.borrow_and_update().clone();
        let next = if row.is_terminal() { Step::Over } else { Step::Next };
        Some((row, (rows, closing, next)))
    })
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::StreamExt;

    use super::*;
    use crate::{
        control_plane::store::Store,
        stigmer::agx::{AgentExecution, AgentExecutionStatus, ExecutionPhase},
    };

    fn phase(row: Option<AgentExecution>) -> Option<ExecutionPhase> {
        row.map(|row| row.status.unwrap_or_default().phase())
    }

    #[tokio::test]
    async fn a_stream_ends_with_the_terminal_state() {
        let store = Store::default();
        let id = store.agent_executions.insert(AgentExecution::default()).unwrap().id().to_owned();
        let (_close, closing) = watch::channel(false);
        let mut changes = pin!(follow(store.agent_executions.subscribe(&id).unwrap(), closing));
        assert_eq!(phase(changes.next().await), Some(ExecutionPhase::Unspecified));
        for phase_now in [ExecutionPhase::ExecutionInProgress, ExecutionPhase::ExecutionCompleted] {
            store.update_agent_execution(&id, AgentExecutionStatus { phase: phase_now.into(), ..Default::default() }).unwrap();
            assert_eq!(phase(changes.next().await), Some(phase_now));
        }
        assert_eq!(phase(changes.next().await), None);
    }

    #[tokio::test]
    async fn a_stream_ends_when_the_server_closes_or_the_row_goes() {
        let store = Store::default();
        let insert = || store.agent_executions.insert(AgentExecution::default()).unwrap().id().to_owned();
        let (close, closing) = watch::channel(false);
        let (first, second) = (insert(), insert());
        let mut removed = pin!(follow(store.agent_executions.subscribe(&first).unwrap(), closing.clone()));
        let mut closed = pin!(follow(store.agent_executions.subscribe(&second).unwrap(), closing));
        assert!(removed.next().await.is_some() && closed.next().await.is_some());
        store.agent_executions.remove(&first).unwrap();
        assert!(removed.next().await.is_none());
        close.send(true).unwrap();
        assert!(closed.next().await.is_none());
    }
}
