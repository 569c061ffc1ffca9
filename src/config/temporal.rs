//! `temporal.*`: the connection to Temporal and the lever of its workers' memory.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::Key;
use super::reader::Reader;

/// What overrides the profile that the SDK's own loader finds (`temporal.toml`, `TEMPORAL_*`): only what is set here.
#[derive(Clone, Debug)]
pub struct TemporalSettings {
    pub config_file: Option<PathBuf>,
    pub profile: Option<String>,
    /// `host:port`; without it the profile's, else `localhost:7233`.
    pub address: Option<String>,
    pub namespace: Option<String>,
    pub api_key: Option<SecretString>,
    /// Instead of `api_key`: read again when the file changes.
    pub api_key_file: Option<PathBuf>,
    /// Without it the profile's; an API key or a certificate implies TLS.
    pub tls: Option<bool>,
    pub tls_client_cert_path: Option<PathBuf>,
    pub tls_client_key_path: Option<PathBuf>,
    pub tls_server_ca_cert_path: Option<PathBuf>,
    pub tls_server_name: Option<String>,
    pub sticky_timeout: Duration,
    pub max_cached_workflows: usize,
}

pub const KEYS: &[Key] = &[
    Key::new("temporal.config_file", "", "A temporal.toml other than the one in the user's configuration folder.")
        .also(&["TEMPORAL_CONFIG_FILE"]),
    Key::new("temporal.profile", "", "The profile of temporal.toml to use.").also(&["TEMPORAL_PROFILE"]),
    Key::new("temporal.address", "", "host:port of the server; without it the profile's, else localhost:7233.")
        .also(&["TEMPORAL_ADDRESS", "TEMPORAL_SERVICE_ADDRESS"]),
    Key::new("temporal.namespace", "", "Without it the profile's, else default.").also(&["TEMPORAL_NAMESPACE"]),
    Key::new("temporal.api_key", "", "Sent with every request; implies TLS.").also(&["TEMPORAL_API_KEY"]).secret(),
    Key::new("temporal.api_key_file", "", "File with the API key, instead of temporal.api_key; read again when it changes."),
    Key::new("temporal.tls", "", "true or false; without it the profile's.").also(&["TEMPORAL_TLS"]),
    Key::new("temporal.tls_client_cert_path", "", "PEM file of the client's certificate; read again when it changes, as the two below.")
        .also(&["TEMPORAL_TLS_CLIENT_CERT_PATH"]),
    Key::new("temporal.tls_client_key_path", "", "PEM file of its key.").also(&["TEMPORAL_TLS_CLIENT_KEY_PATH"]),
    Key::new("temporal.tls_server_ca_cert_path", "", "PEM file of the authority that the server's certificate comes from.")
        .also(&["TEMPORAL_TLS_SERVER_CA_CERT_PATH"]),
    Key::new("temporal.tls_server_name", "", "Host name that the server's certificate is checked for.").also(&["TEMPORAL_TLS_SERVER_NAME"]),
    Key::new("temporal.sticky_timeout", "2s", "How long the workflows of a dead worker wait before another one takes them over."),
    Key::new("temporal.max_cached_workflows", "1000", "Workflows kept in memory between their tasks, about 56 kB each."),
];

impl TemporalSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let settings = Self {
            config_file: reader.optional_path("temporal.config_file"),
            profile: reader.optional_text("temporal.profile"),
            address: reader.optional_text("temporal.address"),
            namespace: reader.optional_text("temporal.namespace"),
            api_key: reader.secret("temporal.api_key"),
            api_key_file: reader.optional_path("temporal.api_key_file"),
            tls: reader.optional_flag("temporal.tls"),
            tls_client_cert_path: reader.optional_path("temporal.tls_client_cert_path"),
            tls_client_key_path: reader.optional_path("temporal.tls_client_key_path"),
            tls_server_ca_cert_path: reader.optional_path("temporal.tls_server_ca_cert_path"),
            tls_server_name: reader.optional_text("temporal.tls_server_name"),
            sticky_timeout: reader.duration("temporal.sticky_timeout", Duration::from_millis(100)..=Duration::from_mins(10)),
            max_cached_workflows: reader.number("temporal.max_cached_workflows", 0..=1_000_000),
        };
        if settings.tls_client_cert_path.is_some() != settings.tls_client_key_path.is_some() {
            let (missing, given) = match settings.tls_client_cert_path {
                None => ("temporal.tls_client_cert_path", "tls_client_key_path"),
                Some(_) => ("temporal.tls_client_key_path", "tls_client_cert_path"),
            };
            reader.mistake(missing, format!("needed together with temporal.{given}"));
        }
        if settings.api_key.is_some() && settings.api_key_file.is_some() {
            reader.mistake("temporal.api_key_file", "temporal.api_key is set too: only one of them can be meant");
        }
        settings
    }
}

impl Default for TemporalSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
