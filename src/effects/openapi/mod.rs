//! `call: openapi`: an operation that an `OpenAPI` document describes, as one HTTP call.
//!
//! | step | file |
//! |---|---|
//! | the document: fetched, read, kept for a while | `cache.rs`, `document.rs`, `yaml.rs` |
//! | the operation in it, in the words of either version | `operation.rs`, `swagger.rs` (2.0), `version3.rs` (3.0, 3.1) |
//! | the values of `parameters` in their places | `arguments.rs`, `style.rs` |
//!
//! `parameters` is one map of names and values. A name that the operation has twice (in the path and in the query, say) is given to both. The body:
//! Swagger 2.0 gives it a name of its own. `OpenAPI` 3 does not: there the member `body` is the whole body, and without it the members that are
//! no parameter make up an object. A key that the operation's security schemes ask for (`apiKey`) is a parameter by its name.
//! What the operation does not know is refused, as is a required value that is missing.
//!
//! The call then goes the way of every HTTP call: reach, authentication, output, redirect and idempotency key are those of `call: http`.
//! Not supported: bodies in `multipart/form-data`, references to other documents, `allowReserved`.

mod arguments;
mod cache;
mod document;
mod operation;
mod style;
mod swagger;
#[cfg(test)]
mod tests;
mod version3;
mod yaml;

use self::cache::Documents;
use super::http::Http;
use super::resources::Resources;
use super::{EffectError, near};
use crate::expr::Data;

/// Calls operations. Documents are kept for a minute and shared between clones.
#[derive(Clone, Debug)]
pub struct OpenApi {
    http: Http,
    documents: Documents,
}

impl OpenApi {
    pub fn new(http: Http, resources: Resources) -> Self {
        Self { http, documents: Documents::new(resources) }
    }

    /// Makes the call that `{"document": {"uri", "authentication"?}, "operationId", "parameters"?, "authentication"?, "output"?, "redirect"?}`
    /// describes, within `http.timeout`, the fetching of the document included.
    ///
    /// Errors: `configuration` 400 for a document that cannot be used or has no such operation; `validation` 400 for parameters that do not fit;
    /// those of [`Resources::fetch`] and of [`Http::call`].
    pub async fn call(&self, input: &Data, idempotency_key: &str) -> Result<Data, EffectError> {
        let operation_id = input.get("operationId").and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default();
        self.http.in_time(&format!("operation `{operation_id}`"), self.exchange(input, &operation_id, idempotency_key)).await
    }

    async fn exchange(&self, input: &Data, operation_id: &str, idempotency_key: &str) -> Result<Data, EffectError> {
        let document = self.documents.get(&input.get("document").unwrap_or_default()).await?;
        let operation = document.operation(operation_id)?;
        let mut request = arguments::request(&operation, &input.get("parameters").unwrap_or_default())?;
        for name in ["authentication", "output", "redirect"] {
            if let Some(value) = input.get(name) {
                request = request.with(name, value);
            }
        }
        self.http.call(&request, idempotency_key).await
    }
}
