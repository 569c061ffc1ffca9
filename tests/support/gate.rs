//! A gate in front of a gRPC server (Temporal, or the control plane): everything goes through, except the calls that a test holds. So a test stops a
//! worker at the instant that it names, kills it there, and knows what the server has seen of it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codegen::Service;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint, Server};

use super::wait::until;

/// Where a call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The server has not seen it. When the caller dies now, the server never will.
    Request,
    /// The server has done it. The caller does not know.
    Answer,
}

/// What becomes of a call that is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It goes on when it is let through.
    Wait,
    /// The caller is told that the server is not available.
    Fail,
}

/// Dropping it closes it.
pub struct Gate {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    behind: Channel,
    holds: Mutex<Vec<Arc<Holding>>>,
    seen: Mutex<Vec<Passed>>,
}

/// A call that the server has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// `/package.Service/rpc`.
    pub path: String,
    /// Metadata `authorization`.
    pub authorization: Option<String>,
}

struct Holding {
    rpc: &'static str,
    at: At,
    then: Then,
    open: watch::Sender<bool>,
    came: AtomicUsize,
    inside: AtomicUsize,
}

/// Calls of one rpc that do not get through, until it is released or dropped.
pub struct Hold(Arc<Holding>);

impl Gate {
    /// In front of the server that listens at `address` (`host:port`).
    pub async fn before(address: &str) -> Self {
        let behind = Endpoint::from_shared(format!("http://{address}")).expect("an address").connect_lazy();
        let shared = Arc::new(Shared { behind, holds: Mutex::default(), seen: Mutex::default() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let routes = Routes::from(Router::new().fallback(pass).with_state(Arc::clone(&shared)));
        let serve = Server::builder().add_routes(routes).serve_with_incoming(TcpListenerStream::new(listener));
        let server = tokio::spawn(async move { serve.await.expect("the gate serves") });
        Self { address, shared, server }
    }

    /// What a worker is given instead of the server's own address.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// From now on calls whose path ends so (`Service/rpc`, or `rpc` alone) wait here.
    pub fn hold(&self, rpc: &'static str, at: At) -> Hold {
        self.stop(rpc, at, Then::Wait)
    }

    /// From now on such calls fail with `UNAVAILABLE`: at once, or after the server has done them.
    pub fn refuse(&self, rpc: &'static str, at: At) -> Hold {
        self.stop(rpc, at, Then::Fail)
    }

    fn stop(&self, rpc: &'static str, at: At, then: Then) -> Hold {
        let (came, inside) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let holding = Arc::new(Holding { rpc, at, then, open: watch::Sender::new(false), came, inside });
        self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&holding));
        Hold(holding)
    }

    /// How many calls of this rpc the server has answered.
    pub fn answered(&self, rpc: &str) -> usize {
        self.passed().iter().filter(|call| is_of(&call.path, rpc)).count()
    }

    /// All calls that the server has answered, in the order of its answers.
    pub fn passed(&self) -> Vec<Passed> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Hold {
    /// Waits until a call is stopped.
    pub async fn reached(&self) {
        self.reached_by(1).await;
    }

    /// Waits until so many calls have been stopped.
    pub async fn reached_by(&self, number: usize) {
        let what = format!("{number} calls of {} to be stopped", self.0.rpc);
        until(&what, || async { (self.0.came.load(Ordering::SeqCst) >= number).then_some(()) }).await;
    }

    /// Waits until those who were held have hung up.
    pub async fn left(&self) {
        until(&format!("the callers of {} to hang up", self.0.rpc), || async { (self.0.inside.load(Ordering::SeqCst) == 0).then_some(()) })
            .await;
    }

    /// Lets everybody through, now and later.
    pub fn release(&self) {
        self.0.open.send_replace(true);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

/// The caller is to be told that the server is not there.
struct Refused;

impl Holding {
    async fn stop(&self) -> Result<(), Refused> {
        /// Counts a caller out, also one that hangs up.
        struct Inside<'a>(&'a AtomicUsize);
        impl Drop for Inside<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let mut open = self.open.subscribe();
        if *open.borrow_and_update() {
            return Ok(());
        }
        self.inside.fetch_add(1, Ordering::SeqCst);
        let _inside = Inside(&self.inside);
        self.came.fetch_add(1, Ordering::SeqCst);
        if self.then == Then::Fail {
            return Err(Refused);
        }
        open.wait_for(|open| *open).await.expect("the sender is our own");
        Ok(())
    }
}

fn is_of(path: &str, rpc: &str) -> bool {
    path.strip_suffix(rpc).is_some_and(|before| before.ends_with(['/', '.']))
}

impl Shared {
    async fn stop(&self, path: &str, at: At) -> Result<(), Refused> {
        let holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for hold in holds.iter().filter(|hold| hold.at == at && is_of(path, hold.rpc)) {
            hold.stop().await?;
        }
        Ok(())
    }

    async fn pass(&self, request: Request) -> Result<Response, Refused> {
        let path = request.uri().path().to_owned();
        let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
        self.stop(&path, At::Request).await?;
        let mut behind = self.behind.clone();
        std::future::poll_fn(|cx| behind.poll_ready(cx)).await.map_err(|_| Refused)?;
        let answer = behind.call(request.map(tonic::body::Body::new)).await.map_err(|_| Refused)?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(Passed { path: path.clone(), authorization });
        self.stop(&path, At::Answer).await?;
        Ok(answer.map(Body::new))
    }
}

/// A caller that hangs up drops this future, and with it the call behind.
async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    // A gRPC client reads this status as `UNAVAILABLE`.
    shared.pass(request).await.unwrap_or_else(|Refused| StatusCode::SERVICE_UNAVAILABLE.into_response())
}
