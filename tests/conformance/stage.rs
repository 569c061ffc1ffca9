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
    pub fn set(scenarios: &[Scenario], documents: &[String], registered: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["secrets", "definitions"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let mut hosts = BTreeSet::new();
        registered.iter().for_each(|text| register(&folder.path().join("definitions"), text));
        for scenario in scenarios {
            for (name, value) in &scenario.secrets {
                write(&folder.path().join("secrets").join(name), value);
            }
            for text in &scenario.others {
                register(&folder.path().join("definitions"), text);
            }
            let texts = scenario.others.iter().chain([&scenario.job.definition]);
            hosts.extend(texts.flat_map(|text| hosts_of(text)));
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
            ("WORKFLOW_RUNNER_RUN__ENABLE", "shell,js,python".to_owned()),
            ("WORKFLOW_RUNNER_HTTP__REACH", "any".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        config::load(&Sources { environment, ..Sources::default() }).expect("the settings are right").config
    }

    /// The hosts' services: one server each, so that neither counts the other's requests.
    pub async fn services() -> SocketAddr {
        mock::start().await
    }
}

fn write(path: &Path, text: &str) {
    if let Ok(before) = std::fs::read_to_string(path) {
        assert_eq!(before, text, "{}: two scenarios mean different things by it", path.display());
    }
    std::fs::write(path, text).expect("written");
}

/// Where `run: workflow` looks: `<namespace>/<name>/<version>.yaml`.
fn register(folder: &Path, text: &str) {
    let document: serde_yaml::Value = serde_yaml::from_str(text).expect("a definition");
    let part = |name: &str| document["document"][name].as_str().expect("a text").to_owned();
    let folder = folder.join(part("namespace")).join(part("name"));
    std::fs::create_dir_all(&folder).expect("a folder");
    write(&folder.join(format!("{}.yaml", part("version"))), text);
}

/// The hosts of all URLs in a text.
fn hosts_of(text: &str) -> impl Iterator<Item = String> + '_ {
    let urls = text.match_indices("://").map(|(at, _)| &text[at + 3..]);
    let host =
        |rest: &str| rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')).next().unwrap_or_default().to_owned();
    urls.map(host).filter(|host| !host.is_empty())
}
