//! What the settings say about themselves, and whether the worker deployment that they name is the current one.

use std::time::Duration;

use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, IntoRequest};
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeWorkerDeploymentRequest;

use super::Site;
use super::finding::{Finding, ok, warning};
use crate::config::duration;

/// What Kubernetes waits after its first signal unless it is told otherwise.
const USUAL_TERMINATION: Duration = Duration::from_secs(30);
/// After the grace period a worker still ends its watches and connections.
const MARGIN: Duration = Duration::from_secs(5);

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let told = site.warnings.iter();
    let mut findings: Vec<Finding> = told
        .map(|text| warning(text, "correct the setting; `workflow-runner worker --dump-config` shows what is in effect and from where"))
        .collect();
    findings.push(grace(site.config.worker.grace));
    if let (Some(client), Some((name, build_id))) = (site.client(), &site.config.worker.deployment) {
        findings.push(deployment(client, name, build_id).await);
    }
    findings
}

fn grace(grace: Duration) -> Finding {
    let needed = grace + MARGIN;
    let found = format!("worker.grace is {}: a stop takes up to {}", duration::format(grace), duration::format(needed));
    if needed <= USUAL_TERMINATION {
        return ok(found);
    }
    let seconds = needed.as_secs();
    warning(
        format!("{found}, longer than the 30s that Kubernetes waits by itself"),
        format!(
            "set terminationGracePeriodSeconds: {seconds} (systemd: TimeoutStopSec={seconds}), or a shorter WORKFLOW_RUNNER_WORKER__GRACE"
        ),
    )
}

async fn deployment(client: &Client, name: &str, build_id: &str) -> Finding {
    let set = format!(
        "temporal worker deployment set-current-version --namespace {} --deployment-name {name} --build-id {build_id}",
        client.namespace()
    );
    let request = DescribeWorkerDeploymentRequest { namespace: client.namespace(), deployment_name: name.to_owned() };
    let described = match WorkflowService::describe_worker_deployment(&mut client.clone(), request.into_request()).await {
        Ok(answer) => answer.into_inner(),
        Err(status) if status.code() == Code::NotFound => {
            return warning(
                format!("the server knows no worker deployment `{name}`: no worker of it has polled yet"),
                "start a worker: `workflow-runner worker`",
            );
        }
        Err(status) => {
            return warning(
                format!("the worker deployment `{name}` cannot be looked at: {:?}: {}", status.code(), status.message()),
                "worker versioning needs a server that has it switched on",
            );
        }
    };
    let current =
        described.worker_deployment_info.and_then(|info| info.routing_config).and_then(|routing| routing.current_deployment_version);
    current_version(name, build_id, current.as_ref().map(|version| version.build_id.as_str()), set)
}

fn current_version(name: &str, build_id: &str, current: Option<&str>, set: String) -> Finding {
    match current {
        Some(current) if current == build_id => ok(format!("build {build_id} is the current one of deployment `{name}`")),
        Some(current) => warning(format!("build {build_id} gets no new runs: {current} is the current one of deployment `{name}`"), set),
        None => warning(format!("deployment `{name}` has no current version: its workers get no runs"), set),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_stop_must_fit_into_the_time_that_there_is() {
        assert_eq!(grace(Duration::from_secs(4)).level, Level::Ok);
        let long = grace(Duration::from_mins(1));
        assert!(long.level == Level::Warning && long.fix.unwrap().contains("terminationGracePeriodSeconds: 65"));
    }

    #[test]
    fn only_the_current_build_gets_runs() {
        let judge = |current| current_version("d", "b2", current, "set it".to_owned());
        assert_eq!(judge(Some("b2")).level, Level::Ok);
        for (current, text) in [(Some("b1"), "b1 is the current one"), (None, "no current version")] {
            let finding = judge(current);
            assert!(
                finding.level == Level::Warning && finding.found.contains(text) && finding.fix.as_deref() == Some("set it"),
                "{finding:?}"
            );
        }
    }
}
