//! Activity `CallHTTPActivity`: one HTTP call of a document.
//!
//! Input: see [`super::call::input`], with `effects::http`'s request.

use temporalio_sdk::activities::ActivityError;

use super::{Beat, ExecutionActivities, call};
use crate::expr::Data;
use crate::telemetry::trace;

pub(super) async fn run(activities: &ExecutionActivities, input: &Data, beat: Beat<'_>) -> Result<Data, ActivityError> {
    if let Some((host, port)) = peer(input) {
        trace::note("server.address", host);
        trace::note("server.port", i64::from(port));
    }
    call::run(&activities.secrets, input, beat, |request, key| async move { activities.http.call(&request, &key).await }).await
}

/// Host and port of the endpoint, before secrets are swapped in: an endpoint that is made of one has none to show.
fn peer(input: &Data) -> Option<(String, u16)> {
    let uri = input.get("request")?.get("uri")?.as_str()?.to_owned();
    let url = url::Url::parse(&uri).ok().filter(|_| uri.is_ascii())?;
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::expr::marker::Markers;

    #[test]
    fn a_host_is_shown_and_nothing_else_of_an_endpoint() {
        let of = |uri: &str| peer(&json!({"request": {"uri": uri}}).into());
        assert_eq!(of("https://pets.example/v1?key=s3cret"), Some(("pets.example".to_owned(), 443)));
        assert_eq!(of("http://127.0.0.1:8080/"), Some(("127.0.0.1".to_owned(), 8080)));
        assert_eq!(of("nowhere"), None);
        let secret = Markers::new("run").mark("HOST");
        assert_eq!(of(&format!("https://{secret}.example/")), None);
    }
}
