//! `direct.*`: the gRPC service through which executions are started and steered without a caller in Temporal.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use secrecy::SecretString;

use super::Key;
use super::reader::Reader;

/// How executions reach this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// By Temporal's task queues.
    #[default]
    Temporal,
    /// By the gRPC service, and they run in this process: no Temporal.
    Grpc,
    /// By both, and all run on Temporal.
    Dual,
}

impl Mode {
    #[must_use]
    pub fn serves_grpc(self) -> bool {
        self != Self::Temporal
    }
}

#[derive(Clone, Debug)]
pub struct DirectSettings {
    pub mode: Mode,
    pub listen: SocketAddr,
    /// What a client has to show. Always there when the service is served and `listen` is not a loopback address.
    pub token: Option<SecretString>,
    pub tls: Option<TlsFiles>,
    /// Runs at a time in mode `grpc`.
    pub max_runs: usize,
}

/// PEM files; both are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those that lead to its authority.
    pub cert: PathBuf,
    pub key: PathBuf,
}

pub const KEYS: &[Key] = &[
    Key::new(
        "direct.mode",
        "temporal",
        "How executions come: temporal (task queues), grpc (the gRPC service; they run in this process, without Temporal) or dual (both; they run on Temporal).",
    )
    .also(&["EXECUTION_MODE"]),
    Key::new(
        "direct.listen",
        "127.0.0.1:8080",
        "Address of the gRPC service in the modes grpc and dual; a port alone, as in GRPC_PORT, means every interface.",
    )
    .also(&["GRPC_PORT"]),
    Key::new("direct.token", "", "Bearer token that clients must show; required when direct.listen is not a loopback address.").secret(),
    Key::new("direct.tls_cert_path", "", "PEM file with the service's certificate chain: TLS on; read again when it changes."),
    Key::new("direct.tls_key_path", "", "PEM file with the certificate's private key; read again when it changes."),
    Key::new("direct.max_runs", "32", "Most runs at a time in mode grpc; one more is refused with RESOURCE_EXHAUSTED."),
];

impl DirectSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mode = reader.choice("direct.mode", &[("temporal", Mode::Temporal), ("grpc", Mode::Grpc), ("dual", Mode::Dual)]);
        let listen = reader.parse("direct.listen", address);
        let token = reader.secret("direct.token");
        if mode.serves_grpc() && !listen.ip().is_loopback() && token.is_none() {
            let instead = format!("or listen on 127.0.0.1:{} by direct.listen", listen.port());
            reader.mistake("direct.token", format!("needed when direct.listen ({listen}) is not a loopback address; {instead}"));
        }
        let tls = match (reader.optional_path("direct.tls_cert_path"), reader.optional_path("direct.tls_key_path")) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            (Some(_), None) => {
                reader.mistake("direct.tls_key_path", "needed together with direct.tls_cert_path");
                None
            }
            (None, Some(_)) => {
                reader.mistake("direct.tls_cert_path", "needed together with direct.tls_key_path");
                None
            }
        };
        Self { mode, listen, token, tls, max_runs: reader.number("direct.max_runs", 1..=1_024) }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let port = || text.parse().ok().map(|port: u16| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    let wrong = || format!("an address such as 127.0.0.1:8080, or a port, is needed, not `{text}`");
    text.parse().ok().or_else(port).ok_or_else(wrong)
}

impl Default for DirectSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
