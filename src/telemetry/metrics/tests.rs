//! What a scrape shows.

use super::*;

fn line(metrics: &Metrics, start: &str) -> String {
    let text = metrics.render();
    text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in\n{text}")).to_owned()
}

#[test]
fn one_completion_counts_under_both_families() {
    let metrics = Metrics::new();
    metrics.completed(Kind::ExecuteWorkflow, Outcome::Completed, Duration::from_millis(7), Some(Duration::from_secs(90)));
    metrics.completed(Kind::CallAgent, Outcome::Failed, Duration::from_millis(7), None);
    assert!(line(&metrics, r#"workflow_runner_handshake_completions_total{kind="execute_workflow",outcome="completed"}"#).ends_with(" 1"));
    assert!(line(&metrics, r#"workflow_runner_handshake_completions_total{kind="call_agent",outcome="failed"}"#).ends_with(" 1"));
    assert!(line(&metrics, r#"stigmer_external_activity_completions_total{status="success"}"#).ends_with(" 1"));
    assert!(line(&metrics, r#"stigmer_external_activity_completions_total{status="failed"}"#).ends_with(" 1"));
    assert!(line(&metrics, "workflow_runner_handshake_completion_duration_seconds_count").ends_with(" 2"));
    assert!(line(&metrics, "stigmer_external_activity_completion_duration_seconds_count").ends_with(" 2"));
    assert!(line(&metrics, r#"workflow_runner_handshake_pending_seconds_sum{kind="execute_workflow"}"#).ends_with(" 90"));
}

#[test]
fn errors_and_what_waits_are_shown() {
    let metrics = Metrics::new();
    metrics.delivery_failed(DeliveryError::BudgetSpent);
    metrics.caller_gone();
    metrics.reconciled();
    metrics.set_pending(Kind::CallAgent, 10_000, Duration::from_hours(1));
    assert!(line(&metrics, r#"workflow_runner_handshake_delivery_errors_total{reason="budget_spent"}"#).ends_with(" 1"));
    assert!(line(&metrics, "stigmer_external_activity_errors_total").ends_with(" 1"));
    assert!(line(&metrics, "workflow_runner_handshake_callers_gone_total").ends_with(" 1"));
    assert!(line(&metrics, "workflow_runner_handshake_reconciled_total").ends_with(" 1"));
    assert!(line(&metrics, r#"workflow_runner_handshakes_pending{kind="call_agent"}"#).ends_with(" 10000"));
    assert!(line(&metrics, r#"workflow_runner_handshake_oldest_pending_seconds{kind="call_agent"}"#).ends_with(" 3600"));
}

#[test]
fn series_are_there_before_anything_happened() {
    let metrics = Metrics::new();
    assert!(line(&metrics, r#"workflow_runner_handshake_delivery_errors_total{reason="refused"}"#).ends_with(" 0"));
    assert!(line(&metrics, r#"workflow_runner_handshake_completions_total{kind="call_agent",outcome="cancelled"}"#).ends_with(" 0"));
    assert!(line(&metrics, "workflow_runner_build_info{version=").ends_with(" 1"));
}
