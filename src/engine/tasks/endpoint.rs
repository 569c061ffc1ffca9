//! Where something is: the endpoint of a call, or a document elsewhere.

use std::fmt::Write as _;

use super::{authentication, text};
use crate::engine::fault::Fault;
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Endpoint, ExternalResource, UriPart};

/// `{"uri", "authentication"?}`, as effects take a document elsewhere.
pub(super) fn resource(view: &View<'_>, resource: &ExternalResource) -> Result<Data, Fault> {
    let data = Data::object([("uri", Data::from(uri(view, &resource.endpoint)?))]);
    Ok(match &resource.authentication {
        Some(authentication) => data.with("authentication", authentication::evaluate(view, authentication)?),
        None => data,
    })
}

/// RFC 6570 level 1 over the top-level members of the task's input: a missing one is empty, one that is no scalar an error.
pub(super) fn uri(view: &View<'_>, endpoint: &Endpoint) -> Result<String, Fault> {
    let parts = match endpoint {
        Endpoint::Expr(program) => {
            let value = view.program(program, &view.input)?;
            return value.as_str().map(str::to_owned).ok_or_else(|| view.refuse(format!("the endpoint must be text, not {value}")));
        }
        Endpoint::Uri(parts) => parts,
    };
    let (mut uri, mut pattern) = (String::new(), String::new());
    for part in parts {
        match part {
            UriPart::Text(text) => {
                uri.push_str(text);
                pattern.push_str(text);
            }
            UriPart::Variable(name) => {
                let value = view.input.get(name).unwrap_or_default();
                let value = text(view, &format!("endpoint variable `{name}`"), &value)?.unwrap_or_default();
                if holds_secret(view, &value) {
                    return Err(view.refuse(format!("endpoint variable `{name}` holds a secret: pass it as a header or query parameter")));
                }
                percent_encode(&mut uri, &value);
                pattern.push('x');
            }
        }
    }
    // `..` is a step up the path in every spelling; a variable is a name on it, never a step.
    if steps(&uri) > steps(&pattern) {
        return Err(view.refuse("an endpoint variable cannot be `.` or `..`"));
    }
    Ok(uri)
}

/// Segments `.` and `..` of the path.
fn steps(uri: &str) -> usize {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    path.split('/').filter(|segment| matches!(*segment, "." | "..")).count()
}

/// Encoded, a marker would no longer be known as one and be sent as it is.
fn holds_secret(view: &View<'_>, text: &str) -> bool {
    let markers = view.run.start.secrets.entries();
    markers.is_some_and(|mut markers| markers.any(|(_, marker)| marker.as_str().is_some_and(|marker| text.contains(marker))))
}

/// Everything but RFC 3986 unreserved characters, byte by byte.
fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
