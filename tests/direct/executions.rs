//! Executions begun and cancelled on Temporal.

use std::collections::BTreeMap;

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus as RunStatus;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use tonic::Code;
use workflow_runner::stigmer::structs;
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecutionStatus};

use crate::client::{Direct, borrowed, refused};
use crate::support::history::{closed, describe, events};
use crate::support::site::Site;
use crate::support::wait::until;
use crate::support::{Stage, StageOptions, WorkerProcess, child_id, direct, document};

/// A control plane that starts nothing by itself: executions are begun by the test.
async fn stage() -> Stage {
    Stage::with(StageOptions { plane: Some(Box::new(|options| options.temporal = None)), ..Default::default() }).await
}

async fn worker(stage: &Stage, direct: &Direct) -> WorkerProcess {
    stage.worker(&borrowed(&direct.settings("dual"))).await
}

async fn status(stage: &Stage, id: &str) -> WorkflowExecutionStatus {
    stage.ended(id).await.status.expect("a status")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_of_the_control_plane_runs_once_with_what_it_has() {
    let (stage, direct, site) = (stage().await, Direct::new(), Site::start().await);
    let worker = worker(&stage, &direct).await;
    let mut client = direct.client().await;
    let tasks = format!(
        "  - ask: {{call: http, with: {{method: get, endpoint: '{}'}}}}\n  - tell: {{set: {{open: '${{ .open }}', n: '${{ $workflow.input.n }}', e: '${{ $env.E.value }}'}}}}\n",
        site.gate()
    );
    let workflow = stage.plane.apply_definition(&document(&tasks)).expect("taken").metadata.expect("metadata").id;
    let env = workflow_runner::stigmer::exc::ExecutionValue { value: "env".to_owned(), is_secret: false };
    let env = BTreeMap::from([("E".to_owned(), env)]);
    let id = stage.plane.execute(&workflow, &json!({"n": 7}).to_string(), BTreeMap::new(), env).await.expect("created");

    let first = client.execute(&id, "").await.expect("begun");
    assert_eq!((first.workflow_execution_id.as_str(), first.status.as_str()), (id.as_str(), "running"));
    assert_eq!((first.temporal_workflow_id, first.message.as_str()), (child_id(&id), "Workflow execution started in Temporal"));
    let again = client.execute(&id, "").await.expect("attached");
    assert!(again.message.contains("already"), "{again:?}");
    until("the call to come", || async { (site.came() == 1).then_some(()) }).await;
    let phase = stage.plane.store().workflow_executions.get(&id).expect("there").status.expect("a status").phase();
    assert_eq!(phase, ExecutionPhase::ExecutionInProgress);
    site.open();
    let status = status(&stage, &id).await;
    assert_eq!((status.phase(), status.error.as_str()), (ExecutionPhase::ExecutionCompleted, ""));
    assert_eq!(structs::value(status.output.as_ref().expect("an output")), json!({"open": true, "n": 7, "e": "env"}));
    assert_eq!(closed(&stage.client, &child_id(&id)).await, RunStatus::Completed);
    assert_eq!(site.came(), 1, "one run");
    refused(client.execute(&id, "").await, Code::AlreadyExists, "has ended: completed");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_runs_that_the_control_plane_does_not_know() {
    let (stage, direct) = (stage().await, Direct::new());
    let _worker = worker(&stage, &direct).await;
    let mut client = direct.client().await;
    client.execute("wex-mine", &document("  - a: {set: {x: 1}}\n")).await.expect("begun");
    let (output, _) = direct::completed(&stage.client, &child_id("wex-mine")).await;
    assert_eq!(output, json!({"x": 1}));

    let broken = client.execute("wex-broken", &document("  - a: {sets: {x: 1}}\n")).await;
    refused(broken, Code::InvalidArgument, "did you mean `set`");
    assert!(describe(&stage.client, &child_id("wex-broken")).await.is_none(), "nothing was begun");
    refused(client.execute("", "x").await, Code::InvalidArgument, "workflow_execution_id is required");
    refused(client.execute("wex-none", "").await, Code::NotFound, "no execution `wex-none`");
    let large = document(&format!("  - a: {{set: {{x: '{}'}}}}\n", "x".repeat(11 * 1024 * 1024)));
    assert_eq!(client.execute("wex-large", &large).await.expect_err("refused").code(), Code::OutOfRange);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_reaches_the_workflow_and_force_ends_it_at_once() {
    let (stage, direct, site) = (stage().await, Direct::new(), Site::start().await);
    let mut worker = worker(&stage, &direct).await;
    let mut client = direct.client().await;
    let workflow = document(&format!("  - ask: {{call: http, with: {{method: get, endpoint: '{}'}}}}\n", site.gate()));
    let workflow = stage.plane.apply_definition(&workflow).expect("taken").metadata.expect("metadata").id;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = stage.plane.execute(&workflow, "{}", BTreeMap::new(), BTreeMap::new()).await.expect("created");
        client.execute(&id, "").await.expect("begun");
        ids.push(id);
    }
    until("both calls to come", || async { (site.came() == 2).then_some(()) }).await;

    client.cancel(&ids[0], false).await.expect("cancelled");
    assert_eq!(closed(&stage.client, &child_id(&ids[0])).await, RunStatus::Canceled);
    let history = events(&stage.client, &child_id(&ids[0]), "").await;
    let asked = history.iter().find_map(|event| match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(asked) => Some(asked.cause.clone()),
        _ => None,
    });
    assert_eq!(asked.as_deref(), Some("a test"), "the reason is passed on");
    assert_eq!(status(&stage, &ids[0]).await.phase(), ExecutionPhase::ExecutionCancelled);

    // Force needs no worker.
    worker.signal("STOP");
    let other = Direct::new();
    let second = stage.worker(&borrowed(&other.settings("dual"))).await;
    let mut client = other.client().await;
    client.cancel(&ids[1], true).await.expect("terminated");
    assert_eq!(closed(&stage.client, &child_id(&ids[1])).await, RunStatus::Terminated);
    let forced = status(&stage, &ids[1]).await;
    assert_eq!((forced.phase(), forced.error.as_str()), (ExecutionPhase::ExecutionCancelled, "the workflow was terminated: a test"));
    worker.signal("CONT");
    worker.kill();

    for id in [ids[0].as_str(), "wex-nobody-knows"] {
        client.cancel(id, false).await.expect("nothing to cancel is no error");
        client.cancel(id, true).await.expect("nor by force");
    }
    drop(second);
    stage.stop().await;
}
