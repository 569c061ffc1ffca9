//! `log.*`: what is written to stderr.

use super::Key;
use super::reader::Reader;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    Text,
    Json,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// `off`, `error`, `warn`, `info`, `debug` or `trace`, for our own messages.
    pub level: &'static str,
    pub format: LogFormat,
    /// Directives in the syntax of `RUST_LOG`; they win over `level`.
    pub filter: Option<String>,
}

pub const KEYS: &[Key] = &[
    Key::new("log.level", "info", "off, error, warn, info, debug or trace.").also(&["LOG_LEVEL"]),
    Key::new("log.format", "auto", "text, json, or auto: text on a terminal, json elsewhere.").also(&["LOG_FORMAT"]),
    Key::new("log.filter", "", "Directives such as info,workflow_runner::handshake=debug; they win over log.level.").also(&["RUST_LOG"]),
];

/// The words of `tracing`, and those of the Go services that mean the same.
const LEVELS: [(&str, &str); 10] = [
    ("off", "off"),
    ("error", "error"),
    ("warn", "warn"),
    ("info", "info"),
    ("debug", "debug"),
    ("trace", "trace"),
    ("disabled", "off"),
    ("fatal", "error"),
    ("panic", "error"),
    ("warning", "warn"),
];

/// `console` is the Go services' word.
const FORMATS: [(&str, LogFormat); 4] =
    [("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json), ("console", LogFormat::Text)];

impl LogSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            level: reader.choice("log.level", &LEVELS),
            format: reader.choice("log.format", &FORMATS),
            filter: reader.parse_optional("log.filter", filter),
        }
    }
}

fn filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("log directives are needed, not `{text}`: {error}")),
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
