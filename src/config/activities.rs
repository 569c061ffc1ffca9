//! `activities.*`: which activities of others a document may call.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Key;
use super::http::listed;
use super::reader::Reader;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivitySettings {
    /// Patterns `queue/Name`, where `*` stands for any text.
    pub allow: Vec<String>,
    /// Task queues by name of activity, for callers that name an activity only.
    pub queues: BTreeMap<String, String>,
    /// Start-to-close of one that has no timeout of its own.
    pub timeout: Duration,
}

pub const KEYS: &[Key] = &[
    Key::new(
        "activities.allow",
        "",
        "What `call: activity` may call: patterns queue/Name with commas between, `*` for any text; nothing by default.",
    )
    .list(),
    Key::new(
        "activities.queues",
        "",
        "Queues of the activities that CALL_ACTIVITY names: Name=queue with commas between; activities.allow holds too.",
    )
    .list(),
    Key::new("activities.timeout", "1h", "Longest time of a `call: activity` whose task has no timeout."),
];

impl ActivitySettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            allow: reader.parse("activities.allow", |text| listed(text).map(pattern).collect()),
            queues: reader.parse("activities.queues", |text| listed(text).map(queue).collect()),
            timeout: reader.duration("activities.timeout", Duration::from_secs(1)..=Duration::from_hours(24 * 365)),
        }
    }
}

impl Default for ActivitySettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}

fn queue(word: &str) -> Result<(String, String), String> {
    match word.split_once('=').map(|(name, queue)| (name.trim(), queue.trim())) {
        Some((name, queue)) if !name.is_empty() && !queue.is_empty() => Ok((name.to_owned(), queue.to_owned())),
        _ => Err(format!("`Name=queue` is needed, not `{word}`")),
    }
}

fn pattern(word: &str) -> Result<String, String> {
    match word.split_once('/') {
        Some((queue, name)) if !queue.is_empty() && !name.is_empty() => Ok(word.to_owned()),
        _ => Err(format!("patterns `queue/Name` are needed, not `{word}`; `*` stands for any text")),
    }
}
