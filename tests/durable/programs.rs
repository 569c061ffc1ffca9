//! `run` and `call: activity` on a server: processes, scripts, registered workflows, and what is not allowed.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::support::direct::{End, end};
use crate::support::history::{count, types};
use crate::support::wait::until;
use crate::support::{Stage, WorkerProcess, direct, document, operator};

#[tokio::test(flavor = "multi_thread")]
async fn programs_run_where_they_are_enabled_and_nowhere_else() {
    let stage = Stage::start().await;
    let run =
        "  - shell: {run: {shell: {command: 'echo \"$1\"; exit 3', arguments: ['${ .name }']}, return: all}, output: {as: '{shell: .}'}}
  - script: {run: {script: {language: js, code: 'process.stdout.write(process.env.A)', environment: {A: '${ .shell.stdout }'}}}}
";
    let off = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    direct::start(&stage.client, "off", &document(run), &json!({"name": "rex"})).await;
    let (ended, _) = end(&stage.client, "off").await;
    assert!(
        matches!(&ended, End::Failed(message, type_, _) if message.contains("run.enable") && type_.ends_with("/authorization")),
        "{ended:?}"
    );
    drop(off);

    let on = WorkerProcess::start(&stage.server.address(), None, &[("WORKFLOW_RUNNER_RUN__ENABLE", "shell, js")]).await;
    direct::start(&stage.client, "on", &document(run), &json!({"name": "rex"})).await;
    let (output, history) = direct::completed(&stage.client, "on").await;
    assert_eq!((output, count(&history, EventType::ActivityTaskScheduled)), (json!("rex\n"), 2));

    // A cancelled run ends its process, which tells by its file that it was there and that it is gone.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("up").display().to_string();
    let command = "trap 'rm \"$FILE\"; exit' TERM; touch \"$FILE\"; while :; do sleep 0.05; done";
    let tasks = format!("  - shell: {{run: {{shell: {{command: {}, environment: {{FILE: '{path}'}}}}}}}}\n", json!(command));
    direct::start(&stage.client, "long", &document(&tasks), &json!({})).await;
    until("the process to be there", || async { std::fs::exists(&path).ok().filter(|there| *there) }).await;
    operator::cancel(&stage.client, "long").await;
    assert_eq!(end(&stage.client, "long").await.0, End::Cancelled);
    until("the process to be gone", || async { std::fs::exists(&path).ok().filter(|there| !*there) }).await;
    drop(on);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_workflow_runs_as_a_child() {
    let stage = Stage::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let pets = folder.path().join("pets/greet");
    std::fs::create_dir_all(&pets).expect("a folder");
    for (version, greeting) in [("1.0.0", "hi"), ("1.1.0", "hello")] {
        let text = format!(
            "document: {{dsl: '1.0.3', namespace: pets, name: greet, version: {version}}}\ndo:\n  - greet: {{set: {{text: '${{ \"{greeting} \" + .name }}'}}}}\n"
        );
        std::fs::write(pets.join(format!("{version}.yaml")), text).expect("written");
    }
    let dir = folder.path().display().to_string();
    let worker = WorkerProcess::start(&stage.server.address(), None, &[("WORKFLOW_RUNNER_DEFINITIONS__DIR", &dir)]).await;
    let tasks = "  - old: {run: {workflow: {namespace: pets, name: greet, version: 1.0.0}}, output: {as: '{old: .text, name: $workflow.input.name}'}}
  - new: {run: {workflow: {namespace: pets, name: greet, input: {name: '${ .name }'}}}, output: {as: '{new: .text, old: $input.old}'}}
";
    direct::start(&stage.client, "parent", &document(tasks), &json!({"name": "rex"})).await;
    let (output, history) = direct::completed(&stage.client, "parent").await;
    assert_eq!(output, json!({"old": "hi rex", "new": "hello rex"}));
    assert_eq!(count(&history, EventType::ChildWorkflowExecutionCompleted), 2, "{:?}", types(&history));
    assert_eq!(end(&stage.client, "parent/do/0/old").await.0, End::Completed(json!({"text": "hi rex"})));

    let missing = "  - other: {run: {workflow: {namespace: pets, name: feed}}}\n";
    direct::start(&stage.client, "missing", &document(missing), &json!({})).await;
    let (ended, _) = end(&stage.client, "missing").await;
    assert!(matches!(&ended, End::Failed(message, _, Value::Object(_)) if message.contains("workflows of `pets`: greet")), "{ended:?}");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_is_called_only_where_it_is_allowed() {
    let stage = Stage::start().await;
    // Any activity will do: one of the worker's own, told so that it can see that it is called.
    let allow = ("WORKFLOW_RUNNER_ACTIVITIES__ALLOW", "zigflow_execution/workflow_runner/activity-*");
    let worker = WorkerProcess::start(&stage.server.address(), None, &[allow]).await;
    let call = |name: &str| document(&format!("  - call: {{call: activity, with: {{activity: {name}}}}}\n"));
    direct::start(&stage.client, "allowed", &call("workflow_runner/activity-policy"), &json!({})).await;
    assert_eq!(direct::completed(&stage.client, "allowed").await.0, json!([allow.1]));
    direct::start(&stage.client, "refused", &call("CallHTTPActivity"), &json!({})).await;
    let (ended, history) = end(&stage.client, "refused").await;
    assert!(
        matches!(&ended, End::Failed(message, type_, _) if message.contains("activities.allow") && type_.ends_with("/authorization")),
        "{ended:?}"
    );
    assert_eq!(count(&history, EventType::ActivityTaskScheduled), 0, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}
