//! Row 11: what is larger than Temporal takes is found out before the call. The caller gets a non-retryable failure that names size and limit,
//! and nothing hangs.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowExecutionStatus};
use workflow_runner::activities::payload::PAYLOAD_LIMIT_BYTES;
use workflow_runner::control_plane::Options;
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecutionStatus as Status};

use crate::support::history::{activity_failure, closed, count, events, status};
use crate::support::site::Site;
use crate::support::worker::WorkerProcess;
use crate::support::{Stage, StageOptions, child_id, document, outer_id};

struct Scene {
    stage: Stage,
    worker: WorkerProcess,
    site: Site,
}

impl Scene {
    /// With a caller that would try again twice.
    async fn start() -> Self {
        let plane = Box::new(|options: &mut Options| options.execute.attempts = 3);
        let stage = Stage::with(StageOptions { plane: Some(plane), ..Default::default() }).await;
        let worker = stage.worker(&[]).await;
        Self { stage, worker, site: Site::start().await }
    }

    /// A task that fetches a text of so many bytes.
    fn fetch(&self, name: &str, bytes: usize) -> String {
        format!("  - {name}:\n      call: http\n      with:\n        method: get\n        endpoint: {}\n", self.site.text(bytes))
    }

    /// Ends without a second attempt of the caller: the status, and what the caller was told.
    async fn refused(&self, id: &str) -> (Status, String) {
        assert_eq!(closed(&self.stage.client, &outer_id(id)).await, WorkflowExecutionStatus::Failed);
        let (_, message, retryable) = activity_failure(&events(&self.stage.client, &outer_id(id), "").await);
        assert!(!retryable, "the caller may try again: {message}");
        let status = self.stage.ended(id).await.status.expect("a status");
        assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed);
        (status, message)
    }

    async fn stop(self) {
        drop(self.worker);
        self.stage.stop().await;
    }
}

