//! Worker versioning, as an operator rolls a new build out by the `temporal` program.

use std::process::Command;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::support::direct::{completed, start};
use crate::support::history::events;
use crate::support::wait::until;
use crate::support::worker::WorkerProcess;
use crate::support::{Stage, document};
use crate::{WAITS, say_go};

const DEPLOYMENT: &str = "runners";

async fn worker(stage: &Stage, build_id: &str, behavior: &str) -> WorkerProcess {
    let settings = [
        ("TEMPORAL_DEPLOYMENT_NAME", DEPLOYMENT),
        ("TEMPORAL_WORKER_BUILD_ID", build_id),
        ("WORKFLOW_RUNNER_WORKER__VERSIONING_BEHAVIOR", behavior),
    ];
    WorkerProcess::start(&stage.server.address(), None, &settings).await
}

/// Until the server has heard of the version from its worker, it refuses.
async fn set_current(stage: &Stage, build_id: &str) {
    let program = std::env::var("TEMPORAL_CLI").unwrap_or_else(|_| "temporal".to_owned());
    let address = stage.server.address();
    until(&format!("build {build_id} to be current"), || async {
        let arguments = ["worker", "deployment", "set-current-version", "--yes", "--deployment-name", DEPLOYMENT, "--build-id", build_id];
        let output = Command::new(&program).args(arguments).args(["--address", &address]).output().expect("the temporal program");
        output.status.success().then_some(())
    })
    .await;
}

/// The builds that worked on the run's tasks, in order.
fn builds(history: &[HistoryEvent]) -> Vec<String> {
    let of = |event: &HistoryEvent| match &event.attributes {
        Some(Attributes::WorkflowTaskCompletedEventAttributes(done)) => {
            done.deployment_version.as_ref().map(|version| version.build_id.clone())
        }
        _ => None,
    };
    let mut builds: Vec<String> = history.iter().filter_map(of).collect();
    builds.dedup();
    builds
}

/// A run that begins under build 1 and is told to go on once build 2 is current, and one that begins then. Gives the builds of both.
async fn rolled_out(behavior: &str) -> (Vec<String>, Vec<String>) {
    let stage = Stage::start().await;
    let one = worker(&stage, "1", behavior).await;
    set_current(&stage, "1").await;
    start(&stage.client, "long", &document(WAITS), &Value::Null).await;
    until("the run to wait", || async { (!builds(&events(&stage.client, "long", "").await).is_empty()).then_some(()) }).await;

    let two = worker(&stage, "2", behavior).await;
    set_current(&stage, "2").await;
    start(&stage.client, "new", &document("  - one: {set: {x: 1}}\n"), &Value::Null).await;
    let (output, new) = completed(&stage.client, "new").await;
    assert_eq!(output, json!({"x": 1}));
    say_go(&stage, "long", &json!("on")).await;
    let (output, long) = completed(&stage.client, "long").await;
    assert_eq!(output, json!({"said": "on"}));
    drop((one, two));
    stage.stop().await;
    (builds(&long), builds(&new))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_run_stays_on_its_build_while_new_runs_take_the_new_one() {
    assert_eq!(rolled_out("pinned").await, (vec!["1".to_owned()], vec!["2".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrading_run_moves_to_the_new_build_and_replays_there() {
    assert_eq!(rolled_out("auto_upgrade").await, (vec!["1".to_owned(), "2".to_owned()], vec!["2".to_owned()]));
}
