//! `log.level` and `log.filter`, read again from where they come from.

use super::{Files, Reload};
use crate::config::{self, LogSettings, Sources};
use crate::telemetry::Metrics;
use crate::telemetry::logging::Logging;

/// The log of the process, and where its settings come from: the environment and flags as they were at the start, and the file as it is.
#[derive(Clone)]
pub struct LogReload {
    logging: Logging,
    sources: Sources,
}

impl LogReload {
    pub fn new(logging: Logging, sources: Sources) -> Self {
        Self { logging, sources }
    }

    /// For the configuration file, if there is one.
    pub(super) fn of_file(&mut self) -> Option<Reload> {
        let file = self.sources.file()?;
        let contents = std::fs::read(&file).unwrap_or_default();
        let log = self.clone();
        Some(Reload::new("log", Files::holding([(file, contents)]), move |_| log.apply()))
    }

    /// Because somebody asked for it.
    pub(super) fn now(&self, metrics: &Metrics) {
        let done = self.apply();
        metrics.reloaded("log", done.is_ok());
        match done {
            Ok(done) => tracing::info!(what = "log", "SIGHUP: {done}"),
            Err(reason) => tracing::warn!(what = "log", %reason, "SIGHUP: the settings cannot be used; going on as before"),
        }
    }

    /// What holds now, in words.
    fn apply(&self) -> Result<String, String> {
        let loaded = config::load(&self.sources).map_err(|mistakes| mistakes.to_string().replace("\n ", ";"))?;
        self.logging.apply(&loaded.config.log)?;
        Ok(format!("{}; other settings of the file take effect at the next start", in_words(&loaded.config.log)))
    }
}

fn in_words(settings: &LogSettings) -> String {
    match &settings.filter {
        Some(filter) => format!("log.filter is `{filter}`"),
        None => format!("log.level is {}", settings.level),
    }
}
