//! Every host that a definition may name, on loopback: the two public ones of the kit, those of the specification's examples, and
//! `services.test` of our own scenarios. The effect's resolver sends each of them here; the `Host` header says who is meant.

mod petstore;
mod services;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// A request as far as the hosts look at it.
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// How often this path was asked for, this time included.
    pub count: usize,
}

pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    delay: Duration,
}

impl Answer {
    pub fn json(body: &Value) -> Self {
        Self::typed("application/json", body.to_string())
    }

    pub fn typed(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: vec![("content-type", content_type.to_owned())], body: body.into(), delay: Duration::ZERO }
    }

    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub fn not_found() -> Self {
        Self::json(&json!({"code": 1, "type": "error", "message": "not found"})).status(404)
    }
}

/// Listens until the process ends. Counts start anew for each server.
pub async fn start() -> SocketAddr {
    let counts: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let handler = move |request: Request| {
        let counts = counts.clone();
        async move { respond(request, &counts).await }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    address
}

async fn respond(request: Request, counts: &Mutex<BTreeMap<String, usize>>) -> Response {
    let (head, body) = request.into_parts();
    let headers: BTreeMap<String, String> =
        head.headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect();
    let host = headers.get("host").map(|host| host.split(':').next().unwrap_or_default().to_owned()).unwrap_or_default();
    let path = head.uri.path().to_owned();
    let count = {
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(format!("{host}{path}")).or_default();
        *count += 1;
        *count
    };
    let body = String::from_utf8_lossy(&to_bytes(body, usize::MAX).await.unwrap_or_default()).into_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let asked = Asked { method: head.method.to_string(), path, query, headers, body, count };
    let answer = answer(&host, &asked);
    tokio::time::sleep(answer.delay).await;
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("a response")
}

fn answer(host: &str, asked: &Asked) -> Answer {
    let segments: Vec<&str> = asked.path.split('/').skip(1).collect();
    match (host, segments.as_slice()) {
        ("petstore.swagger.io", path) => petstore::answer(path, asked),
        ("httpbin.org", ["basic-auth", user, password]) => basic(asked, user, password),
        ("services.test", path) => services::answer(path, asked),
        ("swapi.dev", ["api", "people", id]) if !id.is_empty() => {
            Answer::json(&json!({"name": "somebody", "homeworld": "https://swapi.dev/api/planets/1/"}))
        }
        ("swapi.dev", ["api", "planets", ..]) => Answer::json(&json!({"name": "some planet"})),
        ("swapi.dev", _) => Answer::json(&json!({"count": 1, "query": asked.query})),
        ("external-service.example.com", _) => Answer::json(&json!({})).status(503),
        (host, _) => Answer::json(&json!({"host": host, "method": asked.method, "path": asked.path})),
    }
}

/// RFC 7617.
pub fn basic(asked: &Asked, user: &str, password: &str) -> Answer {
    let wanted = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
    match asked.headers.get("authorization") {
        Some(given) if *given == wanted => Answer::json(&json!({"authenticated": true, "user": user})),
        _ => Answer::json(&json!({})).status(401).header("www-authenticate", "Basic realm=\"tests\""),
    }
}
