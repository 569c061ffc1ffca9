//! Mode `grpc`: executions in the process itself, and no Temporal anywhere.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tonic::Code;
use workflow_runner::control_plane::{ControlPlane, Options};
use workflow_runner::stigmer::exc::ExecutionValue;
use workflow_runner::stigmer::structs;
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecutionStatus};

use crate::client::{Client, Direct, borrowed, refused};
use crate::support::site::Site;
use crate::support::wait::{until, within};
use crate::support::web::{Reply, Web};
use crate::support::{API_KEY, WorkerProcess, document};

/// Nobody listens there.
const NO_TEMPORAL: &str = "127.0.0.1:1";

struct World {
    plane: ControlPlane,
    worker: WorkerProcess,
    client: Client,
    site: Site,
}

impl World {
    async fn start(more: &[(&str, &str)]) -> Self {
        let direct = Direct::new();
        let plane = ControlPlane::start(Options { api_key: Some(API_KEY.to_owned()), ..Default::default() }).expect("a control plane");
        let mut settings = direct.settings("grpc");
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let worker = WorkerProcess::start(NO_TEMPORAL, Some(&plane.address().to_string()), &borrowed(&settings)).await;
        Self { client: direct.client().await, site: Site::start().await, plane, worker }
    }

    /// Two calls, one after the other; the first waits for the site to open.
    fn two_calls(&self) -> String {
        let call = format!("{{call: http, with: {{method: get, endpoint: '{}'}}}}", self.site.gate());
        document(&format!("  - one: {call}\n  - two: {call}\n"))
    }

    async fn create(&self, yaml: &str, input: &Value, env: &[(&str, &str, bool)]) -> String {
        let workflow = self.plane.apply_definition(yaml).expect("taken").metadata.expect("metadata").id;
        let value = |(name, value, is_secret): &(&str, &str, bool)| {
            ((*name).to_owned(), ExecutionValue { value: (*value).to_owned(), is_secret: *is_secret })
        };
        let env = env.iter().map(value).collect();
        self.plane.execute(&workflow, &input.to_string(), BTreeMap::new(), env).await.expect("created")
    }

    async fn ended(&self, id: &str) -> WorkflowExecutionStatus {
        within("the execution to end", self.plane.wait(id)).await.expect("there").status.expect("a status")
    }

    async fn came(&self, number: usize) {
        until(&format!("{number} calls"), || async { (self.site.came() == number).then_some(()) }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_runs_with_its_input_environment_and_secrets() {
    let mut world = World::start(&[]).await;
    let web = Web::start(|seen, _| Reply::json(&json!({"got": seen.headers["x-key"]}))).await;
    let tasks = format!(
        "  - ask: {{call: http, with: {{method: get, endpoint: '{}', headers: {{x-key: '${{ $secrets.KEY }}'}}}}}}\n  - tell: {{set: {{n: '${{ $workflow.input.n }}', e: '${{ $env.E.value }}'}}}}\n",
        web.url("/")
    );
    let yaml = document(&tasks).replace("\ndo:", "\nuse: {secrets: [KEY]}\ndo:");
    let id = world.create(&yaml, &json!({"n": 7}), &[("E", "env", false), ("KEY", "s3cret-value", true)]).await;
    let taken = world.client.execute(&id, "").await.expect("begun");
    assert_eq!((taken.status.as_str(), taken.temporal_workflow_id.as_str()), ("running", ""));
    let status = world.ended(&id).await;
    assert_eq!((status.phase(), status.error.as_str()), (ExecutionPhase::ExecutionCompleted, ""));
    assert_eq!(structs::value(status.output.as_ref().expect("an output")), json!({"n": 7, "e": "env"}));
    assert_eq!(status.tasks.iter().map(|task| task.task_name.as_str()).collect::<Vec<_>>(), ["ask", "tell"]);
    assert!(!status.started_at.is_empty() && !status.completed_at.is_empty());
    assert_eq!(web.seen()[0].headers["x-key"], "s3cret-value");
    assert!(!format!("{status:?}{}", world.worker.log()).contains("s3cret-value"), "the answer's value is a marker again");
    until("the end to be remembered", || async {
        let again = world.client.clone().execute(&id, "").await;
        again.err().filter(|status| status.code() == Code::AlreadyExists)
    })
    .await;
    world.plane.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_paused_resumed_and_cancelled() {
    let mut world = World::start(&[("WORKFLOW_RUNNER_DIRECT__MAX_RUNS", "2")]).await;
    let yaml = world.two_calls();
    let id = world.create(&yaml, &json!({}), &[]).await;
    let client = &mut world.client;
    refused(client.pause(&id).await, Code::NotFound, &id);
    client.execute(&id, "").await.expect("begun");
    assert!(client.execute(&id, "").await.expect("attached").message.contains("already"));
    refused(client.resume(&id).await, Code::FailedPrecondition, "is not paused");
    client.pause(&id).await.expect("paused");
    refused(client.pause(&id).await, Code::FailedPrecondition, "is paused already");

    // Another one takes the last place; a third finds none.
    client.execute("wex-free", &yaml).await.expect("without the control plane's knowledge");
    refused(client.execute("wex-third", &yaml).await, Code::ResourceExhausted, "direct.max_runs");
    until("both calls to come or to be held", || async { (world.site.came() >= 1).then_some(()) }).await;
    client.cancel("wex-free", false).await.expect("cancelled");
    client.cancel("wex-nobody", false).await.expect("nothing to cancel is no error");
    until("the place to be free", || async { world.client.clone().execute("wex-third", &document("  - a: {set: {x: 1}}\n")).await.ok() })
        .await;
    world.client.resume(&id).await.expect("resumed");
    world.site.open();
    let status = world.ended(&id).await;
    assert_eq!((status.phase(), status.error.as_str()), (ExecutionPhase::ExecutionCompleted, ""));

    let hanging = world.create(&document("  - rest: {wait: PT1H}\n"), &json!({}), &[]).await;
    world.client.execute(&hanging, "").await.expect("begun");
    world.client.cancel(&hanging, true).await.expect("cancelled");
    let status = world.ended(&hanging).await;
    assert_eq!((status.phase(), status.error.as_str()), (ExecutionPhase::ExecutionCancelled, "the workflow was cancelled: a test"));
    world.plane.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_here_is_refused_and_a_stop_is_reported() {
    let mut world = World::start(&[]).await;
    refused(world.client.execute("wex-none", "").await, Code::NotFound, "no execution `wex-none`");
    let listening = document("  - hear: {listen: {to: {one: {with: {type: a}}}}}\n");
    refused(world.client.execute("wex-hear", &listening).await, Code::InvalidArgument, "reach runs on Temporal only");
    refused(world.client.execute("wex-broken", "do: [").await, Code::InvalidArgument, "workflow.yaml");

    let id = world.create(&world.two_calls(), &json!({}), &[]).await;
    world.client.execute(&id, "").await.expect("begun");
    world.came(1).await;
    world.worker.signal("TERM");
    let status = world.ended(&id).await;
    assert_eq!(status.phase(), ExecutionPhase::ExecutionCancelled);
    assert!(status.error.contains("its runner was stopped"), "{}", status.error);
    assert!(world.worker.exit().await.success());
    world.plane.shutdown().await;
}
