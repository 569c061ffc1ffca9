//! `ExecuteWorkflow` on the wire: rows 8.14.1 and 8.14.2.

use prost::Name as _;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus as Status;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflow_runner::control_plane::Resource;
use workflow_runner::stigmer::ar::{ApiResourceMetadata, WorkflowTaskKind as Kind};
use workflow_runner::stigmer::wf::{Workflow, WorkflowStatus};
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecution, WorkflowExecutionSpec, WorkflowExecutionStatus};

use crate::platform::{Platform, activity_result, execute, execute_binary, metadata, task};
use crate::support::caller::{Plan, result};
use crate::support::gate::{At, Gate};
use crate::support::history::{activity_failure, closed, describe, events};
use crate::support::{API_KEY, WorkerProcess, child_id, direct, document};

const HELPER: &str = "name: helper\nkind: scripted\nreply: fine\n";

fn of_workflow(id: &str) -> Option<WorkflowExecutionSpec> {
    Some(WorkflowExecutionSpec { workflow_id: id.to_owned(), ..Default::default() })
}

fn of_instance(id: &str) -> Option<WorkflowExecutionSpec> {
    Some(WorkflowExecutionSpec { workflow_instance_id: id.to_owned(), ..Default::default() })
}

/// A failure point: what is sent, the activity's text, and whether the platform is told FAILED, with the same text.
struct Point {
    row: &'static str,
    execution: WorkflowExecution,
    text: String,
    told: bool,
}

