//! Workers that are replaced in process, and watches that are handed on when a process leaves.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::support::direct::{completed, start};
use crate::support::history::{closed, count, events};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::worker::WorkerProcess;
use crate::support::{Stage, child_id, document, outer_id};
use crate::{WAITS, at_least, end_well};

fn pending(count: u32) -> (&'static str, f64) {
    (r#"workflow_runner_handshakes_pending{kind="execute_workflow"}"#, f64::from(count))
}

async fn holds(worker: &WorkerProcess, watches: u32) {
    let (series, wanted) = pending(watches);
    until(&format!("{wanted} watches"), || async { worker.metric(series).await.filter(|now| *now == wanted) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_activities_go_through_several_workers_and_nothing_is_lost() {
    const CALLS: usize = 60;
    let stage = Stage::start().await;
    let web = Web::start(|_, _| Reply::json(&json!("done"))).await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_WORKER__MAX_ACTIVITIES", "5")]).await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(stage.execute(&document(WAITS), &json!({})).await);
    }
    holds(&worker, 3).await;

    let tasks = format!(
        "  - calls:\n      for: {{each: n, in: '${{ [range({CALLS})] }}'}}\n      do: [{{call: {{call: http, with: {{method: get, endpoint: '{}'}}}}}}]\n",
        web.url("/${ $n }").replace("/${ $n }", "/n")
    );
    start(&stage.client, "busy", &document(&tasks), &Value::Null).await;
    at_least(&worker, r#"workflow_runner_worker_renewals_total{task_queue="zigflow_execution"}"#, 3.0).await;
    let (_, history) = completed(&stage.client, "busy").await;
    assert_eq!(web.seen().len(), CALLS, "each call once");
    assert_eq!(count(&history, EventType::ActivityTaskCompleted), CALLS);
    let attempts = history.iter().filter_map(|event| match &event.attributes {
        Some(Attributes::ActivityTaskStartedEventAttributes(started)) => Some(started.attempt),
        _ => None,
    });
    assert!(attempts.into_iter().all(|attempt| attempt == 1), "no activity was lost with a worker");

    // What was pending before the first renewal is pending still, in the same process, and ends once.
    assert_eq!(worker.metric(pending(3).0).await, Some(3.0));
    for id in &waiting {
        end_well(&stage, id).await;
        closed(&stage.client, &outer_id(id)).await;
        let outer = events(&stage.client, &outer_id(id), "").await;
        let completions = outer.iter().filter(|event| event.event_type() == EventType::ActivityTaskCompleted).count();
        let failures = count(&outer, EventType::ActivityTaskFailed) + count(&outer, EventType::ActivityTaskTimedOut);
        assert!(completions >= 1 && failures == 0, "{completions} {failures}");
        let child = events(&stage.client, &child_id(id), "").await;
        assert_eq!(count(&child, EventType::WorkflowTaskFailed), 0);
    }
    assert!(worker.log().contains("the worker is renewed"), "{}", worker.log());
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_running_ends_under_the_worker_it_began_with() {
    let stage = Stage::start().await;
    let web = Web::start(|seen, _| {
        let delay = if seen.path == "/slow" { std::time::Duration::from_secs(6) } else { std::time::Duration::ZERO };
        Reply { delay, ..Reply::json(&json!("done")) }
    })
    .await;
    // The grace period is over long before the call is: it is not for renewals.
    let worker = stage.worker(&[("WORKFLOW_RUNNER_WORKER__MAX_ACTIVITIES", "2"), ("WORKFLOW_RUNNER_WORKER__GRACE", "1s")]).await;
    let call = |path: &str| format!("  - call: {{call: http, with: {{method: get, endpoint: '{}'}}}}\n", web.url(path));
    start(&stage.client, "slow", &document(&call("/slow")), &Value::Null).await;
    until("the slow call", || async { (!web.seen_at("/slow").is_empty()).then_some(()) }).await;
    start(&stage.client, "fast", &document(&call("/fast")), &Value::Null).await;
    completed(&stage.client, "fast").await;
    at_least(&worker, r#"workflow_runner_worker_renewals_total{task_queue="zigflow_execution"}"#, 1.0).await;
    assert_eq!(completed(&stage.client, "slow").await.0, json!("done"));
    assert_eq!(web.seen_at("/slow").len(), 1, "it was neither stopped nor made again");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_leaves_hands_its_watches_on_at_once() {
    const WATCHES: u32 = 4;
    let stage = Stage::start().await;
    let mut first = stage.worker(&[]).await;
    let mut waiting = Vec::new();
    for _ in 0..WATCHES {
        waiting.push(stage.execute(&document(WAITS), &json!({})).await);
    }
    holds(&first, WATCHES).await;
    let second = stage.worker(&[]).await;
    assert_eq!(second.metric(pending(0).0).await, Some(0.0));
    first.signal("TERM");
    assert_eq!(first.exit().await.code(), Some(0));
    assert!(first.log().contains("the watches are given back") && first.log().contains("\"in_time\":true"), "{}", first.log());
    // Long before the five minutes of their heartbeat timeout, which no wait of a test lasts.
    holds(&second, WATCHES).await;

    // With nobody there they wait for the next process.
    let mut second = second;
    second.signal("TERM");
    assert_eq!(second.exit().await.code(), Some(0));
    let third = stage.worker(&[]).await;
    holds(&third, WATCHES).await;
    for id in &waiting {
        end_well(&stage, id).await;
    }
    holds(&third, 0).await;
    drop(third);
    stage.stop().await;
}
