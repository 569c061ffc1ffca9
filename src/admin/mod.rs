//! The operators' listener. Its routes, all of them:
//!
//! * `GET /livez`: 200, or 503 when a workflow thread has not answered for 30 s
//! * `GET /readyz`: 200 once the pollers run, 503 before
//! * `GET /metrics`: our series and those of the Temporal SDK, in the text format of Prometheus
//!
//! Nothing here changes anything, and nothing else is served.

mod liveness;
mod metrics;
mod readiness;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::config::AdminSettings;
use crate::telemetry::Metrics;

pub use self::liveness::{Heartbeat, Liveness};
pub use self::metrics::MoreMetrics;
pub use self::readiness::{Latch, Readiness};

/// What the routes answer from.
#[derive(Clone)]
pub struct Admin {
    pub liveness: Liveness,
    pub readiness: Readiness,
    pub metrics: Arc<Metrics>,
    /// Series kept by somebody else, the Temporal SDK.
    pub more_metrics: MoreMetrics,
}

/// The address that somebody chose cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("admin.listen: cannot listen on {address}: {source}")]
pub struct BindError {
    pub address: SocketAddr,
    pub source: io::Error,
}

/// Takes the address of the settings. A default that cannot be used is no reason not to work: it is a warning, and `None`.
pub async fn bind(settings: &AdminSettings) -> Result<Option<TcpListener>, BindError> {
    let address = settings.listen;
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(source) if settings.listen_is_set => Err(BindError { address, source }),
        Err(error) => {
            tracing::warn!(%address, %error, "no /livez, /readyz and /metrics: the default address cannot be used; choose one by admin.listen");
            Ok(None)
        }
    }
}

impl Admin {
    /// Answers until it is dropped.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.routes()).await
    }

    fn routes(self) -> Router {
        Router::new().route("/livez", get(livez)).route("/readyz", get(readyz)).route("/metrics", get(show_metrics)).with_state(self)
    }
}

async fn livez(State(admin): State<Admin>) -> impl IntoResponse {
    match admin.liveness.stalled() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(stalled) => (StatusCode::SERVICE_UNAVAILABLE, format!("{stalled}\n")),
    }
}

async fn readyz(State(admin): State<Admin>) -> impl IntoResponse {
    if admin.readiness.is_ready() { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
}

async fn show_metrics(State(admin): State<Admin>) -> impl IntoResponse {
    admin.metrics.set_ready(admin.readiness.is_ready());
    let mut text = admin.metrics.render();
    admin.more_metrics.append_to(&mut text).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
