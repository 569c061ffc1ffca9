//! What a setting is.

use super::{
    activities, admin, agents, definitions, direct, dsl, events, handshake, http, log, otlp, resources, run, secrets, stigmer, temporal,
    worker,
};

/// Start of every environment variable that is ours.
pub const PREFIX: &str = "WORKFLOW_RUNNER_";

/// One setting. The tables of all areas together are the reference that docs are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// `area.name`, as in the file.
    pub path: &'static str,
    /// As it would stand in the file; empty for a setting that has none.
    pub default: &'static str,
    /// Other variables that set it, first the ones that win: Temporal's own names and those of older deployments.
    pub also: &'static [&'static str],
    /// Its value is never shown.
    pub secret: bool,
    /// Several words with commas between; a file may have them as a list.
    pub list: bool,
    pub doc: &'static str,
}

impl Key {
    pub(super) const fn new(path: &'static str, default: &'static str, doc: &'static str) -> Self {
        Self { path, default, also: &[], secret: false, list: false, doc }
    }

    pub(super) const fn also(self, variables: &'static [&'static str]) -> Self {
        Self { also: variables, ..self }
    }

    pub(super) const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    pub(super) const fn list(self) -> Self {
        Self { list: true, ..self }
    }

    pub fn area(&self) -> &'static str {
        self.path.split_once('.').map_or(self.path, |(area, _)| area)
    }

    pub fn name(&self) -> &'static str {
        self.path.split_once('.').map_or("", |(_, name)| name)
    }

    /// The environment variable of the same name: `http.ca_file` is `WORKFLOW_RUNNER_HTTP__CA_FILE`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.path.replace('.', "__").to_ascii_uppercase())
    }
}

/// Every setting there is, area by area.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    let areas: [&'static [Key]; 17] = [
        temporal::KEYS,
        stigmer::KEYS,
        worker::KEYS,
        handshake::KEYS,
        agents::KEYS,
        activities::KEYS,
        http::KEYS,
        events::KEYS,
        direct::KEYS,
        run::KEYS,
        definitions::KEYS,
        resources::KEYS,
        secrets::KEYS,
        dsl::KEYS,
        admin::KEYS,
        log::KEYS,
        otlp::KEYS,
    ];
    areas.into_iter().flatten()
}

pub(super) fn find(path: &str) -> Option<&'static Key> {
    keys().find(|key| key.path == path)
}

/// The names of an area's settings, for a message about one that is not there.
pub(super) fn names_of(area: &str) -> String {
    keys().filter(|key| key.area() == area).map(Key::name).collect::<Vec<_>>().join(", ")
}

pub(super) fn areas() -> Vec<&'static str> {
    let mut areas: Vec<_> = keys().map(Key::area).collect();
    areas.dedup();
    areas
}
