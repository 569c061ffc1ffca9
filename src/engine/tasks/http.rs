//! `call: http`: evaluates the request here; the host sends it.

use std::time::Duration;

use super::{authentication, call, endpoint, required_text, text, texts};
use crate::engine::fault::Fault;
use crate::engine::flow::{Done, Stop};
use crate::engine::host::Effect;
use crate::engine::view::{View, article};
use crate::expr::Data;
use crate::plan::{Http, HttpOutput, Task};

pub(super) async fn run(view: &View<'_>, task: &Task, http: &Http, limit: Option<Duration>) -> Result<Done, Stop> {
    let input = request(view, http)?;
    call(view, task, Effect::Http, input, limit).await
}

fn request(view: &View<'_>, http: &Http) -> Result<Data, Fault> {
    let method = required_text(view, "method", &http.method)?.to_ascii_uppercase();
    let mut request = Data::object([("method", Data::from(method)), ("uri", Data::from(endpoint::uri(view, &http.endpoint)?))]);
    let optional = [
        ("headers", texts(view, "header", http.headers.as_ref())?),
        ("query", query(view, http)?),
        ("body", view.optional(http.body.as_ref())?),
        ("authentication", http.authentication.as_ref().map(|given| authentication::evaluate(view, given)).transpose()?),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            request = request.with(name, value);
        }
    }
    Ok(request.with("output", output(http.output)).with("redirect", Data::from(http.redirect)))
}

/// Which part of the answer is wanted, as effects take it.
pub(super) fn output(output: HttpOutput) -> Data {
    Data::from(match output {
        HttpOutput::Content => "content",
        HttpOutput::Raw => "raw",
        HttpOutput::Response => "response",
    })
}

/// An object of texts and lists of texts: a list gives its name once per item. Null is left out.
fn query(view: &View<'_>, http: &Http) -> Result<Option<Data>, Fault> {
    let Some(value) = view.optional(http.query.as_ref())?.filter(|value| !value.is_null()) else { return Ok(None) };
    let entries = value.entries().ok_or_else(|| view.refuse(format!("query must be an object, not {}", article(&value))))?;
    let mut members = Vec::new();
    for (name, member) in entries {
        let what = format!("query parameter `{name}`");
        match member.items() {
            Some(items) => {
                let texts = items.map(|item| text(view, &what, &item)).collect::<Result<Vec<_>, _>>()?;
                members.push((name, Data::array(texts.into_iter().flatten().map(Data::from))));
            }
            None => members.extend(text(view, &what, &member)?.map(|text| (name, Data::from(text)))),
        }
    }
    Ok(Some(Data::object(members)))
}
