//! `http.*`: calls that documents make.

use std::path::PathBuf;
use std::time::Duration;

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
}

pub const KEYS: &[Key] = &[
    Key::new("http.timeout", "5m", "Longest time of one call, its body included."),
    Key::new("http.connect_timeout", "10s", "Longest time of connecting."),
    // A payload of Temporal is at most 2 MiB; 64 KiB are left for what stands around the answer and for longer markers of secrets.
    Key::new("http.body_limit_bytes", "2031616", "Largest answer; Temporal takes payloads of up to 2 MB."),
    Key::new("http.ca_file", "", "PEM file with certificates to trust beside the system's (SSL_CERT_FILE says where those are)."),
    Key::new("http.environment_proxy", "true", "Whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY are heeded."),
];

impl HttpSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let ms = Duration::from_millis(1);
        Self {
            timeout: reader.duration("http.timeout", ms..=Duration::from_hours(24)),
            connect_timeout: reader.duration("http.connect_timeout", ms..=Duration::from_mins(10)),
            body_limit_bytes: reader.number("http.body_limit_bytes", 1..=1 << 30),
            ca_file: reader.optional_path("http.ca_file"),
            environment_proxy: reader.flag("http.environment_proxy"),
        }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
