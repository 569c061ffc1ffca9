//! Where values come from. Every value is a text until an area reads it, so that one rule holds for all sources.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use super::Mistake;
use super::key::{self, Key, PREFIX};

/// Names the configuration file when `--config` does not.
pub const FILE_VARIABLE: &str = "WORKFLOW_RUNNER_CONFIG";

/// Variables that hold secrets of documents: they belong to `effects::secrets`.
const SECRET_PREFIX: &str = "WORKFLOW_RUNNER_SECRET_";

/// Everything that settings can come from. Not `Debug`, nor is what is found in it: the texts may be secrets.
#[derive(Clone, Default)]
pub struct Sources {
    /// `--config`.
    pub file: Option<PathBuf>,
    pub environment: BTreeMap<String, String>,
    pub flags: Vec<Flag>,
    /// Defaults that differ for this verb, as (path, value).
    pub defaults: Vec<(&'static str, &'static str)>,
}

/// A command line flag that sets a setting.
#[derive(Clone, PartialEq, Eq)]
pub struct Flag {
    /// As people write it: `--log-level`.
    pub name: &'static str,
    pub path: &'static str,
    pub value: String,
}

/// Where a value stands.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// This verb's own default.
    Verb,
    File(PathBuf),
    Variable(String),
    Flag(&'static str),
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub text: String,
    pub origin: Origin,
}

/// The values that were found, by path; what is not in it has its default.
pub(super) type Values = BTreeMap<&'static str, Found>;

impl Sources {
    /// Layers all sources; the later one wins.
    pub(super) fn collect(&self, mistakes: &mut Vec<Mistake>, warnings: &mut Vec<String>) -> Values {
        let mut values = Values::new();
        for (path, text) in &self.defaults {
            values.insert(path, Found { text: (*text).to_owned(), origin: Origin::Verb });
        }
        if let Some(file) = self.file() {
            match read_file(&file) {
                Ok(document) => flatten(&document, &file, &mut values, mistakes),
                Err(problem) => mistakes.push(Mistake { place: file.display().to_string(), problem }),
            }
        }
        for key in key::keys() {
            if let Some(found) = self.variable(key, warnings) {
                values.insert(key.path, found);
            }
        }
        self.refuse_unknown_variables(mistakes);
        for flag in &self.flags {
            values.insert(flag.path, Found { text: flag.value.clone(), origin: Origin::Flag(flag.name) });
        }
        values
    }

    /// The configuration file, if one is named.
    pub fn file(&self) -> Option<PathBuf> {
        let variable = self.environment.get(FILE_VARIABLE).filter(|path| !path.is_empty());
        self.file.clone().or_else(|| variable.map(PathBuf::from))
    }

    /// The variable that sets `key`: its own, then the others in their order. An empty one counts as unset.
    fn variable(&self, key: &Key, warnings: &mut Vec<String>) -> Option<Found> {
        let own = key.variable();
        let names = std::iter::once(own.as_str()).chain(key.also.iter().copied());
        let mut set = names.filter_map(|name| self.environment.get(name).filter(|text| !text.is_empty()).map(|text| (name, text)));
        let (name, text) = set.next()?;
        for (other, other_text) in set {
            if other_text != text {
                warnings.push(format!("{name} and {other} differ; {name} is used"));
            }
        }
        Some(Found { text: text.clone(), origin: Origin::Variable(name.to_owned()) })
    }

    fn refuse_unknown_variables(&self, mistakes: &mut Vec<Mistake>) {
        for name in self.environment.keys().filter(|name| is_ours(name)) {
            if !key::keys().any(|key| key.variable() == *name) {
                let area = name[PREFIX.len()..].split("__").next().unwrap_or_default().to_ascii_lowercase();
                mistakes.push(Mistake { place: name.clone(), problem: unknown(&area) });
            }
        }
    }
}

/// A variable that must be one of our settings.
fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) && !name.starts_with(SECRET_PREFIX) && name != FILE_VARIABLE && !is_service_link(name)
}

/// Kubernetes gives each container variables about the services of its namespace: a service `workflow-runner` makes
/// `WORKFLOW_RUNNER_SERVICE_HOST`, `WORKFLOW_RUNNER_PORT`, `WORKFLOW_RUNNER_PORT_9090_TCP_ADDR` and the like.
fn is_service_link(name: &str) -> bool {
    let numbered = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let port = name.ends_with("_PORT") || name.split("_PORT_").skip(1).any(numbered);
    !name.contains("__") && (port || name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT"))
}

fn unknown(area: &str) -> String {
    let names = key::names_of(area);
    if names.is_empty() {
        format!("unknown setting; areas are {}", key::areas().join(", "))
    } else {
        format!("unknown setting; `{area}` has {names}")
    }
}

fn read_file(file: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))?;
    serde_yaml::from_str(&text).map_err(|error| format!("is not YAML: {error}"))
}

/// Takes the two levels of a file, area and name, apart.
fn flatten(document: &Value, file: &Path, values: &mut Values, mistakes: &mut Vec<Mistake>) {
    let mut mistake = |path: &str, problem: String| mistakes.push(Mistake { place: format!("{}: {path}", file.display()), problem });
    let areas = match document {
        Value::Null => return,
        Value::Mapping(areas) => areas,
        _ => return mistake("(top)", "an object of areas is needed".to_owned()),
    };
    for (area, settings) in areas {
        let area = scalar(area).unwrap_or_default();
        if !key::areas().contains(&area.as_str()) {
            mistake(&area, unknown(&area));
            continue;
        }
        match settings {
            Value::Null => {}
            Value::Mapping(settings) => {
                for (name, value) in settings {
                    let path = format!("{area}.{}", scalar(name).unwrap_or_default());
                    let key = key::find(&path);
                    let text = if key.is_some_and(|key| key.list) { list(value) } else { scalar(value) };
                    match (key, text) {
                        (None, _) => mistake(&path, unknown(&area)),
                        (Some(key), Some(text)) => {
                            values.insert(key.path, Found { text, origin: Origin::File(file.to_owned()) });
                        }
                        (Some(_), None) if value.is_null() => {}
                        (Some(_), None) => mistake(&path, "a single value is needed, not a list or an object".to_owned()),
                    }
                }
            }
            _ => mistake(&area, "an object of settings is needed".to_owned()),
        }
    }
}

/// A value as the environment would have it: the items of a list with commas between.
fn list(value: &Value) -> Option<String> {
    match value {
        Value::Sequence(items) => items.iter().map(scalar).collect::<Option<Vec<_>>>().map(|items| items.join(", ")),
        value => scalar(value),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verb => f.write_str("default of this command"),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}
