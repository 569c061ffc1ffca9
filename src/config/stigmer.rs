//! `stigmer.*`: the control plane.

use std::path::PathBuf;

use secrecy::SecretString;

use super::Key;
use super::reader::Reader;

/// How to reach stigmer-server.
#[derive(Clone, Debug)]
pub struct StigmerSettings {
    /// `host:port` of its gRPC services.
    pub endpoint: String,
    /// Bearer token of every call.
    pub api_key: ApiKey,
    pub tls: bool,
    /// PEM files; without `ca_file` the system's authorities are trusted.
    pub ca_file: Option<PathBuf>,
    pub client_cert_file: Option<PathBuf>,
    pub client_key_file: Option<PathBuf>,
    /// Host name that the server's certificate is checked for, when it is not the endpoint's.
    pub server_name: Option<String>,
}

/// The token itself, or the file that has it.
#[derive(Clone, Debug)]
pub enum ApiKey {
    Given(SecretString),
    /// Read again when it changes.
    File(PathBuf),
}

pub const KEYS: &[Key] = &[
    Key::new(
        "stigmer.endpoint",
        "",
        "host:port of the control plane; without it ExecuteWorkflow, CallAgentActivity and validateWorkflow are not served.",
    )
    .also(&["STIGMER_BACKEND_ENDPOINT"]),
    Key::new("stigmer.api_key", "", "Needed with an endpoint, even a local one.").also(&["STIGMER_API_KEY"]).secret(),
    Key::new("stigmer.api_key_file", "", "File with the API key, instead of stigmer.api_key; read again when it changes."),
    Key::new("stigmer.tls", "true", "TLS to the control plane.").also(&["STIGMER_SERVICE_USE_TLS"]),
    Key::new(
        "stigmer.ca_file",
        "",
        "PEM file of the authorities that the control plane's certificate may come from, instead of the system's; read again when it changes, as the two below.",
    ),
    Key::new("stigmer.client_cert_file", "", "PEM file of a client certificate, where the control plane asks for one."),
    Key::new("stigmer.client_key_file", "", "PEM file of its key."),
    Key::new("stigmer.server_name", "", "Host name that the control plane's certificate is checked for; without it the endpoint's."),
];

/// Settings that say something only with TLS.
const OF_TLS: [&str; 4] = ["stigmer.ca_file", "stigmer.client_cert_file", "stigmer.client_key_file", "stigmer.server_name"];

impl StigmerSettings {
    /// A control plane on this machine: no TLS.
    #[must_use]
    pub fn local(endpoint: String, api_key: &str) -> Self {
        Self {
            endpoint,
            api_key: ApiKey::Given(SecretString::from(api_key)),
            tls: false,
            ca_file: None,
            client_cert_file: None,
            client_key_file: None,
            server_name: None,
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let endpoint = reader.parse_optional("stigmer.endpoint", endpoint);
        let given = reader.secret("stigmer.api_key");
        let file = reader.optional_path("stigmer.api_key_file");
        let tls = reader.flag("stigmer.tls");
        let ca_file = reader.optional_path("stigmer.ca_file");
        let client_cert_file = reader.optional_path("stigmer.client_cert_file");
        let client_key_file = reader.optional_path("stigmer.client_key_file");
        let server_name = reader.optional_text("stigmer.server_name");
        match (&client_cert_file, &client_key_file) {
            (Some(_), None) => reader.mistake("stigmer.client_key_file", "needed together with stigmer.client_cert_file"),
            (None, Some(_)) => reader.mistake("stigmer.client_cert_file", "needed together with stigmer.client_key_file"),
            _ => {}
        }
        if !tls && let Some(path) = OF_TLS.into_iter().find(|path| reader.is_set(path)) {
            reader.mistake(path, "stigmer.tls is off: switch it on, or leave this out");
        }
        let endpoint = endpoint?;
        let api_key = match (given, file) {
            (Some(key), None) => Some(ApiKey::Given(key)),
            (None, Some(file)) => Some(ApiKey::File(file)),
            (Some(_), Some(_)) => {
                reader.mistake("stigmer.api_key_file", "stigmer.api_key is set too: only one of them can be meant");
                None
            }
            (None, None) => {
                let problem =
                    "needed with stigmer.endpoint (STIGMER_API_KEY, any text where the server asks for none), or stigmer.api_key_file";
                reader.mistake("stigmer.api_key", problem);
                None
            }
        };
        Some(Self { endpoint, api_key: api_key?, tls, ca_file, client_cert_file, client_key_file, server_name })
    }

    /// The endpoint as a URI.
    pub fn uri(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.endpoint)
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let valid = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && !host.contains(['/', '@', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0));
    if valid { Ok(text.to_owned()) } else { Err(format!("host:port is needed, not `{text}`")) }
}
