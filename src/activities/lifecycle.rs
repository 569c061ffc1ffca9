//! Lifecycle events on their way from workflow code to the sink: outside of any history, best effort, never blocking.

use tokio::sync::mpsc;

use crate::effects::events::Sink;
use crate::expr::Data;

/// Events that wait for a slow sink; more are left out, with a warning.
const WAITING_MAX: usize = 10_000;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct LifecycleOutlet(mpsc::Sender<Data>);

impl LifecycleOutlet {
    /// Sends one event after the other, in their order, on the current runtime.
    #[must_use]
    pub fn start(sink: Sink) -> Self {
        let (sender, mut waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(async move {
            while let Some(event) = waiting.recv().await {
                if let Err(error) = sink.send(&event).await {
                    tracing::warn!(%error, "a lifecycle event is lost");
                }
            }
        });
        Self(sender)
    }

    /// Takes one event; called from workflow threads.
    pub fn send(&self, event: Data) {
        if self.0.try_send(event).is_err() {
            tracing::warn!("the sink is too slow: a lifecycle event is left out");
        }
    }
}
