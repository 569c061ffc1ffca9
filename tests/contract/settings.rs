//! Variables of the environment: row 8.14.7.

use workflow_runner::config::{Loaded, Mistakes, Sources, load};

fn with(variables: &[(&str, &str)]) -> Result<Loaded, Mistakes> {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    load(&Sources { environment, ..Sources::default() })
}

#[test]
fn what_is_required() {
    let none = with(&[]).expect("8.14.7: nothing is required; without a control plane the worker serves documents alone").config;
    assert!(none.stigmer.is_none());
    let mistakes = with(&[("STIGMER_BACKEND_ENDPOINT", "localhost:7234")])
        .map(|_| ())
        .expect_err("8.14.7: a key is required with an endpoint, even locally")
        .0;
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].problem.contains("STIGMER_API_KEY"), "{mistakes:?}");
}

#[test]
fn defaults() {
    let key = [("STIGMER_BACKEND_ENDPOINT", "h:1"), ("STIGMER_API_KEY", "dummy-local-key")];
    let config = with(&key).expect("8.14.7").config;
    let worker = &config.worker;
    let queues = [&worker.execution_queue, &worker.workflow_queue, &worker.validation_queue];
    assert_eq!(queues, ["workflow_execution_runner", "zigflow_execution", "workflow_validation_runner"]);
    assert_eq!((worker.max_concurrent_activities, config.log.level), (10, "info"));
    assert!(config.stigmer.expect("a control plane").tls, "8.14.7: TLS unless it is said");
}

#[test]
fn names_of_the_original() {
    let config = with(&[
        ("STIGMER_BACKEND_ENDPOINT", "h:1"),
        ("STIGMER_API_KEY", "k"),
        ("STIGMER_SERVICE_USE_TLS", "false"),
        ("TEMPORAL_SERVICE_ADDRESS", "t:7233"),
        ("TEMPORAL_NAMESPACE", "n"),
        ("TEMPORAL_WORKFLOW_EXECUTION_RUNNER_TASK_QUEUE", "a"),
        ("TEMPORAL_ZIGFLOW_EXECUTION_TASK_QUEUE", "b"),
        ("TEMPORAL_WORKFLOW_VALIDATION_RUNNER_TASK_QUEUE", "c"),
        ("TEMPORAL_MAX_CONCURRENCY", "3"),
        ("LOG_LEVEL", "DEBUG"),
        ("ENV", "local"),
    ])
    .expect("8.14.7: every one is known")
    .config;
    let worker = &config.worker;
    assert_eq!([&worker.execution_queue, &worker.workflow_queue, &worker.validation_queue], ["a", "b", "c"]);
    assert_eq!((config.temporal.address.as_deref(), worker.max_concurrent_activities, config.log.level), (Some("t:7233"), 3, "debug"));
    assert!(!config.stigmer.expect("a control plane").tls);
}

#[test]
fn what_is_empty_is_unset_and_what_is_wrong_is_told() {
    assert_eq!(with(&[("TEMPORAL_MAX_CONCURRENCY", "")]).expect("8.14.7").config.worker.max_concurrent_activities, 10);
    // The original went on with the default, in silence.
    let mistakes = with(&[("TEMPORAL_MAX_CONCURRENCY", "ten")]).map(|_| ()).expect_err("8.14.7: no number").0;
    assert!(mistakes[0].problem.contains("ten"), "{mistakes:?}");
}

/// There is none: whoever has switched it on is told, and nothing of its store is required.
#[test]
fn claim_check() {
    let loaded = with(&[("CLAIMCHECK_ENABLED", "true"), ("R2_BUCKET", "")]).expect("8.14.7: R2_* is not asked for");
    assert!(
        loaded.warnings.iter().any(|warning| warning.starts_with("CLAIMCHECK_ENABLED: there is no claim check")),
        "{:?}",
        loaded.warnings
    );
    assert!(with(&[("CLAIMCHECK_ENABLED", "false")]).expect("8.14.7").warnings.is_empty());
}
