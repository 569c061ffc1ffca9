//! Does anybody run agents: the platform's side of a `call: agent`.

use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;

use super::finding::{Finding, ok, skipped, warning};
use super::{Site, queues};

/// The platform's own queues. They are not ours to configure.
const WORKFLOWS: &str = "agent_execution_stigmer";
const RUNNER: &str = "agent_execution_runner";

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let (Some(client), true) = (site.client(), site.config.stigmer.is_some()) else {
        return vec![skipped("there is no control plane: `call: agent` is answered by the agents of `--agents` alone")];
    };
    let workflows = queues::describe(client, WORKFLOWS, TaskQueueType::Workflow);
    let runner = queues::describe(client, RUNNER, TaskQueueType::Activity);
    let (workflows, runner) = futures::join!(workflows, runner);
    let (Ok(workflows), Ok(runner)) = (workflows, runner) else {
        return vec![skipped("not checked: the task queues of agents cannot be looked at")];
    };
    vec![match (workflows.pollers.is_empty(), runner.pollers.is_empty()) {
        (true, _) => warning(
            format!("nobody polls `{WORKFLOWS}`: an agent that is called never begins"),
            "start the control plane with its Temporal worker, in this namespace",
        ),
        (false, true) => ok(format!("`{WORKFLOWS}` is polled; nobody polls `{RUNNER}`, which only agents that are not scripted need")),
        (false, false) => ok(format!("`{WORKFLOWS}` and `{RUNNER}` are polled")),
    }]
}
