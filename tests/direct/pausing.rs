//! Paused runs on Temporal: nothing begins, whoever dies meanwhile.

use prost::Message as _;
use serde_json::json;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client as Temporal, NamespacedClient};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus as RunStatus};
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::query::v1::WorkflowQuery;
use temporalio_common::protos::temporal::api::workflowservice::v1::QueryWorkflowRequest;
use tonic::Code;
use workflow_runner::activities::payload::json_of;

use crate::client::{Direct, borrowed, refused};
use crate::support::history::{closed, count, events};
use crate::support::replay::replay;
use crate::support::site::Site;
use crate::support::wait::until;
use crate::support::{Stage, child_id, direct, document};

/// The run's current details, as Temporal's UI asks for them; answered by a worker, from the whole history.
async fn details(client: &Temporal, workflow_id: &str) -> String {
    until("a worker to answer the query", || async {
        let request = QueryWorkflowRequest {
            namespace: client.namespace(),
            execution: Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: String::new() }),
            query: Some(WorkflowQuery { query_type: "__temporal_workflow_metadata".to_owned(), ..Default::default() }),
            ..Default::default()
        };
        let answer = WorkflowService::query_workflow(&mut client.clone(), request.into_request()).await.ok()?.into_inner();
        Some(String::from_utf8_lossy(&answer.query_result?.encode_to_vec()).into_owned())
    })
    .await
}

