//! A sub-workflow that this run waits for is paused and resumed with it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::json;
use temporalio_client::{UntypedSignal, UntypedWorkflow};
use temporalio_sdk::SignalWorkflowOptions;
use temporalio_workflow::WorkflowContext;

use super::workflow::ServerlessWorkflow;
use crate::activities::payload::raw_of;
use crate::handshake::{PAUSE_SIGNAL, RESUME_SIGNAL};

/// The end of the sub-workflow `id`, which is told by signals when this run is paused or resumed meanwhile.
pub async fn with_it<T>(ctx: &WorkflowContext<ServerlessWorkflow>, id: &str, end: impl Future<Output = T>) -> T {
    let mut end = pin!(end);
    let mut paused = false;
    let mut telling: Option<LocalBoxFuture<'static, ()>> = None;
    poll_fn(|cx| {
        if let Poll::Ready(ended) = end.as_mut().poll(cx) {
            return Poll::Ready(ended);
        }
        loop {
            if telling.as_mut().is_some_and(|signal| signal.poll_unpin(cx).is_pending()) {
                return Poll::Pending;
            }
            telling = None;
            let pause = ctx.state(|s| s.pause.clone());
            if pause.is_some() == paused {
                return Poll::Pending;
            }
            paused = pause.is_some();
            telling = Some(tell(ctx, id, pause.map(|pause| pause.reason)));
        }
    })
    .await
}

fn tell(ctx: &WorkflowContext<ServerlessWorkflow>, id: &str, pause: Option<String>) -> LocalBoxFuture<'static, ()> {
    let name = if pause.is_some() { PAUSE_SIGNAL } else { RESUME_SIGNAL };
    let argument = raw_of(&json!({"reason": pause.unwrap_or_default()}));
    let signal = UntypedSignal::<UntypedWorkflow>::new(name);
    let sent = ctx.external_workflow(id.to_owned(), None).signal(signal, argument, SignalWorkflowOptions::default());
    let (ctx, id) = (ctx.clone(), id.to_owned());
    async move {
        // One that has ended in between needs no pause.
        if let Err(error) = sent.await
            && !ctx.is_replaying()
        {
            tracing::debug!(workflow_id = ctx.workflow_id(), run_id = ctx.run_id(), child = %id, %error, "a sub-workflow was not told");
        }
    }
    .boxed_local()
}
