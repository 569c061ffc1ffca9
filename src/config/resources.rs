//! `resources.*`: documents elsewhere that a definition names: OpenAPI documents, schemas, functions, scripts.

use std::path::PathBuf;

use url::Url;

use super::Key;
use super::http::listed;
use super::reader::Reader;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSettings {
    /// What URIs must start with where they have to be allowed: files, and everything that is run. `None`: the verb decides.
    pub allow: Option<Vec<String>>,
    pub size_limit_bytes: usize,
    /// No setting: the definition's own folder, told by verbs that a person runs with a file. It and http(s) are allowed where `allow` is `None`.
    pub folder: Option<PathBuf>,
}

pub const KEYS: &[Key] =
    &[Key::new("resources.allow", "", ALLOW), Key::new("resources.size_limit_bytes", "4194304", "Largest document that is fetched.")];

const ALLOW: &str = "Starts of URIs, with commas between, that files, functions and scripts may be read from; `none` for none. Without it: run and \
dev read below the document's folder and from http(s), a worker nothing.";

impl ResourceSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            allow: reader.parse_optional("resources.allow", prefixes),
            size_limit_bytes: reader.number("resources.size_limit_bytes", 1..=1 << 28),
            folder: None,
        }
    }
}

impl Default for ResourceSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}

fn prefixes(text: &str) -> Result<Vec<String>, String> {
    if text.trim() == "none" {
        return Ok(Vec::new());
    }
    listed(text)
        .map(|item| match Url::parse(item) {
            _ if matches!(item, "http://" | "https://") => Ok(item.to_owned()),
            Ok(url) if matches!(url.scheme(), "file" | "http" | "https") => Ok(url.into()),
            _ => Err(format!("a file:, http: or https: URI is needed, not `{item}`")),
        })
        .collect()
}
