//! An API key for Temporal that stands in a file, and changes while the worker runs.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use serde_json::{Value, json};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codegen::Service as _;
use tonic::service::Routes;
use tonic::transport::{Endpoint, Server};

use crate::at_least;
use crate::support::direct::{completed, start};
use crate::support::wait::until;
use crate::support::worker::WorkerProcess;
use crate::support::{Stage, document};

/// Passes every request on to Temporal, and remembers who sent it.
#[derive(Clone, Default)]
struct Door(Arc<Mutex<Vec<String>>>);

impl Door {
    async fn start(upstream: &str) -> (Self, String) {
        let door = Self::default();
        let notes = door.0.clone();
        let channel = Endpoint::from_shared(format!("http://{upstream}")).expect("an address").connect_lazy();
        let pass = move |request: Request| {
            let (mut channel, notes) = (channel.clone(), notes.clone());
            async move {
                let key = request.headers().get("authorization").map(|value| value.to_str().expect("text").to_owned());
                notes.lock().expect("no panic").push(key.unwrap_or_default());
                std::future::poll_fn(|cx| channel.poll_ready(cx)).await.expect("Temporal is there");
                let response = channel.call(request.map(tonic::body::Body::new)).await.expect("Temporal answers");
                let response: Response<Body> = response.map(Body::new);
                response
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let routes = Routes::from(Router::new().fallback(pass));
        tokio::spawn(Server::builder().add_routes(routes).serve_with_incoming(TcpListenerStream::new(listener)));
        (door, address)
    }

    fn seen(&self, key: &str) -> bool {
        self.0.lock().expect("no panic").iter().any(|seen| seen == key)
    }

    fn forget(&self) {
        self.0.lock().expect("no panic").clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_sent_over_the_same_connection() {
    let stage = Stage::start().await;
    let (door, address) = Door::start(&stage.server.address()).await;
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("key");
    let write = |text: &str| std::fs::write(&file, text).expect("written");
    write("key-1\n");
    let path = file.display().to_string();
    let settings = [
        ("TEMPORAL_TLS", "false"),
        ("WORKFLOW_RUNNER_TEMPORAL__API_KEY_FILE", path.as_str()),
        ("WORKFLOW_RUNNER_WORKER__RELOAD_EVERY", "100ms"),
    ];
    let worker = WorkerProcess::start(&address, None, &settings).await;
    until("the first key", || async { door.seen("Bearer key-1").then_some(()) }).await;
    let reloads = |outcome: &str| format!(r#"workflow_runner_reloads_total{{outcome="{outcome}",what="temporal_api_key"}}"#);

    write("key-2\n");
    at_least(&worker, &reloads("applied"), 1.0).await;
    door.forget();
    start(&stage.client, "run", &document("  - one: {set: {x: 1}}\n"), &Value::Null).await;
    assert_eq!(completed(&stage.client, "run").await.0, json!({"x": 1}));
    until("the second key", || async { door.seen("Bearer key-2").then_some(()) }).await;
    assert!(!door.seen("Bearer key-1") && !door.seen(""), "nothing goes out under the old one");

    write("");
    at_least(&worker, &reloads("refused"), 1.0).await;
    door.forget();
    start(&stage.client, "later", &document("  - one: {set: {x: 1}}\n"), &Value::Null).await;
    assert_eq!(completed(&stage.client, "later").await.0, json!({"x": 1}));
    until("the second key, again", || async { door.seen("Bearer key-2").then_some(()) }).await;
    assert!(!worker.log().contains("key-1") && !worker.log().contains("key-2"));
    drop(worker);
    stage.stop().await;
}