fn points(on: &Platform) -> Vec<Point> {
    let store = on.stage.plane.store();
    let without = store.workflows.insert(Workflow::default()).expect("stored");
    let status = WorkflowStatus { default_instance_id: "win-gone".to_owned(), ..Default::default() };
    let dangling = store.workflows.insert(Workflow { status: Some(status), ..Default::default() }).expect("stored");
    let teapot = json!({"method": "TEAPOT", "endpoint": {"uri": "http://h.test"}, "timeout_seconds": 30});
    let broken = on.workflow("broken", vec![task("get", Kind::HttpCall, &teapot)]);
    let nameless = ApiResourceMetadata::default();
    let stored = |row, spec, text: String| Point { row, execution: on.execution(spec), text, told: true };
    vec![
        Point { row: "no metadata", execution: WorkflowExecution::default(), text: "execution metadata is required".into(), told: false },
        Point {
            row: "no id",
            execution: WorkflowExecution { metadata: Some(nameless), ..Default::default() },
            text: "execution ID is required".into(),
            told: false,
        },
        // The original told the platform of neither of the next two.
        stored("no spec", None, "execution spec is required".into()),
        stored(
            "neither id",
            Some(WorkflowExecutionSpec::default()),
            "execution must have either workflow_instance_id or workflow_id".into(),
        ),
        stored("no such instance", of_instance("win-none"), "failed to query workflow instance win-none: ".into()),
        stored("no such workflow", of_workflow("wfl-none"), "failed to query workflow wfl-none: ".into()),
        stored("no default instance", of_workflow(without.id()), format!("workflow {} has no default instance configured", without.id())),
        // `failed to query default instance` in the original; it is looked for like any other.
        stored("default instance gone", of_workflow(dangling.id()), "failed to query workflow instance win-gone: ".into()),
        stored("not convertible", of_workflow(&broken), "failed to convert workflow to YAML: ".into()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_point_has_its_text() {
    let on = Platform::start(&[], &[]).await;
    for (number, point) in points(&on).into_iter().enumerate() {
        let id = format!("caller-{number}");
        result(&on.callers.call(&id, &execute(&point.execution)).await).await.expect_err(point.row);
        let (_, message, retryable) = activity_failure(&events(&on.stage.client, &id, "").await);
        assert!(message.starts_with(&point.text) && !retryable, "{}: {message}", point.row);
        if point.told {
            let status = on.status(&point.execution);
            // The original wrote its own words there (`Failed to query workflow: …`), without the id that was looked for.
            assert_eq!((status.phase(), status.error.as_str()), (ExecutionPhase::ExecutionFailed, message.as_str()), "{}", point.row);
        }
        assert!(describe(&on.stage.client, &child_id(point.execution.id())).await.is_none(), "{}: nothing was started", point.row);
    }
    on.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_cannot_be_started() {
    let mut on = Platform::start(&[], &[]).await;
    let temporal = Gate::before(&on.stage.server.address()).await;
    let _refused = temporal.refuse("StartWorkflowExecution", At::Request);
    on.worker.kill();
    on.worker = WorkerProcess::start(&temporal.address(), Some(&on.gate.address()), &[]).await;
    let sets = on.workflow("sets", vec![task("a", Kind::Set, &json!({"variables": {"x": "1"}}))]);
    let execution = on.execution(of_workflow(&sets));
    result(&on.callers.call("caller", &execute(&execution)).await).await.expect_err("8.14.1: not started");
    let (_, message, _) = activity_failure(&events(&on.stage.client, "caller", "").await);
    assert!(message.starts_with("failed to start ExecuteServerlessWorkflow: "), "8.14.1: {message}");
    let status = on.status(&execution);
    assert_eq!((status.phase(), status.error), (ExecutionPhase::ExecutionFailed, message), "8.14.1: not started");
    on.stop().await;
}

/// The rpcs without their packages; those that repeat one another once. The execution itself is read whenever its variables are asked for: that
/// has no place in the order.
fn order(on: &Platform) -> Vec<String> {
    let mut names: Vec<String> = on.passed().iter().map(|call| call.path.rsplit('.').next().unwrap_or_default().to_owned()).collect();
    names.retain(|name| name != "WorkflowExecutionQueryController/get");
    names.dedup();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_the_control_plane_in_order_and_with_the_key() {
    let on = Platform::start(&[HELPER], &[]).await;
    let workflow = on.workflow("asks", vec![task("ask", Kind::AgentCall, &json!({"agent": "helper", "message": "hi"}))]);
    let execution = on.execution(of_workflow(&workflow));
    result(&on.callers.call("caller", &execute(&execution)).await).await.expect("8.14.1: it completes");
    let order = order(&on);
    let update = "WorkflowExecutionCommandController/updateStatus";
    // The original said IN_PROGRESS first. Here the definition is read before: an execution that cannot begin never seems to have begun.
    let told = (order.iter().position(|name| name == update), order.last().map(String::as_str));
    assert_eq!(told, (Some(3), Some(update)), "8.14.1: {order:?}");
    let others: Vec<_> = order.iter().filter(|name| *name != update).map(String::as_str).collect();
    let want = [
        "WorkflowQueryController/get",
        "WorkflowInstanceQueryController/get",
        "WorkflowQueryController/get",
        // Whether an earlier attempt has asked the agent already.
        "AgentExecutionQueryController/list",
        "AgentQueryController/getByReference",
        "AgentExecutionCommandController/create",
        // The answer is read where it stands: what the callback brought was the execution as it was created.
        "AgentExecutionQueryController/list",
    ];
    assert_eq!(others, want, "8.14.1");
    for call in on.passed() {
        // The original sent none with the two calls of an agent step.
        assert_eq!(call.authorization, Some(format!("Bearer {API_KEY}")), "8.14.1: {}", call.path);
    }
    on.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_and_what_it_starts_with() {
    let on = Platform::start(&[], &[]).await;
    let workflow = on.workflow("sets", vec![task("a", Kind::Set, &json!({"variables": {"x": "${ .who }"}}))]);
    let spec = of_workflow(&workflow).map(|spec| WorkflowExecutionSpec { trigger_message: r#"{"who": "Ada"}"#.to_owned(), ..spec });
    let execution = on.execution(spec);
    result(&on.callers.call("caller", &execute(&execution)).await).await.expect("8.14.1: it completes");
    let id = child_id(execution.id());
    assert_eq!(id, format!("workflow-exec-{}", execution.id()), "8.14.1");
    let history = events(&on.stage.client, &id, "").await;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = history[0].attributes.clone() else {
        panic!("{:?}", history[0])
    };
    assert_eq!(started.workflow_type.expect("a type").name, "ExecuteServerlessWorkflow");
    assert_eq!(started.task_queue.expect("a queue").name, "zigflow_execution");
    // Not 30 minutes: as long as the caller may wait, here the 2 minutes of its activity, and a margin to be told in.
    let timeout = started.workflow_execution_timeout.expect("a timeout").seconds;
    assert!((120..=240).contains(&timeout), "8.14.1: {timeout} s");
    let input: Value = serde_json::from_slice(&started.input.expect("an input").payloads[0].data).expect("JSON");
    assert_eq!(
        (&input["workflow_execution_id"], &input["initial_data"]),
        (&json!(execution.id()), &json!({"who": "Ada"})),
        "8.14.1: {input}"
    );
    let status = on.status(&execution);
    assert_eq!((status.phase(), status.temporal_workflow_id.as_str()), (ExecutionPhase::ExecutionCompleted, id.as_str()));
    assert!(!status.started_at.is_empty() && !status.completed_at.is_empty() && status.output.is_some(), "8.14.1: {status:?}");

    // As the original started it: its own spelling, with nulls for what is empty.
    let yaml = document("  - a: {set: {x: '${ $data.n }', id: '${ $env.KEY.value }'}}\n");
    let original = json!({"WorkflowExecutionID": "wex-1", "WorkflowYaml": yaml, "Metadata": null, "InitialData": {"n": 1},
        "EnvVars": {"KEY": {"value": "v", "is_secret": false}}, "OrgId": "acme"});
    direct::start_raw(&on.stage.client, "original", vec![workflow_runner::activities::payload::json_of(&original)]).await;
    assert_eq!(direct::completed(&on.stage.client, "original").await.0, json!({"x": 1, "id": "v"}), "8.14.1: the original's keys");
    on.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inner_failure_and_a_status_that_nobody_takes() {
    let on = Platform::start(&[], &[("WORKFLOW_RUNNER_HANDSHAKE__ON_FAILURE", "status")]).await;
    let raise = on.workflow("raises", vec![task("no", Kind::Raise, &json!({"error": "validation", "message": "no item"}))]);
    let execution = on.execution(of_workflow(&raise));
    // The original's way, by a setting. By default the activity fails too: a caller that reads no status must not take it for a success.
    let answer = result(&on.callers.call("status", &execute(&execution)).await).await.expect("8.14.1: FAILED is a result");
    assert_eq!(answer["phase"], json!("EXECUTION_FAILED"), "8.14.1: {answer}");
    let status = on.status(&execution);
    assert!(status.phase() == ExecutionPhase::ExecutionFailed && status.error.contains("no item"), "8.14.1: {status:?}");
    assert_eq!(closed(&on.stage.client, &child_id(execution.id())).await, Status::Failed);

    // Neither IN_PROGRESS nor the end can be written for an execution that is not there: it runs all the same.
    let sets = on.workflow("sets", vec![task("a", Kind::Set, &json!({"variables": {"x": "1"}}))]);
    let unknown = WorkflowExecution {
        metadata: Some(ApiResourceMetadata { id: "wex-unknown".to_owned(), ..Default::default() }),
        spec: of_workflow(&sets),
        ..Default::default()
    };
    let answer = result(&on.callers.call("unknown", &execute(&unknown)).await).await.expect("8.14.1: IN_PROGRESS is best effort");
    assert_eq!((&answer["phase"], &answer["output"]), (&json!("EXECUTION_COMPLETED"), &json!({"x": "1"})), "8.14.1: {answer}");
    on.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_encoding_is_read_and_one_is_written() {
    let on = Platform::start(&[], &[]).await;
    let sets = on.workflow("sets", vec![task("a", Kind::Set, &json!({"variables": {"x": "1"}}))]);
    let next = || on.execution(of_workflow(&sets));
    let plain = next();
    let snake = json!({"metadata": {"id": plain.id()}, "spec": {"workflow_id": sets}});
    for (row, plan) in [
        ("json/protobuf", execute(&next())),
        ("binary/protobuf", execute_binary(&next())),
        ("json/plain, snake case", Plan::new("ExecuteWorkflow", crate::platform::EXECUTION_QUEUE, snake)),
    ] {
        let id = row.replace([' ', ',', '/'], "-");
        result(&on.callers.call(&id, &plan).await).await.unwrap_or_else(|error| panic!("8.14.2 {row}: {error}"));
        let written = activity_result(&events(&on.stage.client, &id, "").await);
        let form = (metadata(&written, "encoding"), metadata(&written, "messageType"));
        assert_eq!(form, ("json/protobuf", WorkflowExecutionStatus::full_name().as_str()), "8.14.2 {row}");
    }
    let other = Plan { message_type: Some("ai.stigmer.agentic.workflow.v1.Workflow".to_owned()), ..execute(&next()) };
    let error = result(&on.callers.call("other", &other).await).await.expect_err("8.14.2: another message");
    assert!(error.contains("ai.stigmer.agentic.workflow.v1.Workflow"), "8.14.2: {error}");
    on.stop().await;
}
