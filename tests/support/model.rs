//! A server on loopback that speaks the chat-completions API, and remembers what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// What the model does with one question.
#[derive(Clone, Debug)]
pub enum Say {
    /// Streams this text word by word, with what it cost: 7 tokens in, 3 out.
    Answer(String),
    /// Begins with this text, and never ends.
    Hold(String),
    /// Refuses with this status, headers, and words.
    Refuse(u16, Vec<(&'static str, String)>, String),
}

/// One question, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub authorization: String,
    pub body: Value,
}

/// A running server; ends when it is dropped.
pub struct Model {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Answers that nobody waits for any more.
    left: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Model {
    /// `say` gets the question's last message and how many questions came until now, this one included.
    pub async fn start(say: impl Fn(&str, usize) -> Say + Clone + Send + Sync + 'static) -> Self {
        let (asked, left): (Arc<Mutex<Vec<Asked>>>, Arc<AtomicUsize>) = Default::default();
        let (notes, gone) = (asked.clone(), left.clone());
        let handler = move |request: Request| {
            let (notes, gone, say) = (notes.clone(), gone.clone(), say.clone());
            async move {
                let (head, body) = request.into_parts();
                let authorization = head.headers.get("authorization").map(|value| value.to_str().expect("text").to_owned());
                let body: Value = serde_json::from_slice(&to_bytes(body, usize::MAX).await.expect("a body")).expect("JSON");
                let message = body["messages"].as_array().and_then(|messages| messages.last()).expect("a message")["content"].clone();
                let count = {
                    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
                    notes.push(Asked { authorization: authorization.unwrap_or_default(), body });
                    notes.len()
                };
                respond(say(message.as_str().expect("text"), count), gone)
            }
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/v1/chat/completions", axum::routing::post(handler));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { address, asked, left, task }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// An agent of this name that it plays, without a key.
    pub fn agent(&self, name: &str) -> String {
        format!("name: {name}\nkind: openai\nmodel: small\nbase_url: {}\n", self.base_url())
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many answers were closed by the other side before their end.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn respond(say: Say, left: Arc<AtomicUsize>) -> Response {
    match say {
        Say::Answer(text) => {
            let end = [
                json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
                json!({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}),
            ];
            let events = words(&text).into_iter().chain(end).map(|event| event_of(&event)).chain(["data: [DONE]\n\n".to_owned()]);
            events_of(stream::iter(events.collect::<Vec<_>>()).boxed())
        }
        Say::Hold(text) => {
            let guard = Left(left);
            let begun = stream::iter(words(&text).iter().map(event_of).collect::<Vec<_>>());
            let never = stream::once(async move {
                let _guard = guard;
                std::future::pending::<String>().await
            });
            events_of(begun.chain(never).boxed())
        }
        Say::Refuse(status, headers, words) => {
            let mut response = Response::builder().status(status).header("content-type", "application/json");
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(json!({"error": {"message": words}}).to_string())).expect("a response")
        }
    }
}

fn words(text: &str) -> Vec<Value> {
    text.split_inclusive(' ').map(|word| json!({"model": "small-1", "choices": [{"index": 0, "delta": {"content": word}}]})).collect()
}

fn event_of(event: &Value) -> String {
    format!(": keep-alive\n\ndata: {event}\n\n")
}

fn events_of(events: stream::BoxStream<'static, String>) -> Response {
    let body = Body::from_stream(events.map(Ok::<_, Infallible>));
    Response::builder().header("content-type", "text/event-stream").body(body).expect("a response")
}

/// Counts when the answer that holds it is dropped.
struct Left(Arc<AtomicUsize>);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
