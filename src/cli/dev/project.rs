//! Everything that `dev` works with, read from the files at one moment: definitions that are right, agents, the values of an environment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::environment::{self, Environment};
use super::place;
use super::sources::{Sources, is_test};
use crate::cli::diagnostics::{self, Style};
use crate::cli::document::Document;
use crate::cli::{Exit, outside};
use crate::config::Config;
use crate::dsl::{self, Node, Report};
use crate::effects::agents::Agents;
use crate::expr::Template;
use crate::plan::{self, Kind, Plan};
use crate::stigmer::exc::ExecutionValue;

/// A definition that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Workflow {
    pub file: PathBuf,
    pub text: String,
    pub namespace: String,
    pub name: String,
    pub version: String,
    /// Agents that it names, and where.
    agents: Vec<(String, String)>,
}

#[derive(Debug, Default)]
pub(super) struct Project {
    /// To be run, as they were named on the command line.
    pub files: Vec<Workflow>,
    /// To be registered; those that are run are not among them.
    pub folders: Vec<Workflow>,
    pub agents: Agents,
    /// What each execution is given.
    pub env: BTreeMap<String, ExecutionValue>,
    /// The environment that is in use, for people.
    pub environment: Option<String>,
    /// Files that are no definitions, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
    /// Warnings, drawn.
    pub warnings: String,
}

/// What is wrong, drawn, and the exit code that it means.
#[derive(Debug)]
pub(super) struct Wrong {
    pub text: String,
    pub exit: Exit,
}

/// What has been found, on the way to a project.
struct Reading<'c> {
    config: &'c Config,
    project: Project,
    wrong: String,
    exit: Exit,
    /// Of the first problem.
    code: Option<&'static str>,
}

impl Project {
    /// Reads everything. `env` is the name of an environment.
    ///
    /// # Errors
    /// All that is wrong, not the first alone.
    pub async fn read(sources: &Sources, env: Option<&str>, config: &Config, program: &str) -> Result<Self, Wrong> {
        let mut reading = Reading { config, project: Self::default(), wrong: String::new(), exit: Exit::Completed, code: None };
        reading.definitions(sources).await;
        match Agents::load_all(&sources.agents) {
            Ok(agents) => reading.project.agents = agents,
            Err(error) => reading.fail(Exit::Usage, &format!("error: {error}\n")),
        }
        if let Err(text) = reading.environment(sources, env) {
            reading.fail(Exit::Usage, &text);
        }
        reading.twice();
        if reading.exit == Exit::Completed {
            reading.unknown_agents();
        }
        match reading {
            Reading { project, exit: Exit::Completed, .. } => Ok(project),
            Reading { mut wrong, exit, code, .. } => {
                if let Some(code) = code {
                    let _ = writeln!(wrong, "hint: what {code} means, with examples: {program} explain {code}");
                }
                Err(Wrong { text: wrong, exit })
            }
        }
    }

    /// All definitions.
    pub fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.files.iter().chain(&self.folders)
    }
}

