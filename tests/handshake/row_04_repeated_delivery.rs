//! Row 4: a completing call that is lost, repeated or not answered is made again. A second delivery finds the activity closed: that is no error, and
//! it changes nothing.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, PendingActivityState, WorkflowExecutionStatus};
use workflow_runner::activities::names::{COMPLETE_EXTERNAL, COMPLETE_EXTERNAL_ALIAS};
use workflow_runner::control_plane::{ExecutePolicy, Options};
use workflow_runner::stigmer::agx::AgentExecution;
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::support::by_hand::{ASK, SILENT, asked, call_back, the_one};
use crate::support::caller::{Callers, Plan, result};
use crate::support::direct::{End, QUEUE, end};
use crate::support::gate::{At, Gate};
use crate::support::hand_over::{ACTIVITY, HandOver, HandOvers, QUEUE as HAND_OVER_QUEUE};
use crate::support::history::{closed, count, describe, events};
use crate::support::operator::{hurry, terminate};
use crate::support::steps::{latest_run, local_results, of_type, runs};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, document, outer_id};

const GREET: &str = "  - greet:\n      set:\n        hello: world\n";
const COMPLETED: &str = "WorkflowService/RespondActivityTaskCompleted";

async fn behind(gate: &Gate, stage: &Stage) -> WorkerProcess {
    WorkerProcess::start(&gate.address(), Some(&stage.plane.address().to_string()), &[]).await
}

