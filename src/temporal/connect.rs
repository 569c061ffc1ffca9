//! The connection to Temporal: found by the SDK's own loader (environment and `temporal.toml` profiles), with what our configuration says on top.
//!
//! | what changes while it lasts | how |
//! |---|---|
//! | certificates, keys and authorities in files | asked for at each TLS handshake: [`LiveTls`] |
//! | an API key in a file | set on the live connection: [`set_api_key`] |

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::errors::ClientConnectError;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, TlsOptions};
use temporalio_common::envconfig::{ClientConfigProfile, DataSource, load_client_config_profile};
use temporalio_common::telemetry::metrics::TemporalMeter;
use url::Url;

use super::tls::{Files, LiveTls};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Temporal's, where an address names none.
const PORT: u16 = 7233;

/// What our configuration says; absent members are left to the SDK's loader.
#[derive(Clone, Default)]
pub struct Address {
    /// `host:port`, or a URL.
    pub address: Option<String>,
    pub namespace: Option<String>,
    pub identity: Option<String>,
    /// A `temporal.toml` other than the usual one, and its profile.
    pub config_file: Option<PathBuf>,
    pub profile: Option<String>,
    pub api_key: Option<String>,
    /// Instead of `api_key`.
    pub api_key_file: Option<PathBuf>,
    pub tls: Tls,
}

/// A client, and what can be renewed on its connection.
pub struct Connected {
    pub client: Client,
    /// None: no certificate comes from a file.
    pub tls: Option<Arc<LiveTls>>,
}

/// TLS to Temporal; files are PEM.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    pub enabled: Option<bool>,
    pub client_cert: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub server_ca_cert: Option<PathBuf>,
    pub server_name: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No retry will help.
    #[error("{0}")]
    Configuration(String),
    #[error("Temporal at {target} is not reachable: {reason}; is TEMPORAL_ADDRESS right? `temporal server start-dev` starts a server here")]
    Unreachable { target: String, reason: String },
}

/// Connects once.
///
/// # Errors
/// A wrong setting, or a server that does not answer.
pub async fn once(address: &Address, meter: Option<TemporalMeter>) -> Result<Client, ConnectError> {
    let (connection, client, _) = options(address)?;
    let target = shown(&connection);
    attempt(connection, client, &target, meter).await
}

/// Where a connection goes: `https` where it is encrypted.
///
/// # Errors
/// A wrong setting.
pub fn target(address: &Address) -> Result<Url, ConnectError> {
    let (connection, ..) = options(address)?;
    let mut target = connection.target;
    if connection.tls_options.is_some() && target.scheme() == "http" {
        // The one is as good a scheme for a URL as the other, so this cannot fail.
        let _ = target.set_scheme("https");
    }
    Ok(target)
}

