//! `activities.*`: which activities of others a document may call.

use super::Key;
use super::http::listed;
use super::reader::Reader;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivitySettings {
    /// Patterns `queue/Name`, where `*` stands for any text.
    pub allow: Vec<String>,
}

pub const KEYS: &[Key] = &[Key::new(
    "activities.allow",
    "",
    "What `call: activity` may call: patterns queue/Name with commas between, `*` for any text; nothing by default.",
)
.list()];

impl ActivitySettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { allow: reader.parse("activities.allow", |text| listed(text).map(pattern).collect()) }
    }
}

fn pattern(word: &str) -> Result<String, String> {
    match word.split_once('/') {
        Some((queue, name)) if !queue.is_empty() && !name.is_empty() => Ok(word.to_owned()),
        _ => Err(format!("patterns `queue/Name` are needed, not `{word}`; `*` stands for any text")),
    }
}
