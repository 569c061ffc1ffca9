//! What changes in a worker while it runs, without a restart.
//!
//! | what | from | how it is taken over |
//! |---|---|---|
//! | `temporal_tls` | `temporal.tls_*_path`, or the profile's | at the next TLS handshake; nothing is interrupted |
//! | `temporal_api_key` | `temporal.api_key_file` | with the next request |
//! | `stigmer` | `stigmer.*_file` | with the next request, over a new connection |
//! | `log` | `log.level` and `log.filter` of the configuration file | at once |
//!
//! Files are looked at every `worker.reload_every`, and at a `SIGHUP`; a change that two looks in a row find counts, at a `SIGHUP` at once. What cannot be used is a warning and a metric, and the old goes on.

mod files;
mod log;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use temporalio_client::Client;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub use self::files::{Files, Look};
pub use self::log::LogReload;
use crate::config::{ApiKey, StigmerSettings};
use crate::stigmer::{Certificates, Settings, Stigmer};
use crate::telemetry::Metrics;
use crate::temporal::connect;
use crate::temporal::tls::LiveTls;

/// Takes the contents of all its files; the error is for people, and says that nothing has changed.
type Apply = Box<dyn FnMut(Vec<Vec<u8>>) -> Result<String, String> + Send + Sync>;

/// Some files, and what is made of them.
pub struct Reload {
    what: &'static str,
    files: Files,
    apply: Apply,
}

impl Reload {
    pub fn new(
        what: &'static str,
        files: Files,
        apply: impl FnMut(Vec<Vec<u8>>) -> Result<String, String> + Send + Sync + 'static,
    ) -> Self {
        Self { what, files, apply: Box::new(apply) }
    }

    /// The certificates of the connection to Temporal.
    pub fn temporal_tls(tls: Arc<LiveTls>) -> Self {
        let files = Files::holding(tls.files().to_vec());
        Self::new("temporal_tls", files, move |contents| tls.replace(&contents).map(|()| "used from the next connection on".to_owned()))
    }

    /// The API key of the connection to Temporal.
    pub fn temporal_api_key(file: &Path, client: Client) -> Self {
        let set = move |contents: &[u8]| connect::api_key(contents).map(|key| connect::set_api_key(&client, key));
        // It may have changed since the connection was made.
        let now = std::fs::read(file).unwrap_or_default();
        let _ = set(&now);
        Self::new("temporal_api_key", Files::holding([(file.to_owned(), now)]), move |contents| {
            set(contents.first().map_or(&[], Vec::as_slice)).map(|()| "used from the next request on".to_owned())
        })
    }

    fn look(&mut self, now: bool, metrics: &Metrics) {
        let what = self.what;
        let looked = if now { self.files.look_now() } else { self.files.look() };
        let done = match looked {
            Look::Same => return,
            Look::Changed(contents) => (self.apply)(contents),
            Look::Unreadable(reason) => Err(reason),
        };
        metrics.reloaded(what, done.is_ok());
        match done {
            Ok(done) => tracing::info!(what, "reloaded: {done}"),
            Err(reason) => tracing::warn!(what, %reason, "what has changed cannot be used; going on as before"),
        }
    }
}

/// Looks again and again, until it is dropped. `SIGHUP` looks at once, and at `log` even when its file is the same.
pub async fn run(
    mut reloads: Vec<Reload>,
    mut log: Option<LogReload>,
    mut hangups: Option<Hangups>,
    every: Duration,
    metrics: Arc<Metrics>,
) {
    reloads.extend(log.as_mut().and_then(LogReload::of_file));
    reloads.iter().for_each(|reload| metrics.reloads_watched(reload.what));
    let mut ticks = tokio::time::interval(every);
    loop {
        let asked = async {
            match &mut hangups {
                Some(hangups) => hangups.next().await,
                None => std::future::pending().await,
            }
        };
        let hung_up = tokio::select! {
            _ = ticks.tick() => false,
            () = asked => true,
        };
        reloads.iter_mut().for_each(|reload| reload.look(hung_up, &metrics));
        if hung_up && let Some(log) = &log {
            log.now(&metrics);
        }
    }
}

/// `SIGHUP`, which no longer ends the process.
pub struct Hangups(Signal);

impl Hangups {
    pub fn listen() -> std::io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// The control plane's client with what renews it, if files have a part in it.
///
/// # Errors
/// A setting that cannot be used, for people.
pub fn stigmer(settings: &StigmerSettings, deadline: Duration) -> Result<(Stigmer, Option<Reload>), String> {
    let paths: Vec<PathBuf> = key_file(settings)
        .into_iter()
        .chain(settings.ca_file.clone())
        .chain(settings.client_cert_file.clone().zip(settings.client_key_file.clone()).into_iter().flat_map(|(cert, key)| [cert, key]))
        .collect();
    let read = |path: PathBuf| match std::fs::read(&path) {
        Ok(contents) => Ok((path, contents)),
        Err(error) => Err(format!("the control plane: cannot read {}: {error}", path.display())),
    };
    let files = paths.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let contents = files.iter().map(|(_, contents)| contents.clone()).collect();
    let client = Stigmer::new(&client_settings(settings, contents, deadline)?).map_err(|error| error.to_string())?;
    if files.is_empty() {
        return Ok((client, None));
    }
    let (renewed, settings) = (client.clone(), settings.clone());
    let reload = Reload::new("stigmer", Files::holding(files), move |contents| {
        renewed.renew(&client_settings(&settings, contents, deadline)?).map_err(|error| error.to_string())?;
        Ok("used from the next request on".to_owned())
    });
    Ok((client, Some(reload)))
}

fn key_file(settings: &StigmerSettings) -> Option<PathBuf> {
    match &settings.api_key {
        ApiKey::File(path) => Some(path.clone()),
        ApiKey::Given(_) => None,
    }
}

/// With the contents of the files that the settings name, in the order of [`stigmer`].
fn client_settings(settings: &StigmerSettings, contents: Vec<Vec<u8>>, deadline: Duration) -> Result<Settings, String> {
    let mut contents = contents.into_iter();
    let api_key = match &settings.api_key {
        ApiKey::Given(key) => SecretString::from(key.expose_secret()),
        ApiKey::File(path) => {
            let key = connect::api_key(&contents.next().unwrap_or_default());
            SecretString::from(key.map_err(|problem| format!("stigmer.api_key_file: {}: {problem}", path.display()))?)
        }
    };
    let ca = settings.ca_file.as_ref().and_then(|_| contents.next());
    let client = settings.client_cert_file.as_ref().and_then(|_| Some((contents.next()?, contents.next()?)));
    let certificates = Certificates { ca, client, server_name: settings.server_name.clone() };
    Ok(Settings { endpoint: settings.endpoint.clone(), tls: settings.tls, api_key, certificates, deadline })
}
