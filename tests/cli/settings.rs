//! Settings: every mistake at once, and what is in effect.

use crate::program::Program;

#[tokio::test]
async fn all_mistakes_are_told_at_once_by_name() {
    let program = Program::new(&["worker", "--config", "settings.yaml", "--log-level", "loud"])
        .file("settings.yaml", "worker:\n  threads: 4\ntemporl: {}\n")
        .env("WORKFLOW_RUNNER_HANDSHAKE__WATCHES", "on")
        .env("WORKFLOW_RUNNER_WORKER__GRACE", "soon")
        .env("TEMPORAL_MAX_CONCURRENCY", "ten");
    let ended = program.end().await.with_code(64);
    ended.says(&["settings.yaml", "worker.threads", "temporl", "WORKFLOW_RUNNER_HANDSHAKE__WATCHES", "WORKFLOW_RUNNER_WORKER__GRACE"]);
    ended.says(&["TEMPORAL_MAX_CONCURRENCY", "--log-level", "`soon`", "`ten`", "`loud`"]);
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn a_way_of_serving_that_there_is_not_is_refused() {
    for verb in ["worker", "internal-workflow-runner"] {
        let ended = Program::new(&[verb]).env("EXECUTION_MODE", "rest").end().await.with_code(64);
        ended.says(&["EXECUTION_MODE", "one of temporal, grpc, dual is needed, not `rest`"]);
        let ended = Program::new(&[verb]).env("EXECUTION_MODE", "dual").env("GRPC_PORT", "8080").end().await.with_code(64);
        ended.says(&["direct.token", "0.0.0.0:8080"]);
    }
}

#[tokio::test]
async fn a_control_plane_needs_a_key() {
    let ended = Program::new(&["worker"]).env("STIGMER_BACKEND_ENDPOINT", "localhost:7234").end().await.with_code(64);
    ended.says(&["stigmer.api_key", "STIGMER_API_KEY"]);
}

#[tokio::test]
async fn what_is_in_effect_is_shown_with_its_origin_and_without_secrets() {
    let program = Program::new(&["worker", "--dump-config", "--log-level", "debug"])
        .file("settings.yaml", "worker:\n  grace: 9s\n")
        .env("WORKFLOW_RUNNER_CONFIG", "settings.yaml")
        .env("TEMPORAL_API_KEY", "temporal-s3cret")
        .env("STIGMER_BACKEND_ENDPOINT", "localhost:7234")
        .env("STIGMER_API_KEY", "stigmer-s3cret")
        .env("WORKFLOW_RUNNER_SECRET_TOKEN", "document-s3cret");
    let ended = program.end().await.with_code(0);
    assert_eq!(ended.stderr, "");
    for line in [
        "  grace: 9s # settings.yaml",
        "  level: debug # --log-level",
        "  endpoint: localhost:7234 # STIGMER_BACKEND_ENDPOINT",
        "  execution_queue: workflow_execution_runner # default",
        "  address: null # default",
    ] {
        assert!(ended.stdout.lines().any(|shown| shown == line), "`{line}` is not in:\n{}", ended.stdout);
    }
    assert_eq!(ended.stdout.matches("api_key: \"***\"").count() + ended.stdout.matches("api_key: '***'").count(), 2, "{}", ended.stdout);
    assert!(!ended.stdout.contains("s3cret"), "{}", ended.stdout);
}

#[tokio::test]
async fn what_is_shown_can_be_read_again() {
    let shown = Program::new(&["worker", "--dump-config"]).env("WORKFLOW_RUNNER_WORKER__GRACE", "7s").end().await.with_code(0).stdout;
    let again =
        Program::new(&["worker", "--dump-config", "--config", "shown.yaml"]).file("shown.yaml", &shown).end().await.with_code(0).stdout;
    let values = |text: &str| text.lines().map(|line| line.split(" # ").next().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    assert_eq!(values(&again), values(&shown));
    assert!(again.contains("grace: 7s # shown.yaml"), "{again}");
}
