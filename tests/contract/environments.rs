//! The variables of an execution: `env_spec` < `env_refs` in their order < `runtime_env`; secrets by name only.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use workflow_runner::control_plane::Resource;
use workflow_runner::stigmer::ar::{ApiResourceMetadata, ApiResourceReference};
use workflow_runner::stigmer::environment::{Environment, EnvironmentSpec, EnvironmentValue};
use workflow_runner::stigmer::exc::ExecutionValue;
use workflow_runner::stigmer::wfi::{WorkflowInstance, WorkflowInstanceSpec};
use workflow_runner::stigmer::wfx::ExecutionPhase;

use crate::specs::{named, set, task, workflow};
use crate::support::history::{events, text};
use crate::support::web::{Reply, Web};
use crate::support::{Stage, child_id};

const SECRET: &str = "tok-4f9d21c7aa";

fn variables(entries: &[(&str, &str, bool)]) -> EnvironmentSpec {
    let entry = |(name, value, is_secret): &(&str, &str, bool)| {
        ((*name).to_owned(), EnvironmentValue { value: (*value).to_owned(), is_secret: *is_secret, ..Default::default() })
    };
    EnvironmentSpec { data: entries.iter().map(entry).collect(), ..Default::default() }
}

/// Stores an environment, and gives what an instance calls it.
fn environment(stage: &Stage, org: &str, name: &str, entries: &[(&str, &str, bool)]) -> ApiResourceReference {
    let metadata = ApiResourceMetadata { name: name.to_owned(), org: org.to_owned(), ..Default::default() };
    let environment = Environment { metadata: Some(metadata), spec: Some(variables(entries)), ..Default::default() };
    stage.plane.store().environments.insert(environment).expect("stored");
    ApiResourceReference { slug: name.to_owned(), ..Default::default() }
}

/// Stores a workflow whose default instance has these environments. Gives its id.
fn stored(stage: &Stage, env: EnvironmentSpec, tasks: Vec<Value>, env_refs: Vec<ApiResourceReference>) -> String {
    let mut spec = named("environments", tasks);
    spec.env_spec = Some(env);
    let store = stage.plane.store();
    let workflow = store.workflows.insert(workflow("environments", spec)).expect("stored");
    let spec = WorkflowInstanceSpec { workflow_id: workflow.id().to_owned(), env_refs, ..Default::default() };
    let instance = WorkflowInstance { spec: Some(spec), ..Default::default() };
    let instance = store.workflow_instances.insert(instance).expect("stored");
    let point = |row: &mut workflow_runner::stigmer::wf::Workflow| {
        row.status.get_or_insert_default().default_instance_id = instance.id().to_owned()
    };
    store.workflows.modify(workflow.id(), point).expect("stored");
    workflow.id().to_owned()
}

async fn executed(stage: &Stage, workflow_id: &str, runtime_env: &[(&str, &str)]) -> String {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), ExecutionValue { value: (*value).to_owned(), is_secret: false });
    stage.plane.execute(workflow_id, "{}", BTreeMap::new(), runtime_env.iter().map(own).collect()).await.expect("executed")
}

#[tokio::test(flavor = "multi_thread")]
async fn later_ones_win_and_secrets_stay_where_they_are() {
    let web = Web::start(|_, _| Reply::json(&json!({"ok": true}))).await;
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let first = environment(&stage, "local", "base", &[("B", "base", false), ("C", "base", false), ("TOKEN", "tok-of-the-base", true)]);
    let second = environment(&stage, "local", "prod", &[("C", "prod", false), ("D", "prod", false), ("TOKEN", SECRET, true)]);
    // Another organisation's environment of the same name is nobody's business here.
    environment(&stage, "zoo", "prod", &[("C", "zoo", false), ("TOKEN", "tok-of-the-zoo", true)]);
    let call = json!({
        "method": "GET", "endpoint": {"uri": format!("{}${{.env_vars.D}}", web.url("/"))}, "timeoutSeconds": 30,
        "headers": {"authorization": "Bearer ${.secrets.TOKEN}"},
    });
    let names = json!({"a": "${.env_vars.A}", "b": "${.env_vars.B}", "c": "${.env_vars.C}", "d": "x-${.env_vars.D}"});
    let env = variables(&[("A", "spec", false), ("B", "spec", false), ("C", "spec", false), ("D", "spec", false), ("TOKEN", "", true)]);
    let id = stored(&stage, env, vec![task("call", "HTTP_CALL", call), set("seen", names)], vec![first, second]);

    let execution = executed(&stage, &id, &[("D", "own")]).await;
    assert_eq!(stage.output(&execution).await, json!({"a": "spec", "b": "base", "c": "prod", "d": "x-own"}));
    let asked = web.seen();
    assert_eq!((asked[0].path.as_str(), asked[0].headers["authorization"].as_str()), ("/own", format!("Bearer {SECRET}").as_str()));
    let child = text(&events(&stage.client, &child_id(&execution), "").await);
    assert!(child.contains("TOKEN") && !child.contains("tok-"), "a secret's value stands in the history");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_is_not_there_ends_the_execution_with_its_name() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let gone = ApiResourceReference { slug: "gone".to_owned(), ..Default::default() };
    let id = stored(&stage, variables(&[]), vec![set("a", json!({"x": "y"}))], vec![gone]);
    let execution = executed(&stage, &id, &[]).await;
    let status = stage.ended(&execution).await.status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed);
    assert!(status.error.contains("failed to query environment gone"), "{}", status.error);
    drop(worker);
    stage.stop().await;
}