/// Both numbers stand in the text: the limit, and a size above it.
fn names_size_and_limit(text: &str) {
    let numbers: Vec<usize> = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    assert!(numbers.contains(&PAYLOAD_LIMIT_BYTES), "no limit in: {text:.500}");
    assert!(numbers.iter().any(|n| *n > PAYLOAD_LIMIT_BYTES), "no size in: {text:.500}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_just_under_the_limit_arrives() {
    let scene = Scene::start().await;
    let yaml = document(&scene.fetch("fetch", PAYLOAD_LIMIT_BYTES - 1_000));
    let id = scene.stage.execute(&yaml, &json!({})).await;
    let output = scene.stage.output(&id).await;
    assert_eq!(output["value"].as_str().map(str::len), Some(PAYLOAD_LIMIT_BYTES - 1_002));
    assert_eq!(closed(&scene.stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_over_the_limit_fails_its_caller_for_good() {
    let scene = Scene::start().await;
    let yaml = document(&format!("{}      output:\n        as: '{{a: ., b: .}}'\n", scene.fetch("fetch", 1_200_000)));
    let id = scene.stage.execute(&yaml, &json!({})).await;
    let (status, message) = scene.refused(&id).await;
    names_size_and_limit(&message);
    names_size_and_limit(&status.error);
    assert_eq!(closed(&scene.stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Failed);
    scene.stop().await;
}

/// What each task gave is shown to people, but it must not weigh down what the caller gets.
#[tokio::test(flavor = "multi_thread")]
async fn large_outputs_of_tasks_do_not_count_against_a_small_outcome() {
    let scene = Scene::start().await;
    let tasks: String = (0..4).map(|n| scene.fetch(&format!("fetch{n}"), 1_500_000)).collect();
    let yaml = document(&format!("{tasks}  - small:\n      set:\n        done: true\n"));
    let id = scene.stage.execute(&yaml, &json!({})).await;
    assert_eq!(scene.stage.output(&id).await, json!({"done": true}));
    assert_eq!(closed(&scene.stage.client, &outer_id(&id)).await, WorkflowExecutionStatus::Completed);
    let tasks = scene.stage.ended(&id).await.status.expect("a status").tasks;
    let names: Vec<_> = tasks.iter().map(|t| t.task_name.as_str()).collect();
    assert_eq!(names, ["fetch0", "fetch1", "fetch2", "fetch3", "small"]);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_the_limit_is_an_error_that_the_document_can_catch() {
    let scene = Scene::start().await;
    let fetch = scene.fetch("fetch", PAYLOAD_LIMIT_BYTES + 1).replace("\n  ", "\n          ").replacen("  -", "          -", 1);
    let yaml = document(&format!(
        "  - guarded:\n      try:\n{fetch}\n      catch:\n        as: error\n        do:\n          - tell:\n              set:\n                error: ${{ $error }}\n"
    ));
    let id = scene.stage.execute(&yaml, &json!({})).await;
    let output = scene.stage.output(&id).await;
    names_size_and_limit(output["error"]["detail"].as_str().unwrap_or_default());
    let child = events(&scene.stage.client, &child_id(&id), "").await;
    let (_, message, retryable) = activity_failure(&child);
    assert!(!retryable, "{message}");
    names_size_and_limit(&message);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_would_send_is_held_against_the_limit() {
    let scene = Scene::start().await;
    let yaml = document(&format!(
        "{}  - send:\n      call: http\n      with:\n        method: post\n        endpoint: {}\n        body:\n          a: ${{ . }}\n          b: ${{ . }}\n",
        scene.fetch("fetch", 1_200_000),
        scene.site.gate(),
    ));
    let id = scene.stage.execute(&yaml, &json!({})).await;
    let status = scene.stage.ended(&id).await.status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionFailed);
    names_size_and_limit(&status.error);
    assert_eq!(scene.site.came(), 0);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_is_too_large_for_the_child_is_refused_before_it_starts() {
    let scene = Scene::start().await;
    // Each for itself is taken; in the child's input they stand together.
    let yaml = format!("{}# {}\n", document("  - done:\n      set:\n        done: true\n"), "y".repeat(500_000));
    let input: Value = json!({"text": "x".repeat(1_900_000)});
    let id = scene.stage.execute(&yaml, &input).await;
    let (status_, message) = scene.refused(&id).await;
    names_size_and_limit(&message);
    names_size_and_limit(&status_.error);
    assert_eq!(status(&scene.stage.client, &child_id(&id)).await, None, "a child has been started");
    scene.stop().await;
}

async fn a_huge_error_arrives(members: &str) {
    let scene = Scene::start().await;
    let fetch = scene.fetch("fetch", 1_900_000);
    let id = scene.stage.execute(&document(&format!("{fetch}  - complain:\n      raise:\n        error:\n{members}")), &json!({})).await;
    let (status, message) = scene.refused(&id).await;
    assert!(message.contains("Huge") && message.len() < 8_000, "{} bytes: {message:.300}", message.len());
    assert!(status.error.contains("Huge") && status.error.len() < 8_000, "{} bytes", status.error.len());
    assert_eq!(closed(&scene.stage.client, &child_id(&id)).await, WorkflowExecutionStatus::Failed);
    let child = events(&scene.stage.client, &child_id(&id), "").await;
    assert_eq!(count(&child, EventType::WorkflowTaskFailed), 0, "no workflow task was refused");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_with_a_huge_text_is_cut_and_arrives() {
    let members = ["type: https://example.com/errors/huge", "status: 400", "title: Huge", "detail: ${ . }"];
    a_huge_error_arrives(&members.map(|m| format!("          {m}\n")).concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_with_a_huge_type_is_cut_and_arrives() {
    let members = ["type: '${ \"https://example.com/\" + . }'", "status: 400", "title: Huge"];
    a_huge_error_arrives(&members.map(|m| format!("          {m}\n")).concat()).await;
}
