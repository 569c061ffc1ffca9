//! Environments: variables and secrets that an execution is given by `--env NAME`.
//!
//! ```yaml
//! name: staging                          # else the file's own name
//! description: where we try things
//! variables:
//!   REGION: eu-central                   # ${ $env.REGION.value }
//! secrets:
//!   API_TOKEN: { env: STAGING_TOKEN }    # ${ $secrets.API_TOKEN }: the value of a variable of this process,
//!   DB_PASSWORD: { file: db-password }   # or what a file holds, named relative to this one
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::cli::document::Document;
use crate::cli::run::folder_of;
use crate::dsl::{self, Node, Problem, Report, Shape, Value, codes, nearest};
use crate::stigmer::exc::ExecutionValue;

const ENVIRONMENT: Shape = Shape { what: "an environment", keys: &["name", "description", "variables", "secrets"], required: &[] };
const SECRET: Shape = Shape { what: "a secret", keys: &["env", "file"], required: &[] };
const SOURCES: [&str; 2] = ["env", "file"];
/// A secret is no archive.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// One environment, with secrets by their places.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Environment {
    pub name: String,
    file: PathBuf,
    variables: BTreeMap<String, String>,
    secrets: BTreeMap<String, Place>,
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Variable(String),
    File(PathBuf),
}

/// Reads the environments of the files.
///
/// # Errors
/// All that is wrong with them, a line each. What a file holds is not shown: somebody may have put a secret there.
pub(super) fn load(files: &[PathBuf]) -> Result<Vec<Environment>, String> {
    let (mut environments, mut wrong) = (Vec::<Environment>::new(), String::new());
    for file in files {
        match read(file) {
            Ok(environment) => {
                if let Some(other) = environments.iter().find(|other| other.name == environment.name) {
                    let _ = writeln!(
                        wrong,
                        "error: {}: a second environment `{}`, beside {}",
                        file.display(),
                        other.name,
                        other.file.display()
                    );
                }
                environments.push(environment);
            }
            Err(text) => wrong.push_str(&text),
        }
    }
    if wrong.is_empty() { Ok(environments) } else { Err(wrong) }
}

/// The one of this name.
///
/// # Errors
/// There is none, with the one that may have been meant.
pub(super) fn named<'e>(environments: &'e [Environment], name: &str) -> Result<&'e Environment, String> {
    environments.iter().find(|environment| environment.name == name).ok_or_else(|| {
        let known: Vec<_> = environments.iter().map(|environment| environment.name.as_str()).collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there is no folder `environments` with a file in it beside the workflows".to_owned(),
            None => format!("known are {}", known.join(", ")),
        };
        format!("error: --env: there is no environment `{name}`\nhint: {hint}\n")
    })
}

impl Environment {
    /// What an execution is given. Secrets are looked up now.
    ///
    /// # Errors
    /// Those that have no value, a line each.
    pub fn values(&self, variable: impl Fn(&str) -> Option<String>) -> Result<BTreeMap<String, ExecutionValue>, String> {
        let plain = |value: &String| ExecutionValue { value: value.clone(), is_secret: false };
        let mut values: BTreeMap<_, _> = self.variables.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
        let mut wrong = String::new();
        for (name, place) in &self.secrets {
            match place.value(&variable) {
                Ok(value) => drop(values.insert(name.clone(), ExecutionValue { value, is_secret: true })),
                Err(problem) => {
                    let _ = writeln!(wrong, "error: {}: secret `{name}`: {problem}", self.file.display());
                }
            }
        }
        if wrong.is_empty() { Ok(values) } else { Err(wrong) }
    }

    /// Its names, for people: `REGION, API_TOKEN (secret)`.
    pub fn shown(&self) -> String {
        let secrets = self.secrets.keys().map(|name| format!("{name} (secret)"));
        let names: Vec<_> = self.variables.keys().cloned().chain(secrets).collect();
        if names.is_empty() { "empty".to_owned() } else { names.join(", ") }
    }
}

impl Place {
    fn value(&self, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
        let value = match self {
            Self::Variable(name) => {
                variable(name).ok_or_else(|| format!("the environment variable {name} is not set; set it to the value"))?
            }
            Self::File(path) => {
                let failed = |error| format!("cannot read {}: {error}", path.display());
                // A pipe would be waited for, and a device has no end.
                if !std::fs::metadata(path).map_err(failed)?.is_file() {
                    return Err(format!("{} is no file", path.display()));
                }
                let mut text = String::new();
                std::fs::File::open(path).map_err(failed)?.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
                if text.len() as u64 > SECRET_BYTES_MAX {
                    return Err(format!("{} is larger than {} KiB", path.display(), SECRET_BYTES_MAX / 1024));
                }
                text.trim_end_matches(['\n', '\r']).to_owned()
            }
        };
        if value.is_empty() { Err("its value is empty".to_owned()) } else { Ok(value) }
    }
}

