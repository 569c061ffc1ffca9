//! `test FILE…`: cases beside a definition, run in this process with calls mocked and in virtual time.
//!
//! [`file`](mod@file) reads a test file into [`case`]s, [`run`](mod@run) runs one with [`mocks`] in place of the world, [`judge`] holds what came
//! of it against what was expected, [`report`] prints it.

mod case;
mod difference;
mod file;
mod judge;
mod junit;
mod mocks;
mod report;
mod run;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use self::case::TestFile;
use self::report::Result;
use super::diagnostics::{self, Style};
use super::document::Document;
use super::print;
use super::run::folder_of;
use super::{Exit, outside};
use crate::config::Config;
use crate::dsl::Diagnostic;

pub use self::run::Surroundings;

#[derive(Args, Debug)]
pub struct TestArgs {
    /// Test files (`order.test.yaml`), or definitions that have one beside them
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// Run only cases whose name has this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,

    /// How results are printed
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    pub format: TestFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people: a line per case, and below it what was not as expected
    Text,
    /// For programs: a JSON array, one object per case
    Json,
    /// For build servers: the XML that they read
    Junit,
}

pub async fn run(args: &TestArgs, config: &Config) -> Exit {
    let mut results = Vec::new();
    let mut worst = Exit::Completed;
    for file in &args.files {
        match test(file, args, config).await {
            Ok(more) => results.extend(more),
            Err(exit) => worst = worse(worst, exit),
        }
    }
    let failed = results.iter().filter(|result| !result.passed()).count();
    if failed > 0 {
        worst = worse(worst, Exit::Faulted);
    }
    let shown = match args.format {
        TestFormat::Text => report::text(&results),
        TestFormat::Json => report::json(&results),
        TestFormat::Junit => junit::document(&results),
    };
    worst = worse(worst, print::data(&shown, Exit::Completed));
    eprintln!("{} passed, {failed} failed", results.len() - failed);
    if results.is_empty() && worst == Exit::Completed {
        eprintln!("error: no case was run");
        worst = Exit::Usage;
    }
    worst
}

/// What could not be read weighs more than what is wrong, and that more than what failed.
fn worse(left: Exit, right: Exit) -> Exit {
    let weight = |exit| match exit {
        Exit::Completed => 0,
        Exit::Faulted => 1,
        Exit::InvalidDefinition => 2,
        _ => 3,
    };
    if weight(left) >= weight(right) { left } else { right }
}

async fn test(file: &Path, args: &TestArgs, config: &Config) -> std::result::Result<Vec<Result>, Exit> {
    let path = test_file_of(file);
    let TestFile { workflow, cases } = load(&path)?;
    let mut config = config.clone();
    config.resources.folder = Some(folder_of(&workflow));
    let document = read(&workflow)?;
    let plan = document.plan(&outside::read(&document, &config).await)?;
    let surroundings = Surroundings { plan: &plan, config: &config };
    let wanted = |name: &str| args.filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()));
    let mut results = Vec::new();
    for case in cases.into_iter().filter(|case| wanted(&case.name)) {
        let name = case.name.clone();
        let (took, failures) = surroundings.run(case).await;
        results.push(Result { file: path.display().to_string(), name, took, failures });
    }
    Ok(results)
}

/// `order.yaml` has its cases in `order.test.yaml`.
fn test_file_of(file: &Path) -> PathBuf {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some(extension @ ("yaml" | "yml")) if !is_test_file(file) => file.with_extension(format!("test.{extension}")),
        _ => file.to_owned(),
    }
}

/// Whether the name says that there are cases in it: `order.test.yaml`.
pub(super) fn is_test_file(file: &Path) -> bool {
    let stem = Path::new(file.file_stem().unwrap_or_default());
    stem.extension().is_some_and(|extension| extension == "test")
}

/// Everything that is wrong with a test file; the definition that it tests is not looked at.
pub(super) fn problems(document: &Document, file: &Path) -> Vec<Diagnostic> {
    file::read(document, file).err().unwrap_or_default()
}

fn load(path: &Path) -> std::result::Result<TestFile, Exit> {
    let document = read(path)?;
    file::read(&document, path).map_err(|problems| {
        eprint!("{}", diagnostics::render(&problems, &document.text, Style::of_stderr()));
        Exit::InvalidDefinition
    })
}

fn read(path: &Path) -> std::result::Result<Document, Exit> {
    Document::read(path).map_err(|error| {
        eprintln!("error: {error}");
        Exit::Usage
    })
}
