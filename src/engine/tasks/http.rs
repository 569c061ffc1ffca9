//! `call: http`: evaluates the request here; the host sends it.

use std::fmt::Write as _;
use std::time::Duration;

use super::{call, required_text, text, texts};
use crate::engine::fault::Fault;
use crate::engine::flow::{Done, Stop};
use crate::engine::host::Effect;
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Endpoint, Http, HttpOutput, Task, UriPart};

pub(super) async fn run(view: &View<'_>, task: &Task, http: &Http, limit: Option<Duration>) -> Result<Done, Stop> {
    let input = request(view, http)?;
    call(view, task, Effect::Http, input, limit).await
}

fn request(view: &View<'_>, http: &Http) -> Result<Data, Fault> {
    let method = required_text(view, "method", &http.method)?.to_ascii_uppercase();
    let mut request = Data::object([("method", Data::from(method)), ("uri", Data::from(uri(view, &http.endpoint)?))]);
    let optional = [
        ("headers", texts(view, "header", http.headers.as_ref())?),
        ("query", texts(view, "query parameter", http.query.as_ref())?),
        ("body", view.optional(http.body.as_ref())?),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            request = request.with(name, value);
        }
    }
    let output = match http.output {
        HttpOutput::Content => "content",
        HttpOutput::Raw => "raw",
        HttpOutput::Response => "response",
    };
    Ok(request.with("output", Data::from(output)).with("redirect", Data::from(http.redirect)))
}

/// RFC 6570 level 1 over the top-level members of the task's input: a missing one is empty, one that is no scalar an error.
fn uri(view: &View<'_>, endpoint: &Endpoint) -> Result<String, Fault> {
    let parts = match endpoint {
        Endpoint::Expr(program) => {
            let value = view.program(program, &view.input)?;
            return value.as_str().map(str::to_owned).ok_or_else(|| view.refuse(format!("the endpoint must be text, not {value}")));
        }
        Endpoint::Uri(parts) => parts,
    };
    let mut uri = String::new();
    for part in parts {
        match part {
            UriPart::Text(text) => uri.push_str(text),
            UriPart::Variable(name) => {
                let value = view.input.get(name).unwrap_or_default();
                let value = text(view, &format!("endpoint variable `{name}`"), &value)?.unwrap_or_default();
                if holds_secret(view, &value) {
                    return Err(view.refuse(format!("endpoint variable `{name}` holds a secret: pass it as a header or query parameter")));
                }
                percent_encode(&mut uri, &value);
            }
        }
    }
    Ok(uri)
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