/// Connects, waiting for a server that is not there yet: one clear line for each attempt, no crash.
///
/// # Errors
/// A wrong setting.
pub async fn patiently(address: &Address, meter: Option<TemporalMeter>) -> Result<Connected, ConnectError> {
    let mut pause = FIRST_PAUSE;
    loop {
        let (connection, client, tls) = options(address)?;
        let target = shown(&connection);
        match attempt(connection, client, &target, meter.clone()).await {
            Err(ConnectError::Unreachable { reason, .. }) => {
                tracing::warn!(%target, %reason, retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), "Temporal is not reachable yet; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            done => return done.map(|client| Connected { client, tls }),
        }
    }
}

/// The key that a file holds, without the line end after it.
///
/// # Errors
/// There is none, or it cannot stand in a header. The text never quotes it.
pub fn api_key(contents: &[u8]) -> Result<String, String> {
    let key = std::str::from_utf8(contents).map_err(|_| "it is not text".to_owned())?.trim();
    match key {
        "" => Err("it is empty".to_owned()),
        key if key.bytes().all(|b| b.is_ascii_graphic()) => Ok(key.to_owned()),
        _ => Err("it has characters that no header may contain".to_owned()),
    }
}

/// From its next request on, every clone of the client sends this key.
pub fn set_api_key(client: &Client, key: String) {
    client.connection().set_api_key(Some(key));
}

fn options(address: &Address) -> Result<(ConnectionOptions, ClientOptions, Option<Arc<LiveTls>>), ConnectError> {
    let profile = || {
        LoadClientConfigProfileOptions::builder()
            .maybe_config_source(address.config_file.as_ref().map(|path| DataSource::Path(path.display().to_string())))
            .maybe_config_file_profile(address.profile.clone())
            .build()
    };
    let configuration = |error: &dyn std::fmt::Display| ConnectError::Configuration(error.to_string());
    let known = load_client_config_profile(profile(), None).map_err(|e| configuration(&e))?;
    let (mut connection, mut client) = ClientOptions::load_from_config(profile()).map_err(|e| configuration(&e))?;
    if let Some(namespace) = &address.namespace {
        client.namespace.clone_from(namespace);
    }
    if let Some(identity) = &address.identity {
        connection.identity.clone_from(identity);
    }
    if let Some(file) = &address.api_key_file {
        connection.api_key = Some(read_api_key(file)?);
    } else if address.api_key.is_some() {
        connection.api_key.clone_from(&address.api_key);
    }
    let tls = set_tls(&mut connection, &address.tls, &known)?;
    if let Some(text) = &address.address {
        connection.target = url(text, connection.tls_options.is_some())?;
    }
    if connection.target.scheme() == "https" && connection.tls_options.is_none() {
        connection.tls_options = Some(TlsOptions::default());
    }
    connection.connect_timeout = Some(Duration::from_secs(10));
    if tls.as_ref().is_some_and(|tls| tls.has_client()) {
        leave_tls_to_the_connector(&mut connection)?;
    }
    Ok((connection, client, tls))
}

/// With certificates that may change, the SDK makes TLS in a connector of its own, and its transport refuses `https` beside that. So the address says
/// `http` and the requests say `https`; the connection is TLS all the same.
fn leave_tls_to_the_connector(connection: &mut ConnectionOptions) -> Result<(), ConnectError> {
    let configuration = |problem: String| ConnectError::Configuration(format!("the Temporal address `{}`: {problem}", connection.target));
    let (host, port) = (connection.target.host_str().unwrap_or_default(), connection.target.port_or_known_default().unwrap_or(PORT));
    let origin = format!("https://{host}:{port}").parse().map_err(|e| configuration(format!("{e}")))?;
    let plain = Url::parse(&format!("http://{host}:{port}")).map_err(|e| configuration(e.to_string()))?;
    connection.override_origin.get_or_insert(origin);
    connection.target = plain;
    Ok(())
}

fn read_api_key(file: &Path) -> Result<String, ConnectError> {
    let problem =
        |problem: &dyn std::fmt::Display| ConnectError::Configuration(format!("temporal.api_key_file: {}: {problem}", file.display()));
    let contents = std::fs::read(file).map_err(|e| problem(&e))?;
    api_key(&contents).map_err(|e| problem(&e))
}

/// Files go to [`LiveTls`], which the connection asks; a profile's data that stands in no file stays as it is.
fn set_tls(connection: &mut ConnectionOptions, tls: &Tls, profile: &ClientConfigProfile) -> Result<Option<Arc<LiveTls>>, ConnectError> {
    if tls.enabled == Some(false) {
        connection.tls_options = None;
        return Ok(None);
    }
    let wanted = tls.enabled == Some(true)
        || tls.client_cert.is_some()
        || tls.server_ca_cert.is_some()
        || connection.api_key.is_some()
        || connection.tls_options.is_some();
    if !wanted {
        return Ok(None);
    }
    let mut options = connection.tls_options.take().unwrap_or_default();
    if tls.server_name.is_some() {
        options.domain.clone_from(&tls.server_name);
    }
    let files = files(tls, profile);
    let live = if files.client.is_some() || files.server_ca.is_some() {
        Some(LiveTls::read(&files).map_err(ConnectError::Configuration)?)
    } else {
        None
    };
    if let Some(live) = &live {
        if live.has_client() {
            options.client_tls_options = None;
            options.client_cert_resolver = Some(live.clone());
            // The SDK cannot have both; each new connection resolves the name again.
            connection.dns_load_balancing = None;
        }
        if live.has_server_ca() {
            options.server_root_ca_cert = None;
            options.server_cert_verifier = Some(live.clone());
        }
    }
    connection.tls_options = Some(options);
    Ok(live)
}

/// Ours, else the profile's.
fn files(tls: &Tls, profile: &ClientConfigProfile) -> Files {
    let path = |source: &Option<DataSource>| match source {
        Some(DataSource::Path(path)) => Some(PathBuf::from(path)),
        _ => None,
    };
    let theirs = profile.tls.as_ref();
    let cert = tls.client_cert.clone().or_else(|| path(&theirs?.client_cert));
    let key = tls.client_key.clone().or_else(|| path(&theirs?.client_key));
    Files { client: cert.zip(key), server_ca: tls.server_ca_cert.clone().or_else(|| path(&theirs?.server_ca_cert)) }
}

/// `host:port` as people write it, or a whole URL.
fn url(text: &str, tls: bool) -> Result<Url, ConnectError> {
    let scheme = if tls { "https" } else { "http" };
    let whole = if text.contains("://") { text.to_owned() } else { format!("{scheme}://{text}") };
    match Url::parse(&whole) {
        Ok(url) if url.has_host() => Ok(url),
        _ => Err(ConnectError::Configuration(format!("the Temporal address `{text}` is not host:port"))),
    }
}

/// The address, for people.
fn shown(connection: &ConnectionOptions) -> String {
    connection.override_origin.as_ref().map_or_else(|| connection.target.to_string(), ToString::to_string)
}

async fn attempt(
    mut connection: ConnectionOptions,
    client: ClientOptions,
    target: &str,
    meter: Option<TemporalMeter>,
) -> Result<Client, ConnectError> {
    connection.metrics_meter = meter;
    let connected = Connection::connect(connection).await.map_err(|e| match e {
        ClientConnectError::InvalidUri(_) | ClientConnectError::InvalidHeaders(_) | ClientConnectError::InvalidConfig(_) => {
            ConnectError::Configuration(e.to_string())
        }
        ClientConnectError::SystemInfoCallError(status) => {
            ConnectError::Unreachable { target: target.to_owned(), reason: status.message().to_owned() }
        }
        other => ConnectError::Unreachable { target: target.to_owned(), reason: innermost(&other) },
    })?;
    Client::new(connected, client).map_err(|e| ConnectError::Configuration(e.to_string()))
}

/// The last cause says it in the fewest words: "Connection refused" below three layers of transport errors.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        for (text, tls, expected) in [
            ("localhost:7233", false, "http://localhost:7233/"),
            ("my.tmprl.cloud:7233", true, "https://my.tmprl.cloud:7233/"),
            ("https://h:1", false, "https://h:1/"),
        ] {
            assert_eq!(url(text, tls).unwrap().as_str(), expected);
        }
        assert!(url("::::", false).unwrap_err().to_string().contains("::::"));
    }

    #[test]
    fn an_api_key_is_one_word() {
        assert_eq!(api_key(b"key-1\n").as_deref(), Ok("key-1"));
        for (contents, problem) in [(&b" \n"[..], "empty"), (b"a b", "characters"), (b"a\nb", "characters"), (b"\xff", "not text")] {
            assert!(api_key(contents).unwrap_err().contains(problem));
        }
    }
}
