//! Nothing goes wrong: both handshakes, and what they cost in history events.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::support::history::{closed, events, types};
use crate::support::{Stage, child_id, document, outer_id};

const AGENT: &str = "name: helper\nkind: scripted\ndelay: 300ms\nreply: 'you said {message}'\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_with_an_agent_step_goes_through_both_handshakes() {
    let stage = Stage::with_agents(&[AGENT]).await;
    let worker = stage.worker(&[]).await;
    let yaml = document(
        "  - ask:\n      call: agent\n      with:\n        agent: helper\n        message: ${ .question }\n      output:\n        as: '{answer: .}'\n",
    );
    let id = stage.execute(&yaml, &json!({"question": "hello"})).await;
    assert_eq!(stage.output(&id).await, json!({"answer": "you said hello"}));

    // Caller: the activity and its one workflow task are 6 events beside the start (3), and the platform's own end.
    closed(&stage.client, &outer_id(&id)).await;
    let outer = types(&events(&stage.client, &outer_id(&id), "").await);
    let step = [EventType::ActivityTaskScheduled, EventType::ActivityTaskStarted, EventType::ActivityTaskCompleted];
    assert!(outer.windows(3).any(|w| w == step), "{outer:?}");

    // Child: start and first workflow task (4), the agent step (8, and 1 for reading the stale object back), the watch (1), delivery (1), the end (1).
    closed(&stage.client, &child_id(&id)).await;
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(child.len(), 16, "{:?}", types(&child));
    drop(worker);
    stage.stop().await;
}
