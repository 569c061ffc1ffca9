//! Events from outside. One route, on a listener of its own:
//!
//! * `POST /`: a `CloudEvent`, structured or binary
//!
//! | answer | means |
//! |---|---|
//! | 202 | the event is with every run that listens to its type; `{"runs": n}` says how many |
//! | 400 | it is no event; the body says why |
//! | 401 | the bearer token is missing or wrong |
//! | 404 | no run listens to its type. A run that began a moment ago may not be found yet: send it again |
//! | 413 | it is larger than a run can keep |
//! | 503 | Temporal cannot be asked, or not every run was told: send it again |

mod binding;
mod inward;
mod route;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use temporalio_client::Client;
use tokio::net::TcpListener;

pub use self::binding::parse_http;
pub use self::inward::{EVENT_SIGNAL, event_of_signal};
use crate::config::EventSettings;
use crate::engine::inbox;

/// The address of the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("events.listen: cannot listen on {address}: {source}")]
pub struct BindError {
    pub address: SocketAddr,
    pub source: io::Error,
}

/// Takes events and hands them to runs.
pub struct Entrance {
    listener: TcpListener,
    door: Arc<Door>,
}

struct Door {
    client: Client,
    token: Option<SecretString>,
}

impl Entrance {
    /// Takes the address of the settings; none where they have none.
    ///
    /// # Errors
    /// The address is taken, or is none of this machine.
    pub async fn open(settings: &EventSettings, client: Client) -> Result<Option<Self>, BindError> {
        let Some(address) = settings.listen else { return Ok(None) };
        let listener = TcpListener::bind(address).await.map_err(|source| BindError { address, source })?;
        Ok(Some(Self { listener, door: Arc::new(Door { client, token: settings.token.clone() }) }))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    /// The listener is broken.
    pub async fn serve(self) -> io::Result<()> {
        let routes = Router::new().route("/", post(take)).layer(DefaultBodyLimit::max(inbox::BYTES_MAX)).with_state(self.door);
        axum::serve(self.listener, routes).await
    }
}

async fn take(State(door): State<Arc<Door>>, headers: HeaderMap, body: Bytes) -> Response {
    if !door.token.as_ref().is_none_or(|token| shows(&headers, token)) {
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], "a bearer token is needed\n").into_response();
    }
    let event = match parse_http(&headers, &body) {
        Ok(event) => event,
        Err(reason) => return (StatusCode::BAD_REQUEST, format!("{reason}\n")).into_response(),
    };
    if event.json_len() > inbox::BYTES_MAX {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    match route::deliver(&door.client, &event).await {
        Ok(0) => (StatusCode::NOT_FOUND, "no run listens to this type of event\n").into_response(),
        Ok(runs) => (StatusCode::ACCEPTED, [(CONTENT_TYPE, "application/json")], format!("{{\"runs\":{runs}}}\n")).into_response(),
        Err(status) => {
            tracing::warn!(code = ?status.code(), error = status.message(), "an event could not be handed on");
            (StatusCode::SERVICE_UNAVAILABLE, "the event could not be handed to every run; send it again\n").into_response()
        }
    }
}

/// Digests are compared, so that the time it takes tells nothing of the token.
fn shows(headers: &HeaderMap, token: &SecretString) -> bool {
    let shown = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let Some((scheme, shown)) = shown.split_at_checked(7) else { return false };
    scheme.eq_ignore_ascii_case(b"bearer ") && Sha256::digest(shown) == Sha256::digest(token.expose_secret())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let token = SecretString::from("t0ken");
        for (header, opens) in [
            (Some("Bearer t0ken"), true),
            (Some("bearer t0ken"), true),
            (Some("Bearer t0ke"), false),
            (Some("Bearer t0kenn"), false),
            (Some("Basic t0ken"), false),
            (Some("Bearer"), false),
            (Some(""), false),
            (None, false),
        ] {
            let headers = header.map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).into_iter().collect();
            assert_eq!(shows(&headers, &token), opens, "{header:?}");
        }
    }
}
