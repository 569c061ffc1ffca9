//! The connection to Temporal: found by the SDK's own loader (environment and `temporal.toml` profiles), with what our configuration says on top.

use std::path::PathBuf;
use std::time::Duration;

use temporalio_client::envconfig::{DataSource, LoadClientConfigProfileOptions};
use temporalio_client::errors::ClientConnectError;
use temporalio_client::{Client, ClientOptions, ClientTlsOptions, Connection, ConnectionOptions, TlsOptions};
use temporalio_common::telemetry::metrics::TemporalMeter;
use url::Url;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

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
    pub tls: Tls,
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
    #[error("Temporal at {target} is not reachable: {reason}")]
    Unreachable { target: String, reason: String },
}

/// Connects once.
///
/// # Errors
/// A wrong setting, or a server that does not answer.
pub async fn once(address: &Address, meter: Option<TemporalMeter>) -> Result<Client, ConnectError> {
    let (connection, client) = options(address)?;
    let target = connection.target.to_string();
    attempt(connection, client, &target, meter).await
}

/// Where a connection goes: `https` where it is encrypted.
///
/// # Errors
/// A wrong setting.
pub fn target(address: &Address) -> Result<Url, ConnectError> {
    let (connection, _) = options(address)?;
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
pub async fn patiently(address: &Address, meter: Option<TemporalMeter>) -> Result<Client, ConnectError> {
    let mut pause = FIRST_PAUSE;
    loop {
        let (connection, client) = options(address)?;
        let target = connection.target.to_string();
        match attempt(connection, client, &target, meter.clone()).await {
            Err(ConnectError::Unreachable { reason, .. }) => {
                tracing::warn!(%target, %reason, retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), "Temporal is not reachable yet; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            done => return done,
        }
    }
}

fn options(address: &Address) -> Result<(ConnectionOptions, ClientOptions), ConnectError> {
    let profile = LoadClientConfigProfileOptions::builder()
        .maybe_config_source(address.config_file.as_ref().map(|path| DataSource::Path(path.display().to_string())))
        .maybe_config_file_profile(address.profile.clone())
        .build();
    let loaded = ClientOptions::load_from_config(profile);
    let (mut connection, mut client) = loaded.map_err(|e| ConnectError::Configuration(e.to_string()))?;
    if let Some(namespace) = &address.namespace {
        client.namespace.clone_from(namespace);
    }
    if let Some(identity) = &address.identity {
        connection.identity.clone_from(identity);
    }
    if address.api_key.is_some() {
        connection.api_key.clone_from(&address.api_key);
    }
    set_tls(&mut connection, &address.tls)?;
    if let Some(text) = &address.address {
        connection.target = url(text, connection.tls_options.is_some())?;
    }
    if connection.target.scheme() == "https" && connection.tls_options.is_none() {
        connection.tls_options = Some(TlsOptions::default());
    }
    connection.connect_timeout = Some(Duration::from_secs(10));
    Ok((connection, client))
}

fn set_tls(connection: &mut ConnectionOptions, tls: &Tls) -> Result<(), ConnectError> {
    if tls.enabled == Some(false) {
        connection.tls_options = None;
        return Ok(());
    }
    let read =
        |path: &PathBuf| std::fs::read(path).map_err(|e| ConnectError::Configuration(format!("cannot read {}: {e}", path.display())));
    let wanted = tls.enabled == Some(true) || tls.client_cert.is_some() || tls.server_ca_cert.is_some() || connection.api_key.is_some();
    if !wanted {
        return Ok(());
    }
    let mut options = connection.tls_options.take().unwrap_or_default();
    if let (Some(cert), Some(key)) = (&tls.client_cert, &tls.client_key) {
        options.client_tls_options = Some(ClientTlsOptions::builder().client_cert(read(cert)?).client_private_key(read(key)?).build());
    }
    if let Some(ca) = &tls.server_ca_cert {
        options.server_root_ca_cert = Some(read(ca)?);
    }
    if tls.server_name.is_some() {
        options.domain.clone_from(&tls.server_name);
    }
    connection.tls_options = Some(options);
    Ok(())
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
}
