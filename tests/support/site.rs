//! A small web site for documents to call: bodies of any size, and a page that answers only when the test says so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Dropping it closes it.
pub struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    open: watch::Sender<bool>,
    came: AtomicUsize,
    left: AtomicUsize,
}

impl Site {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { open: watch::Sender::new(false), came: AtomicUsize::new(0), left: AtomicUsize::new(0) });
        let pages = Router::new().route("/gate", get(gate)).route("/text/{bytes}", get(text)).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, pages).await.expect("the site serves") });
        Self { address, shared, server }
    }

    /// Answers `{"open": true}` once [`Self::open`] has been called, and waits until then.
    pub fn gate(&self) -> String {
        format!("http://{}/gate", self.address)
    }

    /// A JSON text of so many bytes, its quotes included.
    pub fn text(&self, bytes: usize) -> String {
        format!("http://{}/text/{bytes}", self.address)
    }

    pub fn open(&self) {
        self.shared.open.send_replace(true);
    }

    /// How many have come to the gate.
    pub fn came(&self) -> usize {
        self.shared.came.load(Ordering::SeqCst)
    }

    /// How many have left the gate without an answer.
    pub fn left(&self) -> usize {
        self.shared.left.load(Ordering::SeqCst)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Counts a caller that hangs up.
struct Waiting(Option<Arc<Shared>>);

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.left.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn gate(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    shared.came.fetch_add(1, Ordering::SeqCst);
    let mut waiting = Waiting(Some(Arc::clone(&shared)));
    shared.open.subscribe().wait_for(|open| *open).await.expect("the site is open");
    waiting.0 = None;
    ([(CONTENT_TYPE, "application/json")], r#"{"open": true}"#)
}

async fn text(Path(bytes): Path<usize>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], format!("\"{}\"", "x".repeat(bytes - 2)))
}
