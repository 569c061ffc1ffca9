//! What the activities of all effects are given.

use serde_json::{Value, json};

use super::secrets::SecretScope;
use crate::expr::Data;
use crate::expr::marker::Markers;

/// `{"request": the effect's own input, "idempotency_key": text, "secrets": scope where the request names any}`.
#[must_use]
pub fn input(request: &Data, idempotency_key: &str, markers: &Markers, execution_id: Option<&str>) -> Value {
    let mut input = json!({"request": request.to_json(), "idempotency_key": idempotency_key});
    if let Some(scope) = SecretScope::of(request, markers, execution_id) {
        input["secrets"] = json!(scope);
    }
    input
}