impl Reading<'_> {
    fn fail(&mut self, exit: Exit, text: &str) {
        self.wrong.push_str(text);
        if self.exit == Exit::Completed {
            self.exit = exit;
        }
    }

    async fn definitions(&mut self, sources: &Sources) {
        for file in &sources.files {
            if let Some(workflow) = self.definition(file, true).await {
                self.project.files.push(workflow);
            }
        }
        let named: Vec<_> = sources.files.iter().map(|file| file.canonicalize().ok()).collect();
        match sources.candidates() {
            Ok(candidates) => {
                for file in candidates.iter().filter(|file| !named.contains(&file.canonicalize().ok())) {
                    if let Some(workflow) = self.definition(file, false).await {
                        self.project.folders.push(workflow);
                    }
                }
            }
            Err(text) => self.fail(Exit::Usage, &format!("error: {text}\n")),
        }
    }

    /// Reads one definition. A file that was `named` must be one; another may be something else.
    async fn definition(&mut self, file: &Path, named: bool) -> Option<Workflow> {
        if !named && is_test(file) {
            self.project.skipped.push((file.to_owned(), "tests"));
            return None;
        }
        let document = match Document::read(file) {
            Ok(document) => document,
            Err(text) => {
                self.fail(Exit::Usage, &format!("error: {text}\n"));
                return None;
            }
        };
        if !named && let Some(what) = something_else(&document.text) {
            self.project.skipped.push((file.to_owned(), what));
            return None;
        }
        let built = match document.garbled() {
            Some(problems) => Err(problems),
            None => {
                let outsides = outside::read(&document, self.config).await;
                plan::build_with(&document.text, &document.name, &outsides).map_err(|error| error.diagnostics)
            }
        };
        let draw = |problems: &[dsl::Diagnostic]| diagnostics::render(problems, &document.text, Style::of_stderr());
        match built {
            Ok(plan) => {
                self.project.warnings.push_str(&draw(&plan.warnings));
                Some(workflow(file, document.text, &plan))
            }
            Err(problems) => {
                self.code = self.code.or(problems.iter().find(|problem| problem.prevents_run()).map(|problem| problem.code));
                self.fail(Exit::InvalidDefinition, &draw(&problems));
                None
            }
        }
    }

    fn environment(&mut self, sources: &Sources, name: Option<&str>) -> Result<(), String> {
        let mut files = Vec::new();
        for folder in &sources.environments {
            let folder = Sources { folders: vec![(folder.clone(), false)], ..Sources::default() };
            files.extend(folder.candidates().map_err(|text| format!("error: {text}\n"))?);
        }
        let environments = environment::load(&files)?;
        let Some(name) = name else { return Ok(()) };
        let environment: &Environment = environment::named(&environments, name)?;
        self.project.env = environment.values(|variable| std::env::var(variable).ok())?;
        self.project.environment = Some(format!("{name}: {}", environment.shown()));
        Ok(())
    }

    /// Two files, one definition: which of them is meant?
    fn twice(&mut self) {
        let mut seen: BTreeMap<(&str, &str, &str), &Workflow> = BTreeMap::new();
        let mut text = String::new();
        for workflow in self.project.workflows() {
            let Workflow { namespace, name, version, file, .. } = workflow;
            let key = (namespace.as_str(), name.as_str(), version.as_str());
            match seen.get(&key) {
                Some(other) if other.text != workflow.text => {
                    let (file, other) = (file.display(), other.file.display());
                    let _ = writeln!(
                        text,
                        "error: {file}: {namespace}/{name} {version} is in {other} too; give one of them another name or version"
                    );
                }
                _ => drop(seen.insert(key, workflow)),
            }
        }
        if !text.is_empty() {
            self.fail(Exit::InvalidDefinition, &text);
        }
    }

    /// Agents that nobody plays: fatal for what is to be run.
    fn unknown_agents(&mut self) {
        let Project { files, folders, agents, .. } = &self.project;
        let (wrong, warnings) = (unknown(files, agents, "error"), unknown(folders, agents, "warning"));
        self.project.warnings.push_str(&warnings);
        if !wrong.is_empty() {
            self.fail(Exit::Usage, &wrong);
        }
    }
}

fn unknown(workflows: &[Workflow], agents: &Agents, severity: &str) -> String {
    let mut text = String::new();
    for workflow in workflows {
        for (name, pointer) in workflow.agents.iter().filter(|(name, _)| agents.get(name).is_none()) {
            let place = place::of(&workflow.text, pointer).map_or_else(String::new, |span| format!(":{}:{}", span.line, span.column));
            let hint = if agents.is_empty() {
                "describe it in a file of a folder `agents` beside the workflow, or name a folder by --agents".to_owned()
            } else {
                agents.instead_of(name)
            };
            let _ = writeln!(text, "{severity}: {}{place}: there is no agent `{name}`\nhint: {hint}", workflow.file.display());
        }
    }
    text
}

fn workflow(file: &Path, text: String, plan: &Plan) -> Workflow {
    let agents = plan.tasks.iter().filter_map(|task| match &task.kind {
        Kind::Agent(agent) => match &agent.agent {
            Template::Literal(name) => Some((name.as_str()?.to_owned(), format!("{}/with/agent", task.reference))),
            _ => None,
        },
        _ => None,
    });
    let agents = agents.collect();
    let Plan { namespace, name, version, .. } = plan;
    Workflow { file: file.to_owned(), text, namespace: namespace.clone(), name: name.clone(), version: version.clone(), agents }
}

