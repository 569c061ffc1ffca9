//! The tree of spans that a collector gets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use serde_json::json;
use temporalio_client::{UntypedWorkflow, WorkflowStartOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Header;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use workflow_runner::activities::payload::json_of;

use crate::support::by_hand::{ASK, SILENT, call_back, the_one};
use crate::support::direct::{QUEUE, WORKFLOW_TYPE, completed, start};
use crate::support::web::{Reply, Web};
use crate::support::worker::WorkerProcess;
use crate::support::{Stage, child_id, document};
use crate::{WAITS, say_go};

/// A span, as far as the tests look at it.
#[derive(Clone, Debug)]
struct Span {
    service: String,
    name: String,
    trace: String,
    id: String,
    /// Empty for a root.
    parent: String,
    error: String,
    attributes: BTreeMap<String, String>,
}

/// A collector on loopback.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(value: Option<Any>) -> String {
    match value {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        Some(Any::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut seen = self.0.lock().expect("no panic");
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
            let service = attributes.into_iter().find(|attribute| attribute.key == "service.name");
            let service = text(service.and_then(|attribute| attribute.value?.value));
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                assert!(span.end_time_unix_nano >= span.start_time_unix_nano && span.start_time_unix_nano > 0, "{span:?}");
                seen.push(Span {
                    service: service.clone(),
                    name: span.name,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    error: span.status.map(|status| status.message).unwrap_or_default(),
                    attributes: span.attributes.into_iter().map(|a| (a.key, text(a.value.and_then(|v| v.value)))).collect(),
                });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(collector.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        (collector, endpoint)
    }

    fn spans(&self) -> Vec<Span> {
        self.0.lock().expect("no panic").clone()
    }

    /// The one span of this name in the trace; panics when there are several.
    fn one(&self, trace: &str, name: &str) -> Span {
        let spans: Vec<Span> = self.spans().into_iter().filter(|span| span.trace == trace && span.name == name).collect();
        assert_eq!(spans.len(), 1, "{name}: {:#?}", self.spans());
        spans[0].clone()
    }
}

/// In which Temporal's SDKs carry traces.
const HEADER: &str = "_tracer-data";
const SECRET: &str = "s3cr3t-value";

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_one_trace() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let web =
        Web::start(|seen, _| if seen.path.starts_with("/missing") { Reply::status(404) } else { Reply::json(&json!({"ok": true})) }).await;
    let (collector, endpoint) = Collector::start().await;
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_SERVICE_NAME", "runner-under-test"),
        ("WORKFLOW_RUNNER_SECRET_KEY", SECRET),
    ];
    let mut worker = stage.worker(&settings).await;
    let tasks = format!(
        "  - get:\n      call: http\n      with:\n        method: post\n        endpoint: '{}'\n        headers: {{x-key: '${{ $secrets.KEY }}'}}\n        body: {{private: 'payload-text'}}\n  - missing:\n      try: [{{miss: {{call: http, with: {{method: get, endpoint: '{}'}}}}}}]\n      catch: {{do: [{{on: {{set: {{caught: true}}}}}}]}}\n{ASK}",
        web.url("/pets?query=hidden"),
        web.url("/missing"),
    );
    let yaml = document(&tasks).replace("do:\n  - get", "use: {secrets: [KEY]}\ndo:\n  - get");
    let id = stage.execute(&yaml, &json!({})).await;
    let agent = the_one(&stage).await;
    call_back(&stage.client, &agent, &json!("fine")).await.expect("the step waits");
    assert_eq!(stage.output(&id).await["answer"], json!("fine"));
    // At its end it exports what is left.
    worker.signal("TERM");
    assert_eq!(worker.exit().await.code(), Some(0));

    let spans = collector.spans();
    let execute = spans.iter().find(|span| span.name == "ExecuteWorkflow").expect("the caller's activity").clone();
    let trace = execute.trace.clone();
    assert_eq!((execute.parent.as_str(), execute.service.as_str()), ("", "runner-under-test"));
    assert_eq!(execute.attributes["temporal.pending"], "true");
    let run = collector.one(&trace, "ExecuteServerlessWorkflow");
    assert_eq!((run.parent.as_str(), run.error.as_str()), (execute.id.as_str(), ""));
    assert_eq!(run.attributes["temporalWorkflowID"], child_id(&id));

    let calls: Vec<&Span> = spans.iter().filter(|span| span.trace == trace && span.name == "CallHTTPActivity").collect();
    assert_eq!(calls.len(), 2, "{spans:#?}");
    for (call, status, activity) in [(calls[0], "200", "/do/0/get"), (calls[1], "404", "/do/1/missing/try/0/miss")] {
        assert_eq!(call.parent, run.id);
        assert_eq!(call.attributes["http.response.status_code"], status);
        assert_eq!((call.attributes["temporalActivityID"].as_str(), call.attributes["server.address"].as_str()), (activity, "127.0.0.1"));
    }
    assert_eq!((calls[0].attributes["http.request.method"].as_str(), calls[0].error.as_str()), ("POST", ""));
    assert_eq!(calls[1].error, "communication", "a type, and no text");
    for (call, path) in calls.iter().zip(["/pets", "/missing"]) {
        let sent = &web.seen_at(path)[0];
        assert_eq!(sent.headers["traceparent"], format!("00-{trace}-{}-01", call.id), "the callee goes on with the trace");
    }
    let step = collector.one(&trace, "agent");
    assert_eq!(step.parent, run.id);
    let attempt = collector.one(&trace, "CallAgentActivity");
    assert_eq!((attempt.parent, attempt.attributes["temporal.pending"].as_str()), (step.id, "true"));
    assert_eq!(collector.one(&trace, "stigmer/system/complete-external-activity").parent, run.id);
    assert_eq!(spans.iter().filter(|span| span.name == "WatchCaller").count(), 0);

    let shown = format!("{spans:?}");
    for hidden in [SECRET, "payload-text", "hidden", "fine", "CiRh", "eyJ"] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
    stage.stop().await;
}

