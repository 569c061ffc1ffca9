//! `doctor`: a healthy place, and then each thing that can be wrong with it.

use serde_json::Value;
use temporalio_client::NamespacedClient;
use temporalio_client::grpc::OperatorService;
use temporalio_client::tonic::IntoRequest;
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::AddSearchAttributesRequest;
use tokio::net::TcpListener;

use crate::office::{program, without_plane};
use crate::program::{Ended, Program};
use crate::support::worker::free_port;
use crate::support::{API_KEY, Stage};

/// Level, text and fix of a check's findings.
fn findings(ended: &Ended, check: &str) -> Vec<(String, String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let page = ended.json();
    let all = page["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == check);
    all.map(|finding| (text(finding, "level"), text(finding, "found"), text(finding, "fix"))).collect()
}

/// Panics unless a finding of the check has this level, and these texts in it and in its fix.
fn found(ended: &Ended, check: &str, level: &str, text: &str, fix: &str) {
    let findings = findings(ended, check);
    let fits = |f: &(String, String, String)| f.0 == level && f.1.contains(text) && f.2.contains(fix);
    assert!(findings.iter().any(fits), "no {level} `{text}` with `{fix}` of {check}: {findings:?}");
}

fn levels(ended: &Ended, check: &str) -> Vec<String> {
    findings(ended, check).into_iter().map(|finding| finding.0).collect()
}

const JSON: [&str; 3] = ["doctor", "--format", "json"];

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_place() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let port = free_port().to_string();
    let listen = format!("127.0.0.1:{port}");
    let ended = program(&stage, &JSON).env("WORKFLOW_RUNNER_ADMIN__LISTEN", &listen).end().await.with_code(0);
    for check in [
        "server",
        "namespace",
        "permissions",
        "queues",
        "search-attributes",
        "retention",
        "clock",
        "control-plane",
        "agents",
        "configuration",
    ] {
        assert!(levels(&ended, check).iter().all(|level| level == "ok"), "{check}: {ended:?}");
    }
    found(&ended, "server", "ok", "plaintext", "");
    found(&ended, "permissions", "ok", "list, describe, history, start, signal, cancel, poll, complete", "");
    found(&ended, "admin", "ok", "is free", "");
    assert_eq!(levels(&ended, "queues").len(), 5, "{ended:?}");
    assert_eq!(ended.json()["failed"], 0);
    assert!(!ended.stdout.contains(API_KEY) && !ended.stderr.contains(API_KEY));

    // The probes have left nothing behind.
    let left = stage.client.list_workflows("", Default::default());
    use futures::StreamExt;
    assert_eq!(left.collect::<Vec<_>>().await.len(), 0);

    let text = program(&stage, &["doctor", "--only", "namespace,clock"]).end().await.with_code(0);
    assert!(text.stdout.starts_with("ok       namespace  `default` is there\nok       clock "), "{}", text.stdout);
    assert!(text.stdout.ends_with("\nnothing is wrong\n") && !text.stdout.contains("permissions"));
    program(&stage, &["doctor", "--only", "everything"]).end().await.with_code(64);

    // The worker itself answers where it listens.
    let address = worker.log().lines().find_map(|line| Some(line.split_once("\"address\":\"")?.1.split_once('"')?.0.to_owned()));
    let address = address.expect("the worker says where it listens");
    let ended = program(&stage, &JSON).env("WORKFLOW_RUNNER_ADMIN__LISTEN", &address).end().await.with_code(0);
    found(&ended, "admin", "ok", "and is ready", "");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_a_place_that_is_there() {
    let stage = Stage::start().await;
    // No worker, and no search attributes.
    let ended = program(&stage, &JSON).end().await.with_code(1);
    found(&ended, "queues", "failed", "nobody polls `zigflow_execution` for workflows", "workflow-runner worker");
    found(&ended, "queues", "failed", "nobody polls `workflow_execution_runner` for activities", "workflow-runner worker");
    found(
        &ended,
        "search-attributes",
        "warning",
        "`WorkflowExecutionID` is missing",
        "temporal operator search-attribute create --namespace default --name WorkflowExecutionID --type Text",
    );
    found(&ended, "search-attributes", "warning", "`WorkflowRunnerListens` is missing", "--type KeywordList");
    found(&ended, "clock", "ok", "agrees with the server's", "");

    // An attribute of another type.
    let attributes = [("WorkflowRunnerListens".to_owned(), IndexedValueType::Int as i32)].into();
    let request = AddSearchAttributesRequest { search_attributes: attributes, namespace: stage.client.namespace() };
    OperatorService::add_search_attributes(&mut stage.client.clone(), request.into_request()).await.expect("it is added");
    let ended = program(&stage, &[&JSON[..], &["--only", "search-attributes"]].concat()).end().await.with_code(0);
    found(&ended, "search-attributes", "warning", "`WorkflowRunnerListens` is Int", "search-attribute remove");

    // A slip in the name of the namespace.
    let ended = program(&stage, &JSON).env("TEMPORAL_NAMESPACE", "defualt").end().await.with_code(1);
    found(&ended, "namespace", "failed", "did you mean `default`?", "temporal operator namespace create --namespace defualt");
    found(&ended, "queues", "skipped", "no such namespace", "");
    found(&ended, "control-plane", "ok", "key accepted", "");

    // The control plane: another key, another server, none at all.
    let ended = program(&stage, &JSON).env("STIGMER_API_KEY", "wrong-key-987").end().await.with_code(1);
    found(&ended, "control-plane", "failed", "does not accept the key", "STIGMER_API_KEY");
    assert!(!ended.stdout.contains("wrong-key-987") && !ended.stderr.contains("wrong-key-987"));
    let ended = program(&stage, &JSON).env("STIGMER_BACKEND_ENDPOINT", &stage.server.address()).end().await.with_code(1);
    found(&ended, "control-plane", "failed", "is no control plane", "STIGMER_BACKEND_ENDPOINT");
    let ended = program(&stage, &JSON).env("STIGMER_SERVICE_USE_TLS", "true").end().await.with_code(1);
    found(&ended, "control-plane", "failed", "is not reachable", "STIGMER_SERVICE_USE_TLS=false");
    let ended = program(&stage, &JSON).env("STIGMER_BACKEND_ENDPOINT", "127.0.0.1:1").end().await.with_code(1);
    found(&ended, "control-plane", "failed", "Connection refused", "STIGMER_BACKEND_ENDPOINT");
    let ended = without_plane(&stage, &JSON).end().await.with_code(1);
    found(&ended, "control-plane", "skipped", "STIGMER_BACKEND_ENDPOINT", "");
    assert_eq!(levels(&ended, "queues").len(), 3, "what only a control plane needs is not asked for");

    // Settings that do not fit.
    let ended = program(&stage, &[&JSON[..], &["--only", "configuration", "server"]].concat())
        .env("TEMPORAL_SERVICE_ADDRESS", "elsewhere:7233")
        .env("WORKFLOW_RUNNER_WORKER__GRACE", "2m")
        .env("TEMPORAL_DEPLOYMENT_NAME", "runner")
        .env("TEMPORAL_WORKER_BUILD_ID", "b7")
        .end()
        .await
        .with_code(0);
    found(&ended, "configuration", "warning", "TEMPORAL_ADDRESS and TEMPORAL_SERVICE_ADDRESS differ", "--dump-config");
    found(&ended, "configuration", "warning", "a stop takes up to", "terminationGracePeriodSeconds: 125");
    found(&ended, "configuration", "warning", "no worker deployment `runner`", "workflow-runner worker");

    let ended = program(&stage, &[&JSON[..], &["--only", "server"]].concat()).env("TEMPORAL_TLS", "true").end().await.with_code(1);
    found(&ended, "server", "failed", "is not reachable", "TEMPORAL_TLS=false");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_where_nobody_answers() {
    let key = "a-key-that-nobody-may-see";
    let ended = Program::new(&JSON).env("TEMPORAL_ADDRESS", "127.0.0.1:1").end().await.with_code(1);
    found(&ended, "server", "failed", "Connection refused", "temporal server start-dev");
    found(&ended, "queues", "skipped", "Temporal cannot be asked", "");
    assert!(levels(&ended, "limits").contains(&"ok".to_owned()), "what needs no server is checked: {ended:?}");

    // Black holes take connections and say nothing.
    let hole = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = hole.local_addr().expect("an address").to_string();
    let ended = Program::new(&JSON)
        .env("TEMPORAL_ADDRESS", &address)
        .env("TEMPORAL_API_KEY", key)
        .env("STIGMER_BACKEND_ENDPOINT", &address)
        .env("STIGMER_API_KEY", key)
        .env("WORKFLOW_RUNNER_ADMIN__LISTEN", &address)
        .end()
        .await
        .with_code(1);
    found(&ended, "server", "failed", "no answer within", "TEMPORAL_ADDRESS");
    found(&ended, "control-plane", "failed", "no answer within", "STIGMER_BACKEND_ENDPOINT");
    found(&ended, "admin", "warning", "taken by something that is no worker", "WORKFLOW_RUNNER_ADMIN__LISTEN");
    assert!(!ended.stdout.contains(key) && !ended.stderr.contains(key));
    drop(hole);
}
