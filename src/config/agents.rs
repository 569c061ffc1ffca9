//! `agents.*`: calls of agents.

use std::time::Duration;

use super::Key;
use super::reader::Reader;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// Schedule-to-close of a call that has no timeout of its own.
    pub timeout: Duration,
}

pub const KEYS: &[Key] = &[Key::new(
    "agents.timeout",
    "24h",
    "Longest time of a call that has no timeout of its own. The platform ends agents after 10 minutes and executions after 30.",
)];

impl AgentSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        // A year: longer than any agent, and far from the end of what a server's timer can hold.
        Self { timeout: reader.duration("agents.timeout", Duration::from_secs(1)..=Duration::from_hours(8_760)) }
    }
}

impl Default for AgentSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
