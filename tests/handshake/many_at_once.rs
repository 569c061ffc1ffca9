//! Handshakes that are pending hold no slot: many more than the worker has slots are pending at the same time, all slots are free at that moment, and
//! all of them end.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;

use crate::support::by_hand::{ASK, SILENT, asked, call_back};
use crate::support::history::closed;
use crate::support::wait::until;
use crate::support::{Stage, WorkerProcess, child_id, document, outer_id};

const EXECUTIONS: u32 = 50;
const SLOTS: &str = "10";

/// The gauge of activity slots of each queue that has some.
async fn activity_slots(worker: &WorkerProcess, gauge: &str) -> Vec<f64> {
    let (_, text) = worker.get("/metrics").await.expect("the worker answers");
    let of_activities = |line: &&str| {
        line.starts_with(&format!("temporal_worker_task_slots_{gauge}{{")) && line.contains(r#"worker_type="ActivityWorker""#)
    };
    text.lines().filter(of_activities).map(|line| line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")).collect()
}

async fn pending(worker: &WorkerProcess, kind: &str) -> Option<f64> {
    worker.metric(&format!(r#"workflow_runner_handshakes_pending{{kind="{kind}"}}"#)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_handshakes_are_pending_on_ten_free_slots() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_WORKER__MAX_CONCURRENT_ACTIVITIES", SLOTS)]).await;
    let yaml = document(ASK);
    let mut ids = Vec::new();
    for _ in 0..EXECUTIONS {
        ids.push(stage.execute(&yaml, &json!({})).await);
    }

    // Nobody has answered yet: all callers and all agent steps are pending at this moment.
    let agents = asked(&stage, EXECUTIONS as usize).await;
    for kind in ["execute_workflow", "call_agent"] {
        until(&format!("{EXECUTIONS} pending handshakes {kind}"), || async {
            (pending(&worker, kind).await == Some(f64::from(EXECUTIONS))).then_some(())
        })
        .await;
    }
    until("all slots to be free", || async { activity_slots(&worker, "used").await.iter().all(|used| *used == 0.0).then_some(()) }).await;
    let available = activity_slots(&worker, "available").await;
    assert!(!available.is_empty() && available.iter().all(|free| free.to_string() == SLOTS), "{available:?}");

    for (i, agent) in agents.iter().enumerate() {
        call_back(&stage.client, agent, &json!(i)).await.expect("the step waits");
    }
    let mut answers = Vec::new();
    for id in &ids {
        answers.push(stage.output(id).await["answer"].as_u64().expect("a number"));
        assert_eq!(closed(&stage.client, &outer_id(id)).await, WorkflowExecutionStatus::Completed);
        assert_eq!(closed(&stage.client, &child_id(id)).await, WorkflowExecutionStatus::Completed);
    }
    answers.sort_unstable();
    assert!(answers.iter().copied().eq(0..u64::from(EXECUTIONS)), "each answer went to its own step: {answers:?}");
    for kind in ["execute_workflow", "call_agent"] {
        until(&format!("no pending handshake {kind}"), || async { (pending(&worker, kind).await == Some(0.0)).then_some(()) }).await;
    }
    drop(worker);
    stage.stop().await;
}
