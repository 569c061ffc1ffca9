//! A web server on loopback that remembers what it was asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use tokio::task::JoinHandle;

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// What is answered, and when.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    pub delay: Duration,
}

impl Reply {
    pub fn json(body: &serde_json::Value) -> Self {
        Self { status: 200, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string(), delay: Duration::ZERO }
    }

    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), delay: Duration::ZERO }
    }

    /// An answer that no test waits for.
    pub fn never() -> Self {
        Self { delay: Duration::from_hours(1), ..Self::status(200) }
    }
}

/// A running server; ends when it is dropped.
pub struct Web {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Web {
    /// `answer` gets the request and how many of the same path (without its query) came until now, this one included.
    pub async fn start(answer: impl Fn(&Seen, usize) -> Reply + Clone + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = seen.clone();
        let handler = move |request: Request| {
            let (notes, answer) = (notes.clone(), answer.clone());
            async move { respond(request, &notes, &answer).await }
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await.expect("it serves") });
        Self { address, seen, task }
    }

    /// `http://127.0.0.1:…` and the path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those of one path.
    pub fn seen_at(&self, path: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| plain(&seen.path) == path).collect()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn plain(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

async fn respond(request: Request, notes: &Mutex<Vec<Seen>>, answer: &(impl Fn(&Seen, usize) -> Reply + Sync)) -> Response {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let seen = Seen {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&to_bytes(body, usize::MAX).await.expect("a body")).into_owned(),
    };
    let count = {
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(seen.clone());
        notes.iter().filter(|other| plain(&other.path) == plain(&seen.path)).count()
    };
    let reply = answer(&seen, count);
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(reply.body)).expect("a response")
}
