//! Row 8: when the caller's activity is cancelled, the child learns it from the watch, cancels its own timers, calls and agents, and reports
//! that it was cancelled. Nothing after the cancelled task runs.

use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use workflow_runner::activities::names::agent_workflow_id;
use workflow_runner::control_plane::Page;
use workflow_runner::stigmer::agx;
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::history::{activity_started, closed, count, events, text};
use crate::support::site::Site;
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, child_id, document, outer_id};

const AGENTS: [&str; 2] = ["name: silent\nkind: scripted\nsilence: true\n", "name: quick\nkind: scripted\nreply: done\n"];
const WATCH: (&str, &str) = ("WORKFLOW_RUNNER_HANDSHAKE__WATCH_INTERVAL", "500ms");

/// A `catch` that takes every error must not take a cancellation.
const GUARDED: &str = "
  - guarded:
      try:
        - ask:
            call: agent
            with:
              agent: silent
              message: wait for me
      catch:
        do:
          - rescue:
              call: agent
              with:
                agent: quick
                message: rescue
  - after:
      call: agent
      with:
        agent: quick
        message: after
";

/// A platform whose outer workflow waits until the activity has reported its end, or does not wait as the real one.
async fn stage(wait_for_cancellation: bool) -> Stage {
    let plane = Box::new(move |options: &mut workflow_runner::control_plane::Options| {
        options.execute.wait_for_cancellation = wait_for_cancellation;
    });
    Stage::with(StageOptions { agents: AGENTS.to_vec(), plane: Some(plane), ..Default::default() }).await
}

fn agents(stage: &Stage) -> Vec<agx::AgentExecution> {
    stage.plane.store().agent_executions.list(Page::of(0, "").expect("a page"), |_| true).entries
}

/// Waits until the agent's side has taken up its work; the id of its workflow.
async fn agent_at_work(stage: &Stage) -> String {
    until("the agent to work", || async {
        let agent = agents(stage).pop()?;
        let working = agent.status.is_some_and(|s| s.phase() == agx::ExecutionPhase::ExecutionInProgress);
        working.then(|| agent_workflow_id(&agent.metadata.expect("metadata").id))
    })
    .await
}

async fn a_pending_agent_is_cancelled(wait_for_cancellation: bool, verdict: &str) {
    let stage = stage(wait_for_cancellation).await;
    let worker = stage.worker(&[WATCH]).await;
    let id = stage.execute(&document(GUARDED), &serde_json::json!({})).await;
    let agent = agent_at_work(&stage).await;
    activity_started(&stage.client, &child_id(&id), "watch").await;
    stage.plane.cancel(&id).await.expect("the outer workflow takes it");

    let status = stage.ended(&id).await.status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionCancelled, "{status:?}");
    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Canceled);
    assert_eq!(closed(&stage.client, &agent).await, WorkflowExecutionStatus::Canceled);
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Canceled);

    let child = events(&stage.client, &child_id(&id), "").await;
    assert!(text(&child).contains(verdict), "the watch has not said {verdict}:\n{}", text(&child));
    assert_eq!(count(&child, EventType::TimerCanceled), 1, "the agent's reconcile timer");
    let outer = events(&stage.client, &outer_id(&id), "").await;
    assert_eq!(count(&outer, EventType::ActivityTaskCanceled), usize::from(wait_for_cancellation), "what the caller saw");

    let asked: Vec<_> = agents(&stage).into_iter().map(|a| a.spec.expect("a spec").message).collect();
    assert_eq!(asked, ["wait for me"]);
    let names: Vec<_> = status.tasks.iter().map(|t| t.task_name.as_str()).collect();
    assert!(!names.contains(&"after") && !names.contains(&"rescue"), "{names:?}");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_waits_for_the_cancellation_is_told_of_it() {
    a_pending_agent_is_cancelled(true, "cancel_requested").await;
}

/// The real platform's outer workflow closes at once: the child sees a caller that is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_does_not_wait_is_followed_all_the_same() {
    a_pending_agent_is_cancelled(false, "caller_gone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_calls_and_agents_of_all_branches_are_cancelled() {
    let stage = stage(true).await;
    let worker = stage.worker(&[WATCH]).await;
    let site = Site::start().await;
    let yaml = document(&format!(
        "
  - all:
      fork:
        branches:
          - nap:
              wait:
                hours: 1
          - fetch:
              call: http
              with:
                method: get
                endpoint: {}
          - ask:
              call: agent
              with:
                agent: silent
                message: wait for me
",
        site.gate()
    ));
    let id = stage.execute(&yaml, &serde_json::json!({})).await;
    let agent = agent_at_work(&stage).await;
    until("the call to be under way", || async { (site.came() == 1).then_some(()) }).await;
    stage.plane.cancel(&id).await.expect("the outer workflow takes it");

    assert_eq!(closed(&stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Canceled);
    assert_eq!(closed(&stage.client, &agent).await, WorkflowExecutionStatus::Canceled);
    assert_eq!(stage.ended(&id).await.status.expect("a status").phase(), ExecutionPhase::ExecutionCancelled);
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(count(&child, EventType::TimerCanceled), 2, "the nap, and the agent's reconcile timer");
    assert_eq!(count(&child, EventType::ActivityTaskCancelRequested), 2, "the call and the agent");
    until("the call to hang up", || async { (site.left() == 1).then_some(()) }).await;
    drop(worker);
    stage.stop().await;
}
