//! `fork` with `compete`: whoever loses is told.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::support::history::{count, types};
use crate::support::web::{Reply, Web};
use crate::support::{Stage, WorkerProcess, direct, document};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_branch_wins_and_the_others_are_cancelled() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|seen, _| if seen.path == "/never" { Reply::never() } else { Reply::json(&json!("after")) }).await;
    let tasks = format!(
        "  - race:
      fork:
        compete: true
        branches:
          - call: {{call: http, with: {{method: get, endpoint: '{never}'}}}}
          - rest: {{wait: PT1H}}
          - broken: {{raise: {{error: {{type: 'urn:mine', status: 500}}}}}}
          - quick:
              do:
                - rest: {{wait: PT0.3S}}
                - answer: {{set: {{winner: quick}}}}
  - after:
      call: http
      with: {{method: get, endpoint: '{after}'}}
      output: {{as: '{{winner: $input.winner, then: .}}'}}
",
        never = web.url("/never"),
        after = web.url("/after"),
    );
    direct::start(&stage.client, "race", &document(&tasks), &json!({})).await;
    let (output, history) = direct::completed(&stage.client, "race").await;
    assert_eq!(output, json!({"winner": "quick", "then": "after"}));
    assert_eq!(count(&history, EventType::ActivityTaskCancelRequested), 1, "{:?}", types(&history));
    assert_eq!(count(&history, EventType::TimerCanceled), 1, "{:?}", types(&history));
    assert_eq!(count(&history, EventType::TimerFired), 1, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}
