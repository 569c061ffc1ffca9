//! The callers of `examples/callers`: the same programs in Python, TypeScript and Go, run against the worker on a real Temporal server. Both
//! handshakes pass through each of them, with a success, a failure and a cancellation.
//!
//! Python runs always: what it needs is fetched once, and where pip cannot, the test fails. TypeScript and Go run where their tools are on PATH,
//! and the test says so where they are not.

#![allow(clippy::pedantic)]

#[path = "callers/languages.rs"]
mod languages;
mod support;

use std::io::Write as _;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus as Status;
use workflow_runner::control_plane::{Page, Resource};
use workflow_runner::stigmer::agx::AgentExecution;

use self::languages::{Ended, Programs};
use self::support::history::closed;
use self::support::wait::until;
use self::support::{Stage, child_id};

const WATCH: (&str, &str) = ("WORKFLOW_RUNNER_HANDSHAKE__WATCH_INTERVAL", "1s");

#[tokio::test(flavor = "multi_thread")]
async fn python() {
    run(languages::python().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript() {
    match languages::typescript().await {
        Some(programs) => run(programs).await,
        None => not_run("TypeScript", "node and npm"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn go() {
    match languages::go().await {
        Some(programs) => run(programs).await,
        None => not_run("Go", "go"),
    }
}

/// Past the test harness, which shows what a test prints only when it fails.
fn not_run(language: &str, tools: &str) {
    writeln!(std::io::stderr(), "NOT RUN: the callers in {language}, for want of {tools} or of packages").expect("written");
}

async fn run(programs: Programs) {
    let agent = std::fs::read_to_string(programs.language.agent()).expect("the agent is described");
    let stage = Stage::with_agents(&[Box::leak(agent.into_boxed_str())]).await;
    let worker = stage.worker(&[WATCH]).await;
    let ask = std::fs::read_to_string(languages::folder().join("ask.yaml")).expect("the workflow is there");
    let workflow = stage.plane.apply_definition(&ask).expect("the definition is taken");
    let play = Play { programs: &programs, stage: &stage, workflow_id: workflow.id().to_owned() };
    let answering = programs.serve_agents(&stage.server.address()).await;
    play.results().await;
    play.failures().await;
    play.a_cancellation().await;
    drop(answering);
    drop(worker);
    stage.stop().await;
}

/// One language's programs on the stage.
struct Play<'a> {
    programs: &'a Programs,
    stage: &'a Stage,
    workflow_id: String,
}

impl Play<'_> {
    fn name(&self) -> &'static str {
        self.programs.language.name()
    }

    async fn call(&self, arguments: &[&str]) -> Ended {
        self.programs.call(&self.stage.server.address(), arguments).ended().await
    }

    fn question(&self, text: &str) -> String {
        json!({"agent": self.name(), "question": text}).to_string()
    }

    /// Through both handshakes, through the agent's alone, and without any.
    async fn results(&self) {
        let name = self.name();
        let both = self.call(&["workflow", &self.workflow_id, &self.question("well?")]).await;
        assert_eq!(both.result(), json!({"agent": name, "answer": format!("{name} heard: well?")}));
        assert_eq!(both.child(self.stage).await, Status::Completed);

        let agent = self.call(&["agent", name, "direct"]).await;
        assert_eq!(agent.result(), json!({"answer": format!("{name} heard: direct")}));

        let greet = languages::folder().join("greet.yaml");
        let document = self.call(&["document", greet.to_str().expect("a path"), r#"{"name": "Ada"}"#]).await;
        assert_eq!(document.result(), json!({"greeting": "Hello, Ada"}));
    }

    async fn failures(&self) {
        let both = self.call(&["workflow", &self.workflow_id, &self.question("refuse?")]).await;
        both.failed(
            "failed: https://serverlessworkflow.io/spec/1.0.0/errors/runtime: [500] Agent failed: the agent refuses (at /do/0/ask)",
        );
        assert_eq!(both.child(self.stage).await, Status::Failed);

        self.call(&["agent", self.name(), "refuse"]).await.failed("failed: AgentFailed: the agent refuses");
        let unknown = self.call(&["workflow", "wfl-none", "{}"]).await;
        unknown.failed("failed: ExecuteWorkflow: failed to query workflow wfl-none: ");
        let greet = languages::folder().join("greet.yaml");
        let document = self.call(&["document", greet.to_str().expect("a path"), "[]"]).await;
        document.failed("failed: https://serverlessworkflow.io/spec/1.0.0/errors/expression: ");
    }

    /// The caller's cancellation comes to the agent, and the caller is told only when the child has ended.
    async fn a_cancellation(&self) {
        let call = self.programs.call(&self.stage.server.address(), &["workflow", &self.workflow_id, &self.question("wait")]);
        let agent = until("the agent to wait", || async { self.waiting_agent() }).await;
        let invoked = format!("stigmer/agent-execution/invoke/{}", agent.id());
        support::history::started(&self.stage.client, &invoked).await;
        call.interrupt();
        let ended = call.ended().await;
        assert_eq!((ended.code, ended.stderr.lines().any(|line| line == "cancelled")), (Some(3), true), "{ended:?}");
        assert_eq!(ended.child(self.stage).await, Status::Canceled);
        assert_eq!(closed(&self.stage.client, &invoked).await, Status::Canceled);
    }

    fn waiting_agent(&self) -> Option<AgentExecution> {
        let first = Page::of(1_000, "").expect("a page");
        let agents =
            self.stage.plane.store().agent_executions.list(first, |row| row.spec.as_ref().is_some_and(|spec| spec.message == "wait"));
        agents.entries.into_iter().next()
    }
}

impl Ended {
    /// What it printed; panics when it did not succeed.
    fn result(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    fn failed(&self, text: &str) {
        assert_eq!((self.code, self.stderr.contains(text)), (Some(1), true), "{text}: {self:?}");
    }

    /// How the child of the call closed: the caller's id names it.
    async fn child(&self, stage: &Stage) -> Status {
        let id = self.stderr.lines().find(|line| line.starts_with("call-")).unwrap_or_else(|| panic!("no id: {self:?}"));
        closed(&stage.client, &child_id(id)).await
    }
}
