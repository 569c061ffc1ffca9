//! `http.*`: calls that documents make.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::Key;
use super::reader::Reader;

/// How HTTP calls are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// Of the whole call, its body included. The host gives the activity more than that, else an expiry would be retried.
    pub timeout: Duration,
    pub connect_timeout: Duration,
    /// Of an answer, on the wire and as the task's output.
    pub body_limit_bytes: usize,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are heeded.
    pub environment_proxy: bool,
    pub reach: Reach,
    /// A tool for tests: hosts whose requests go somewhere else.
    pub resolve: Vec<Detour>,
    /// Patterns, in lower case, of headers whose values stand in no output: a name, or one with `*` at an end.
    pub redact_headers: Vec<String>,
}

/// Which addresses a document may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    Any,
    /// Everything that can be another machine of the cluster or of the internet: no loopback, link-local (cloud metadata too), multicast,
    /// unspecified or broadcast address.
    #[default]
    Cluster,
    /// The internet alone: no private, shared, documentation, benchmark or reserved range either.
    Public,
}

/// Requests to `host` (and `port`, where one is given) are sent to `origin`, in plain text or TLS as its scheme says; the `Host` header stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detour {
    pub host: String,
    pub port: Option<u16>,
    pub origin: Url,
}

pub const KEYS: &[Key] = &[
    Key::new("http.timeout", "5m", "Longest time of one call, its body included."),
    Key::new("http.connect_timeout", "10s", "Longest time of connecting."),
    // A payload of Temporal is at most 2 MiB; 64 KiB are left for what stands around the answer and for longer markers of secrets.
    Key::new("http.body_limit_bytes", "2031616", "Largest answer; Temporal takes payloads of up to 2 MB."),
    Key::new("http.ca_file", "", "PEM file with certificates to trust beside the system's (SSL_CERT_FILE says where those are)."),
    Key::new("http.environment_proxy", "true", "Whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY are heeded."),
    Key::new("http.reach", "cluster", REACH),
    Key::new(
        "http.resolve",
        "",
        "For tests: `host[:port]=http://address:port`, with commas between; requests to that host go there instead.",
    ),
    Key::new("http.redact_headers", REDACTED, "Headers whose values no output shows; `*` at an end of a name stands for anything."),
];

const REACH: &str = "What documents may call: any, cluster (no loopback, link-local or cloud metadata address), public (no private range \
either); any for run and dev.";

/// What carries credentials by its name.
const REDACTED: &str = "*authorization,cookie,set-cookie,*api-key,*apikey,*-token,*-secret";

const REACHES: &[(&str, Reach)] = &[("any", Reach::Any), ("cluster", Reach::Cluster), ("public", Reach::Public)];

impl HttpSettings {
    /// The default of verbs that a person runs on his own machine.
    pub const LOCAL: (&'static str, &'static str) = ("http.reach", "any");

    /// The settings of such a verb.
    pub fn local() -> Self {
        Self { reach: Reach::Any, ..Self::default() }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let ms = Duration::from_millis(1);
        Self {
            timeout: reader.duration("http.timeout", ms..=Duration::from_hours(24)),
            connect_timeout: reader.duration("http.connect_timeout", ms..=Duration::from_mins(10)),
            body_limit_bytes: reader.number("http.body_limit_bytes", 1..=1 << 30),
            ca_file: reader.optional_path("http.ca_file"),
            environment_proxy: reader.flag("http.environment_proxy"),
            reach: reader.choice("http.reach", REACHES),
            resolve: reader.parse("http.resolve", detours),
            redact_headers: reader.parse("http.redact_headers", patterns),
        }
    }
}

impl Reach {
    /// As it stands in the settings.
    pub fn name(self) -> &'static str {
        REACHES.iter().find(|(_, reach)| *reach == self).map_or("", |(name, _)| name)
    }
}

/// The parts of a text between its commas; none of an empty text.
pub(super) fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn detours(text: &str) -> Result<Vec<Detour>, String> {
    listed(text).map(|item| detour(item).ok_or_else(|| format!("`host[:port]=http://address:port` is needed, not `{item}`"))).collect()
}

fn detour(text: &str) -> Option<Detour> {
    let (from, to) = text.split_once('=')?;
    // With the scheme's own port left out by `Url`, `host:80` would be any port: a scheme without one keeps it.
    let from = Url::parse(&format!("detour://{}", from.trim())).ok()?;
    let origin =
        Url::parse(to.trim()).ok().filter(|to| matches!(to.scheme(), "http" | "https") && to.path() == "/" && to.query().is_none())?;
    let host = from.host_str().filter(|host| !host.is_empty() && from.path().is_empty())?;
    Some(Detour { host: host.to_ascii_lowercase(), port: from.port(), origin })
}

fn patterns(text: &str) -> Result<Vec<String>, String> {
    let name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'+-.^_`|~".contains(c);
    let inner = |item: &'_ str| {
        let item = item.strip_prefix('*').unwrap_or(item);
        item.strip_suffix('*').unwrap_or(item).to_owned()
    };
    listed(text)
        .map(|item| match inner(item) {
            inner if !inner.is_empty() && inner.chars().all(name) => Ok(item.to_ascii_lowercase()),
            _ => Err(format!("names of headers are needed, `*` only at an end, not `{item}`")),
        })
        .collect()
}

impl Default for HttpSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