/// What a file is that has no definition in it. One that cannot be read as YAML is taken for a definition: then it is told what is wrong with it.
fn something_else(text: &str) -> Option<&'static str> {
    let mut report = Report::new(text, "");
    let root: Node = match dsl::load(&mut report) {
        Some(root) => root,
        // Several documents in one file: agents are written so.
        None => return text.lines().any(|line| line.starts_with("kind:")).then_some("agents; they are read from a folder `agents`"),
    };
    let has = |key: &str| root.get(key).is_some();
    if has("document") || has("do") {
        None
    } else if has("kind") {
        Some("an agent; it is read from a folder `agents`")
    } else if has("cases") {
        Some("tests")
    } else {
        Some("no definition: it has no `document`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn definition(name: &str, tasks: &str) -> String {
        format!("document: {{dsl: '1.0.3', namespace: test, name: {name}, version: '0.1.0'}}\ndo: [{tasks}]\n")
    }

    const ASK: &str = "{ask: {call: agent, with: {agent: helper, message: hi}}}";

    async fn read(root: &Path, file: Option<&str>) -> Result<Project, Wrong> {
        let path = file.map_or_else(|| root.to_owned(), |file| root.join(file));
        Project::read(&Sources::of(&[path], None), None, &Config::default(), "workflow-runner").await
    }

    #[tokio::test]
    async fn a_folder_is_read_and_what_is_no_definition_is_told() {
        let (a, b) = (definition("a", ASK), definition("b", "{x: {set: {y: 1}}}"));
        let root = folder(&[
            ("a.yaml", &a),
            ("a.test.yaml", "cases: []"),
            ("b.yaml", &b),
            ("helper.yaml", "name: helper\nkind: scripted\n"),
            ("two.yaml", "name: a\nkind: scripted\n---\nname: b\nkind: scripted\n"),
            ("values.yml", "replicas: 2"),
            ("agents/helper.yaml", "name: helper\nkind: scripted\n"),
        ]);
        let project = read(root.path(), None).await.unwrap();
        assert_eq!(project.workflows().map(|workflow| workflow.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let skipped: Vec<_> = project.skipped.iter().map(|(_, why)| why.split([':', ';']).next().unwrap()).collect();
        assert_eq!(skipped, ["tests", "an agent", "agents", "no definition"]);
        assert!(project.warnings.is_empty() && project.agents.get("helper").is_some());
    }

    #[tokio::test]
    async fn all_that_is_wrong_is_told_at_once() {
        let root = folder(&[
            ("workflows/a.yaml", "do: [{a: {ste: {}}}]"),
            ("workflows/b.yaml", "do: ["),
            ("agents/a.yaml", "name: a\n"),
            ("environments/e.yaml", "x: 1"),
        ]);
        let wrong = read(root.path(), None).await.unwrap_err();
        assert_eq!(wrong.exit, Exit::InvalidDefinition);
        for part in ["did you mean `set`?", "b.yaml", "a.yaml: kind: missing", "e.yaml:1:1: ", "workflow-runner explain E0"] {
            assert!(wrong.text.contains(part), "{part}\n{}", wrong.text);
        }
    }

    #[tokio::test]
    async fn an_agent_that_nobody_plays_stops_what_is_to_be_run() {
        let root = folder(&[("a.yaml", &definition("a", ASK)), ("agents/h.yaml", "name: helpers\nkind: scripted\n")]);
        let wrong = read(root.path(), Some("a.yaml")).await.unwrap_err();
        assert_eq!(wrong.exit, Exit::Usage);
        assert!(wrong.text.contains("a.yaml:2:33: there is no agent `helper`\nhint: did you mean `helpers`?"), "{}", wrong.text);
        let project = read(root.path(), None).await.unwrap();
        assert!(project.warnings.starts_with("warning: "), "{}", project.warnings);
    }

    #[tokio::test]
    async fn one_definition_stands_in_one_file() {
        let root = folder(&[("a.yaml", &definition("a", "{x: {set: {y: 1}}}")), ("b.yaml", &definition("a", "{x: {set: {y: 2}}}"))]);
        let wrong = read(root.path(), None).await.unwrap_err();
        assert!(wrong.text.contains("b.yaml: test/a 0.1.0 is in "), "{}", wrong.text);
    }
}
