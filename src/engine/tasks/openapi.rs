//! `call: openapi`: an operation that an `OpenAPI` document describes. The document is read where the call is made.

use std::time::Duration;

use super::http::output;
use super::{authentication, call, endpoint, required_text};
use crate::engine::fault::Fault;
use crate::engine::flow::{Done, Stop};
use crate::engine::host::Effect;
use crate::engine::view::{View, article};
use crate::expr::Data;
use crate::plan::{OpenApi, Task};

pub(super) async fn run(view: &View<'_>, task: &Task, openapi: &OpenApi, limit: Option<Duration>) -> Result<Done, Stop> {
    let input = request(view, openapi)?;
    call(view, task, Effect::OpenApi, input, limit).await
}

fn request(view: &View<'_>, openapi: &OpenApi) -> Result<Data, Fault> {
    let mut request = Data::object([
        ("document", endpoint::resource(view, &openapi.document)?),
        ("operationId", Data::from(required_text(view, "operationId", &openapi.operation_id)?)),
    ]);
    if let Some(parameters) = view.optional(openapi.parameters.as_ref())?.filter(|parameters| !parameters.is_null()) {
        if !parameters.is_object() {
            return Err(view.refuse(format!("parameters must be an object, not {}", article(&parameters))));
        }
        request = request.with("parameters", parameters);
    }
    if let Some(authentication) = &openapi.authentication {
        request = request.with("authentication", authentication::evaluate(view, authentication)?);
    }
    Ok(request.with("output", output(openapi.output)).with("redirect", Data::from(openapi.redirect)))
}
