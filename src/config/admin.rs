//! `admin.*`: the listener that operators use.

use std::net::SocketAddr;

use super::Key;
use super::reader::Reader;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminSettings {
    /// Where `/livez`, `/readyz` and `/metrics` are served.
    pub listen: SocketAddr,
    /// Somebody chose `listen`: then it is fatal that it is taken, otherwise a warning.
    pub listen_is_set: bool,
}

pub const KEYS: &[Key] =
    &[Key::new("admin.listen", "0.0.0.0:9090", "Address of /livez, /readyz and /metrics; a chosen one that is taken is fatal.")];

impl AdminSettings {
    /// For commands that run on a person's machine: nothing to collide with, nothing open to the network.
    pub const LOCAL: (&'static str, &'static str) = ("admin.listen", "127.0.0.1:0");

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let parse = |text: &str| text.trim().parse().map_err(|_| format!("an address such as 0.0.0.0:9090 is needed, not `{text}`"));
        Self { listen: reader.parse("admin.listen", parse), listen_is_set: reader.is_set("admin.listen") }
    }
}

impl Default for AdminSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
