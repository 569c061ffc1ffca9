//! Long runs: one thread runs all workflow code, so many pure steps give way; and a history does not grow for ever, so a run goes on in a new one.

use std::collections::BTreeSet;

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{History, HistoryEvent};
use workflow_runner::activities::payload::json_of;

use crate::support::history::{count, events, types};
use crate::support::replay::replay;
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::{Stage, WorkerProcess, direct, document};

fn counting(iterations: u32) -> String {
    document(&format!(
        "  - each:\n      for: {{in: '[range({iterations})]'}}\n      do:\n        - add:\n            set: '${{ {{n: (.n + 1)}} }}'\n"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_of_more_than_twenty_thousand_steps_pauses_and_completes() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    // An iteration is two steps: itself and its task.
    direct::start(&stage.client, "long", &counting(10_000), &json!({"n": 0})).await;
    let (output, history) = direct::completed(&stage.client, "long").await;
    assert_eq!(output, json!({"n": 10_000}));
    assert_eq!(count(&history, EventType::TimerFired), 1, "{:?}", types(&history));
    assert_eq!(history.len(), 10, "{:?}", types(&history));

    direct::start(&stage.client, "short", &counting(9_000), &json!({"n": 0})).await;
    let (output, history) = direct::completed(&stage.client, "short").await;
    assert_eq!(output, json!({"n": 9_000}));
    assert_eq!(history.len(), 5, "{:?}", types(&history));
    drop(worker);
    stage.stop().await;
}

/// Loops in a `try` that tries again, in branches beside a wait, with context, loop variables and a timeout around it all.
fn everything(url: &str) -> String {
    document(&format!(
        r"  - all:
      timeout: {{after: PT10M}}
      fork:
        branches:
          - loops:
              do:
                - outer:
                    for: {{each: row, in: '[range(4)]'}}
                    do:
                      - guarded:
                          try:
                            - inner:
                                for: {{each: cell, in: '[range(6)]', at: column}}
                                do:
                                  - get:
                                      call: http
                                      with: {{method: get, endpoint: '{url}/cell', query: {{row: '${{ $row }}', cell: '${{ $cell }}'}}}}
                                      export: {{as: '($context // []) + [[$row, $column]]'}}
                            - fail:
                                if: $row == 2
                                raise: {{error: {{type: 'urn:twice', status: 500}}}}
                          catch:
                            retry: {{delay: {{milliseconds: 1}}, limit: {{attempt: {{count: 2}}}}}}
                            do:
                              - note: {{set: {{caught: '${{ $error.type }}', row: '${{ $row }}'}}}}
                - seen: {{set: '${{ $context | length }}'}}
          - waits:
              do:
                - nap: {{wait: PT2S}}
                - woken: {{set: {{woken: true}}}}
"
    ))
}

async fn chain(stage: &Stage, id: &str) -> Vec<Vec<HistoryEvent>> {
    let mut runs = vec![events(&stage.client, id, "").await];
    loop {
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &runs[0][0].attributes else { panic!("a start") };
        if started.continued_execution_run_id.is_empty() {
            return runs;
        }
        let before = events(&stage.client, id, &started.continued_execution_run_id).await;
        runs.insert(0, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_in_new_ones_from_any_depth() {
    let stage = Stage::start().await;
    let mut worker = WorkerProcess::start(&stage.server.address(), None, &[("WORKFLOW_RUNNER_HTTP__REACH", "any")]).await;
    let web = Web::start(|_, count| Reply::json(&json!({"count": count}))).await;
    let input = json!({"workflow_yaml": everything(&web.url("")), "initial_data": {}, "continue_after": 40});
    direct::start_raw(&stage.client, "chain", vec![json_of(&input)]).await;
    until("ten calls", || async { (web.seen().len() >= 10).then_some(()) }).await;
    worker.kill(); // in the middle of it all
    worker = WorkerProcess::start(&stage.server.address(), None, &[("WORKFLOW_RUNNER_HTTP__REACH", "any")]).await;

    let (output, _) = direct::completed(&stage.client, "chain").await;
    assert_eq!(output, json!([30, {"woken": true}]), "four rows of six, and one of them again");
    let cells: BTreeSet<String> = web.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(cells.len(), 24, "every cell was asked for: {cells:?}");
    let runs = chain(&stage, "chain").await;
    assert!(runs.len() > 3, "{} runs", runs.len());
    for run in &runs[..runs.len() - 1] {
        assert_eq!(run.last().map(HistoryEvent::event_type), Some(EventType::WorkflowExecutionContinuedAsNew), "{:?}", types(run));
        assert!(run.len() < 100, "{} events", run.len());
    }
    for (at, run) in runs.into_iter().enumerate() {
        if let Err(error) = replay(History { events: run }).await {
            panic!("run {at}: {error}");
        }
    }
    drop(worker);
    stage.stop().await;
}

/// A hundred thousand pure steps need no new run: five workflow tasks do.
#[tokio::test(flavor = "multi_thread")]
async fn a_loop_of_a_hundred_thousand_pure_steps_completes() {
    let stage = Stage::start().await;
    let worker = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    direct::start(&stage.client, "pure", &counting(100_000), &json!({"n": 0})).await;
    let (output, history) = direct::completed(&stage.client, "pure").await;
    assert_eq!(output, json!({"n": 100_000}));
    assert!(history.len() < 100, "{} events", history.len());
    drop(worker);
    stage.stop().await;
}
