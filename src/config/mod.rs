//! Settings: defaults, then the file, then the environment, then flags; the later one wins.
//!
//! | file | what |
//! |---|---|
//! | `key` | what a setting is: its names, its default, its text for the docs |
//! | `sources` | collecting the values of all sources |
//! | `reader` | from texts to typed settings, collecting what is wrong |
//! | `inherited` | variables of deployments made for the runner that this one replaces |
//! | `dump` | the settings as YAML, and the reference file `config/default.yaml` |
//! | the others | one area of settings each |
//!
//! Nothing is bound or connected here, and the only file that is read is the configuration itself. Everything that is wrong is found at once.
//! To add a setting: a row in its area's `KEYS`, a field, and a line in `read`.

pub mod activities;
pub mod admin;
pub mod agents;
pub mod definitions;
pub mod direct;
pub mod dsl;
mod dump;
pub mod duration;
pub mod events;
pub mod handshake;
pub mod http;
mod inherited;
pub mod key;
pub mod log;
pub mod otlp;
mod reader;
pub mod resources;
pub mod run;
pub mod secrets;
mod sources;
pub mod stigmer;
pub mod temporal;
#[cfg(test)]
mod tests;
pub mod worker;

use std::collections::BTreeMap;
use std::fmt;

pub use self::activities::ActivitySettings;
pub use self::admin::AdminSettings;
pub use self::agents::AgentSettings;
pub use self::definitions::DefinitionSettings;
pub use self::direct::{DirectSettings, Mode, TlsFiles};
pub use self::dsl::DslSettings;
pub use self::dump::reference;
pub use self::events::{EventSettings, EventSink};
pub use self::handshake::{HandshakeSettings, OnCallerGone, OnFailure};
pub use self::http::{Detour, HttpSettings, Reach};
pub use self::key::{Key, keys};
pub use self::log::{LogFormat, LogSettings};
pub use self::otlp::OtlpSettings;
pub use self::resources::ResourceSettings;
pub use self::run::{RunKind, RunSettings};
pub use self::secrets::SecretSettings;
pub use self::sources::{FILE_VARIABLE, Flag, Sources};
pub use self::stigmer::{ApiKey, StigmerSettings};
pub use self::temporal::TemporalSettings;
pub use self::worker::{Pollers, Versioning, WorkerSettings};

use self::reader::Reader;
use self::sources::Values;

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub temporal: TemporalSettings,
    /// `None`: no control plane; the worker serves everything but `ExecuteWorkflow`, `CallAgentActivity` and `validateWorkflow`.
    pub stigmer: Option<StigmerSettings>,
    pub handshake: HandshakeSettings,
    pub worker: WorkerSettings,
    pub agents: AgentSettings,
    pub activities: ActivitySettings,
    pub http: HttpSettings,
    pub events: EventSettings,
    pub direct: DirectSettings,
    pub run: RunSettings,
    pub definitions: DefinitionSettings,
    pub resources: ResourceSettings,
    pub secrets: SecretSettings,
    pub dsl: DslSettings,
    pub admin: AdminSettings,
    pub log: LogSettings,
    pub otlp: OtlpSettings,
}

/// The settings with what is worth telling about them.
#[derive(Clone)]
pub struct Loaded {
    pub config: Config,
    /// To be logged once there is a log.
    pub warnings: Vec<String>,
    values: Values,
}

/// One thing that is wrong, and where it stands: a variable, a flag, or a key of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub place: String,
    /// What is expected and what was given; never the value of a secret.
    pub problem: String,
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

/// Reads all sources. The error holds every mistake, not the first one alone.
pub fn load(sources: &Sources) -> Result<Loaded, Mistakes> {
    let mut mistakes = Vec::new();
    let mut warnings = Vec::new();
    let values = sources.collect(&mut mistakes, &mut warnings);
    inherited::check(&sources.environment, &mut mistakes, &mut warnings);
    let mut reader = Reader::new(&values, mistakes);
    let config = Config::read(&mut reader);
    let mistakes = reader.into_mistakes();
    if mistakes.is_empty() { Ok(Loaded { config, warnings, values }) } else { Err(Mistakes(mistakes)) }
}

impl Config {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            temporal: TemporalSettings::read(reader),
            stigmer: StigmerSettings::read(reader),
            handshake: HandshakeSettings::read(reader),
            worker: WorkerSettings::read(reader),
            agents: AgentSettings::read(reader),
            activities: ActivitySettings::read(reader),
            http: HttpSettings::read(reader),
            events: EventSettings::read(reader),
            direct: DirectSettings::read(reader),
            run: RunSettings::read(reader),
            definitions: DefinitionSettings::read(reader),
            resources: ResourceSettings::read(reader),
            secrets: SecretSettings::read(reader),
            dsl: DslSettings::read(reader),
            admin: AdminSettings::read(reader),
            log: LogSettings::read(reader),
            otlp: OtlpSettings::read(reader),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        defaults(Self::read)
    }
}

/// An area as it is when nobody sets anything.
fn defaults<T>(read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
    let values = BTreeMap::new();
    read(&mut Reader::new(&values, Vec::new()))
}

/// Without the texts that were read: some are secrets.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("config", &self.config).field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} {}", if count == 1 { "setting is wrong" } else { "settings are wrong" })?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {}: {}", mistake.place, mistake.problem))
    }
}

impl std::error::Error for Mistakes {}
