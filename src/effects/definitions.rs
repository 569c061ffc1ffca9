//! Registered definitions: `<definitions.dir>/<namespace>/<name>/<version>.yaml`.
//!
//! `latest` is the highest version by the order of semantic versioning; a pre-release counts only where there is nothing else.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use semver::Version;

use super::EffectError;
use crate::config::DefinitionSettings;
use crate::expr::Data;

const LATEST: &str = "latest";
/// Names that a message lists.
const NAMES_SHOWN: usize = 10;

/// The definitions of this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    dir: Option<PathBuf>,
}

/// A definition, and the version that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub version: String,
    pub yaml: String,
}

/// What looking for a definition came to.
#[derive(Debug)]
pub enum Lookup {
    Found(Found),
    /// It is not registered; the error says so, and what there is.
    Missing(EffectError),
}

/// What registering a definition came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    Added,
    /// The same text stood there already.
    Unchanged,
    /// Another text stood there.
    Replaced,
}

/// Why a definition was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("there is no place for definitions: set definitions.dir")]
    NoPlace,
    #[error("`{0}` cannot be part of a definition's name")]
    Name(String),
    #[error("version {0} is registered with another text; give it a new version, or use --force")]
    Differs(String),
    #[error("{path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

impl Definitions {
    #[must_use]
    pub fn new(settings: &DefinitionSettings) -> Self {
        Self { dir: settings.dir.clone() }
    }

    /// The definition that `{"namespace", "name", "version"}` names; read anew each time.
    ///
    /// Errors: `configuration` 400, naming what there is where the wanted one is not.
    pub async fn find(&self, wanted: &Data) -> Result<Found, EffectError> {
        match self.look(wanted).await? {
            Lookup::Found(found) => Ok(found),
            Lookup::Missing(error) => Err(error),
        }
    }

    /// The same where something else may have what is missing here. Errors: a definition that is there and cannot be read.
    pub async fn look(&self, wanted: &Data) -> Result<Lookup, EffectError> {
        let text = |key: &str| wanted.get(key).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        let (this, namespace, name, version) = (self.clone(), text("namespace"), text("name"), text("version"));
        let found = tokio::task::spawn_blocking(move || this.look_up(&namespace, &name, &version)).await;
        found.unwrap_or_else(|error| Err(EffectError::runtime("the definition cannot be read").with_detail(error.to_string())))
    }

    fn look_up(&self, namespace: &str, name: &str, version: &str) -> Result<Lookup, EffectError> {
        let missing = format!("the workflow `{namespace}/{name}`, version `{version}`, is not registered");
        let missing = |detail: String| Ok(Lookup::Missing(EffectError::configuration(missing.clone()).with_detail(detail)));
        let Some(dir) = &self.dir else {
            return missing("definitions.dir is not set (WORKFLOW_RUNNER_DEFINITIONS__DIR): set it where the workflow runs, and register there by `workflow-runner apply FILE`".to_owned());
        };
        if let Some(part) = [namespace, name].into_iter().find(|part| !is_name(part)) {
            return missing(format!("`{part}` cannot be a name"));
        }
        let versions = versions(&dir.join(namespace).join(name));
        let wanted = if version == LATEST { latest(&versions) } else { versions.iter().find(|known| *known == version) };
        let Some(version) = wanted else { return missing(self.near(namespace, name, &versions)) };
        let path = dir.join(namespace).join(name).join(format!("{version}.yaml"));
        let unreadable =
            |error: io::Error| EffectError::configuration(format!("{} cannot be read", path.display())).with_detail(error.to_string());
        Ok(Lookup::Found(Found { version: version.clone(), yaml: fs::read_to_string(&path).map_err(unreadable)? }))
    }

    /// What there is, at the first level where something is missing.
    fn near(&self, namespace: &str, name: &str, versions: &[String]) -> String {
        let Some(dir) = &self.dir else { return String::new() };
        let listed = |what: &str, names: Vec<String>| match names.len() {
            0 => format!("no {what} there"),
            count => {
                let more = if count > NAMES_SHOWN { ", …" } else { "" };
                format!("{what}: {}{more}", names[..count.min(NAMES_SHOWN)].join(", "))
            }
        };
        if !versions.is_empty() {
            return listed(&format!("versions of `{namespace}/{name}`"), versions.to_vec());
        }
        let names = names(&dir.join(namespace));
        if names.is_empty() { listed("namespaces", self::names(dir)) } else { listed(&format!("workflows of `{namespace}`"), names) }
    }

