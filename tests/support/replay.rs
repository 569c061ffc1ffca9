//! Replaying histories with the code of this build.

use std::sync::Arc;
use std::time::Duration;

use temporalio_client::WorkflowHistory;
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};
use workflow_runner::activities::publisher::NoPublisher;
use workflow_runner::engine::Settings;
use workflow_runner::plan::PlanCache;
use workflow_runner::temporal::pending::PendingSteps;
use workflow_runner::temporal::run::WorkflowServices;
use workflow_runner::temporal::workflow::ServerlessWorkflow;

/// What a worker gives its runs, with nobody to publish to.
fn services() -> Arc<WorkflowServices> {
    Arc::new(WorkflowServices {
        plans: PlanCache::new(64),
        publisher: Arc::new(NoPublisher),
        pending_agents: Arc::new(PendingSteps::default()),
        engine: Settings::default(),
        delivery_budget: Duration::from_mins(10),
        reconcile_after: Duration::from_mins(1),
        reconcile_every: Duration::from_mins(15),
        agent_timeout: Duration::from_hours(24),
        call_timeout: Duration::from_mins(5),
        process_timeout: Duration::from_mins(10),
        foreign_timeout: Duration::from_hours(1),
        watch_queue: "workflow_runner_watch".to_owned(),
        listens_attribute: false,
        lifecycle: None,
    })
}

/// # Errors
/// Where this build would have done something else.
pub async fn replay(history: History) -> Result<(), String> {
    let services = services();
    let options = WorkflowReplayerOptions::new()
        .register_workflow_with_factory::<ServerlessWorkflow, _>(move || ServerlessWorkflow::new(services.clone()))
        .expect("registered")
        // A callback of another namespace would be refused.
        .namespace("default")
        .build();
    let replayer = WorkflowReplayer::new(options).expect("a replayer");
    replayer.replay_workflow(WorkflowHistory::from(history)).await.map(drop).map_err(|error| error.to_string())
}
