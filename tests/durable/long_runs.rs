//! One thread runs all workflow code: a run of many pure steps gives way, and still ends.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::support::history::{count, types};
use crate::support::{Stage, WorkerProcess, direct, document};

fn counting(iterations: u32) -> String {
    document(&format!(
        "  - each:\n      for: {{in: '[range({iterations})]'}}\n      do:\n        - add:\n            set: '${{ {{n: (.n + 1)}} }}'\n"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_of_more_than_twenty_thousand_steps_pauses_and_completes() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    // An iteration is two steps: itself and its task.
    direct::start(&stage.client, "long", &counting(10_000), &json!({"n": 0})).await;
    let (output, history) = direct::completed(&stage.client, "long").await;
    assert_eq!(output, json!({"n": 10_000}));
    assert_eq!(count(&history, EventType::TimerFired), 1, "{:?}", types(&history));
    assert_eq!(history.len(), 10, "{:?}", types(&history));

    direct::start(&stage.client, "short", &counting(9_000), &json!({"n": 0})).await;
    let (output, history) = direct::completed(&stage.client, "short").await;
    assert_eq!(output, json!({"n": 9_000}));
    assert_eq!(history.len(), 5, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}
