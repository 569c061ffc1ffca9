//! What touches the world: plain async functions that know neither Temporal nor the engine.
//!
//! | file | what |
//! |---|---|
//! | `events` | where emitted events go |
//! | `http` | one HTTP call |
//! | `authentication` | how a call proves who it is |
//! | `openapi` | one operation of an `OpenAPI` document |
//! | `resources` | documents elsewhere: who may read what |
//! | `process` | a shell command |
//! | `script` | a script in JavaScript or Python |
//! | `definitions` | registered definitions, by their names |
//! | `secrets` | where values of secrets come from, and swapping them in just before a call and back out of what it returns |
//! | `agents` | agents that this process plays itself: `scripted` ones that answer from a YAML file, and `openai` ones, whose answers a model gives |
//!
//! Every effect takes [`Data`] and gives [`Data`] or an [`EffectError`].

pub mod agents;
mod authentication;
pub mod definitions;
pub mod events;
pub mod http;
mod near;
pub mod openai;
pub mod openapi;
pub mod process;
pub mod resources;
pub mod script;
pub mod scripted;
pub mod secrets;

use std::fmt;

use crate::expr::Data;

/// Why an effect gave no result, in the words of the specification's errors (RFC 7807). `kind` is the slug of a standard error type; the host
/// makes the full type URI of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectError {
    pub kind: &'static str,
    /// A type that is none of the standard ones: what another workflow raised. It wins over `kind`.
    pub type_uri: Option<String>,
    pub status: u16,
    pub title: String,
    pub detail: Option<String>,
}

/// Longest `detail`, in characters: an error travels in failures, which the Temporal server cuts at 4 KB.
const DETAIL_LENGTH_MAX: usize = 512;

impl EffectError {
    /// The other side could not be reached or answered with an error. `status` is the protocol's own where there is one.
    pub fn communication(status: u16, title: impl Into<String>) -> Self {
        Self::new("communication", status, title)
    }

    /// The call was malformed before anything was sent.
    pub fn validation(title: impl Into<String>) -> Self {
        Self::new("validation", 400, title)
    }

    /// Something is not set up as the call needs it.
    pub fn configuration(title: impl Into<String>) -> Self {
        Self::new("configuration", 400, title)
    }

    /// An expression could not be evaluated.
    pub fn expression(title: impl Into<String>) -> Self {
        Self::new("expression", 400, title)
    }

    /// A secret is missing or may not be read.
    pub fn authorization(title: impl Into<String>) -> Self {
        Self::new("authorization", 403, title)
    }

    /// It was not done in time.
    pub fn timeout(title: impl Into<String>) -> Self {
        Self::new("timeout", 408, title)
    }

    /// The work itself failed.
    pub fn runtime(title: impl Into<String>) -> Self {
        Self::new("runtime", 500, title)
    }

    fn new(kind: &'static str, status: u16, title: impl Into<String>) -> Self {
        Self { kind, type_uri: None, status, title: title.into(), detail: None }
    }

    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The shape that travels: `{"type": slug, "status": n, "title": …, "detail": …}`; `detail` only where there is one.
    pub fn to_data(&self) -> Data {
        let mut json = serde_json::json!({ "type": self.kind, "status": self.status, "title": self.title });
        if let Some(detail) = &self.detail {
            json["detail"] = detail.as_str().into();
        }
        json.into()
    }

    /// Cut to what may travel. Called after secrets have been swapped out, so that no half of a value is left at the cut.
    fn shortened(mut self) -> Self {
        self.detail = self.detail.map(|detail| excerpt(&detail, DETAIL_LENGTH_MAX));
        self
    }
}

impl fmt::Display for EffectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.status, self.title)?;
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

impl std::error::Error for EffectError {}

/// The first `length_max` characters of `text`, with `…` where something was left out.
fn excerpt(text: &str, length_max: usize) -> String {
    match text.char_indices().nth(length_max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_travels_without_what_it_does_not_have() {
        let error = EffectError::communication(503, "Service Unavailable");
        assert_eq!(error.to_data().to_json(), serde_json::json!({"type": "communication", "status": 503, "title": "Service Unavailable"}));
        let error = error.with_detail("try later");
        assert_eq!(error.to_data().get("detail").and_then(|d| d.as_str().map(str::to_owned)).as_deref(), Some("try later"));
        assert_eq!(error.to_string(), "[503] Service Unavailable: try later");
    }

    #[test]
    fn an_excerpt_is_cut_between_characters() {
        assert_eq!(excerpt("äöü", 3), "äöü");
        assert_eq!(excerpt("äöüß", 3), "äöü…");
        let long = EffectError::runtime("x").with_detail("a".repeat(2 * DETAIL_LENGTH_MAX)).shortened();
        assert_eq!(long.detail.map(|detail| detail.chars().count()), Some(DETAIL_LENGTH_MAX + 1));
    }
}