/// Another worker replays the run from its beginning; its span is given once.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_gives_no_span_twice() {
    let stage = Stage::start().await;
    let web = Web::start(|_, _| Reply::json(&json!("done"))).await;
    let (collector, endpoint) = Collector::start().await;
    let settings = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str())];
    let mut first = WorkerProcess::start(&stage.server.address(), None, &settings).await;
    let call = format!("  - call: {{call: http, with: {{method: get, endpoint: '{}'}}}}\n", web.url("/one"));
    start(&stage.client, "moved", &document(&format!("{call}{WAITS}")), &json!({})).await;
    crate::support::wait::until("the call's span", || async {
        collector.spans().iter().any(|span| span.name == "CallHTTPActivity").then_some(())
    })
    .await;
    first.kill();
    let mut second = WorkerProcess::start(&stage.server.address(), None, &settings).await;
    say_go(&stage, "moved", &json!("on")).await;
    assert_eq!(completed(&stage.client, "moved").await.0, json!({"said": "on"}));
    second.signal("TERM");
    second.exit().await;
    let spans = collector.spans();
    let run: Vec<&Span> = spans.iter().filter(|span| span.name == "ExecuteServerlessWorkflow").collect();
    let calls: Vec<&Span> = spans.iter().filter(|span| span.name == "CallHTTPActivity").collect();
    assert_eq!((run.len(), calls.len()), (1, 1), "{spans:#?}");
    assert_eq!((run[0].parent.as_str(), &calls[0].trace, &calls[0].parent), ("", &run[0].trace, &run[0].id));
    stage.stop().await;
}

/// Starts a run as a caller does that has a trace of its own.
async fn start_within(stage: &Stage, id: &str, traceparent: &str, yaml: &str) {
    let header = (HEADER.to_owned(), json_of(&json!({"traceparent": traceparent})));
    let options = WorkflowStartOptions::new(QUEUE, id).header(Header { fields: [header].into() }).build();
    let input = RawValue::new(vec![json_of(&json!({"workflow_yaml": yaml, "initial_data": {}}))]);
    stage.client.start_workflow(UntypedWorkflow::new(WORKFLOW_TYPE), input, options).await.expect("the run starts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_trace_goes_on_and_its_choice_holds() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const OTHER: &str = "5bf92f3577b34da6a3ce929d0e0e4736";
    let stage = Stage::start().await;
    let web = Web::start(|_, _| Reply::json(&json!("done"))).await;
    let (collector, endpoint) = Collector::start().await;
    let mut worker = WorkerProcess::start(&stage.server.address(), None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await;
    let call = |path: &str| document(&format!("  - call: {{call: http, with: {{method: get, endpoint: '{}'}}}}\n", web.url(path)));
    start_within(&stage, "recorded", &format!("00-{TRACE}-00f067aa0ba902b7-01"), &call("/recorded")).await;
    start_within(&stage, "not-recorded", &format!("00-{OTHER}-00f067aa0ba902b7-00"), &call("/not-recorded")).await;
    start_within(&stage, "nonsense", "nonsense", &call("/nonsense")).await;
    for id in ["recorded", "not-recorded", "nonsense"] {
        assert_eq!(completed(&stage.client, id).await.0, json!("done"));
    }
    worker.signal("TERM");
    worker.exit().await;
    let run = collector.one(TRACE, "ExecuteServerlessWorkflow");
    assert_eq!(run.parent, "00f067aa0ba902b7");
    assert_eq!(collector.one(TRACE, "CallHTTPActivity").parent, run.id);
    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.trace != OTHER), "{spans:#?}");
    let sent = &web.seen_at("/not-recorded")[0].headers["traceparent"];
    assert!(sent.starts_with(&format!("00-{OTHER}-")) && sent.ends_with("-00"), "the callee learns of it all the same: {sent}");
    assert_eq!(spans.iter().filter(|span| span.name == "ExecuteServerlessWorkflow").count(), 2, "what cannot be read is no trace");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_told_once_and_stops_nothing() {
    let stage = Stage::start().await;
    let endpoint = format!("http://127.0.0.1:{}", crate::support::worker::free_port());
    let mut worker = WorkerProcess::start(&stage.server.address(), None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await;
    for id in ["a", "b"] {
        start(&stage.client, id, &document("  - one: {set: {x: 1}}\n"), &json!({})).await;
        assert_eq!(completed(&stage.client, id).await.0, json!({"x": 1}));
    }
    crate::support::wait::until("the worker to say so", || async {
        worker.log().contains("spans cannot be sent to the collector").then_some(())
    })
    .await;
    worker.signal("TERM");
    assert_eq!(worker.exit().await.code(), Some(0));
    assert_eq!(worker.log().matches("spans cannot be sent").count(), 1);
    stage.stop().await;
}
