//! What a run shows and where it finds things, on the wire: progress, the search attribute, placeholders, going on in a new run. Rows 8.14.5, 8.14.6,
//! 8.14.8 and 8.14.9.

use serde_json::{Value, json};
use temporalio_client::grpc::OperatorService;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::operatorservice::v1::{AddSearchAttributesRequest, ListSearchAttributesRequest};
use workflow_runner::activities::payload::json_of;
use workflow_runner::control_plane::Resource;
use workflow_runner::stigmer::ar::WorkflowTaskKind as Kind;
use workflow_runner::stigmer::exc::ExecutionValue;
use workflow_runner::stigmer::structs;
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecutionSpec, WorkflowTaskStatus as Done, WorkflowTaskType as Type};

use crate::platform::{Platform, execute, task};
use crate::support::caller::result;
use crate::support::gate::{At, Gate};
use crate::support::history::{describe, events, text};
use crate::support::web::{Reply, Web};
use crate::support::{Stage, WorkerProcess, child_id, direct, document};

const HELPER: &str = "name: helper\nkind: scripted\nreply: fine\n";

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_by_task() {
    let on = Platform::start(&[HELPER], &[]).await;
    let web = Web::start(|_, _| Reply::json(&json!({"a": 1}))).await;
    let get = json!({"method": "GET", "endpoint": {"uri": web.url("/")}, "timeout_seconds": 30});
    let workflow = on.workflow(
        "all",
        vec![
            task("prepare", Kind::Set, &json!({"variables": {"x": "1"}})),
            task("fetch", Kind::HttpCall, &get),
            task("ask", Kind::AgentCall, &json!({"agent": "helper", "message": "hi"})),
        ],
    );
    let execution = on.execution(Some(WorkflowExecutionSpec { workflow_id: workflow, ..Default::default() }));

    // While the platform takes nothing, the run goes on; its end waits until it can be told, and then the list is whole.
    let held = on.gate.refuse("updateStatus", At::Request);
    let caller = on.callers.call("caller", &execute(&execution)).await;
    held.reached_by(3).await;
    held.release();
    result(&caller).await.expect("8.14.5: what is refused does no harm");
    let rows: Vec<_> = on.status(&execution).tasks.iter().map(|row| (row.task_name.clone(), row.task_type(), row.status())).collect();
    // The original named the last one after its activity and called it FAILED as soon as it was pending; and its list had one row.
    let done = |name: &str, kind| (name.to_owned(), kind, Done::WorkflowTaskCompleted);
    assert_eq!(
        rows,
        [
            done("prepare", Type::WorkflowTaskTransform),
            done("fetch", Type::WorkflowTaskApiCall),
            done("ask", Type::WorkflowTaskAgentInvocation)
        ]
    );

    // A run that no execution names tells nobody.
    let told = on.gate.answered("updateStatus");
    direct::start(&on.stage.client, "nobodys", &document("  - a: {wait: {milliseconds: 1}}\n  - b: {set: {x: 1}}\n"), &json!({})).await;
    assert_eq!(direct::completed(&on.stage.client, "nobodys").await.0, json!({"x": 1}));
    assert_eq!(on.gate.answered("updateStatus"), told, "8.14.5: a run without an execution");
    on.stop().await;
}

const ATTRIBUTE: &str = "WorkflowExecutionID";

async fn attribute(client: &Client) -> Option<IndexedValueType> {
    let request = ListSearchAttributesRequest { namespace: client.namespace() };
    let known =
        OperatorService::list_search_attributes(&mut client.clone(), request.into_request()).await.expect("they are listed").into_inner();
    known.custom_attributes.get(ATTRIBUTE).and_then(|kind| IndexedValueType::try_from(*kind).ok())
}