/// The caller has its result once, and everybody agrees that it is a success.
async fn completed_once(stage: &Stage, execution_id: &str) {
    assert_eq!(closed(&stage.client, &outer_id(execution_id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(closed(&stage.client, &child_id(execution_id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(stage.output(execution_id).await, json!({"hello": "world"}));
    let outer = events(&stage.client, &outer_id(execution_id), "").await;
    let steps = of_type(&outer, "ExecuteWorkflow");
    assert_eq!((steps.len(), steps[0].attempt, steps[0].end), (1, 1, Some(EventType::ActivityTaskCompleted)));
    let phase = stage.plane.store().workflow_executions.get(execution_id).expect("it is there").status.expect("a status").phase();
    assert_eq!(phase, ExecutionPhase::ExecutionCompleted);
}

/// What a caller is told by the activity that completes another one.
async fn tell(callers: &Callers, id: &str, activity: &str, input: Value) -> Result<Value, String> {
    result(&callers.call(id, &Plan::new(activity, QUEUE, input)).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_used_twice_has_its_effect_once() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let callers = Callers::start(&stage.client);
    let asks = ASK.replace("- ask:", "- first:").replace("{answer: .}", "{first: .}");
    let then = ASK.replace("- ask:", "- second:").replace("{answer: .}", "{second: .} + $input");
    let id = stage.execute(&document(&format!("{asks}{then}")), &json!({})).await;
    let token = |agent: &AgentExecution| BASE64_STANDARD.encode(&agent.spec.as_ref().expect("a spec").callback_token);

    let first = token(&the_one(&stage).await);
    let told = tell(&callers, "one", COMPLETE_EXTERNAL, json!({"callback_token": first, "result": "one"})).await;
    assert_eq!(told, Ok(json!({"delivery": "delivered"})));
    // The run is at its second step by then.
    let second = token(&asked(&stage, 2).await[1]);
    for (caller, activity, input) in [
        ("two", COMPLETE_EXTERNAL, json!({"callback_token": first, "result": "two"})),
        ("three", COMPLETE_EXTERNAL_ALIAS, json!({"CallbackToken": first, "Error": "too late"})),
    ] {
        assert_eq!(tell(&callers, caller, activity, input).await, Ok(json!({"delivery": "already_closed"})), "{caller}");
    }
    let told = tell(&callers, "four", COMPLETE_EXTERNAL_ALIAS, json!({"CallbackToken": second, "Result": {"deep": [1]}})).await;
    assert_eq!(told, Ok(json!({"delivery": "delivered"})));

    assert_eq!(stage.output(&id).await, json!({"second": {"deep": [1]}, "first": "one"}));
    closed(&stage.client, &child_id(&id)).await;
    let told = tell(&callers, "five", COMPLETE_EXTERNAL, json!({"callback_token": second, "error": {}})).await;
    assert_eq!(told, Ok(json!({"delivery": "caller_gone"})), "the run is over");
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(of_type(&child, "CallAgentActivity").iter().map(|s| s.end).collect::<Vec<_>>(), [Some(EventType::ActivityTaskCompleted); 2]);
    assert_eq!(worker.metric("workflow_runner_handshake_delivery_errors_total{reason=\"refused\"}").await, Some(0.0));
    drop((worker, callers));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_calls_back_three_times_is_heard_once() {
    let agent = "name: helper\nkind: scripted\nrepeat: 3\nreply: 'you said {message}'\n";
    let stage = Stage::with_agents(&[agent]).await;
    let worker = stage.worker(&[]).await;
    let again = ASK.replace("- ask:", "- again:").replace("{answer: .}", "{again: .} + $input");
    let id = stage.execute(&document(&format!("{ASK}{again}")), &json!({})).await;
    let answer = "you said how are you";
    assert_eq!(stage.output(&id).await, json!({"again": answer, "answer": answer}));
    closed(&stage.client, &child_id(&id)).await;
    let child = events(&stage.client, &child_id(&id), "").await;
    let ends: Vec<_> = of_type(&child, "CallAgentActivity").into_iter().map(|step| (step.attempt, step.end)).collect();
    assert_eq!(ends, [(1, Some(EventType::ActivityTaskCompleted)); 2]);
    drop(worker);
    stage.stop().await;
}

/// The server has completed the caller, and the worker dies before it knows. The next one delivers again.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_before_it_knows_of_its_delivery_delivers_again_without_harm() {
    let stage = Stage::start().await;
    let gate = Gate::before(&stage.server.address()).await;
    let hold = gate.hold(COMPLETED, At::Answer);
    let mut doomed = behind(&gate, &stage).await;
    let id = stage.execute(&document(GREET), &json!({})).await;
    hold.reached().await;
    doomed.kill();
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed, "the caller knows");
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(count(&child, EventType::MarkerRecorded), 0, "the child does not");
    let run = latest_run(&stage.client, &child_id(&id)).await;

    let worker = stage.worker(&[]).await;
    completed_once(&stage, &id).await;
    assert_eq!(latest_run(&stage.client, &child_id(&id)).await, run);
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(local_results(&child, COMPLETE_EXTERNAL), [r#"{"delivery":"caller_gone"}"#]);
    drop(worker);
    stage.stop().await;
}

/// The server has failed the first attempt, and the worker dies before it knows. The second attempt is there to try again: it must not be told the
/// failure of the first one, however long that is.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_was_delivered_is_not_delivered_to_the_attempt_that_follows_it() {
    let retry_interval = Duration::from_hours(1);
    let plane =
        Box::new(move |options: &mut Options| options.execute = ExecutePolicy { attempts: 2, retry_interval, ..Default::default() });
    let stage = Stage::with(StageOptions { plane: Some(plane), ..Default::default() }).await;
    let gate = Gate::before(&stage.server.address()).await;
    let hold = gate.hold("WorkflowService/RespondActivityTaskFailed", At::Answer);
    let mut doomed = behind(&gate, &stage).await;
    let web = Web::start(|_, visit| Reply::json(&json!({"visit": visit}))).await;
    let (fetch, title) = (
        format!("  - fetch:\n      call: http\n      with:\n        method: get\n        endpoint: {}\n", web.url("/")),
        "long ".repeat(900),
    );
    let raise = format!(
        "  - fail:\n      if: ${{ .visit == 1 }}\n      raise:\n        error:\n          type: https://example.com/errors/own\n          status: 500\n          title: {title}\n"
    );
    let id = stage.execute(&document(&format!("{fetch}{raise}")), &json!({})).await;
    hold.reached().await;
    doomed.kill();
    let pending = describe(&stage.client, &outer_id(&id)).await.expect("the caller").pending_activities.remove(0);
    assert_eq!((pending.attempt, pending.state()), (2, PendingActivityState::Scheduled), "the caller knows");

    let worker = stage.worker(&[]).await;
    let (first, _) = end(&stage.client, &child_id(&id)).await;
    let End::Failed(_, type_, details) = first else { panic!("{first:?}") };
    assert_eq!((type_.as_str(), &details["delivered"]), ("https://example.com/errors/own", &json!(true)));
    hurry(&stage.client, &outer_id(&id), &pending.activity_id).await;
    assert_eq!(closed(&stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    assert_eq!(stage.output(&id).await, json!({"visit": 2}));
    assert_eq!((runs(&stage.client, &child_id(&id)).await, web.seen().len()), (2, 2));
    drop(worker);
    stage.stop().await;
}

/// The same while the caller goes on after its activity: it waits for something else by then.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_delivery_leaves_alone_what_the_caller_does_next() {
    let stage = Stage::start().await;
    let hand_overs = HandOvers::start(&stage.client);
    let callers = Callers::start(&stage.client);
    let order = HandOver {
        queue: QUEUE.to_owned(),
        input: json!({"workflow_execution_id": "x", "workflow_yaml": document(GREET)}),
        execution_timeout_ms: None,
    };
    let next = Plan { activity_id: "next".to_owned(), ..Plan::new("Nothing", "nobody", Value::Null) };
    let first = Plan::new(ACTIVITY, HAND_OVER_QUEUE, json!(order));
    callers.call("caller", &Plan { then: Some(Box::new(next)), ..first }).await;
    let gate = Gate::before(&stage.server.address()).await;
    let hold = gate.hold(COMPLETED, At::Answer);
    let mut doomed = WorkerProcess::start(&gate.address(), None, &[]).await;
    hold.reached().await;
    doomed.kill();
    let scheduled = async || count(&events(&stage.client, "caller", "").await, EventType::ActivityTaskScheduled);
    until("the caller to go on", || async { (scheduled().await == 2).then_some(()) }).await;

    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    assert_eq!(closed(&stage.client, &child_id("x")).await, WorkflowExecutionStatus::Completed);
    let child = events(&stage.client, &child_id("x"), "").await;
    assert_eq!(local_results(&child, COMPLETE_EXTERNAL), [r#"{"delivery":"already_closed"}"#]);
    let steps = of_type(&events(&stage.client, "caller", "").await, "Nothing");
    assert_eq!((steps.len(), steps[0].end), (1, None), "the next activity still waits");
    terminate(&stage.client, "caller", "the end of the test").await;
    drop((worker, callers, hand_overs));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_lost_on_its_way_is_made_again() {
    let stage = Stage::start().await;
    let gate = Gate::before(&stage.server.address()).await;
    let refusal = gate.refuse(COMPLETED, At::Request);
    let worker = behind(&gate, &stage).await;
    let id = stage.execute(&document(GREET), &json!({})).await;
    refusal.reached_by(3).await;
    refusal.release();
    completed_once(&stage, &id).await;
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(local_results(&child, COMPLETE_EXTERNAL), [r#"{"delivery":"delivered"}"#]);
    assert_eq!(gate.answered(COMPLETED), 1);
    drop(worker);
    stage.stop().await;
}

/// The answer is lost: the call is made again and finds the work done.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answer_is_lost_is_made_again_and_counts_as_delivered() {
    let stage = Stage::start().await;
    let gate = Gate::before(&stage.server.address()).await;
    let refusal = gate.refuse(COMPLETED, At::Answer);
    let worker = behind(&gate, &stage).await;
    let id = stage.execute(&document(GREET), &json!({})).await;
    refusal.reached_by(2).await;
    refusal.release();
    completed_once(&stage, &id).await;
    let child = events(&stage.client, &child_id(&id), "").await;
    assert_eq!(local_results(&child, COMPLETE_EXTERNAL), [r#"{"delivery":"caller_gone"}"#]);
    assert!(gate.answered(COMPLETED) >= 3, "{}", gate.answered(COMPLETED));
    assert_eq!(worker.metric("workflow_runner_handshake_delivery_errors_total{reason=\"budget_spent\"}").await, Some(0.0));
    drop(worker);
    stage.stop().await;
}

/// The holder of a token is any process with a client: what it does twice is refused to it, and harms nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_call_by_a_client_is_told_that_nobody_waits() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let id = stage.execute(&document(ASK), &json!({})).await;
    let agent = the_one(&stage).await;
    call_back(&stage.client, &agent, &json!("once")).await.expect("the step waits");
    call_back(&stage.client, &agent, &json!("twice")).await.expect_err("nobody waits");
    assert_eq!(stage.output(&id).await, json!({"answer": "once"}));
    drop(worker);
    stage.stop().await;
}
