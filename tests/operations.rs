//! What operators do to a worker that runs, on a real Temporal server.

#![allow(clippy::pedantic)]

#[path = "operations/api_key.rs"]
mod api_key;
#[path = "operations/certificates.rs"]
mod certificates;
#[path = "operations/logs.rs"]
mod logs;
#[path = "operations/renewal.rs"]
mod renewal;
#[path = "operations/traces.rs"]
mod traces;
#[path = "operations/versions.rs"]
mod versions;

mod support;

use serde_json::{Value, json};
use support::wait::until;
use support::{Stage, WorkerProcess, child_id};
use temporalio_client::{UntypedSignal, UntypedWorkflow, WorkflowSignalOptions};
use temporalio_common::data_converters::RawValue;
use workflow_runner::activities::payload::json_of;

/// A run that waits until somebody says `go`.
const WAITS: &str = "  - hold: {listen: {to: {one: {with: {type: go}}}}}\n  - last: {set: {said: '${ .[0] }'}}\n";

/// Says it to the run of this workflow id.
async fn say_go(stage: &Stage, workflow_id: &str, what: &Value) {
    let handle = stage.client.get_workflow_handle::<UntypedWorkflow>(workflow_id);
    let raw = RawValue::new(vec![json_of(what)]);
    handle.signal(UntypedSignal::<UntypedWorkflow>::new("go"), raw, WorkflowSignalOptions::default()).await.expect("the signal is taken");
}

/// Ends an execution that waits, and checks that it ends well.
async fn end_well(stage: &Stage, execution_id: &str) {
    say_go(stage, &child_id(execution_id), &json!("on")).await;
    assert_eq!(stage.output(execution_id).await, json!({"said": "on"}));
}

/// Waits until a series of the worker has at least this value.
async fn at_least(worker: &WorkerProcess, series: &str, least: f64) {
    until(&format!("{series} to reach {least}"), || async { worker.metric(series).await.filter(|value| *value >= least) }).await;
}