/// The attribute's value of an execution that ran on this stage.
async fn indexed(stage: &Stage) -> (String, Option<Value>) {
    let id = stage.execute(&document("  - a: {set: {x: 1}}\n"), &json!({})).await;
    stage.output(&id).await;
    let info = describe(&stage.client, &child_id(&id)).await.and_then(|described| described.workflow_execution_info).expect("described");
    let value = info.search_attributes.and_then(|all| all.indexed_fields.get(ATTRIBUTE).map(|value| value.data.clone()));
    (id, value.and_then(|data| serde_json::from_slice(&data).ok()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_attribute_is_made_once() {
    let stage = Stage::start().await;
    assert_eq!(attribute(&stage.client).await, None);
    let worker = stage.worker(&[]).await;
    assert_eq!(attribute(&stage.client).await, Some(IndexedValueType::Text), "8.14.6: missing");
    let (id, value) = indexed(&stage).await;
    assert_eq!(value, Some(json!(id)), "8.14.6: set");
    let second = stage.worker(&[]).await;
    assert!(!second.log().contains("cannot ensure"), "8.14.6: there already");
    drop((worker, second));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_attribute_that_cannot_be_used_is_left_out() {
    let stage = Stage::start().await;
    let request = AddSearchAttributesRequest {
        search_attributes: [(ATTRIBUTE.to_owned(), IndexedValueType::Int as i32)].into(),
        namespace: stage.client.namespace(),
    };
    OperatorService::add_search_attributes(&mut stage.client.clone(), request.into_request()).await.expect("it is made");
    let worker = stage.worker(&[]).await;
    assert!(worker.log().contains("the search attribute has another type"), "8.14.6: another type");
    assert_eq!(indexed(&stage).await.1, None, "8.14.6: another type, and runs do without");
    drop(worker);

    let gate = Gate::before(&stage.server.address()).await;
    let _refused = gate.refuse("ListSearchAttributes", At::Request);
    let worker = WorkerProcess::start(&gate.address(), Some(&stage.plane.address().to_string()), &[]).await;
    assert!(worker.log().contains("cannot ensure the search attribute"), "8.14.6: the list cannot be had, and the worker starts");
    assert_eq!(indexed(&stage).await.1, None, "8.14.6: the list cannot be had, and runs do without");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_are_filled_in_where_they_are_sent() {
    let on = Platform::start(&[], &[]).await;
    let web = Web::start(|_, _| Reply::json(&json!({"ok": true}))).await;
    let post = |path: &str, body: Value| {
        let uri = format!("{}/${{.env_vars.STAGE}}", web.url(path));
        let headers =
            json!({"authorization": "Bearer ${.secrets.FIRST}", "x-two": "${.secrets.FIRST}-${.secrets.SECOND}-${.env_vars.STAGE}"});
        task(
            "send",
            Kind::HttpCall,
            &json!({"method": "POST", "endpoint": {"uri": uri}, "headers": headers, "body": body, "timeout_seconds": 30}),
        )
    };
    let body =
        json!({"whole": "${.secrets.SECOND}", "list": ["${.env_vars.STAGE}", {"deep": "k=${.secrets.FIRST};"}], "number": 3, "none": null});
    let value = |text: &str, is_secret| ExecutionValue { value: text.to_owned(), is_secret };
    let env = [("FIRST", value("first-secret", true)), ("SECOND", value("${.secrets.FIRST}", true)), ("STAGE", value("prod", false))];
    let spec = |workflow: String| {
        let runtime_env = env.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Some(WorkflowExecutionSpec { workflow_id: workflow, runtime_env, ..Default::default() })
    };
    let execution = on.execution(spec(on.workflow("sends", vec![post("/a", body)])));
    result(&on.callers.call("sends", &execute(&execution)).await).await.expect("8.14.8: it completes");
    let sent = web.seen_at("/a/prod").pop().expect("8.14.8: in an address");
    assert_eq!(sent.headers["authorization"], "Bearer first-secret", "8.14.8: within a text");
    // Filled in once: what a value holds is no placeholder.
    assert_eq!(sent.headers["x-two"], "first-secret-${.secrets.FIRST}-prod", "8.14.8: several in a text");
    let body: Value = serde_json::from_str(&sent.body).expect("JSON");
    let deep = json!({"whole": "${.secrets.FIRST}", "list": ["prod", {"deep": "k=first-secret;"}], "number": 3, "none": null});
    assert_eq!(body, deep, "8.14.8: arrays and objects");
    let child = events(&on.stage.client, &child_id(execution.id()), "").await;
    assert!(!text(&child).contains("first-secret"), "8.14.8: in no event");

    let lost = task(
        "send",
        Kind::HttpCall,
        &json!({"method": "GET", "endpoint": {"uri": web.url("/lost")}, "timeout_seconds": 30,
        "headers": {"x-a": "${.secrets.LOST}", "x-b": "${.secrets.GONE}"}}),
    );
    let execution = on.execution(spec(on.workflow("lost", vec![lost])));
    result(&on.callers.call("lost", &execute(&execution)).await).await.expect_err("8.14.8: nobody has them");
    let error = on.status(&execution).error;
    assert!(error.contains("403") && error.contains("`LOST`") && error.contains("`GONE`"), "8.14.8: all that are missing: {error}");
    assert!(web.seen_at("/lost").is_empty(), "8.14.8: nothing is sent without them");

    let unset = task(
        "send",
        Kind::HttpCall,
        &json!({"method": "GET", "endpoint": {"uri": web.url("/unset")}, "timeout_seconds": 30, "headers": {"x-a": "Bearer ${.env_vars.UNSET}"}}),
    );
    let execution = on.execution(spec(on.workflow("unset", vec![unset])));
    result(&on.callers.call("unset", &execute(&execution)).await).await.expect_err("8.14.8: it has no value");
    let error = on.status(&execution).error;
    assert!(error.contains("the variable UNSET has no value"), "8.14.8: variables too: {error}");
    assert!(web.seen_at("/unset").is_empty(), "8.14.8: nothing is sent without one");
    on.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_goes_on_in_a_new_one_keeps_organisation_and_context() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let yaml = document(
        "  - first: {set: {kept: true}, export: {as: '${ . }'}}
  - each:
      for: {in: '[range(12)]'}
      do:
        - nap: {wait: {milliseconds: 1}}
        - add: {set: {n: '${ $item }'}}
  - last: {set: {context: '${ $context }', env: '${ $env }', data: '${ $data.given }', n: '${ .n }'}}\n",
    );
    let env = json!({"KEY": {"value": "v", "is_secret": false}});
    let input = json!({"workflow_yaml": yaml, "initial_data": {"given": 1}, "org_id": "acme", "env_vars": env, "continue_after": 20});
    direct::start_raw(&stage.client, "long", vec![json_of(&input)]).await;
    let (output, history) = direct::completed(&stage.client, "long").await;
    assert_eq!(
        output,
        json!({"context": {"kept": true}, "env": {"KEY": {"value": "v", "is_secret": false}}, "data": 1, "n": 11}),
        "8.14.9: context, environment, data"
    );
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = history[0].attributes.clone() else {
        panic!("{:?}", history[0])
    };
    assert!(!started.continued_execution_run_id.is_empty(), "8.14.9: it has gone on");
    let input: Value = serde_json::from_slice(&started.input.expect("an input").payloads[0].data).expect("JSON");
    assert_eq!(input["org_id"], json!("acme"), "8.14.9: the organisation");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_execution_is_cancelled() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[("WORKFLOW_RUNNER_HANDSHAKE__WATCH_INTERVAL", "1s")]).await;
    let id = stage.execute(&document("  - a: {wait: {hours: 1}}\n  - b: {set: {x: 1}}\n"), &json!({})).await;
    crate::support::history::activity_started(&stage.client, &child_id(&id), "watch").await;
    stage.plane.cancel(&id).await.expect("it takes the cancellation");
    let status = stage.ended(&id).await.status.expect("a status");
    // The original swallowed it: the flow went on, and the phase was COMPLETED.
    assert_eq!(status.phase(), ExecutionPhase::ExecutionCancelled, "8.14.9: {}", status.error);
    assert_eq!(structs::value(&status.output.unwrap_or_default()), json!({}), "8.14.9: nothing went on");
    drop(worker);
    stage.stop().await;
}
