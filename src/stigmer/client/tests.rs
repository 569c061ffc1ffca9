use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Code, Response};

use super::*;
use crate::stigmer::agx::agent_execution_command_controller_server::{
    AgentExecutionCommandController, AgentExecutionCommandControllerServer,
};
use crate::stigmer::wf::workflow_query_controller_server::{WorkflowQueryController, WorkflowQueryControllerServer};

const KEY: &str = "sk-very-private";

/// A platform with one workflow, which writes down the headers it saw.
#[derive(Clone, Default)]
struct Platform {
    seen: Arc<Mutex<Vec<String>>>,
}

impl Platform {
    fn note<T>(&self, request: &Request<T>) {
        let header = request.metadata().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        self.seen.lock().unwrap().push(header.to_owned());
    }
}

#[tonic::async_trait]
impl WorkflowQueryController for Platform {
    async fn get(&self, request: Request<wf::WorkflowId>) -> Result<Response<wf::Workflow>, Status> {
        self.note(&request);
        match request.get_ref().value.as_str() {
            "wfl-1" => Ok(Response::new(wf::Workflow { kind: "Workflow".into(), ..Default::default() })),
            "wfl-hang" => std::future::pending().await,
            "wfl-leak" => Err(Status::internal(format!("seen Bearer {KEY} in {}", "x".repeat(5_000)))),
            other => Err(Status::not_found(format!("workflow {other} not found"))),
        }
    }

    async fn get_by_reference(&self, request: Request<ar::ApiResourceReference>) -> Result<Response<wf::Workflow>, Status> {
        self.note(&request);
        let reference = request.into_inner();
        let metadata = ar::ApiResourceMetadata { org: reference.org, slug: reference.slug, ..Default::default() };
        Ok(Response::new(wf::Workflow { metadata: Some(metadata), ..Default::default() }))
    }
}

#[tonic::async_trait]
impl AgentExecutionCommandController for Platform {
    async fn create(&self, request: Request<agx::AgentExecution>) -> Result<Response<agx::AgentExecution>, Status> {
        self.note(&request);
        let spec = request.into_inner().spec.unwrap_or_default();
        let token = BASE64_STANDARD.encode(&spec.callback_token);
        Err(Status::invalid_argument(format!("cannot use {token} with {}", spec.runtime_env["KEY"].value)))
    }

    async fn update(&self, _: Request<agx::AgentExecution>) -> Result<Response<agx::AgentExecution>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn update_status(&self, _: Request<agx::AgentExecutionUpdateStatusInput>) -> Result<Response<agx::AgentExecution>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn delete(&self, _: Request<ar::ApiResourceId>) -> Result<Response<agx::AgentExecution>, Status> {
        Err(Status::unimplemented(""))
    }
}

fn settings(endpoint: &str) -> Settings {
    Settings {
        endpoint: endpoint.to_owned(),
        tls: false,
        api_key: SecretString::from(KEY),
        certificates: Certificates::default(),
        deadline: DEADLINE,
    }
}

async fn start() -> (Platform, String) {
    let platform = Platform::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = Server::builder()
        .add_service(WorkflowQueryControllerServer::new(platform.clone()))
        .add_service(AgentExecutionCommandControllerServer::new(platform.clone()));
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    (platform, address)
}

#[tokio::test]
async fn every_call_is_authorised_and_answers_by_code() {
    let (platform, address) = start().await;
    let stigmer = Stigmer::new(&settings(&address)).unwrap();

    assert_eq!(stigmer.get_workflow("wfl-1").await.unwrap().kind, "Workflow");
    let found = stigmer.workflow_by_reference("acme", "report").await.unwrap().metadata.unwrap();
    assert_eq!((found.org.as_str(), found.slug.as_str()), ("acme", "report"));

    let missing = stigmer.get_workflow("wfl-2").await.unwrap_err();
    assert!(missing.is_not_found() && !missing.is_retryable());
    assert_eq!(missing.to_string(), "WorkflowQueryController/get: NotFound: workflow wfl-2 not found");

    let unimplemented = stigmer.get_instance("win-1").await.unwrap_err();
    assert_eq!((unimplemented.code, unimplemented.is_retryable()), (Code::Unimplemented, false));

    assert_eq!(*platform.seen.lock().unwrap(), vec![format!("Bearer {KEY}"); 3]);
}

