//! Cancellation and time limits reach everything below them, and nothing else.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::support::direct::{End, end};
use crate::support::history::{count, describe, types};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::{Stage, WorkerProcess, direct, document, operator};

async fn timer_runs(stage: &Stage, id: &str) {
    until("the run to wait", || async {
        let info = describe(&stage.client, id).await?.workflow_execution_info?;
        (info.history_length >= 5).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_wait_is_the_last_thing_that_runs() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|_, _| Reply::json(&json!({}))).await;
    let after = format!("{{call: http, with: {{method: get, endpoint: '{}'}}}}", web.url("/after"));
    // Neither `catch` nor the tasks behind the wait may see the cancellation.
    let tasks = format!(
        "  - guarded:\n      try:\n        - rest: {{wait: PT1H}}\n        - inner: {after}\n      catch:\n        do:\n          - handler: {after}\n  - outer: {after}\n"
    );
    direct::start(&stage.client, "cancelled", &document(&tasks), &json!({})).await;
    timer_runs(&stage, "cancelled").await;
    operator::cancel(&stage.client, "cancelled").await;
    let (ended, history) = end(&stage.client, "cancelled").await;
    assert_eq!(ended, End::Cancelled);
    assert_eq!(count(&history, EventType::TimerCanceled), 1, "{:?}", types(&history));
    assert_eq!(count(&history, EventType::ActivityTaskScheduled), 0, "{:?}", types(&history));
    assert!(web.seen().is_empty());
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_takes_too_long_cancels_what_is_below_it_and_nothing_else() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|seen, _| if seen.path == "/never" { Reply::never() } else { Reply::json(&json!({"fine": true})) }).await;
    let tasks = format!(
        "  - both:
      fork:
        branches:
          - limited:
              try:
                - late:
                    timeout: {{after: PT0.5S}}
                    fork:
                      branches:
                        - call: {{call: http, with: {{method: get, endpoint: '{never}'}}}}
                        - rest: {{wait: PT1H}}
              catch:
                errors: {{with: {{type: 'https://serverlessworkflow.io/spec/1.0.0/errors/timeout', status: 408}}}}
                do:
                  - note: {{set: {{late: true}}}}
          - free:
              do:
                - rest: {{wait: PT2S}}
                - call: {{call: http, with: {{method: get, endpoint: '{fine}'}}}}
",
        never = web.url("/never"),
        fine = web.url("/fine"),
    );
    direct::start(&stage.client, "limited", &document(&tasks), &json!({})).await;
    let (output, history) = direct::completed(&stage.client, "limited").await;
    assert_eq!(output, json!([{"late": true}, {"fine": true}]));
    assert_eq!(count(&history, EventType::ActivityTaskCancelRequested), 1, "{:?}", types(&history));
    assert_eq!(count(&history, EventType::TimerCanceled), 1, "{:?}", types(&history));
    // The limit itself, and the wait of the other branch.
    assert_eq!(count(&history, EventType::TimerFired), 2, "{:?}", types(&history));
    assert_eq!(web.seen_at("/fine").len(), 1);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_a_limit_of_its_own_ends_as_408() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|_, _| Reply::never()).await;
    let call = format!("call: http\n      with: {{method: get, endpoint: '{}'}}\n      timeout: {{after: PT1S}}\n", web.url("/never"));
    direct::start(&stage.client, "call", &document(&format!("  - late:\n      {call}")), &json!({})).await;
    let (ended, history) = end(&stage.client, "call").await;
    let End::Failed(message, type_, details) = ended else { panic!("{ended:?}") };
    assert!(type_.ends_with("/errors/timeout") && message.contains("/do/0/late"), "{message} {type_} {details}");
    assert_eq!(count(&history, EventType::TimerStarted), 0, "the activity's own limit is enough: {:?}", types(&history));

    direct::start(&stage.client, "local", &document(&format!("  - late:\n      {call}      metadata: {{local: true}}\n")), &json!({}))
        .await;
    let (ended, _) = end(&stage.client, "local").await;
    let End::Failed(message, type_, _) = ended else { panic!("{ended:?}") };
    assert!(type_.ends_with("/errors/timeout"), "{message} {type_}");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_takes_too_long_fails_and_leaves_nothing_running() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let web = Web::start(|_, _| Reply::never()).await;
    let tasks = format!(
        "  - both:\n      fork:\n        branches:\n          - call: {{call: http, with: {{method: get, endpoint: '{0}'}}}}\n          - rest: {{wait: PT1H}}\n  - after: {{call: http, with: {{method: get, endpoint: '{0}'}}}}\ntimeout: {{after: PT0.5S}}\n",
        web.url("/never")
    );
    direct::start(&stage.client, "late", &document(&tasks), &json!({})).await;
    let (ended, history) = end(&stage.client, "late").await;
    let End::Failed(message, type_, details) = ended else { panic!("{ended:?}") };
    assert!(type_.ends_with("/errors/timeout"), "{message} {type_} {details}");
    assert_eq!(details["status"], 408, "{details}");
    assert_eq!(count(&history, EventType::ActivityTaskScheduled), 1, "{:?}", types(&history));
    assert_eq!(count(&history, EventType::WorkflowTaskFailed), 0, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}
