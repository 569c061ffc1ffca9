//! `handshake complete`, `fail` and `cancel`.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflow_runner::stigmer::structs;
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecutionStatus as Status};

use crate::office::{ASK, SILENT, handshake, id, listed, tokens, waiting};
use crate::support::caller::{Callers, Plan, result};
use crate::support::history::{activity_failure, closed, events};
use crate::support::steps::{latest_run, runs};
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, child_id, document, outer_id};

fn stored(stage: &Stage, execution_id: &str) -> Status {
    stage.plane.store().workflow_executions.get(execution_id).expect("the execution is there").status.expect("a status")
}

fn agent_workflow(agent_id: &str) -> String {
    format!("stigmer/agent-execution/invoke/{agent_id}")
}

/// Encoding and message type of the only activity's result.
fn result_form(events: &[HistoryEvent]) -> (String, String) {
    let payload = events.iter().find_map(|event| match event.attributes.clone()? {
        Attributes::ActivityTaskCompletedEventAttributes(a) => a.result?.payloads.into_iter().next(),
        _ => None,
    });
    let payload = payload.expect("an activity has completed");
    let text = |key: &str| payload.metadata.get(key).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
    (text("encoding"), text("messageType"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_completed_by_hand() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let (execution_id, agent) = waiting(&stage, &document(ASK)).await;
    let (child, outer) = (child_id(&execution_id), outer_id(&execution_id));
    let tokens = tokens(&stage, &execution_id, &agent).await;

    let ended = handshake(&stage, &["complete", &execution_id, "--result", r#"{"done": "by hand"}"#]).await.with_code(0);
    for part in
        ["delivered: activity", &format!("phase: {execution_id} is EXECUTION_COMPLETED"), &format!("child: {child} is asked to cancel")]
    {
        assert!(ended.stdout.contains(part), "no `{part}`: {ended:?}");
    }
    tokens.iter().for_each(|token| assert!(!ended.stdout.contains(token) && !ended.stderr.contains(token)));
    assert_eq!(closed(&stage.client, &outer).await, WorkflowExecutionStatus::Completed);
    let form = result_form(&events(&stage.client, &outer, "").await);
    assert_eq!(form, ("json/protobuf".to_owned(), "ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionStatus".to_owned()));

    // The child ends its own work, and its word does not undo the operator's.
    assert_eq!(closed(&stage.client, &child).await, WorkflowExecutionStatus::Canceled);
    assert_eq!(closed(&stage.client, &agent_workflow(&id(&agent))).await, WorkflowExecutionStatus::Canceled);
    let status = stored(&stage, &execution_id);
    assert_eq!(status.phase(), ExecutionPhase::ExecutionCompleted, "{status:?}");
    assert_eq!(structs::value(status.output.as_ref().expect("an output")), json!({"done": "by hand"}));
    assert_eq!((status.error.as_str(), status.temporal_workflow_id.as_str()), ("", child.as_str()));

    let ended = handshake(&stage, &["complete", &execution_id, "--result", "2"]).await.with_code(0);
    assert!(ended.stdout.starts_with("already closed: "), "{ended:?}");
    assert_eq!(structs::value(stored(&stage, &execution_id).output.as_ref().expect("an output")), json!({"done": "by hand"}));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_failed_by_hand_for_good() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let (execution_id, _) = waiting(&stage, &document(ASK)).await;
    handshake(&stage, &["fail", &execution_id, "--message", "it hangs", "--type", "Hung"]).await.with_code(0);
    closed(&stage.client, &outer_id(&execution_id)).await;
    let failure = activity_failure(&events(&stage.client, &outer_id(&execution_id), "").await);
    assert_eq!(failure, ("Hung".to_owned(), "it hangs".to_owned(), false));
    assert_eq!(closed(&stage.client, &child_id(&execution_id)).await, WorkflowExecutionStatus::Canceled);
    let status = stored(&stage, &execution_id);
    assert_eq!((status.phase(), status.error.as_str()), (ExecutionPhase::ExecutionFailed, "it hangs"));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retryable_failure_runs_the_execution_again_from_its_beginning() {
    let plane: crate::support::ChangePlane = Box::new(|options| {
        options.execute.attempts = 2;
        options.execute.retry_interval = std::time::Duration::from_millis(100);
    });
    let stage = Stage::with(StageOptions { agents: vec![SILENT], plane: Some(plane), ..Default::default() }).await;
    let worker = stage.worker(&[]).await;
    let (execution_id, _) = waiting(&stage, &document(ASK)).await;
    let (child, first) = (child_id(&execution_id), latest_run(&stage.client, &child_id(&execution_id)).await);
    let ended = handshake(&stage, &["fail", &execution_id, "--message", "once more", "--retryable"]).await.with_code(0);
    assert!(ended.stdout.contains("is terminated; another attempt runs it again"), "{ended:?}");
    until("the second run", || async { (latest_run(&stage.client, &child).await != first).then_some(()) }).await;
    until("the second attempt", || async {
        let entries = listed(&stage, &["--kind", "execute_workflow"]).await;
        entries.iter().any(|e| e["attempt"] == json!(2) && e["state"] == json!("handed over")).then_some(())
    })
    .await;
    handshake(&stage, &["complete", &execution_id, "--result", "7"]).await.with_code(0);
    assert_eq!(stage.output(&execution_id).await, json!({"value": 7}));
    assert_eq!(runs(&stage.client, &child).await, 2);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_an_execution_cancels_its_child_which_tells_the_rest() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let (execution_id, agent) = waiting(&stage, &document(ASK)).await;
    let ended = handshake(&stage, &["cancel", &execution_id, "--reason", "no longer wanted"]).await.with_code(0);
    assert!(ended.stdout.contains("is asked to cancel"), "{ended:?}");
    assert_eq!(closed(&stage.client, &child_id(&execution_id)).await, WorkflowExecutionStatus::Canceled);
    assert_eq!(closed(&stage.client, &agent_workflow(&id(&agent))).await, WorkflowExecutionStatus::Canceled);
    closed(&stage.client, &outer_id(&execution_id)).await;
    let (type_, _, retryable) = activity_failure(&events(&stage.client, &outer_id(&execution_id), "").await);
    assert_eq!((type_.as_str(), retryable), ("ChildCancelled", true), "nobody but the operator asked for it");
    let status = stored(&stage, &execution_id);
    assert_eq!(status.phase(), ExecutionPhase::ExecutionCancelled);
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_child_is_gone_is_told_in_its_place() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let mut worker = stage.worker(&[]).await;
    let (execution_id, _) = waiting(&stage, &document(ASK)).await;
    worker.kill();
    crate::support::operator::delete(&stage.client, &child_id(&execution_id)).await;
    until("the child to be gone", || async {
        let entry = listed(&stage, &["--kind", "execute_workflow"]).await.pop()?;
        (entry["child"]["workflow_id"].is_null() && entry["id"] == json!(execution_id)).then_some(())
    })
    .await;
    let ended = handshake(&stage, &["cancel", &execution_id, "--reason", "its child is gone"]).await.with_code(0);
    assert!(ended.stdout.contains("delivered: ") && ended.stdout.contains("EXECUTION_CANCELLED"), "{ended:?}");
    closed(&stage.client, &outer_id(&execution_id)).await;
    let (type_, _, _) = activity_failure(&events(&stage.client, &outer_id(&execution_id), "").await);
    assert_eq!(type_, "ChildCancelled");
    assert_eq!(stored(&stage, &execution_id).phase(), ExecutionPhase::ExecutionCancelled);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_step_is_completed_failed_and_cancelled_by_hand() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    for (verb, want) in [
        (vec!["complete", "--result", r#"["by", "hand"]"#], Ok(json!({"value": ["by", "hand"]}))),
        (vec!["fail", "--message", "it is stupid"], Err("it is stupid")),
        (vec!["cancel"], Err("the agent was cancelled")),
    ] {
        let execution_id = stage.execute(&document(ASK), &json!({})).await;
        let entry = until("the step to wait", || async {
            let entries = listed(&stage, &["--kind", "call_agent"]).await;
            entries
                .into_iter()
                .find(|e| e["caller"]["workflow_id"] == json!(child_id(&execution_id)) && e["agent"]["workflow_status"] == json!("Running"))
        })
        .await;
        let agent_id = entry["id"].as_str().expect("an id").to_owned();
        let arguments = [&verb[..1], &[agent_id.as_str()], &verb[1..]].concat();
        let ended = handshake(&stage, &arguments).await.with_code(0);
        assert!(ended.stdout.contains("delivered: activity /do/0/ask"), "{ended:?}");
        let status = stage.ended(&execution_id).await.status.expect("a status");
        match want {
            Ok(output) => assert_eq!(structs::value(status.output.as_ref().expect("an output")), output),
            Err(error) => assert!(status.phase() == ExecutionPhase::ExecutionFailed && status.error.contains(error), "{status:?}"),
        }
        // Nobody goes on working for it.
        assert_eq!(closed(&stage.client, &agent_workflow(&agent_id)).await, WorkflowExecutionStatus::Canceled, "{verb:?}");
        let again = handshake(&stage, &arguments).await.with_code(0);
        assert!(again.stdout.starts_with("already closed: "), "{again:?}");
    }
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_between_two_attempts_is_reached_all_the_same() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let callers = Callers::start(&stage.client);
    let workflow = stage.plane.apply_definition(&document(ASK)).expect("the definition is taken");
    assert!(workflow.metadata.is_some());
    let call = |interval: u64| Plan {
        start_to_close_ms: 1_000,
        attempts: 3,
        retry_interval_ms: interval,
        ..Plan::new("CallAgentActivity", "zigflow_execution", json!({"agent": "silent", "message": "hi", "org_id": "local"}))
    };
    let between = |caller: &'static str| {
        let stage = &stage;
        until("the caller to be between two attempts", move || async move {
            let entries = listed(stage, &[]).await;
            entries.into_iter().find(|e| e["caller"]["workflow_id"] == json!(caller) && e["state"] == json!("between attempts"))
        })
    };
    // A result reaches it at once.
    let long = callers.call("long", &call(3_600_000)).await;
    let entry = between("long").await;
    assert!(entry["next_attempt"].is_string(), "{entry}");
    handshake(&stage, &["complete", "long", "--activity", "step", "--result", "42"]).await.with_code(0);
    assert_eq!(result(&long).await, Ok(json!(42)));
    // A failure waits until the next attempt runs.
    let short = callers.call("short", &call(20_000)).await;
    between("short").await;
    let ended = handshake(&stage, &["fail", "short", "--activity", "step", "--message", "enough"]).await.with_code(0);
    ended.says(&["between two attempts: waiting for the next one"]);
    assert!(result(&short).await.expect_err("it fails").contains("enough"));
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_by_halves() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let (execution_id, _) = waiting(&stage, &document(ASK)).await;
    // More than Temporal takes.
    let large = format!("{:?}", "x".repeat(3_000_000));
    let program =
        crate::office::program(&stage, &["handshake", "complete", &execution_id, "--result", "@large.json"]).file("large.json", &large);
    program.end().await.with_code(64).says(&["bytes, and Temporal takes"]);
    // A control plane that cannot be told.
    let program = crate::office::program(&stage, &["handshake", "complete", &execution_id, "--result", "1"]);
    program.env("STIGMER_BACKEND_ENDPOINT", "127.0.0.1:1").end().await.with_code(69);
    handshake(&stage, &["complete", &execution_id, "--result", "{"]).await.with_code(64).says(&["--result: the text is not JSON"]);
    // Nothing has happened.
    assert_eq!(listed(&stage, &[]).await.len(), 2);
    assert_eq!(stored(&stage, &execution_id).phase(), ExecutionPhase::ExecutionInProgress);
    drop(worker);
    stage.stop().await;
}
