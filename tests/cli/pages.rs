//! `/livez`, `/readyz` and `/metrics` of a worker, by the names that operators know.

use std::collections::BTreeSet;

use serde_json::json;

use crate::program::document;
use crate::support::Stage;
use crate::support::wait::until;

const OURS: [&str; 9] = [
    "workflow_runner_build_info",
    "workflow_runner_handshakes_pending",
    "workflow_runner_handshake_oldest_pending_seconds",
    "workflow_runner_handshake_completions_total",
    "workflow_runner_handshake_completion_duration_seconds",
    "workflow_runner_handshake_pending_seconds",
    "workflow_runner_handshake_delivery_errors_total",
    "workflow_runner_handshake_callers_gone_total",
    "workflow_runner_handshake_reconciled_total",
];
/// Of the runbook of the runner that came before.
const RUNBOOK: [&str; 3] = [
    "stigmer_external_activity_completions_total",
    "stigmer_external_activity_completion_duration_seconds",
    "stigmer_external_activity_errors_total",
];
const SDK: [&str; 5] = [
    "temporal_request_total",
    "temporal_long_request_total",
    "temporal_workflow_completed_total",
    "temporal_worker_task_slots_available",
    "temporal_num_pollers",
];

/// Names of all series with a type.
fn families(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_tell_how_the_worker_is() {
    let stage = Stage::with_agents(&["name: helper\nkind: scripted\nreply: hi\n"]).await;
    let worker = stage.worker(&[]).await;
    assert_eq!(worker.get("/livez").await, Some((200, "ok\n".to_owned())));
    assert_eq!(worker.get("/readyz").await, Some((200, "ready\n".to_owned())));
    assert_eq!(worker.get("/").await.map(|(status, _)| status), Some(404));

    let id = stage.execute(&document("do: [{ask: {call: agent, with: {agent: helper, message: hello}}}]"), &json!({})).await;
    assert_eq!(stage.output(&id).await, json!({"value": "hi"}));
    let delivered = "workflow_runner_handshake_completions_total{kind=\"execute_workflow\",outcome=\"completed\"}";
    until("the delivery to be counted", || async { worker.metric(delivered).await.filter(|n| *n >= 1.0) }).await;
    assert_eq!(worker.metric("stigmer_external_activity_completions_total{status=\"success\"}").await, Some(1.0));
    assert_eq!(worker.metric("stigmer_external_activity_errors_total").await, Some(0.0));

    let (_, text) = worker.get("/metrics").await.expect("the page");
    let there = families(&text);
    let missing: Vec<_> = OURS.iter().chain(&RUNBOOK).chain(&SDK).filter(|name| !there.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:?} not in {there:?}");
    let prefixes = ["workflow_runner_", "stigmer_external_activity_", "temporal_", "process_"];
    let strangers: Vec<_> = there.iter().filter(|name| !prefixes.iter().any(|prefix| name.starts_with(prefix))).collect();
    assert!(strangers.is_empty(), "series of nobody: {strangers:?}");
    drop(worker);
    stage.stop().await;
}
