//! `dsl.*`: what the language leaves to the runtime.

use super::Key;
use super::reader::Reader;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DslSettings {
    /// Origin of the standard error types, without a slash at its end.
    pub error_host: String,
}

pub const KEYS: &[Key] = &[Key::new(
    "dsl.error_host",
    "https://serverlessworkflow.io",
    "Origin of the standard error types: <error_host>/spec/1.0.0/errors/<kind>.",
)];

impl DslSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { error_host: reader.parse("dsl.error_host", origin) }
    }
}

fn origin(text: &str) -> Result<String, String> {
    let trimmed = text.trim().trim_end_matches('/');
    match url::Url::parse(trimmed) {
        Ok(url) if url.has_host() && url.query().is_none() && url.fragment().is_none() => Ok(trimmed.to_owned()),
        _ => Err(format!("an origin such as https://example.com is needed, not `{text}`")),
    }
}

impl Default for DslSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
