//! Reading agents from files. Every mistake names its file, its key and, where the key stands at the start of a line, that line.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_yaml::Value;

use super::fields::{Fields, Problem, problem};
use super::{Agent, Agents, Worker, openai, scripted};

/// Why agents could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{}: {source}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    #[error("{}: {source}", file.display())]
    Yaml { file: PathBuf, source: serde_yaml::Error },
    #[error("{}{line}: {key}: {problem}", file.display())]
    Key { file: PathBuf, line: Line, key: String, problem: String },
}

/// Where a key stands, from 1; nothing where it is not at the start of a line.
#[derive(Clone, Copy, Debug)]
pub struct Line(Option<usize>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// Where the values of environment variables come from that agents name for their keys.
#[derive(Clone, Copy)]
pub struct Variables<'e> {
    get: &'e dyn Fn(&str) -> Option<String>,
    /// Whether a variable that is not set is a mistake.
    required: bool,
}

impl<'e> Variables<'e> {
    pub fn new(get: &'e dyn Fn(&str) -> Option<String>) -> Self {
        Self { get, required: true }
    }

    /// The same, and one that is not set is none: for tests, which call no model.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// # Errors
    /// It is needed, and not set or empty.
    pub(in crate::effects) fn get(&self, name: &str) -> Result<Option<String>, String> {
        match (self.get)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()) {
            None if self.required => Err(format!("the environment variable {name} is not set; set it to the key")),
            found => Ok(found),
        }
    }
}

/// This process's own environment.
fn own(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Agents {
    /// Reads a file, or every `*.yaml` and `*.yml` of a directory in the order of their names. A file may hold several agents, one document each.
    ///
    /// # Errors
    /// The first mistake. A name stands for one agent, and a variable that is named must be set.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        Self::load_with(path, Variables::new(&own))
    }

    /// Reads several files or directories: together a name stands for one agent.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_all(paths: &[PathBuf]) -> Result<Self, LoadError> {
        let mut agents = Self::default();
        paths.iter().try_for_each(|path| agents.add_path(path, Variables::new(&own)))?;
        Ok(agents)
    }

    /// The same for tests of definitions: a key that is not set is none.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_for_tests(path: &Path) -> Result<Self, LoadError> {
        Self::load_with(path, Variables::new(&own).optional())
    }

    /// The same with variables from elsewhere.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with(path: &Path, variables: Variables<'_>) -> Result<Self, LoadError> {
        let mut agents = Self::default();
        agents.add_path(path, variables)?;
        Ok(agents)
    }

    /// Reads agents from `text`; `file` is for messages.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, file: &Path) -> Result<Self, LoadError> {
        Self::parse_with(text, file, Variables::new(&own))
    }

    /// The same with variables from elsewhere.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse_with(text: &str, file: &Path, variables: Variables<'_>) -> Result<Self, LoadError> {
        let mut agents = Self::default();
        agents.add(text, file, variables)?;
        Ok(agents)
    }

    fn add_path(&mut self, path: &Path, variables: Variables<'_>) -> Result<(), LoadError> {
        for file in files(path)? {
            let text = std::fs::read_to_string(&file).map_err(|source| LoadError::Read { file: file.clone(), source })?;
            self.add(&text, &file, variables)?;
        }
        Ok(())
    }

    fn add(&mut self, text: &str, file: &Path, variables: Variables<'_>) -> Result<(), LoadError> {
        let starts = starts(text);
        for (number, document) in serde_yaml::Deserializer::from_str(text).enumerate() {
            let value = <Value as serde::Deserialize>::deserialize(document);
            let value = value.map_err(|source| LoadError::Yaml { file: file.to_owned(), source })?;
            if value.is_null() {
                continue; // Nothing but comments.
            }
            let failed = |(key, problem): Problem| {
                let line = Line(line_of(text, starts.get(number).copied().unwrap_or_default(), &key));
                LoadError::Key { file: file.to_owned(), line, key, problem }
            };
            let agent = agent(&value, variables).map_err(failed)?;
            if self.0.contains_key(agent.name()) {
                return Err(failed(problem("name", format!("a second agent `{}`", agent.name()))));
            }
            self.0.insert(agent.name().to_owned(), agent);
        }
        Ok(())
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

fn agent(value: &Value, variables: Variables<'_>) -> Result<Agent, Problem> {
    let fields = Fields::of(value)?;
    match fields.text("kind")?.as_deref() {
        Some("scripted") => scripted::read(&fields).map(|agent| Agent::Scripted(Arc::new(agent))),
        Some("openai") => openai::read(&fields, variables).map(|agent| Agent::OpenAi(Arc::new(agent))),
        Some("worker") => Worker::read(&fields).map(|agent| Agent::Worker(Arc::new(agent))),
        Some(kind) => Err(problem("kind", format!("`scripted`, `openai` or `worker` is needed, not `{kind}`"))),
        None if fields.value("type").is_some() => Err(problem("type", "unknown; did you mean `kind`?")),
        None => Err(problem("kind", "missing; `scripted`, `openai` or `worker` is needed")),
    }
}

/// The first line of each document, from 0.
fn starts(text: &str) -> Vec<usize> {
    let marked: Vec<usize> = text.lines().enumerate().filter(|(_, line)| line.starts_with("---")).map(|(at, _)| at).collect();
    let bare = |line: &str| line.trim().is_empty() || line.starts_with('#') || line.starts_with('%');
    // A marker before anything else opens the first document.
    let opened = marked.first().is_some_and(|first| text.lines().take(*first).all(bare));
    if opened { marked } else { [0].into_iter().chain(marked).collect() }
}

/// The line, from 1, where `key` stands at the margin, in the document that begins at line `start`.
fn line_of(text: &str, start: usize, key: &str) -> Option<usize> {
    let mut lines = text.lines().enumerate().skip(start);
    let is_key = |line: &str| line.trim_start_matches("--- ").strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
    let first = lines.next().filter(|(_, line)| is_key(line));
    let found = first.or_else(|| lines.take_while(|(_, line)| !line.starts_with("---")).find(|(_, line)| is_key(line)));
    found.map(|(at, _)| at + 1)
}
