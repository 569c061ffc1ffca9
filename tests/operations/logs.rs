//! What is logged changes while the worker runs.

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::direct::{completed, start};
use crate::support::document;
use crate::support::wait::until;
use crate::support::worker::WorkerProcess;

/// The worker's log, without what the test knows already.
async fn says(worker: &WorkerProcess, text: &str, times: usize) -> String {
    until(&format!("the worker to log `{text}` {times} times"), || async {
        worker.log().lines().filter(|line| line.contains(text)).nth(times - 1).map(str::to_owned)
    })
    .await
}

async fn run(stage: &Stage, id: &str) {
    start(&stage.client, id, &document("  - one: {set: {x: 1}}\n"), &Value::Null).await;
    assert_eq!(completed(&stage.client, id).await.0, json!({"x": 1}));
}

/// Lines of our own at level debug about this run.
fn debug_lines(worker: &WorkerProcess, id: &str) -> usize {
    worker.log().lines().filter(|line| line.contains("\"DEBUG\"") && line.contains(id)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_file_and_sighup_change_the_level() {
    let stage = Stage::start().await;
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("worker.yaml");
    let write = |text: &str| std::fs::write(&file, text).expect("written");
    write("log: {level: info}\n");
    let path = file.display().to_string();
    let settings = [("LOG_LEVEL", ""), ("WORKFLOW_RUNNER_CONFIG", path.as_str()), ("WORKFLOW_RUNNER_WORKER__RELOAD_EVERY", "100ms")];
    let mut worker = WorkerProcess::start(&stage.server.address(), None, &settings).await;
    says(&worker, "worker started", 1).await;
    run(&stage, "quiet").await;
    assert_eq!(debug_lines(&worker, "quiet"), 0);

    write("log: {level: debug}\n");
    let line = says(&worker, "reloaded: log.level is debug", 1).await;
    let line: Value = serde_json::from_str(&line).expect("a JSON object a line");
    assert_eq!((&line["level"], &line["what"]), (&json!("INFO"), &json!("log")));
    run(&stage, "loud").await;
    until("debug lines", || async { (debug_lines(&worker, "loud") > 0).then_some(()) }).await;

    write("log: {level: shouting}\n");
    let line = says(&worker, "going on as before", 1).await;
    assert!(line.contains("shouting") && line.contains("log.level"), "{line}");
    run(&stage, "still-loud").await;
    until("debug lines", || async { (debug_lines(&worker, "still-loud") > 0).then_some(()) }).await;
    worker.signal("HUP");
    says(&worker, "SIGHUP: the settings cannot be used", 1).await;

    // Every message there is, and no token among them.
    write("log: {filter: trace}\n");
    says(&worker, "reloaded: log.filter is `trace`", 1).await;
    run(&stage, "loudest").await;
    assert!(!worker.log().contains("task_token"), "a token may stand in a log of the SDK");

    write("log: {level: info}\n");
    says(&worker, "reloaded: log.level is info", 1).await;
    worker.signal("HUP");
    says(&worker, "SIGHUP: log.level is info", 1).await;
    run(&stage, "quiet-again").await;
    assert_eq!(debug_lines(&worker, "quiet-again"), 0);
    worker.signal("TERM");
    assert_eq!(worker.exit().await.code(), Some(0));
    stage.stop().await;
}
