//! `stigmer.*`: the control plane.

use secrecy::SecretString;

use super::Key;
use super::reader::Reader;

/// How to reach stigmer-server.
#[derive(Clone, Debug)]
pub struct StigmerSettings {
    /// `host:port` of its gRPC services.
    pub endpoint: String,
    /// Bearer token of every call.
    pub api_key: SecretString,
    pub tls: bool,
}

pub const KEYS: &[Key] = &[
    Key::new(
        "stigmer.endpoint",
        "",
        "host:port of the control plane; without it ExecuteWorkflow, CallAgentActivity and validateWorkflow are not served.",
    )
    .also(&["STIGMER_BACKEND_ENDPOINT"]),
    Key::new("stigmer.api_key", "", "Needed with an endpoint, even a local one.").also(&["STIGMER_API_KEY"]).secret(),
    Key::new("stigmer.tls", "true", "TLS to the control plane.").also(&["STIGMER_SERVICE_USE_TLS"]),
];

impl StigmerSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let endpoint = reader.parse_optional("stigmer.endpoint", endpoint);
        let api_key = reader.secret("stigmer.api_key");
        let tls = reader.flag("stigmer.tls");
        let endpoint = endpoint?;
        if api_key.is_none() {
            reader.mistake("stigmer.api_key", "needed with stigmer.endpoint (STIGMER_API_KEY, any text where the server asks for none)");
        }
        Some(Self { endpoint, api_key: api_key?, tls })
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
