//! How a call proves who it is, evaluated; markers of secrets stay markers.

use super::required_text;
use crate::engine::fault::{Fault, Standard};
use crate::engine::view::View;
use crate::expr::{Data, Template};
use crate::plan::{Authentication, Scheme};

/// `{"scheme", "username", "password"}`, `{"scheme", "token"}`, or `{"scheme", "secret"}` with the secret's marker.
pub(super) fn evaluate(view: &View<'_>, authentication: &Authentication) -> Result<Data, Fault> {
    let text = |name: &'static str, template: &Template| {
        let value = required_text(view, &format!("authentication: {name}"), template)?;
        Ok::<_, Fault>((name, Data::from(value)))
    };
    let scheme = |scheme: Scheme| ("scheme", Data::from(name(scheme)));
    Ok(match authentication {
        Authentication::Basic { username, password } => {
            Data::object([scheme(Scheme::Basic), text("username", username)?, text("password", password)?])
        }
        Authentication::Digest { username, password } => {
            Data::object([scheme(Scheme::Digest), text("username", username)?, text("password", password)?])
        }
        Authentication::Bearer { token } => Data::object([scheme(Scheme::Bearer), text("token", token)?]),
        Authentication::Secret { scheme: of, secret } => {
            let marker = view.run.start.secrets.get(secret).filter(|marker| !marker.is_null());
            let missing = || view.run.fault(Standard::Authorization, &format!("the secret `{secret}` is not available"), None);
            Data::object([scheme(*of), ("secret", marker.ok_or_else(missing)?)])
        }
    })
}

fn name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Basic => "basic",
        Scheme::Digest => "digest",
        Scheme::Bearer => "bearer",
    }
}
