//! Reading scripted agents from files. Every mistake names its file and its key.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_yaml::{Mapping, Value};

use super::reply::Reply;
use super::{Agent, Agents};
use crate::expr::Data;

const KEYS: [&str; 9] = ["name", "kind", "reply", "delay", "failure", "silence", "repeat", "stale", "queue"];
/// With a queue, these would say nothing.
const SCRIPT: [&str; 6] = ["reply", "delay", "failure", "silence", "repeat", "stale"];
const REPEAT_MAX: u64 = 1_000;

/// Why agents could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{}: {source}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    #[error("{}: {source}", file.display())]
    Yaml { file: PathBuf, source: serde_yaml::Error },
    #[error("{}: {key}: {problem}", file.display())]
    Key { file: PathBuf, key: String, problem: String },
}

impl Agents {
    /// Reads a file, or every `*.yaml` and `*.yml` of a directory in the order of their names. A file may hold several agents, one document each.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let mut agents = BTreeMap::new();
        for file in files(path)? {
            let text = std::fs::read_to_string(&file).map_err(|source| LoadError::Read { file: file.clone(), source })?;
            for agent in parse(&text, &file)? {
                if agents.contains_key(&agent.name) {
                    return Err(LoadError::Key { file, key: "name".to_owned(), problem: format!("a second agent `{}`", agent.name) });
                }
                agents.insert(agent.name.clone(), Arc::new(agent));
            }
        }
        Ok(Self(agents))
    }

    /// Reads agents from `text`; `file` is for messages.
    pub fn parse(text: &str, file: &Path) -> Result<Self, LoadError> {
        Ok(Self(parse(text, file)?.into_iter().map(|agent| (agent.name.clone(), Arc::new(agent))).collect()))
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let failed = |source| LoadError::Read { file: path.to_owned(), source };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if matches!(file.extension().and_then(OsStr::to_str), Some("yaml" | "yml")) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn parse(text: &str, file: &Path) -> Result<Vec<Agent>, LoadError> {
    let mut agents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value =
            <Value as serde::Deserialize>::deserialize(document).map_err(|source| LoadError::Yaml { file: file.to_owned(), source })?;
        if value.is_null() {
            continue; // Nothing but comments.
        }
        let agent = agent(&value).map_err(|(key, problem)| LoadError::Key { file: file.to_owned(), key, problem })?;
        agents.push(agent);
    }
    Ok(agents)
}

/// A key and what is wrong with it.
type Problem = (String, String);

fn agent(value: &Value) -> Result<Agent, Problem> {
    let Some(map) = value.as_mapping() else {
        return Err(("agent".to_owned(), "an object is needed".to_owned()));
    };
    if let Some(key) = map.keys().map(shown).find(|key| !KEYS.contains(&key.as_str())) {
        return Err((key, format!("unknown; known are {}", KEYS.join(", "))));
    }
    match text(map, "kind")?.as_deref() {
        Some("scripted") => {}
        Some(kind) => return Err(("kind".to_owned(), format!("`scripted` is needed, not `{kind}`"))),
        None => return Err(("kind".to_owned(), "missing; `scripted` is needed".to_owned())),
    }
    let name = text(map, "name")?.filter(|name| !name.is_empty()).ok_or_else(|| ("name".to_owned(), "missing".to_owned()))?;
    let queue = text(map, "queue")?;
    if let Some(key) = SCRIPT.iter().find(|key| queue.is_some() && map.contains_key(**key)) {
        return Err(((*key).to_owned(), "stands beside `queue`, whose workers decide that: leave out one of them".to_owned()));
    }
    Ok(Agent {
        name,
        queue,
        delay: delay(map)?,
        failure: text(map, "failure")?,
        silence: flag(map, "silence")?,
        repeat: repeat(map)?,
        stale: flag(map, "stale")?,
        reply: reply(map)?,
    })
}

fn text(map: &Mapping, key: &str) -> Result<Option<String>, Problem> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err((key.to_owned(), format!("a text is needed, not `{}`", shown(other)))),
    }
}

fn flag(map: &Mapping, key: &str) -> Result<bool, Problem> {
    match map.get(key) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err((key.to_owned(), format!("true or false is needed, not `{}`", shown(other)))),
    }
}

fn delay(map: &Mapping) -> Result<Duration, Problem> {
    text(map, "delay")?
        .map_or(Ok(Duration::ZERO), |text| crate::config::duration::parse(&text).map_err(|problem| ("delay".to_owned(), problem)))
}

fn repeat(map: &Mapping) -> Result<u32, Problem> {
    let Some(value) = map.get("repeat") else { return Ok(1) };
    let count = value.as_u64().filter(|count| (1..=REPEAT_MAX).contains(count)).and_then(|count| u32::try_from(count).ok());
    count.ok_or_else(|| ("repeat".to_owned(), format!("a number from 1 to {REPEAT_MAX} is needed, not `{}`", shown(value))))
}

fn reply(map: &Mapping) -> Result<Reply, Problem> {
    let value = map.get("reply").unwrap_or(&Value::Null);
    let json = serde_json::to_value(value).map_err(|error| ("reply".to_owned(), error.to_string()))?;
    Reply::new(&Data::from(json)).map_err(|(source, error)| ("reply".to_owned(), format!("`{source}`: {}", error.message)))
}

/// A YAML value on one line.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim().replace('\n', " "),
    }
}
