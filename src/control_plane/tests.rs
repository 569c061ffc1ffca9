//! The services over a real socket, without Temporal: what is created is stored, and nothing runs.

use std::path::Path;

use futures::StreamExt;
use tonic::{
    Code, Request, Status,
    metadata::MetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use super::*;
use crate::{
    effects::agents::Agents,
    stigmer::{
        ag::agent_query_controller_client::AgentQueryControllerClient,
        agx::{
            AgentExecution, AgentExecutionId, AgentExecutionSpec, ListAgentExecutionsRequest,
            agent_execution_command_controller_client::AgentExecutionCommandControllerClient,
            agent_execution_query_controller_client::AgentExecutionQueryControllerClient,
        },
        ar::{ApiResourceId, ApiResourceReference},
        arkind::ApiResourceKind,
        exc::{ExecutionContextId, execution_context_query_controller_client::ExecutionContextQueryControllerClient},
        wf::{WorkflowId, workflow_query_controller_client::WorkflowQueryControllerClient},
        wfx::{
            ExecutionPhase, SubscribeWorkflowExecutionRequest, WorkflowExecutionStatus, WorkflowExecutionUpdateStatusInput,
            workflow_execution_command_controller_client::WorkflowExecutionCommandControllerClient,
            workflow_execution_query_controller_client::WorkflowExecutionQueryControllerClient,
        },
    },
};

const DEFINITION: &str = "document: {dsl: 1.0.0, namespace: test, name: pets, version: 0.1.0}\ndo: [{a: {set: {x: 1}}}]\n";

#[derive(Clone)]
struct Key(&'static str);

impl Interceptor for Key {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", MetadataValue::try_from(format!("Bearer {}", self.0)).unwrap());
        Ok(request)
    }
}

type Caller = InterceptedService<Channel, Key>;

async fn plane() -> (ControlPlane, Caller) {
    let agents = Arc::new(Agents::parse("name: reviewer\nkind: scripted\nreply: fine\n", Path::new("agents.yaml")).unwrap());
    let plane = ControlPlane::start(Options { api_key: Some("k".to_owned()), agents, ..Default::default() }).unwrap();
    let channel = Channel::from_shared(plane.endpoint()).unwrap().connect().await.unwrap();
    (plane, InterceptedService::new(channel, Key("k")))
}

fn code<T>(answer: Result<T, Status>) -> Code {
    answer.err().map_or(Code::Ok, |status| status.code())
}

#[tokio::test]
async fn every_call_needs_the_key() {
    let (plane, caller) = plane().await;
    let workflow = plane.apply_definition(DEFINITION).unwrap();
    let id = || WorkflowId { value: workflow.id().to_owned() };
    let stored = WorkflowQueryControllerClient::new(caller).get(id()).await.unwrap().into_inner();
    assert_eq!(stored, workflow);
    let channel = Channel::from_shared(plane.endpoint()).unwrap().connect_lazy();
    assert_eq!(code(WorkflowQueryControllerClient::new(channel.clone()).get(id()).await), Code::Unauthenticated);
    let wrong = InterceptedService::new(channel, Key("x"));
    assert_eq!(code(WorkflowQueryControllerClient::new(wrong).get(id()).await), Code::Unauthenticated);
    plane.shutdown().await;
}

#[tokio::test]
async fn a_definition_becomes_a_valid_workflow_and_is_replaced_by_its_next_version() {
    let (plane, _caller) = plane().await;
    let first = plane.apply_definition(DEFINITION).unwrap();
    let status = first.status.clone().unwrap();
    let validation = status.serverless_workflow_validation.unwrap();
    assert_eq!((validation.state(), &*validation.yaml), (ValidationState::Valid, DEFINITION));
    assert!(first.spec.clone().unwrap().tasks.is_empty());
    let instance = plane.store().workflow_instances.get(&status.default_instance_id).unwrap();
    assert_eq!(instance.spec.unwrap().workflow_id, first.id());
    let next = DEFINITION.replace("0.1.0", "0.2.0");
    let second = plane.apply_definition(&next).unwrap();
    assert_eq!(second.id(), first.id());
    assert_eq!(second.status.unwrap().serverless_workflow_validation.unwrap().yaml, next);
    for bad in ["do: []", "a: [", "42"] {
        assert!(matches!(plane.apply_definition(bad), Err(ControlPlaneError::Definition(_))), "{bad}");
    }
}

#[tokio::test]
async fn an_execution_is_followed_to_its_end() {
    let (plane, caller) = plane().await;
    let workflow = plane.apply_definition(DEFINITION).unwrap();
    let id = plane.execute(workflow.id(), "go", BTreeMap::new(), BTreeMap::new()).await.unwrap();
    let spec = plane.store().workflow_executions.get(&id).unwrap().spec.unwrap();
    assert_eq!(spec.workflow_instance_id, workflow.status.unwrap().default_instance_id);

    let mut query = WorkflowExecutionQueryControllerClient::new(caller.clone());
    let request = SubscribeWorkflowExecutionRequest { execution_id: id.clone() };
    let mut updates = query.subscribe(request).await.unwrap().into_inner();
    let phase = |row: &WorkflowExecution| row.status.clone().unwrap().phase();
    assert_eq!(phase(&updates.next().await.unwrap().unwrap()), ExecutionPhase::ExecutionPending);
    let mut command = WorkflowExecutionCommandControllerClient::new(caller);
    for step in [ExecutionPhase::ExecutionInProgress, ExecutionPhase::ExecutionCompleted] {
        let status = Some(WorkflowExecutionStatus { phase: step.into(), ..Default::default() });
        command.update_status(WorkflowExecutionUpdateStatusInput { execution_id: id.clone(), status }).await.unwrap();
        assert_eq!(phase(&updates.next().await.unwrap().unwrap()), step);
    }
    assert!(updates.next().await.is_none());
    assert_eq!(phase(&plane.wait(&id).await.unwrap()), ExecutionPhase::ExecutionCompleted);
    assert_eq!(plane.changes(&id).unwrap().count().await, 1);
    plane.shutdown().await;
}

#[tokio::test]
async fn refusals_have_the_platforms_codes() {
    let (plane, caller) = plane().await;
    let mut executions = WorkflowExecutionCommandControllerClient::new(caller.clone());
    let input = |id: &str, status| WorkflowExecutionUpdateStatusInput { execution_id: id.to_owned(), status };
    let status = || Some(WorkflowExecutionStatus::default());
    assert_eq!(code(executions.update_status(input("wex-x", status())).await), Code::NotFound);
    assert_eq!(code(executions.update_status(input("", status())).await), Code::InvalidArgument);
    assert_eq!(code(executions.update_status(input("wex-x", None)).await), Code::InvalidArgument);
    assert_eq!(code(executions.create(WorkflowExecution::default()).await), Code::InvalidArgument);
    let unknown = WorkflowExecutionSpec { workflow_id: "wfl-x".to_owned(), ..Default::default() };
    assert_eq!(code(executions.create(WorkflowExecution { spec: Some(unknown), ..Default::default() }).await), Code::NotFound);
    let mut contexts = ExecutionContextQueryControllerClient::new(caller);
    assert_eq!(code(contexts.get(ExecutionContextId::default()).await), Code::Unimplemented);
    assert!(plane.wait("wex-x").await.is_err());
    assert!(plane.changes("wex-x").is_err());
}

#[tokio::test]
async fn scripted_agents_are_found_from_every_organization() {
    let (_plane, caller) = plane().await;
    let mut agents = AgentQueryControllerClient::new(caller);
    let reference = |slug: &str, kind: ApiResourceKind| ApiResourceReference {
        org: "acme".to_owned(),
        slug: slug.to_owned(),
        kind: kind.into(),
        ..Default::default()
    };
    let agent = agents.get_by_reference(reference("reviewer", ApiResourceKind::Agent)).await.unwrap().into_inner();
    assert!(agent.id().starts_with("agt-"));
    assert_eq!(code(agents.get_by_reference(reference("nobody", ApiResourceKind::Agent)).await), Code::NotFound);
    assert_eq!(code(agents.get_by_reference(reference("reviewer", ApiResourceKind::Workflow)).await), Code::InvalidArgument);
    assert_eq!(code(agents.get_by_reference(reference("", ApiResourceKind::Agent)).await), Code::InvalidArgument);
}

#[tokio::test]
async fn agent_executions_are_listed_by_tag_until_they_are_deleted() {
    let (plane, caller) = plane().await;
    let agent = plane.store().agents.by_reference("reviewer", "").unwrap();
    let mut command = AgentExecutionCommandControllerClient::new(caller.clone());
    let mut query = AgentExecutionQueryControllerClient::new(caller);
    let execution = |tag: &str| AgentExecution {
        metadata: Some(ApiResourceMetadata { name: "same".to_owned(), tags: vec![tag.to_owned()], ..Default::default() }),
        spec: Some(AgentExecutionSpec { agent_id: agent.id().to_owned(), message: "hello".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let created = command.create(execution("a")).await.unwrap().into_inner();
    assert_eq!(created.status.as_ref().map(|status| status.phase), Some(1));
    assert!(created.spec.as_ref().is_some_and(|spec| spec.session_id.starts_with("ses-")));
    command.create(execution("b")).await.unwrap();
    let list = ListAgentExecutionsRequest { tags: vec!["a".to_owned()], page_size: 10, ..Default::default() };
    assert_eq!(query.list(list.clone()).await.unwrap().into_inner().entries, std::slice::from_ref(&created));
    command.delete(ApiResourceId { value: created.id().to_owned() }).await.unwrap();
    assert!(query.list(list).await.unwrap().into_inner().entries.is_empty());
    assert_eq!(code(query.get(AgentExecutionId { value: created.id().to_owned() }).await), Code::NotFound);
    let silent = AgentExecution { spec: Some(AgentExecutionSpec::default()), ..Default::default() };
    assert_eq!(code(command.create(silent).await), Code::InvalidArgument);
}

#[tokio::test]
async fn a_shutdown_ends_open_streams() {
    let (plane, caller) = plane().await;
    let workflow = plane.apply_definition(DEFINITION).unwrap();
    let id = plane.execute(workflow.id(), "go", BTreeMap::new(), BTreeMap::new()).await.unwrap();
    let mut query = WorkflowExecutionQueryControllerClient::new(caller);
    let mut updates = query.subscribe(SubscribeWorkflowExecutionRequest { execution_id: id }).await.unwrap().into_inner();
    assert!(updates.next().await.unwrap().is_ok());
    plane.shutdown().await;
    assert!(updates.next().await.is_none());
}