async fn number(client: &Temporal, workflow_id: &str, of: EventType) -> usize {
    count(&events(client, workflow_id, "").await, of)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_loop_makes_no_call_until_it_is_resumed_whoever_dies_meanwhile() {
    let (stage, service, site) = (Stage::start().await, Direct::new(), Site::start().await);
    let settings = service.settings("dual");
    let mut worker = stage.worker(&borrowed(&settings)).await;
    let mut client = service.client().await;
    let call = format!("{{call: http, with: {{method: get, endpoint: '{}'}}}}", site.gate());
    let tasks = format!("  - loop: {{for: {{in: '[range(3)]'}}, do: [{{ask: {call}}}]}}\n");
    let id = child_id("wex-loop");
    refused(client.pause("wex-loop").await, Code::NotFound, "wex-loop");
    client.execute("wex-loop", &document(&tasks)).await.expect("begun");
    until("the first call to come", || async { (site.came() == 1).then_some(()) }).await;
    refused(client.resume("wex-loop").await, Code::FailedPrecondition, "is not paused");

    client.pause("wex-loop").await.expect("paused");
    assert_eq!(number(&stage.client, &id, EventType::WorkflowExecutionSignaled).await, 1, "it stands in the history");
    refused(client.pause("wex-loop").await, Code::FailedPrecondition, "is paused already");
    site.open();
    until("what was in flight to end", || async {
        (number(&stage.client, &id, EventType::ActivityTaskCompleted).await == 1).then_some(())
    })
    .await;
    let shown = details(&stage.client, &id).await;
    assert!(shown.contains("**paused** since") && shown.contains("lunch"), "{shown}");
    assert_eq!((site.came(), number(&stage.client, &id, EventType::ActivityTaskScheduled).await), (1, 1));

    worker.kill();
    let mut settings = settings;
    let other = Direct::new();
    settings.extend(other.settings("dual"));
    let second = stage.worker(&borrowed(&settings)).await;
    // From the history alone: the query is answered when the run stands where it stood.
    assert!(details(&stage.client, &id).await.contains("**paused**"));
    assert_eq!((site.came(), number(&stage.client, &id, EventType::ActivityTaskScheduled).await), (1, 1));

    let mut client = other.client().await;
    client.resume("wex-loop").await.expect("resumed");
    let (output, history) = direct::completed(&stage.client, &id).await;
    assert_eq!((output, site.came()), (json!({"open": true}), 3));
    assert!(!details(&stage.client, &id).await.contains("paused"));
    replay(History { events: history }).await.expect("the history replays");
    refused(client.pause("wex-loop").await, Code::FailedPrecondition, "has ended: completed");
    drop(second);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_is_handed_over_paused_and_can_be_cancelled() {
    let (stage, service) = (Stage::start().await, Direct::new());
    let worker = stage.worker(&borrowed(&service.settings("dual"))).await;
    let mut client = service.client().await;
    for (execution, cancelled) in [("wex-on", false), ("wex-off", true)] {
        let id = child_id(execution);
        let yaml = document("  - loop: {for: {in: '[range(3)]'}, do: [{rest: {wait: PT0.5S}}]}\n  - last: {set: {done: true}}\n");
        let input = json!({"workflow_execution_id": execution, "workflow_yaml": yaml, "initial_data": {}, "continue_after": 30});
        let handle = direct::start_raw(&stage.client, &id, vec![json_of(&input)]).await;
        client.pause(execution).await.expect("paused");
        // Signals that nobody listens to fill the history; each must have been seen before the next comes.
        until("another run to go on", || async {
            let signal = temporalio_client::UntypedSignal::<temporalio_client::UntypedWorkflow>::new("noise");
            let nothing = temporalio_common::data_converters::RawValue::new(vec![]);
            handle_of(&handle, signal, nothing).await;
            let first = events(&stage.client, &id, "").await.into_iter().next()?;
            let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = first.attributes else { return None };
            (!started.continued_execution_run_id.is_empty()).then_some(())
        })
        .await;
        refused(client.pause(execution).await, Code::FailedPrecondition, "is paused already");
        assert!(details(&stage.client, &id).await.contains("lunch"), "since then, and for that reason");
        if cancelled {
            client.cancel(execution, false).await.expect("cancelled");
            assert_eq!(closed(&stage.client, &id).await, RunStatus::Canceled);
        } else {
            client.resume(execution).await.expect("resumed");
            assert_eq!(direct::completed(&stage.client, &id).await.0, json!({"done": true}));
        }
    }
    drop(worker);
    stage.stop().await;
}

/// Signals the latest run of the handle's workflow.
async fn handle_of(
    handle: &direct::Handle,
    signal: temporalio_client::UntypedSignal<temporalio_client::UntypedWorkflow>,
    argument: temporalio_common::data_converters::RawValue,
) {
    let latest = handle.client().get_workflow_handle::<temporalio_client::UntypedWorkflow>(&handle.info().workflow_id);
    latest.signal(signal, argument, temporalio_client::WorkflowSignalOptions::default()).await.expect("the signal is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_workflow_is_paused_and_resumed_with_its_parent() {
    let (stage, service, site) = (Stage::start().await, Direct::new(), Site::start().await);
    let dir = tempfile::tempdir().expect("a folder");
    let definitions = workflow_runner::effects::definitions::Definitions::new(&workflow_runner::config::DefinitionSettings {
        dir: Some(dir.path().to_owned()),
    });
    let call = format!("{{call: http, with: {{method: get, endpoint: '{}'}}}}", site.gate());
    let inner =
        format!("document: {{dsl: '1.0.3', namespace: test, name: inner, version: 1.0.0}}\ndo:\n  - one: {call}\n  - two: {call}\n");
    definitions.register("test", "inner", "1.0.0", &inner, false).expect("registered");
    let mut settings = service.settings("dual");
    settings.push(("WORKFLOW_RUNNER_DEFINITIONS__DIR".to_owned(), dir.path().display().to_string()));
    let worker = stage.worker(&borrowed(&settings)).await;
    let mut client = service.client().await;
    let tasks = "  - sub: {run: {workflow: {namespace: test, name: inner, version: latest}}}\n";
    client.execute("wex-outer", &document(tasks)).await.expect("begun");
    until("the first call to come", || async { (site.came() == 1).then_some(()) }).await;
    let (outer, inner) = (child_id("wex-outer"), format!("{}/do/0/sub", child_id("wex-outer")));
    client.pause("wex-outer").await.expect("paused");
    until("the sub-workflow to be told", || async {
        (number(&stage.client, &inner, EventType::WorkflowExecutionSignaled).await == 1).then_some(())
    })
    .await;
    site.open();
    until("what was in flight to end", || async {
        (number(&stage.client, &inner, EventType::ActivityTaskCompleted).await == 1).then_some(())
    })
    .await;
    assert!(details(&stage.client, &inner).await.contains("lunch"));
    assert_eq!(site.came(), 1);
    client.resume("wex-outer").await.expect("resumed");
    let (output, history) = direct::completed(&stage.client, &outer).await;
    assert_eq!((output, site.came()), (json!({"open": true}), 2));
    replay(History { events: history }).await.expect("the parent's history replays");
    drop(worker);
    stage.stop().await;
}
