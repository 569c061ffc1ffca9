//! Logs: text on a terminal, one JSON object a line elsewhere, always on stderr: stdout is for data. What is logged may change while the process
//! runs; how it is written may not.

use std::io::{self, IsTerminal as _};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, reload};

use crate::config::{LogFormat, LogSettings};

/// The log of the process. Cheap to clone.
#[derive(Clone)]
pub struct Logging(reload::Handle<EnvFilter, Registry>);

/// Makes the process log to stderr. Does nothing when something logs already, as in tests.
///
/// Colours only on a terminal, and not where `NO_COLOR` is set.
pub fn init(settings: &LogSettings) -> Logging {
    let terminal = io::stderr().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let (subscriber, logging) = subscriber(settings, terminal, colour, io::stderr);
    let _ = subscriber.try_init();
    logging
}

impl Logging {
    /// Level and directives of `settings` hold from now on; their format does not.
    ///
    /// # Errors
    /// Nothing of this process logs by these settings.
    pub fn apply(&self, settings: &LogSettings) -> Result<(), String> {
        self.0.reload(filter(settings)).map_err(|error| error.to_string())
    }
}

type Subscriber = Box<dyn tracing::Subscriber + Send + Sync>;

fn subscriber<W>(settings: &LogSettings, terminal: bool, colour: bool, writer: W) -> (Subscriber, Logging)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let json = match settings.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colour);
    let (filter, handle) = reload::Layer::new(filter(settings));
    // Beside what may be reloaded, not in it: no directive reaches it.
    let filter = filter.and(filter_fn(shows_no_token));
    let subscriber: Subscriber = if json {
        // Fields stand at the top, under the names that Temporal's own logs have.
        let layer = layer.json().flatten_event(true).with_current_span(true).with_span_list(false);
        Box::new(tracing_subscriber::registry().with(layer.with_filter(filter)))
    } else {
        Box::new(tracing_subscriber::registry().with(layer.with_target(false).with_filter(filter)))
    };
    (subscriber, Logging(handle))
}

/// The Temporal SDK prints whole task tokens in its debug messages: whatever the filter says, they are not for a log.
fn shows_no_token(metadata: &tracing::Metadata<'_>) -> bool {
    *metadata.level() <= tracing::Level::INFO || !metadata.target().starts_with("temporalio")
}

/// `log.level` is for our own messages; libraries are heard from `warn` on, unless `log.filter` says otherwise.
fn filter(settings: &LogSettings) -> EnvFilter {
    let directives = match (&settings.filter, settings.level) {
        (Some(directives), _) => directives.clone(),
        (None, level @ ("off" | "error")) => level.to_owned(),
        (None, level) => format!("warn,workflow_runner={level}"),
    };
    // `config` has read the directives before.
    EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).parse_lossy(directives)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Written {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn logged(settings: &LogSettings, terminal: bool) -> String {
        logged_after(settings, None, terminal)
    }

    /// Whatever `then` changes is changed before anything is logged.
    fn logged_after(settings: &LogSettings, then: Option<&LogSettings>, terminal: bool) -> String {
        let written = Written::default();
        let (subscriber, logging) = subscriber(settings, terminal, false, written.clone());
        with_default(subscriber, || {
            if let Some(then) = then {
                logging.apply(then).unwrap();
            }
            tracing::info!(target: "workflow_runner::test", workflow_id = "w1", attempt = 2, "started");
            tracing::debug!(target: "workflow_runner::test", "detail");
            tracing::info!(target: "h2", "library chatter");
            tracing::warn!(target: "h2", "library warning");
            tracing::debug!(target: "temporalio_sdk_core::worker", "task token of the SDK");
            tracing::info!(target: "temporalio_sdk_core::worker", "news of the SDK");
        });
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_pod_gets_one_json_object_a_line_with_fields_at_the_top() {
        let text = logged(&LogSettings::default(), false);
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!((&lines[0]["message"], &lines[0]["workflow_id"], &lines[0]["attempt"]), (&"started".into(), &"w1".into(), &2.into()));
        assert_eq!((&lines[1]["level"], &lines[1]["message"]), (&"WARN".into(), &"library warning".into()));
    }

    #[test]
    fn a_terminal_gets_text() {
        let text = logged(&LogSettings::default(), true);
        assert!(text.lines().next().is_some_and(|line| line.contains("started workflow_id=\"w1\" attempt=2")), "{text}");
        let forced = LogSettings { format: LogFormat::Json, ..LogSettings::default() };
        assert!(logged(&forced, true).starts_with('{'));
    }

    #[test]
    fn level_is_for_us_and_the_filter_wins() {
        let debug = LogSettings { level: "debug", ..LogSettings::default() };
        let text = logged(&debug, true);
        assert!(text.contains("detail") && !text.contains("chatter"), "{text}");
        assert_eq!(logged(&LogSettings { level: "off", ..debug.clone() }, true), "");
        let filtered = LogSettings { filter: Some("off,h2=info".to_owned()), ..debug };
        let text = logged(&filtered, true);
        assert!(text.contains("chatter") && !text.contains("started"), "{text}");
    }

    #[test]
    fn level_and_filter_change_while_it_runs() {
        let at = |level: &'static str| LogSettings { level, ..LogSettings::default() };
        assert!(!logged_after(&at("debug"), Some(&at("info")), true).contains("detail"));
        assert!(logged_after(&at("info"), Some(&at("debug")), true).contains("detail"));
        assert_eq!(logged_after(&at("trace"), Some(&at("off")), false), "");
        let filtered = LogSettings { filter: Some("h2=info".to_owned()), ..LogSettings::default() };
        assert!(logged_after(&at("info"), Some(&filtered), false).contains("chatter"));
    }

    #[test]
    fn no_filter_shows_what_the_sdk_says_about_tokens() {
        for directives in ["trace", "temporalio_sdk_core::worker=trace"] {
            let settings = LogSettings { filter: Some(directives.to_owned()), ..LogSettings::default() };
            for text in [logged(&settings, true), logged_after(&LogSettings::default(), Some(&settings), true)] {
                assert!(text.contains("news of the SDK") && !text.contains("task token"), "{text}");
            }
        }
    }
}