fn read(file: &Path) -> Result<Environment, String> {
    let document = Document::read(file).map_err(|error| format!("error: {error}\n"))?;
    let mut report = Report::new(&document.text, &document.name);
    let environment = environment(&mut report, file);
    match environment {
        Some(environment) if !report.has_errors() => Ok(environment),
        _ => Err(report.into_diagnostics().iter().fold(String::new(), |text, problem| text + &problem.to_string() + "\n")),
    }
}

fn environment(report: &mut Report<'_>, file: &Path) -> Option<Environment> {
    let root = dsl::load(report)?;
    let fields = report.fields(&root, &ENVIRONMENT)?;
    let own = || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = fields.text(report, "name").map_or_else(own, |name| name.text.to_string());
    fields.text(report, "description");
    let mut environment = Environment { name, file: file.to_owned(), variables: BTreeMap::new(), secrets: BTreeMap::new() };
    for entry in fields.get("variables").and_then(|node| report.mapping(node, "`variables`")).unwrap_or_default() {
        if let Some(value) = scalar(report, &entry.value) {
            environment.variables.insert(entry.key.text.to_string(), value);
        }
    }
    for entry in fields.get("secrets").and_then(|node| report.mapping(node, "`secrets`")).unwrap_or_default() {
        let name = entry.key.text.to_string();
        if environment.variables.contains_key(&name) {
            report.add(Problem::new(codes::BAD_VALUE, entry.key.span, format!("`{name}` is a variable too")));
        }
        if let Some(place) = place(report, &entry.value, &folder_of(file)) {
            environment.secrets.insert(name, place);
        }
    }
    Some(environment)
}

fn scalar(report: &mut Report<'_>, node: &Node) -> Option<String> {
    let value = match &node.value {
        Value::String(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => {
            report.wrong_type(node, "a variable", "text");
            return None;
        }
    };
    if value.is_empty() {
        report.add(Problem::new(codes::EMPTY, node.span, "a variable must not be empty"));
    }
    Some(value)
}

fn place(report: &mut Report<'_>, node: &Node, folder: &Path) -> Option<Place> {
    if node.entries().is_none() {
        let problem = Problem::new(codes::WRONG_TYPE, node.span, "the value of a secret does not stand in a file of environments");
        report.add(problem.help("name its place: {env: VARIABLE} or {file: PATH}"));
        return None;
    }
    let fields = report.fields(node, &SECRET)?;
    report.exactly_one(&fields, SECRET.what, &SOURCES);
    let variable = fields.text(report, "env").map(|name| Place::Variable(name.text.to_string()));
    variable.or_else(|| fields.text(report, "file").map(|path| Place::File(folder.join(&*path.text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn values_come_from_the_file_the_process_and_other_files() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "word", "s3cret\n");
        let text = "description: x\nvariables: {REGION: eu, LIMIT: 5, ON: true}\nsecrets: {TOKEN: {env: T}, WORD: {file: word}}\n";
        let file = write(folder.path(), "staging.yaml", text);
        let environments = load(&[file]).unwrap();
        let staging = named(&environments, "staging").unwrap();
        let values = staging.values(|name| (name == "T").then(|| "t0ken".to_owned())).unwrap();
        let shown: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.value.as_str(), value.is_secret)).collect();
        assert_eq!(
            shown,
            [("LIMIT", "5", false), ("ON", "true", false), ("REGION", "eu", false), ("TOKEN", "t0ken", true), ("WORD", "s3cret", true)]
        );
        assert_eq!(staging.shown(), "LIMIT, ON, REGION, TOKEN (secret), WORD (secret)");
        let wrong = staging.values(|_| None).unwrap_err();
        assert!(wrong.contains("staging.yaml: secret `TOKEN`: the environment variable T is not set"), "{wrong}");
        assert!(named(&environments, "stagin").unwrap_err().contains("did you mean `staging`?"));
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(
            folder.path(),
            "bad.yaml",
            "secrets:\n  TOKEN: very-private\n  OTHER: {evn: X}\nvarables: {}\nvariables: {A: [1], TOKEN: x}\n",
        );
        let wrong = load(&[file]).unwrap_err();
        for part in [
            "bad.yaml:2:10: ",
            "{env: VARIABLE}",
            "bad.yaml:3:11: ",
            "did you mean `env`",
            "did you mean `variables`",
            "must be text",
            "is a variable too",
        ] {
            assert!(wrong.contains(part), "{part}\n{wrong}");
        }
        assert!(!wrong.contains("very-private"), "{wrong}");
    }

    #[test]
    fn a_name_stands_for_one_environment() {
        let folder = tempfile::tempdir().unwrap();
        let files = [write(folder.path(), "a.yaml", "name: x\n"), write(folder.path(), "b.yaml", "name: x\n")];
        assert!(load(&files).unwrap_err().contains("b.yaml: a second environment `x`, beside"));
    }
}
