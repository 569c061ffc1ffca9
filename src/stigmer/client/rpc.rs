//! The rpcs that we call: path on the wire and the messages that go in and out. A test holds them against `proto/`.

use std::marker::PhantomData;

use crate::stigmer::{ag, agx, ar, environment, wf, wfi, wfx};

/// One rpc from `Q` to `R`.
pub(super) struct Rpc<Q, R> {
    pub(super) path: &'static str,
    messages: PhantomData<fn(Q) -> R>,
}

impl<Q, R> Rpc<Q, R> {
    const fn at(path: &'static str) -> Self {
        Self { path, messages: PhantomData }
    }
}

pub(super) const GET_WORKFLOW: Rpc<wf::WorkflowId, wf::Workflow> = Rpc::at("/ai.stigmer.agentic.workflow.v1.WorkflowQueryController/get");

pub(super) const WORKFLOW_BY_REFERENCE: Rpc<ar::ApiResourceReference, wf::Workflow> =
    Rpc::at("/ai.stigmer.agentic.workflow.v1.WorkflowQueryController/getByReference");

pub(super) const APPLY_WORKFLOW: Rpc<wf::Workflow, wf::Workflow> =
    Rpc::at("/ai.stigmer.agentic.workflow.v1.WorkflowCommandController/apply");

pub(super) const GET_INSTANCE: Rpc<wfi::WorkflowInstanceId, wfi::WorkflowInstance> =
    Rpc::at("/ai.stigmer.agentic.workflowinstance.v1.WorkflowInstanceQueryController/get");

pub(super) const ENVIRONMENT_BY_REFERENCE: Rpc<ar::ApiResourceReference, environment::Environment> =
    Rpc::at("/ai.stigmer.agentic.environment.v1.EnvironmentQueryController/getByReference");

pub(super) const CREATE_WORKFLOW_EXECUTION: Rpc<wfx::WorkflowExecution, wfx::WorkflowExecution> =
    Rpc::at("/ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionCommandController/create");

pub(super) const GET_WORKFLOW_EXECUTION: Rpc<wfx::WorkflowExecutionId, wfx::WorkflowExecution> =
    Rpc::at("/ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionQueryController/get");

pub(super) const UPDATE_STATUS: Rpc<wfx::WorkflowExecutionUpdateStatusInput, wfx::WorkflowExecution> =
    Rpc::at("/ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionCommandController/updateStatus");

pub(super) const AGENT_BY_REFERENCE: Rpc<ar::ApiResourceReference, ag::Agent> =
    Rpc::at("/ai.stigmer.agentic.agent.v1.AgentQueryController/getByReference");

pub(super) const CREATE_AGENT_EXECUTION: Rpc<agx::AgentExecution, agx::AgentExecution> =
    Rpc::at("/ai.stigmer.agentic.agentexecution.v1.AgentExecutionCommandController/create");

pub(super) const GET_AGENT_EXECUTION: Rpc<agx::AgentExecutionId, agx::AgentExecution> =
    Rpc::at("/ai.stigmer.agentic.agentexecution.v1.AgentExecutionQueryController/get");

pub(super) const LIST_AGENT_EXECUTIONS: Rpc<agx::ListAgentExecutionsRequest, agx::AgentExecutionList> =
    Rpc::at("/ai.stigmer.agentic.agentexecution.v1.AgentExecutionQueryController/list");

#[cfg(test)]
mod tests {
    use prost::Name;
    use prost_reflect::DescriptorPool;

    use super::*;

    #[test]
    fn every_path_is_an_rpc_of_these_messages() {
        fn check<Q: Name, R: Name>(pool: &DescriptorPool, rpc: &Rpc<Q, R>) {
            let (service, method) = rpc.path[1..].split_once('/').unwrap();
            let service = pool.get_service_by_name(service).unwrap_or_else(|| panic!("{}: no such service", rpc.path));
            let method = service.methods().find(|m| m.name() == method).unwrap_or_else(|| panic!("{}: no such rpc", rpc.path));
            assert_eq!((method.input().full_name(), method.output().full_name()), (Q::full_name().as_str(), R::full_name().as_str()));
            assert!(!method.is_client_streaming() && !method.is_server_streaming());
        }
        let pool = DescriptorPool::decode(crate::stigmer::DESCRIPTORS).unwrap();
        check(&pool, &GET_WORKFLOW);
        check(&pool, &WORKFLOW_BY_REFERENCE);
        check(&pool, &APPLY_WORKFLOW);
        check(&pool, &GET_INSTANCE);
        check(&pool, &ENVIRONMENT_BY_REFERENCE);
        check(&pool, &CREATE_WORKFLOW_EXECUTION);
        check(&pool, &GET_WORKFLOW_EXECUTION);
        check(&pool, &UPDATE_STATUS);
        check(&pool, &AGENT_BY_REFERENCE);
        check(&pool, &CREATE_AGENT_EXECUTION);
        check(&pool, &GET_AGENT_EXECUTION);
        check(&pool, &LIST_AGENT_EXECUTIONS);
    }
}
