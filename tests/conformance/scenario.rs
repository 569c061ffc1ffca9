//! Scenarios, from files to what a host runs.

use std::path::{Path, PathBuf};

use gherkin::{Feature, GherkinEnv};
use serde_json::{Value, json};

use super::step::{Expectation, Step};

/// Who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The specification's conformance kit.
    Kit,
    Own,
}

impl Origin {
    pub fn name(self) -> &'static str {
        match self {
            Self::Kit => "kit",
            Self::Own => "own",
        }
    }
}

/// What a host is given.
#[derive(Debug)]
pub struct Job {
    pub definition: String,
    pub input: Value,
    pub events: Vec<Value>,
    pub cancel: bool,
}

#[derive(Debug)]
pub struct Scenario {
    pub origin: Origin,
    /// Name of the file.
    pub feature: String,
    pub name: String,
    pub job: Job,
    /// Definitions that must be known beside it.
    pub others: Vec<String>,
    pub secrets: Vec<(String, String)>,
    pub expected: Vec<Expectation>,
}

/// All scenarios of a folder, in order of its files' names.
///
/// # Errors
/// The folder or a file cannot be read, or a step is not understood.
pub fn load(folder: &Path, origin: Origin) -> Result<Vec<Scenario>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "feature"));
    files.sort();
    let mut scenarios = Vec::new();
    for file in files {
        let feature = Feature::parse_path(&file, GherkinEnv::default()).map_err(|error| format!("{}: {error}", file.display()))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for source in &feature.scenarios {
            let place = |problem: String| format!("{}:{}: {problem}", file.display(), source.position.line);
            scenarios.push(scenario(origin, stem.clone(), source).map_err(place)?);
        }
    }
    Ok(scenarios)
}

fn scenario(origin: Origin, feature: String, source: &gherkin::Scenario) -> Result<Scenario, String> {
    let mut definition = None;
    let mut job = Job { definition: String::new(), input: json!({}), events: Vec::new(), cancel: false };
    let (mut others, mut secrets, mut expected, mut executed) = (Vec::new(), Vec::new(), Vec::new(), false);
    for step in &source.steps {
        match Step::parse(step)? {
            Step::Definition(text) => definition = Some(text),
            Step::Another(text) => others.push(text),
            Step::Input(input) => job.input = input,
            Step::Events(events) => job.events = complete(events),
            Step::Secrets(more) => secrets.extend(more),
            Step::Execute { cancel } => (executed, job.cancel) = (true, cancel),
            Step::Expect(expectation) => expected.push(expectation),
        }
    }
    job.definition = definition.ok_or("it has no definition")?;
    if !executed || expected.is_empty() {
        return Err("nothing is executed, or nothing is expected".to_owned());
    }
    Ok(Scenario { origin, feature, name: source.name.clone(), job, others, secrets, expected })
}

/// Events with the members that every event has.
pub fn complete(events: Vec<Value>) -> Vec<Value> {
    let with_defaults = |(number, event): (usize, Value)| {
        let mut whole = json!({"specversion": "1.0", "id": format!("event-{number}"), "source": "https://events.test"});
        for (name, value) in event.as_object().cloned().unwrap_or_default() {
            whole[name] = value;
        }
        whole
    };
    events.into_iter().enumerate().map(with_defaults).collect()
}
