//! What the callback delivers is taken with care: an agent execution that had not ended when it was written (the platform delivers the initial object,
//! a confused one delivers another's) is read back, and its last AI message is the result; where there is none, the delivered object is, without
//! token and environment. An execution that has ended, and any other value, is taken as it is.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use workflow_runner::stigmer::agx::{AgentExecution, MessageType};

use crate::support::by_hand::{ASK, SILENT, all, asked, call_back, complete, initial, the_one, workflow_id};
use crate::support::gate::Gate;
use crate::support::history::{closed, events};
use crate::support::steps::of_type;
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, document};

const LIST: &str = "AgentExecutionQueryController/list";

/// Has the agent of a step end in the store with these messages, calls back with what `delivered` makes of its execution, and gives the answer.
async fn answer(messages: &[(MessageType, &str)], delivered: impl FnOnce(&AgentExecution) -> Value) -> Value {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    complete(&stage, &agent, messages);
    call_back(&stage.client, &agent, &delivered(&agent)).await.expect("the step waits");
    let mut output = stage.output(&execution_id).await;
    drop(worker);
    stage.stop().await;
    output["answer"].take()
}

const SPOKEN: [(MessageType, &str); 4] = [
    (MessageType::MessageHuman, "how are you"),
    (MessageType::MessageAi, "let me see"),
    (MessageType::MessageAi, "fine"),
    (MessageType::MessageTool, "thermometer: 36.6"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_object_stands_for_the_last_ai_message() {
    assert_eq!(answer(&SPOKEN, initial).await, json!("fine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_object_stands_for_the_last_ai_message_of_ones_own() {
    let foreign = |own: &AgentExecution| {
        let mut object = initial(own);
        object["metadata"]["id"] = json!("aex-of-somebody-else");
        object["status"] = json!({"phase": 2, "messages": [{"type": 2, "content": "none of your business"}]});
        object
    };
    assert_eq!(answer(&SPOKEN, foreign).await, json!("fine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_ai_message_the_object_itself_is_the_result_without_its_private_parts() {
    let result = answer(&[(MessageType::MessageHuman, "how are you")], initial).await;
    let spec = result["spec"].as_object().expect("a spec");
    assert_eq!((result["kind"].as_str(), spec["message"].as_str()), (Some("AgentExecution"), Some("how are you")), "{result}");
    assert!(!spec.contains_key("callback_token") && !spec.contains_key("runtime_env"), "{result}");
    assert!(!result.to_string().contains("private-value"), "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_has_ended_is_taken_as_it_is() {
    let ended = json!({"kind": "AgentExecution", "spec": {"agent_id": "agt-1"}, "status": {"phase": 3, "error": ""}});
    let delivered = ended.clone();
    assert_eq!(answer(&SPOKEN, move |_| delivered).await, ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_other_value_is_taken_as_it_is() {
    let values = [json!({"verdict": "good", "score": 7}), json!("just text"), json!(null), json!([1, 2])];
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let yaml = document(
        "  - each:\n      for:\n        each: n\n        in: ${ [range(4)] }\n      do:\n        - ask:\n            call: agent\n            with:\n              agent: helper\n              message: question\n            export:\n              as: '${ $context + {answers: ($context.answers + [.])} }'\n  - out:\n      set:\n        answers: ${ $context.answers }\n",
    );
    let execution_id = stage.execute(&yaml, &json!({})).await;
    for (i, value) in values.iter().enumerate() {
        let agent = asked(&stage, i + 1).await.pop().expect("the newest one");
        call_back(&stage.client, &agent, value).await.expect("the step waits");
    }
    assert_eq!(stage.output(&execution_id).await, json!({"answers": values}));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_lags_behind_its_callback_is_waited_for() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let gate = Gate::before(&stage.plane.address().to_string()).await;
    let worker = WorkerProcess::start(&stage.server.address(), Some(&gate.address()), &[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    let before = gate.answered(LIST);
    call_back(&stage.client, &agent, &initial(&agent)).await.expect("the step waits");
    until("the child to read an execution that has not ended", || async { (gate.answered(LIST) > before).then_some(()) }).await;
    complete(&stage, &agent, &SPOKEN);
    assert_eq!(stage.output(&execution_id).await, json!({"answer": "fine"}));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_delivered_itself_is_the_result() {
    let stage = Stage::with(StageOptions {
        agents: vec!["name: helper\nkind: scripted\nreply: {mood: fine}\n"],
        plane: Some(Box::new(|options| options.callbacks.always_stale = false)),
        ..Default::default()
    })
    .await;
    let worker = stage.worker(&[]).await;
    let execution_id = stage.execute(&document(ASK), &json!({})).await;
    assert_eq!(stage.output(&execution_id).await, json!({"answer": {"mood": "fine"}}));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubled_callback_has_no_second_effect() {
    let stage = Stage::with_agents(&["name: helper\nkind: scripted\nreply: said twice\nrepeat: 2\n"]).await;
    let worker = stage.worker(&[]).await;
    // The wait keeps the child open, so that the second callback meets a child that runs.
    let execution_id = stage.execute(&document(&format!("{ASK}  - pause:\n      wait:\n        seconds: 2\n")), &json!({})).await;
    let agent = until("an agent execution", || async { all(&stage).pop() }).await;
    assert_eq!(closed(&stage.client, &workflow_id(&agent)).await, WorkflowExecutionStatus::Completed);
    let calls = of_type(&events(&stage.client, &workflow_id(&agent), "").await, "stigmer/system/complete-external-activity");
    assert_eq!(calls.iter().filter(|call| call.end == Some(EventType::ActivityTaskCompleted)).count(), 2, "{calls:?}");

    assert_eq!(stage.output(&execution_id).await, json!({"answer": "said twice"}));
    closed(&stage.client, &child_id(&execution_id)).await;
    let steps = of_type(&events(&stage.client, &child_id(&execution_id), "").await, "CallAgentActivity");
    assert_eq!(steps.iter().map(|s| (s.attempt, s.end)).collect::<Vec<_>>(), [(1, Some(EventType::ActivityTaskCompleted))]);
    drop(worker);
    stage.stop().await;
}
