//! `$authorization`: how the task's call proves who it is.

use super::view::View;
use crate::expr::{Data, Template, marker};
use crate::plan::{Authentication, Kind, Scheme};

/// `{"scheme": "Basic", "parameter": "…"}` as they stand in the header; null for a task that has no authentication, or whose input is not known
/// yet. The parameter is null where it is made with each request (`Digest`), or of a secret's inside.
pub(super) fn argument(view: &View<'_>) -> Data {
    let Some(authentication) = view.task.filter(|_| view.admitted).and_then(|task| of(&task.kind)) else { return Data::null() };
    // Seen from inside of itself there is none yet.
    let view = View { admitted: false, ..view.clone() };
    let (scheme, parameter) = match authentication {
        Authentication::Basic { username, password } => ("Basic", basic(&view, username, password)),
        Authentication::Bearer { token } => ("Bearer", text(&view, token).map(Data::from)),
        Authentication::Digest { .. } => ("Digest", None),
        Authentication::Secret { scheme, .. } => (name(*scheme), None),
    };
    Data::object([("scheme", Data::from(scheme)), ("parameter", parameter.unwrap_or_default())])
}

fn of(kind: &Kind) -> Option<&Authentication> {
    match kind {
        Kind::Http(http) => http.authentication.as_ref(),
        Kind::OpenApi(openapi) => openapi.authentication.as_ref(),
        _ => None,
    }
}

fn name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Basic => "Basic",
        Scheme::Bearer => "Bearer",
        Scheme::Digest => "Digest",
    }
}

/// None where it cannot be evaluated: the call says why, it needs it too.
fn text(view: &View<'_>, template: &Template) -> Option<String> {
    let value = view.definition(template).ok()?;
    value.as_str().map(str::to_owned).or_else(|| (!value.is_null()).then(|| value.to_string()))
}

/// Where the password is a secret, its encoding waits inside the marker until the secret's value is there.
fn basic(view: &View<'_>, username: &Template, password: &Template) -> Option<Data> {
    let pair = format!("{}:{}", text(view, username)?, text(view, password)?);
    marker::base64(&Data::from(pair)).ok()
}
