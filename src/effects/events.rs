//! Where emitted events go.
//!
//! | `events.sink` | an event is |
//! |---|---|
//! | `none` | dropped |
//! | `stdout` | a line of JSON |
//! | a URL | posted there, in the structured mode of the HTTP binding; any 2xx takes it |

use std::io::Write as _;

use super::EffectError;
use super::http::{Http, HttpSetupError};
use crate::config::{EventSettings, EventSink, HttpSettings, Reach};
use crate::expr::Data;

const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Sink(Way);

#[derive(Clone, Debug, Default)]
enum Way {
    #[default]
    None,
    Stdout,
    Http {
        http: Http,
        url: String,
    },
}

impl Sink {
    /// # Errors
    /// There can be no HTTP client: see `http.ca_file`.
    pub fn new(settings: &EventSettings, http: &HttpSettings) -> Result<Self, HttpSetupError> {
        Ok(Self(match &settings.sink {
            EventSink::None => Way::None,
            EventSink::Stdout => Way::Stdout,
            // Named by an operator, not by a document: it may be anywhere.
            EventSink::Http(url) => {
                let http = HttpSettings { reach: Reach::Any, ..http.clone() };
                Way::Http { http: Http::new(&http)?, url: url.to_string() }
            }
        }))
    }

    /// The effect `emit`: `{event}`, a whole `CloudEvent` in JSON form. The answer is null.
    ///
    /// # Errors
    /// As [`Sink::send`]; `validation` where there is no event.
    pub async fn call(&self, request: &Data) -> Result<Data, EffectError> {
        let event = request.get("event").filter(Data::is_object).ok_or_else(|| EffectError::validation("there is no event to hand out"))?;
        self.send(&event).await.map(|()| Data::null())
    }

    /// Hands one event out. Over HTTP its id is the `Idempotency-Key`, so that a repetition can be told.
    ///
    /// # Errors
    /// `communication`, with the HTTP status where there is one.
    pub async fn send(&self, event: &Data) -> Result<(), EffectError> {
        match &self.0 {
            Way::None => Ok(()),
            Way::Stdout => writeln!(std::io::stdout().lock(), "{event}")
                .map_err(|error| EffectError::communication(500, "the event cannot be written").with_detail(error.to_string())),
            Way::Http { http, url } => {
                let request = Data::object([
                    ("method", Data::from("POST")),
                    ("uri", Data::string(url)),
                    ("headers", Data::object([("content-type", Data::from(CONTENT_TYPE))])),
                    ("body", event.clone()),
                    ("output", Data::from("raw")),
                ]);
                let id = event.get("id").unwrap_or_default();
                // A header takes visible ASCII; an id is any text.
                let key = id.as_str().unwrap_or_default().escape_default().to_string();
                http.call(&request, &key).await.map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::post;
    use serde_json::{Value, json};

    use super::*;

    fn sink(url: &str) -> Sink {
        let settings = EventSettings { sink: EventSink::Http(url.parse().unwrap()), ..EventSettings::default() };
        Sink::new(&settings, &HttpSettings { environment_proxy: false, ..HttpSettings::default() }).unwrap()
    }

    #[tokio::test]
    async fn an_event_is_posted_as_a_whole() {
        let seen: Arc<Mutex<Vec<(Value, Value)>>> = Arc::default();
        let took = seen.clone();
        let take = move |headers: HeaderMap, body: String| async move {
            let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            let headers = json!({"type": header("content-type"), "key": header("idempotency-key")});
            took.lock().unwrap().push((headers, serde_json::from_str(&body).unwrap()));
            StatusCode::ACCEPTED
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/events", post(take));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let event = json!({"specversion": "1.0", "id": "ä1", "source": "/s", "type": "t", "data": {"a": 1.0}});
        let answer = sink(&format!("http://{address}/events")).call(&json!({"event": event}).into()).await;
        assert_eq!(answer, Ok(Data::null()));
        let headers = json!({"type": "application/cloudevents+json; charset=utf-8", "key": "\\u{e4}1"});
        assert_eq!(*seen.lock().unwrap(), [(headers, event)]);

        let refused = sink(&format!("http://{address}/elsewhere")).send(&json!({"id": "1"}).into()).await.unwrap_err();
        assert_eq!((refused.kind, refused.status), ("communication", 404));
    }

    #[tokio::test]
    async fn what_is_no_event_is_refused_and_none_takes_any() {
        assert_eq!(Sink::default().call(&json!({}).into()).await.unwrap_err().kind, "validation");
        assert_eq!(Sink::default().call(&json!({"event": {}}).into()).await, Ok(Data::null()));
    }
}
