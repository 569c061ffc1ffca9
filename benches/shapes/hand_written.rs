//! The shapes as somebody would write them in Rust on the SDK, without anything of ours.
#![allow(dead_code, reason = "the SDK calls activities by their names")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::runtime::{Runtime, RuntimeOptions};
use temporalio_sdk::{ActivityOptions, LocalActivityOptions, Worker, WorkerOptions};
use temporalio_workflow::{WorkflowContext, WorkflowResult};

use super::measure::connect;
use super::shape::Kind;

/// Where the process that runs these finds the server.
pub const ADDRESS_VARIABLE: &str = "BENCH_HAND_WRITTEN_ADDRESS";
pub const QUEUE: &str = "bench_by_hand";
pub const WORKFLOW_TYPE: &str = "ByHand";
const LIMIT: Duration = Duration::from_mins(5);

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Task {
    pub kind: Kind,
    pub local: bool,
    pub url: String,
    pub n: i64,
}

pub struct Calls {
    http: reqwest::Client,
}

#[activities]
impl Calls {
    #[activity(name = "get")]
    pub async fn get(self: Arc<Self>, _ctx: ActivityContext, url: String) -> Result<Value, ActivityError> {
        let answer = self.http.get(url).send().await.map_err(anyhow::Error::from)?;
        let body = answer.bytes().await.map_err(anyhow::Error::from)?;
        Ok(serde_json::from_slice(&body).map_err(anyhow::Error::from)?)
    }
}

#[workflow]
#[derive(Default)]
pub struct ByHand {}

#[workflow_methods]
impl ByHand {
    #[run(name = "ByHand")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, task: Task) -> WorkflowResult<Value> {
        let mut value = json!({"n": task.n});
        match task.kind {
            Kind::OneSet => value = json!({"answer": 42}),
            Kind::TwentySets => {
                for n in 0..20 {
                    value = add(&value, n);
                }
            }
            Kind::ThreeCalls => {
                for _ in 0..3 {
                    value = get(ctx, &task).await;
                }
            }
            Kind::HundredCalls => {
                for _ in 0..100 {
                    value = get(ctx, &task).await;
                }
            }
            Kind::HundredSets => {
                for n in 0..100 {
                    value = add(&value, n);
                }
            }
            Kind::ForkOfTen => {
                let ctx = &*ctx;
                let branches: Vec<_> = (0..10).map(|_| get(ctx, &task)).collect();
                value = temporalio_workflow::join_all(branches).await.into();
            }
            Kind::ThreeWaits => {
                for _ in 0..3 {
                    ctx.timer(Duration::from_millis(1)).await;
                }
            }
            Kind::TryOne => value = get(ctx, &task).await,
        }
        Ok(value)
    }
}

fn add(value: &Value, n: i64) -> Value {
    json!({"n": value["n"].as_i64().unwrap_or_default() + n})
}

/// A failed call is null, as in the document that catches everything.
async fn get(ctx: &WorkflowContext<ByHand>, task: &Task) -> Value {
    let converter = PayloadConverter::default();
    let (activity, input) = (UntypedActivity::new("get"), RawValue::from_value(&task.url, &converter));
    let retry = RetryPolicy::builder().maximum_attempts(5).build();
    let result = if task.local {
        let options =
            LocalActivityOptions::builder().start_to_close_timeout(LIMIT).schedule_to_close_timeout(LIMIT).retry_policy(retry).build();
        ctx.execute_local_activity(activity, input, options).await
    } else {
        let options = ActivityOptions::with_start_to_close_timeout(LIMIT).retry_policy(retry).build();
        ctx.execute_activity(activity, input, options).await
    };
    result.map(|raw| raw.to_value::<Value>(&converter)).unwrap_or_default()
}

/// Runs the worker until the process is killed.
pub async fn serve(address: &str) {
    let client = connect(address).await;
    let mut options = WorkerOptions::new(QUEUE).build();
    options.register_activities(Calls { http: reqwest::Client::new() });
    options.register_workflow::<ByHand>().expect("the workflow is registered");
    let runtime = Runtime::from_current_tokio(RuntimeOptions::default()).expect("a runtime of the SDK");
    let mut worker = Worker::new(&runtime, client, options).expect("a worker");
    tokio::task::LocalSet::new().run_until(worker.run()).await.expect("the worker runs");
}