    /// Writes a definition to its place, at once: no reader sees half of it. The caller has validated the text.
    pub fn register(&self, namespace: &str, name: &str, version: &str, text: &str, force: bool) -> Result<Registered, RegisterError> {
        let dir = self.dir.as_ref().ok_or(RegisterError::NoPlace)?;
        let wrong = [namespace, name].into_iter().find(|part| !is_name(part));
        if let Some(wrong) = wrong.or_else(|| Version::parse(version).err().map(|_| version)) {
            return Err(RegisterError::Name(wrong.to_owned()));
        }
        let folder = dir.join(namespace).join(name);
        let path = folder.join(format!("{version}.yaml"));
        let failed = |source| RegisterError::Write { path: path.clone(), source };
        let registered = match fs::read_to_string(&path) {
            Ok(known) if known == text => return Ok(Registered::Unchanged),
            Ok(_) if !force => return Err(RegisterError::Differs(version.to_owned())),
            Ok(_) => Registered::Replaced,
            Err(error) if error.kind() == ErrorKind::NotFound => Registered::Added,
            Err(error) => return Err(failed(error)),
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        // Readable for the worker, whoever it runs as.
        let mut file = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o644)).tempfile_in(&folder).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        match registered {
            // Somebody else may have come first, with another text.
            Registered::Added if !force => file.persist_noclobber(&path).map_err(|error| match error.error.kind() {
                ErrorKind::AlreadyExists => RegisterError::Differs(version.to_owned()),
                _ => failed(error.error),
            })?,
            _ => file.persist(&path).map_err(|error| failed(error.error))?,
        };
        Ok(registered)
    }
}

/// As the specification has it for namespaces and names: nothing that leads elsewhere.
fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !text.starts_with('-')
}

/// Versions in a workflow's folder, in their order.
fn versions(folder: &std::path::Path) -> Vec<String> {
    let mut versions: Vec<Version> = names(folder).iter().filter_map(|file| Version::parse(file.strip_suffix(".yaml")?).ok()).collect();
    versions.sort();
    versions.iter().map(Version::to_string).collect()
}

fn latest(versions: &[String]) -> Option<&String> {
    let release = |version: &&String| Version::parse(version).is_ok_and(|version| version.pre.is_empty());
    versions.iter().rev().find(release).or(versions.last())
}

/// Entries of a folder, sorted; none where there is no folder.
fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(definitions: &Definitions, version: &str) -> Result<Found, EffectError> {
        match definitions.look_up("pets", "buy", version)? {
            Lookup::Found(found) => Ok(found),
            Lookup::Missing(error) => Err(error),
        }
    }

    #[test]
    fn latest_is_the_highest_release() {
        let dir = tempfile::tempdir().expect("a folder");
        let definitions = Definitions { dir: Some(dir.path().to_owned()) };
        for version in ["2.0.0-rc.1", "2.0.0-rc.2"] {
            assert_eq!(definitions.register("pets", "buy", version, version, false).expect("registered"), Registered::Added);
        }
        assert_eq!(find(&definitions, "latest").expect("found").version, "2.0.0-rc.2", "there is nothing else");
        for version in ["1.9.0", "1.10.0", "1.2.0"] {
            definitions.register("pets", "buy", version, version, false).expect("registered");
        }
        assert_eq!(find(&definitions, "latest").expect("found"), Found { version: "1.10.0".to_owned(), yaml: "1.10.0".to_owned() });
        assert_eq!(find(&definitions, "1.2.0").expect("found").yaml, "1.2.0");
    }

    #[test]
    fn a_version_keeps_its_text_unless_forced() {
        let dir = tempfile::tempdir().expect("a folder");
        let definitions = Definitions { dir: Some(dir.path().join("new")) };
        let register = |text, force| definitions.register("pets", "buy", "1.0.0", text, force);
        assert_eq!(register("a", false).expect("registered"), Registered::Added);
        assert_eq!(register("a", false).expect("registered"), Registered::Unchanged);
        assert!(matches!(register("b", false), Err(RegisterError::Differs(version)) if version == "1.0.0"));
        assert_eq!(find(&definitions, "1.0.0").expect("found").yaml, "a");
        assert_eq!(register("b", true).expect("registered"), Registered::Replaced);
        assert_eq!(find(&definitions, "latest").expect("found").yaml, "b");
        let left = names(&dir.path().join("new/pets/buy"));
        assert_eq!(left, ["1.0.0.yaml"]);
    }

    #[tokio::test]
    async fn what_is_missing_is_told_with_what_is_near() {
        let dir = tempfile::tempdir().expect("a folder");
        let definitions = Definitions { dir: Some(dir.path().to_owned()) };
        definitions.register("pets", "buy", "1.0.0", "a", false).expect("registered");
        for (namespace, name, version, near) in [
            ("pets", "buy", "2.0.0", "versions of `pets/buy`: 1.0.0"),
            ("pets", "sell", "latest", "workflows of `pets`: buy"),
            ("dogs", "buy", "latest", "namespaces: pets"),
            ("..", "pets", "1.0.0", "`..` cannot be a name"),
            ("pets", "buy/../buy", "1.0.0", "cannot be a name"),
            ("pets", "buy", "../buy/1.0.0", "versions of"),
        ] {
            let wanted = Data::from(json!({"namespace": namespace, "name": name, "version": version}));
            let error = definitions.find(&wanted).await.expect_err("missing");
            assert_eq!(error.kind, "configuration");
            assert!(error.detail.as_ref().is_some_and(|detail| detail.contains(near)), "{error}");
        }
        let error = Definitions::default().find(&Data::from(json!({}))).await.expect_err("no place");
        assert!(error.to_string().contains("definitions.dir"), "{error}");
        assert!(matches!(definitions.register("..", "a", "1.0.0", "", false), Err(RegisterError::Name(_))));
        assert!(matches!(definitions.register("a", "a", "../1", "", false), Err(RegisterError::Name(_))));
    }
}
