//! A worker is killed while a run waits, and another one takes over: what was known stays known.

use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::support::history::{count, describe, types};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::{Stage, WorkerProcess, direct, document};

const EIGHT: &str = "  - compute:
      set:
        id: ${ $workflow.id }
        at: ${ $task.startedAt.iso8601 }
        began: ${ $workflow.startedAt.epoch.milliseconds }
        keys: ${ $input | keys }
        sorted: ${ $input | to_entries | sort_by(.value) | map(.key) }
        sum: ${ [$input[]] | add }
        digest: ${ $input | tojson | @base64 }
        float: ${ [$input[]] | add / 7 }
";

#[tokio::test(flavor = "multi_thread")]
async fn expressions_give_the_same_values_when_another_worker_takes_over() {
    let stage = Stage::start().await;
    let web = Web::start(|_, _| Reply::json(&json!({"ok": true}))).await;
    let mut first = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    // The first worker tells the values to a server; the second one computes them again.
    let tell = format!(
        "  - tell:\n      call: http\n      with: {{method: post, endpoint: '{}', body: '${{ . }}'}}\n      output: {{as: $input}}\n",
        web.url("/told")
    );
    let yaml = document(&format!("{EIGHT}{tell}  - rest:\n      wait: PT3S\n"));
    direct::start(&stage.client, "eight", &yaml, &json!({"z": 3, "a": 1.5, "m": -2})).await;
    until("the run to wait", || async {
        let info = describe(&stage.client, "eight").await?.workflow_execution_info?;
        // Behind the call: 11 events and the timer, less the end.
        (info.history_length >= 11).then_some(())
    })
    .await;
    first.kill();
    let second = WorkerProcess::start(&stage.server.address(), None, &[]).await;
    let (output, history) = direct::completed(&stage.client, "eight").await;
    let told: Vec<_> = web.seen_at("/told");
    assert_eq!(told.len(), 1);
    let told: serde_json::Value = serde_json::from_str(&told[0].body).expect("JSON");
    assert_eq!(output, told);
    assert_eq!(output.as_object().map(serde_json::Map::len), Some(8));
    assert_eq!(output["keys"], json!(["a", "m", "z"]));
    assert_eq!(count(&history, EventType::WorkflowTaskFailed), 0, "{:?}", types(&history));
    drop(second);
    stage.stop().await;
}
