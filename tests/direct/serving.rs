//! Who is let in, health, reflection, and a certificate that is renewed.

use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};
use workflow_runner::stigmer::wfr::WorkflowExecuteInput;
use workflow_runner::stigmer::wfr::workflow_runner_service_controller_client::WorkflowRunnerServiceControllerClient;

use crate::client::{Bearer, Direct, TOKEN, borrowed, certificate, refused};
use crate::support::WorkerProcess;
use crate::support::wait::until;

const SERVICE: &str = "ai.stigmer.agentic.workflowrunner.v1.WorkflowRunnerServiceController";

/// Without Temporal: the listener is the same in both modes.
async fn serving(direct: &Direct) -> WorkerProcess {
    WorkerProcess::start("127.0.0.1:1", None, &borrowed(&direct.settings("grpc"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_for_everybody_and_the_rest_for_those_with_the_token() {
    let direct = Direct::new();
    let worker = serving(&direct).await;
    let channel = direct.channel().await;
    for service in ["", SERVICE] {
        until("the service to be healthy", || async {
            let request = HealthCheckRequest { service: service.to_owned() };
            let answer = HealthClient::new(channel.clone()).check(request).await.expect("an answer").into_inner();
            (answer.status() == ServingStatus::Serving).then_some(())
        })
        .await;
    }
    let input = || WorkflowExecuteInput { workflow_execution_id: "e".to_owned(), ..Default::default() };
    let without = WorkflowRunnerServiceControllerClient::new(channel.clone()).execute_async(input()).await;
    refused(without, Code::Unauthenticated, "`authorization` is required");
    let wrong = WorkflowRunnerServiceControllerClient::with_interceptor(channel.clone(), Bearer::new("wrong")).execute_async(input()).await;
    refused(wrong, Code::Unauthenticated, "not valid");
    let plain = Endpoint::from_shared(format!("http://127.0.0.1:{}", direct.port)).expect("an address").connect_lazy();
    assert!(HealthClient::new(plain).check(HealthCheckRequest::default()).await.is_err(), "no plaintext where TLS is");
    assert!(!worker.log().contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_reflection_list_the_services_and_describe_them() {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;

    let direct = Direct::new();
    let _worker = serving(&direct).await;
    let channel = direct.channel().await;
    let mut names = Vec::new();

    let request = |message| v1::ServerReflectionRequest { host: String::new(), message_request: Some(message) };
    let mut client = v1::server_reflection_client::ServerReflectionClient::with_interceptor(channel.clone(), Bearer::new(TOKEN));
    let asked = [MessageRequest::ListServices(String::new()), MessageRequest::FileContainingSymbol(SERVICE.to_owned())].map(request);
    let mut answers = client.server_reflection_info(tokio_stream::iter(asked)).await.expect("answers").into_inner();
    match answers.message().await.expect("an answer").and_then(|answer| answer.message_response) {
        Some(MessageResponse::ListServicesResponse(list)) => names.extend(list.service.into_iter().map(|service| service.name)),
        other => panic!("{other:?}"),
    }
    match answers.message().await.expect("an answer").and_then(|answer| answer.message_response) {
        Some(MessageResponse::FileDescriptorResponse(files)) => assert!(!files.file_descriptor_proto.is_empty()),
        other => panic!("{other:?}"),
    }
    names.sort();
    assert_eq!(names, [SERVICE, "grpc.health.v1.Health"]);

    let list = v1alpha::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1alpha::ServerReflectionRequest { host: String::new(), message_request: Some(list) };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::with_interceptor(channel.clone(), Bearer::new(TOKEN));
    let mut answers = client.server_reflection_info(tokio_stream::iter([request.clone()])).await.expect("answers").into_inner();
    assert!(answers.message().await.expect("an answer").is_some());
    let mut stranger = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    refused(stranger.server_reflection_info(tokio_stream::iter([request])).await.map(|_| ()), Code::Unauthenticated, "required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let direct = Direct::new();
    let worker = serving(&direct).await;
    direct.channel().await;
    let (pem, key) = certificate();
    assert!(direct.channel_trusting(&pem).await.is_err(), "not yet");
    std::fs::write(&direct.key, key).expect("written");
    std::fs::write(&direct.cert, format!("{pem}\n")).expect("written");
    until("the new certificate", || async { direct.channel_trusting(&pem).await.ok() }).await;
    assert!(worker.log().contains("is read again"));
}
