//! Specifications, written short.

use serde_json::{Value, json};
use workflow_runner::stigmer::convert::{self, Queues};
use workflow_runner::stigmer::{Certificates, Settings, Stigmer, ar, from_json, wf};

use crate::support::{API_KEY, Stage};

/// A task of a kind (without `WORKFLOW_TASK_KIND_`).
pub fn task(name: &str, kind: &str, config: Value) -> Value {
    json!({"name": name, "kind": format!("WORKFLOW_TASK_KIND_{kind}"), "taskConfig": config})
}

/// A task with what follows it.
pub fn then(mut task: Value, then: &str) -> Value {
    task["flow"] = json!({ "then": then });
    task
}

/// A task with what it exports.
pub fn export(mut task: Value, value: &str) -> Value {
    task["export"] = json!({ "as": value });
    task
}

pub fn set(name: &str, variables: Value) -> Value {
    task(name, "SET", json!({ "variables": variables }))
}

/// A specification of the workflow `simple-workflow`.
pub fn spec(tasks: Vec<Value>) -> wf::WorkflowSpec {
    named("simple-workflow", tasks)
}

pub fn named(name: &str, tasks: Vec<Value>) -> wf::WorkflowSpec {
    let document = json!({"dsl": "1.0.0", "namespace": "test", "name": name, "version": "1.0"});
    from_json(&json!({"document": document, "tasks": tasks})).expect("a specification")
}

/// The YAML that a specification becomes, or why it becomes none.
pub fn yaml(spec: &wf::WorkflowSpec) -> Result<String, String> {
    convert::to_yaml(spec, &Queues::new()).map_err(|error| error.to_string())
}

/// A client of the stage's control plane.
pub fn client(stage: &Stage) -> Stigmer {
    let settings = Settings {
        endpoint: stage.plane.address().to_string(),
        tls: false,
        api_key: API_KEY.into(),
        deadline: std::time::Duration::from_secs(60),
        certificates: Certificates::default(),
    };
    Stigmer::new(&settings).expect("a client")
}

/// A workflow of the stage's organisation, as anybody would send it.
pub fn workflow(name: &str, spec: wf::WorkflowSpec) -> wf::Workflow {
    let metadata = ar::ApiResourceMetadata {
        name: name.to_owned(),
        org: "local".to_owned(),
        owner_scope: ar::ApiResourceOwnerScope::Organization.into(),
        ..Default::default()
    };
    wf::Workflow { metadata: Some(metadata), spec: Some(spec), ..Default::default() }
}