#[tokio::test]
async fn a_renewed_key_is_sent_from_then_on_and_a_useless_one_changes_nothing() {
    let (platform, address) = start().await;
    let stigmer = Stigmer::new(&settings(&address)).unwrap();
    let clone = stigmer.clone();
    clone.get_workflow("wfl-1").await.unwrap();
    stigmer.renew(&Settings { api_key: SecretString::from("sk-2\n"), ..settings(&address) }).unwrap();
    clone.get_workflow("wfl-1").await.unwrap();
    assert!(stigmer.renew(&Settings { api_key: SecretString::from(""), ..settings(&address) }).is_err());
    let certificates = Certificates { client: Some((b"no".to_vec(), b"no".to_vec())), ..Certificates::default() };
    let refused = stigmer.renew(&Settings { tls: true, certificates, ..settings(&address) }).unwrap_err();
    assert!(refused.to_string().starts_with("certificates: "), "{refused}");
    clone.get_workflow("wfl-1").await.unwrap();
    assert_eq!(*platform.seen.lock().unwrap(), [format!("Bearer {KEY}"), "Bearer sk-2".to_owned(), "Bearer sk-2".to_owned()]);
}

#[tokio::test]
async fn a_server_that_does_not_answer_runs_into_the_deadline() {
    let (_, address) = start().await;
    let stigmer = Stigmer::new(&Settings { deadline: Duration::from_millis(50), ..settings(&address) }).unwrap();
    let error = stigmer.get_workflow("wfl-hang").await.unwrap_err();
    assert_eq!((error.code, error.is_retryable()), (Code::DeadlineExceeded, true));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_worth_another_try() {
    // Bound and dropped: nobody listens on it now.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let error = Stigmer::new(&settings(&address)).unwrap().get_workflow("wfl-1").await.unwrap_err();
    assert_eq!((error.code, error.is_retryable()), (Code::Unavailable, true));
    assert!(error.message.contains("refused"), "{error}");
}

#[tokio::test]
async fn nothing_secret_in_errors_or_debug_output() {
    let (_, address) = start().await;
    let settings = settings(&address);
    let stigmer = Stigmer::new(&settings).unwrap();
    let leak = stigmer.get_workflow("wfl-leak").await.unwrap_err();
    assert!(leak.message.starts_with("seen Bearer [redacted] in xxx") && leak.message.chars().count() <= 1_000);

    let value = exc::ExecutionValue { value: "hunter2".into(), is_secret: true };
    let spec = agx::AgentExecutionSpec {
        callback_token: b"a task token".to_vec(),
        runtime_env: BTreeMap::from([("KEY".to_owned(), value)]),
        ..Default::default()
    };
    let execution = agx::AgentExecution { spec: Some(spec), ..Default::default() };
    let shown = format!("{execution:?}");
    assert!(shown.contains("callback_token: <12 bytes>") && shown.contains(r#"runtime_env: {"KEY"}"#), "{shown}");
    let refused = stigmer.create_agent_execution(execution).await.unwrap_err();
    assert_eq!(refused.message, "cannot use [redacted] with [redacted]");

    for text in [format!("{settings:?}"), format!("{stigmer:?}"), format!("{leak:?}"), shown] {
        assert!(!text.contains(KEY) && !text.contains("hunter2") && !text.contains("task token"), "{text}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |settings: &Settings| Stigmer::new(settings).unwrap_err().to_string();
    assert!(refused(&Settings { api_key: SecretString::from(" \n"), ..settings("localhost:1") }).contains("empty"));
    assert!(!refused(&Settings { api_key: SecretString::from("a\u{7f}b"), ..settings("localhost:1") }).contains("a\u{7f}b"));
    assert!(refused(&settings("https://localhost:1")).contains("TLS is off"));
    assert!(refused(&settings("not an address")).contains("host:port"));
    assert!(Stigmer::new(&settings("http://localhost:1")).is_ok());
    assert!(Stigmer::new(&Settings { tls: true, ..settings("api.example.com:443") }).is_ok());
}
