//! May this process do what a worker does. Each probe is a request that the server refuses for its content, after it has looked at the permission:
//! nothing is started, signalled or completed.
//!
//! | rpc | probe | allowed when the answer is |
//! |---|---|---|
//! | list | a page of one | ok |
//! | describe, history | a workflow that is not there | `NotFound` |
//! | start | without id, type and queue | `InvalidArgument` |
//! | signal, cancel | without a workflow | `InvalidArgument` |
//! | poll | without a queue | `InvalidArgument` |
//! | complete an activity | without a token | `InvalidArgument` |

use futures::future::{BoxFuture, FutureExt, join_all};
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, IntoRequest, Response, Status};
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest, ListWorkflowExecutionsRequest, PollActivityTaskQueueRequest,
    RequestCancelWorkflowExecutionRequest, RespondActivityTaskCompletedRequest, SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
};

use super::Site;
use super::finding::{Finding, failed, ok, warning};

struct Probe {
    rpc: &'static str,
    /// What does not work without it.
    needed_for: &'static str,
    answer: Result<(), Status>,
}

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let Some(client) = site.client() else { return Vec::new() };
    let probes = join_all(probes(client)).await;
    let mut findings: Vec<Finding> = probes.iter().filter_map(judge).collect();
    if findings.is_empty() {
        let names: Vec<&str> = probes.iter().map(|probe| probe.rpc).collect();
        findings.push(ok(format!("allowed: {}", names.join(", "))));
    }
    findings
}

fn probes(client: &Client) -> Vec<BoxFuture<'_, Probe>> {
    let namespace = client.namespace();
    let nobody = || Some(WorkflowExecution { workflow_id: "workflow-runner-doctor".to_owned(), run_id: String::new() });
    macro_rules! probe {
        ($rpc:literal, $needed_for:literal, $method:ident, $request:expr) => {{
            let request = $request;
            async move {
                let answer = WorkflowService::$method(&mut client.clone(), request.into_request()).await;
                Probe { rpc: $rpc, needed_for: $needed_for, answer: answer.map(drop_answer) }
            }
            .boxed()
        }};
    }
    vec![
        probe!(
            "list",
            "the sweep, posted events, `handshake list`",
            list_workflow_executions,
            ListWorkflowExecutionsRequest { namespace: namespace.clone(), page_size: 1, ..Default::default() }
        ),
        probe!(
            "describe",
            "the watch and deliveries",
            describe_workflow_execution,
            DescribeWorkflowExecutionRequest { namespace: namespace.clone(), execution: nobody() }
        ),
        probe!(
            "history",
            "later attempts of ExecuteWorkflow, the sweep",
            get_workflow_execution_history,
            GetWorkflowExecutionHistoryRequest {
                namespace: namespace.clone(),
                execution: nobody(),
                maximum_page_size: 1,
                ..Default::default()
            }
        ),
        probe!(
            "start",
            "ExecuteWorkflow: each execution is a child workflow",
            start_workflow_execution,
            StartWorkflowExecutionRequest { namespace: namespace.clone(), ..Default::default() }
        ),
        probe!(
            "signal",
            "later attempts of ExecuteWorkflow, posted events",
            signal_workflow_execution,
            SignalWorkflowExecutionRequest { namespace: namespace.clone(), ..Default::default() }
        ),
        probe!(
            "cancel",
            "cancelling agents and executions",
            request_cancel_workflow_execution,
            RequestCancelWorkflowExecutionRequest { namespace: namespace.clone(), ..Default::default() }
        ),
        probe!(
            "poll",
            "every task queue",
            poll_activity_task_queue,
            PollActivityTaskQueueRequest { namespace: namespace.clone(), ..Default::default() }
        ),
        probe!(
            "complete",
            "delivering outcomes",
            respond_activity_task_completed,
            RespondActivityTaskCompletedRequest { namespace, ..Default::default() }
        ),
    ]
}

fn drop_answer<T>(_: Response<T>) {}

/// None: it is allowed.
fn judge(probe: &Probe) -> Option<Finding> {
    let Probe { rpc, needed_for, answer } = probe;
    let status = match answer {
        Ok(()) => return None,
        Err(status) => status,
    };
    match status.code() {
        Code::InvalidArgument | Code::NotFound => None,
        Code::PermissionDenied | Code::Unauthenticated => Some(failed(
            format!("`{rpc}` is not allowed ({}); needed for {needed_for}", status.message()),
            "give the key or certificate of this worker the permission to write in this namespace (role `write`)",
        )),
        // A namespace that is not there is told by its own check.
        code => Some(warning(
            format!("whether `{rpc}` is allowed cannot be told: {code:?}: {}", status.message()),
            "run this again; the server may be busy",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn only_a_refusal_of_the_right_itself_is_a_failure() {
        let level = |answer| judge(&Probe { rpc: "start", needed_for: "x", answer }).map(|finding| finding.level);
        assert_eq!(level(Ok(())), None);
        assert_eq!(level(Err(Status::invalid_argument("no id"))), None);
        assert_eq!(level(Err(Status::not_found("none"))), None);
        assert_eq!(level(Err(Status::permission_denied("no"))), Some(Level::Failed));
        assert_eq!(level(Err(Status::unauthenticated("who"))), Some(Level::Failed));
        assert_eq!(level(Err(Status::unavailable("busy"))), Some(Level::Warning));
    }
}
