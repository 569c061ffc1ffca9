//! Row 10: the child continues as new. Callback and watch travel with it, and its caller notices nothing.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::support::history::events;
use crate::support::steps::of_type;
use crate::support::web::{Reply, Web};
use crate::support::{Stage, child_id, document, outer_id};

/// Six events each: more than one history takes.
const CALLS: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_child_goes_on_in_new_runs_and_its_caller_gets_the_result_once() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_HTTP__REACH", "any")]).await;
    let web = Web::start(|_, count| Reply::json(&json!({"count": count}))).await;
    let tasks = format!(
        "  - each:\n      for: {{in: '[range({CALLS})]'}}\n      do:\n        - get:\n            call: http\n            with: {{method: get, endpoint: '{}'}}\n",
        web.url("/pet")
    );
    let execution = stage.execute(&document(&tasks), &json!({})).await;
    assert_eq!(stage.output(&execution).await, json!({"count": CALLS}));
    assert_eq!(web.seen_at("/pet").len(), CALLS, "no call was made twice");

    let last = events(&stage.client, &child_id(&execution), "").await;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &last[0].attributes else { panic!("a start") };
    assert!(!started.continued_execution_run_id.is_empty(), "the last run continues another");
    assert!(last.len() < 5_000, "{} events", last.len());
    let first = events(&stage.client, &child_id(&execution), &started.first_execution_run_id).await;
    assert!(first.len() < 5_000, "{} events", first.len());

    let rows = stage.ended(&execution).await.status.expect("a status").tasks;
    let names: Vec<_> = rows.iter().map(|row| row.task_name.as_str()).collect();
    assert_eq!(names, ["each", "get"], "one row for each task of the whole chain");
    let outer = events(&stage.client, &outer_id(&execution), "").await;
    let completed = of_type(&outer, "ExecuteWorkflow");
    assert_eq!(completed.iter().map(|step| (step.attempt, step.end)).collect::<Vec<_>>(), [(1, Some(EventType::ActivityTaskCompleted))]);
    drop(worker);
    stage.stop().await;
}
