//! What both hosts have around them: settings, secrets, definitions that runs may name, and the services that they call.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;
use workflow_runner::config::{self, Config, Sources};

use super::mock;
use super::scenario::Scenario;

pub struct Stage {
    folder: TempDir,
    /// Every host that a definition names.
    hosts: BTreeSet<String>,
}

impl Stage {
    /// Puts the scenarios' secrets and definitions where hosts look for them.
    pub fn set(scenarios: &[Scenario], documents: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["secrets", "definitions"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let mut hosts = BTreeSet::new();
        for (number, scenario) in scenarios.iter().enumerate() {
            for (name, value) in &scenario.secrets {
                write(&folder.path().join("secrets").join(name), value);
            }
            for (other, text) in scenario.others.iter().enumerate() {
                write(&folder.path().join("definitions").join(format!("{number}-{other}.yaml")), text);
                hosts.extend(hosts_of(text));
            }
            hosts.extend(hosts_of(&scenario.job.definition));
        }
        hosts.extend(documents.iter().flat_map(|text| hosts_of(text)));
        hosts.extend(["services.test".to_owned(), "swapi.dev".to_owned()]);
        hosts.retain(|host| host != "127.0.0.1" && host != "localhost");
        Self { folder, hosts }
    }

    /// The settings of a host whose calls go to `services`, with what differs.
    pub fn settings(&self, services: SocketAddr, more: &[(&str, String)]) -> Config {
        let resolve: Vec<_> = self.hosts.iter().map(|host| format!("{host}=http://{services}")).collect();
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let mut environment: BTreeMap<String, String> = [
            ("WORKFLOW_RUNNER_HTTP__RESOLVE", resolve.join(",")),
            ("WORKFLOW_RUNNER_HTTP__ENVIRONMENT_PROXY", "false".to_owned()),
            ("WORKFLOW_RUNNER_SECRETS__DIR", path("secrets")),
            ("WORKFLOW_RUNNER_DEFINITIONS__DIR", path("definitions")),
            ("WORKFLOW_RUNNER_RUN__ENABLE", "shell,script".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let known: BTreeSet<String> = config::keys().map(|key| variable(key.path)).collect();
        environment.retain(|name, _| known.contains(name));
        config::load(&Sources { environment, ..Sources::default() }).expect("the settings are right").config
    }

    /// The hosts' services: one server each, so that neither counts the other's requests.
    pub async fn services() -> SocketAddr {
        mock::start().await
    }
}

fn variable(path: &str) -> String {
    format!("WORKFLOW_RUNNER_{}", path.to_uppercase().replace('.', "__"))
}

fn write(path: &Path, text: &str) {
    if let Ok(before) = std::fs::read_to_string(path) {
        assert_eq!(before, text, "{}: two scenarios mean different things by it", path.display());
    }
    std::fs::write(path, text).expect("written");
}

/// The hosts of all URLs in a text.
fn hosts_of(text: &str) -> impl Iterator<Item = String> + '_ {
    let urls = text.match_indices("://").map(|(at, _)| &text[at + 3..]);
    let host =
        |rest: &str| rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')).next().unwrap_or_default().to_owned();
    urls.map(host).filter(|host| !host.is_empty())
}
