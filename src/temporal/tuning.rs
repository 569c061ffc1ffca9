//! From the settings to the options of one queue's worker: slots, pollers, rates, cache, version.

use temporalio_common::worker::{VersioningBehavior, WorkerDeploymentOptions, WorkerDeploymentVersion};
use temporalio_sdk::WorkerOptions;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::runtime::{AutoscalingOptions, PollerBehavior};

use crate::config::{Config, Pollers, Versioning, WorkerSettings};

/// The SDK's own number of polls, with which autoscaling begins.
const USUAL_POLLS: usize = 5;

pub fn options(config: &Config, queue: &str) -> WorkerOptions {
    let settings = &config.worker;
    let tuner = TunerHolder::builder()
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(settings.max_concurrent_workflow_tasks))
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(settings.max_concurrent_activities))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(settings.max_concurrent_local_activities))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(1))
        .build();
    let mut options = WorkerOptions::new(queue.to_owned())
        .max_cached_workflows(config.temporal.max_cached_workflows)
        .sticky_queue_schedule_to_start_timeout(config.temporal.sticky_timeout)
        .tuner(tuner)
        .build();
    // No graceful shutdown period: a worker that is only replaced lets its activities run to their end. `renewal` ends them when the process stops.
    poll(&mut options, settings.pollers);
    options.max_worker_activities_per_second = settings.max_activities_per_second;
    options.max_task_queue_activities_per_second = settings.max_task_queue_activities_per_second;
    if let Some(deployment) = deployment(settings) {
        options.deployment_options = deployment;
    }
    options
}

fn poll(options: &mut WorkerOptions, pollers: Pollers) {
    let autoscaling = |most: usize, least: usize| {
        let initial = USUAL_POLLS.clamp(least, most.max(least));
        PollerBehavior::Autoscaling(AutoscalingOptions::builder().minimum(least).maximum(most.max(least)).initial(initial).build())
    };
    (options.workflow_task_poller_behavior, options.activity_task_poller_behavior) = match pollers {
        Pollers::Simple { workflow_tasks, activity_tasks } => {
            (workflow_tasks.map(PollerBehavior::SimpleMaximum), activity_tasks.map(PollerBehavior::SimpleMaximum))
        }
        Pollers::Autoscaling { workflow_tasks, activity_tasks } => {
            (Some(autoscaling(workflow_tasks, 2)), Some(autoscaling(activity_tasks, 1)))
        }
    };
}

fn deployment(settings: &WorkerSettings) -> Option<WorkerDeploymentOptions> {
    let (name, build_id) = settings.deployment.as_ref()?;
    let version = WorkerDeploymentVersion::builder().deployment_name(name.clone()).build_id(build_id.clone()).build();
    let behavior = match settings.versioning_behavior {
        Versioning::Pinned => VersioningBehavior::Pinned,
        Versioning::AutoUpgrade => VersioningBehavior::AutoUpgrade,
    };
    Some(WorkerDeploymentOptions::new(version).use_worker_versioning(true).default_versioning_behavior(behavior).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_arrives_under_its_own_name() {
        let mut config = Config::default();
        let untouched = options(&config, "q");
        assert_eq!((untouched.workflow_task_poller_behavior, untouched.activity_task_poller_behavior), (None, None));
        assert_eq!((untouched.max_worker_activities_per_second, untouched.max_task_queue_activities_per_second), (None, None));
        assert!(untouched.graceful_shutdown_period.is_none() && !untouched.deployment_options.use_worker_versioning);

        config.worker.pollers = Pollers::Simple { workflow_tasks: Some(7), activity_tasks: None };
        config.worker.max_activities_per_second = Some(0.5);
        config.worker.max_task_queue_activities_per_second = Some(100.0);
        config.worker.deployment = Some(("d".to_owned(), "b1".to_owned()));
        config.temporal.max_cached_workflows = 3;
        let tuned = options(&config, "q");
        assert_eq!(tuned.workflow_task_poller_behavior, Some(PollerBehavior::SimpleMaximum(7)));
        assert_eq!(tuned.activity_task_poller_behavior, None);
        assert_eq!((tuned.max_worker_activities_per_second, tuned.max_task_queue_activities_per_second), (Some(0.5), Some(100.0)));
        assert_eq!((tuned.task_queue.as_str(), tuned.max_cached_workflows), ("q", 3));
        let deployment = &tuned.deployment_options;
        assert_eq!((deployment.version.deployment_name.as_str(), deployment.version.build_id.as_str()), ("d", "b1"));
        assert_eq!(deployment.default_versioning_behavior, Some(VersioningBehavior::AutoUpgrade));

        config.worker.pollers = Pollers::Autoscaling { workflow_tasks: 50, activity_tasks: 1 };
        config.worker.versioning_behavior = Versioning::Pinned;
        let scaled = options(&config, "q");
        let range = |behavior| match behavior {
            Some(PollerBehavior::Autoscaling(range)) => (range.minimum, range.initial, range.maximum),
            other => panic!("{other:?}"),
        };
        assert_eq!((range(scaled.workflow_task_poller_behavior), range(scaled.activity_task_poller_behavior)), ((2, 5, 50), (1, 1, 1)));
        assert_eq!(scaled.deployment_options.default_versioning_behavior, Some(VersioningBehavior::Pinned));
    }
}
