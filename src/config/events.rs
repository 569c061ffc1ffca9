//! `events.*`: CloudEvents that come in and go out.

use std::net::SocketAddr;

use secrecy::SecretString;
use url::Url;

use super::Key;
use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct EventSettings {
    /// Where emitted events go.
    pub sink: EventSink,
    /// Whether the runs' own lifecycle events go there too.
    pub lifecycle: bool,
    /// Where events from outside are taken; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// What a sender has to show. Always there when `listen` is not a loopback address.
    pub token: Option<SecretString>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EventSink {
    #[default]
    None,
    /// One line of JSON each.
    Stdout,
    /// Each is posted there.
    Http(Url),
}

pub const KEYS: &[Key] = &[
    Key::new(
        "events.sink",
        "none",
        "Where emitted events go: none, stdout (a line of JSON each), or an http(s) URL that each is posted to.",
    ),
    Key::new("events.lifecycle", "false", "Whether the sink also gets what happens to workflows and tasks (io.serverlessworkflow.*)."),
    Key::new("events.listen", "", "Address that takes events by POST and hands them to the runs that listen, such as 127.0.0.1:8090."),
    Key::new("events.token", "", "Bearer token that senders must show; required when events.listen is not a loopback address.").secret(),
];

impl EventSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let address = |text: &str| text.trim().parse().map_err(|_| format!("an address such as 127.0.0.1:8090 is needed, not `{text}`"));
        let listen: Option<SocketAddr> = reader.parse_optional("events.listen", address);
        let token = reader.secret("events.token");
        if listen.is_some_and(|address| !address.ip().is_loopback()) && token.is_none() {
            reader.mistake("events.token", "needed when events.listen is not a loopback address");
        }
        Self { sink: reader.parse("events.sink", sink), lifecycle: reader.flag("events.lifecycle"), listen, token }
    }
}

fn sink(text: &str) -> Result<EventSink, String> {
    match text.trim() {
        "none" => Ok(EventSink::None),
        "stdout" => Ok(EventSink::Stdout),
        url => match Url::parse(url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(EventSink::Http(url)),
            // The text is not shown: a URL may hold a password.
            _ => Err("none, stdout or an http(s) URL is needed".to_owned()),
        },
    }
}

impl Default for EventSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
