//! The span in which an activity's code runs, as far as that code may see it: it can add to it, and name it to others.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::Value;

use super::Context;

tokio::task_local! {
    static CURRENT: Arc<Attempt>;
}

/// One attempt of an activity.
#[derive(Debug)]
pub struct Attempt {
    context: Context,
    notes: Mutex<Vec<(&'static str, Value)>>,
}

impl Attempt {
    #[must_use]
    pub fn new(context: Context) -> Arc<Self> {
        Arc::new(Self { context, notes: Mutex::default() })
    }

    /// What was noted, once.
    #[must_use]
    pub fn take_notes(&self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs `work` as the code of this attempt.
pub async fn within<T>(attempt: Arc<Attempt>, work: impl Future<Output = T>) -> T {
    CURRENT.scope(attempt, work).await
}

/// Adds an attribute to the span that this code runs in, if there is one; the last one of a name holds. Never a secret, a payload or a text.
pub fn note(name: &'static str, value: impl Into<Value>) {
    let _ = CURRENT.try_with(|attempt| {
        let mut notes = attempt.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.retain(|(noted, _)| *noted != name);
        notes.push((name, value.into()));
    });
}

/// The span that this code runs in, for those whom it calls.
#[must_use]
pub fn traceparent() -> Option<String> {
    CURRENT.try_with(|attempt| attempt.context.traceparent()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn notes_go_to_the_attempt_that_runs() {
        note("lost", 1);
        assert_eq!(traceparent(), None);
        let context = Context::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        let attempt = Attempt::new(context);
        let seen = within(attempt.clone(), async {
            note("status", 500);
            note("status", 200);
            traceparent()
        });
        assert_eq!(seen.await, Some(context.traceparent()));
        assert_eq!(attempt.take_notes(), [("status", Value::from(200))]);
    }
}
