use super::*;
use crate::stigmer::{
    ar::ApiResourceMetadata,
    wfx::{ExecutionPhase, WorkflowTask},
};

fn named(name: &str, org: &str) -> ApiResourceMetadata {
    ApiResourceMetadata { name: name.to_owned(), org: org.to_owned(), ..Default::default() }
}

fn execution(name: &str, tag: &str) -> WorkflowExecution {
    let metadata = ApiResourceMetadata { tags: vec![tag.to_owned()], ..named(name, "acme") };
    WorkflowExecution { metadata: Some(metadata), ..Default::default() }
}

fn task(name: &str) -> WorkflowTask {
    WorkflowTask { task_name: name.to_owned(), ..Default::default() }
}

#[test]
fn a_new_resource_gets_its_id_slug_and_kind() {
    let store = Store::default();
    let workflow = store.workflows.insert(Workflow { metadata: Some(named("Order Pet", "acme")), ..Default::default() }).unwrap();
    assert!(workflow.id().starts_with("wfl-"));
    assert_eq!((workflow.slug(), &*workflow.kind, &*workflow.api_version), ("order-pet", "Workflow", "agentic.stigmer.ai/v1"));
    assert_eq!(store.workflows.get(workflow.id()).unwrap(), workflow);
    assert!(matches!(store.workflows.get("wfl-x"), Err(StoreError::NotFound { kind: "Workflow", .. })));
}

#[test]
fn slugs_are_unique_within_an_organization() {
    let store = Store::default();
    let workflow = |org| Workflow { metadata: Some(named("pets", org)), ..Default::default() };
    let first = store.workflows.insert(workflow("acme")).unwrap();
    assert!(matches!(store.workflows.insert(workflow("acme")), Err(StoreError::AlreadyExists { .. })));
    let second = store.workflows.insert(workflow("zoo")).unwrap();
    assert_eq!(store.workflows.by_reference("pets", "zoo").unwrap().id(), second.id());
    assert_eq!(store.workflows.by_reference("pets", "").unwrap().id(), first.id());
    assert!(store.workflows.by_reference("pets", "moon").is_err());
    // Executions may share a name.
    store.workflow_executions.insert(execution("run", "a")).unwrap();
    store.workflow_executions.insert(execution("run", "a")).unwrap();
}

#[test]
fn a_report_replaces_what_it_has_and_clears_nothing() {
    let store = Store::default();
    let id = store.workflow_executions.insert(execution("run", "a")).unwrap().id().to_owned();
    let report = WorkflowExecutionStatus {
        phase: ExecutionPhase::ExecutionInProgress as i32,
        tasks: vec![task("a"), task("b")],
        started_at: "then".to_owned(),
        callback_token: b"token".to_vec(),
        ..Default::default()
    };
    store.update_workflow_execution(&id, report).unwrap();
    let after = store.update_workflow_execution(&id, WorkflowExecutionStatus { tasks: vec![task("c")], ..Default::default() }).unwrap();
    let status = after.status.unwrap();
    assert_eq!(status.tasks, [task("c")]);
    assert_eq!((status.phase(), &*status.started_at), (ExecutionPhase::ExecutionInProgress, "then"));
    // An empty report changes nothing, and a phase may go backwards.
    let after = store.update_workflow_execution(&id, WorkflowExecutionStatus::default()).unwrap();
    assert_eq!(after.status.unwrap(), status);
    let back = WorkflowExecutionStatus { phase: ExecutionPhase::ExecutionPending as i32, error: "why".to_owned(), ..Default::default() };
    let status = store.update_workflow_execution(&id, back).unwrap().status.unwrap();
    assert_eq!((status.phase(), &*status.error, &*status.callback_token), (ExecutionPhase::ExecutionPending, "why", &b"token"[..]));
    assert!(matches!(store.update_workflow_execution("", WorkflowExecutionStatus::default()), Err(StoreError::Invalid(_))));
}

#[test]
fn lists_come_in_pages() {
    let store = Store::default();
    for name in ["a", "b", "c", "d", "e"] {
        store.workflow_executions.insert(execution(name, if name == "d" { "odd" } else { "even" })).unwrap();
    }
    let names = |size, token: &str| {
        let listing = store.workflow_executions.list(Page::of(size, token).unwrap(), |row| row.has_tags(&["even".to_owned()]));
        (listing.entries.iter().map(|row| row.slug().to_owned()).collect::<String>(), listing.total_pages)
    };
    assert_eq!(names(3, ""), ("abc".to_owned(), 2));
    assert_eq!(names(3, "2"), ("e".to_owned(), 2));
    assert_eq!(names(3, "3"), (String::new(), 2));
    assert_eq!(names(0, "1"), ("abce".to_owned(), 1));
    assert!(Page::of(3, "next").is_err());
}

#[tokio::test]
async fn a_watcher_sees_the_change_and_the_removal() {
    let store = Store::default();
    let id = store.agent_executions.insert(AgentExecution::default()).unwrap().id().to_owned();
    let mut rows = store.agent_executions.subscribe(&id).unwrap();
    assert!(!rows.borrow_and_update().is_terminal());
    let done = AgentExecutionStatus { phase: 3, ..Default::default() };
    store.update_agent_execution(&id, done).unwrap();
    rows.changed().await.unwrap();
    assert!(rows.borrow_and_update().is_terminal());
    store.agent_executions.remove(&id).unwrap();
    assert!(rows.changed().await.is_err());
}
