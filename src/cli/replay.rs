//! `replay FILE…`: whether this version would go on with runs that another one began.

use std::path::{Path, PathBuf};

use clap::Args;

use super::document::Document;
use super::history::read::{self, Saved};
use super::print::line;
use super::{Exit, print};
use crate::config::Config;
use crate::temporal::replay::{self, Divergence, ReplayError};

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// Histories as `temporal workflow show --output json` or Temporal's web page write them, as the SDK does, or as protobuf; folders of them; `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// Replay as if the runs had begun with this definition
    #[arg(long, value_name = "FILE")]
    pub definition: Option<PathBuf>,
}

/// What became of one history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Same,
    Unreadable,
    Diverges,
}

pub async fn run(args: &ReplayArgs, config: Config) -> Exit {
    let definition = match args.definition.as_deref().map(definition).transpose() {
        Ok(definition) => definition,
        Err(exit) => return exit,
    };
    let mut worst = Verdict::Same;
    let mut files = Vec::new();
    for path in &args.files {
        match read::files(path) {
            Ok(found) => files.extend(found),
            Err(error) => {
                eprintln!("error: {error}");
                worst = Verdict::Unreadable;
            }
        }
    }
    let several = files.len() > 1;
    let mut counts = [0_usize; 3];
    for file in files {
        let verdict = one(&file, definition.as_deref(), &config.dsl.error_host).await;
        counts[verdict as usize] += 1;
        worst = worst.max(verdict);
    }
    if several {
        let [same, unreadable, diverge] = counts;
        eprintln!(
            "{}: {same} replayed, {diverge} diverged, {unreadable} could not be replayed",
            print::counted(counts.iter().sum(), "file")
        );
    }
    match worst {
        Verdict::Same => Exit::Completed,
        Verdict::Diverges => Exit::Faulted,
        Verdict::Unreadable => Exit::Usage,
    }
}

/// The text of a definition that is valid.
fn definition(path: &Path) -> Result<String, Exit> {
    let document = Document::read(path).map_err(|error| {
        eprintln!("error: {error}");
        Exit::Usage
    })?;
    let problems = document.problems();
    eprint!("{}", super::diagnostics::render(&problems, &document.text, super::diagnostics::Style::of_stderr()));
    if problems.iter().any(crate::dsl::Diagnostic::prevents_run) { Err(Exit::InvalidDefinition) } else { Ok(document.text) }
}

async fn one(file: &Path, definition: Option<&str>, error_host: &str) -> Verdict {
    let saved = match read::read(file) {
        Ok(saved) => saved,
        Err(error) => {
            eprintln!("error: {error}");
            return Verdict::Unreadable;
        }
    };
    let Saved { name, history, remade } = saved;
    if remade {
        eprintln!(
            "warning: {name}: its payloads were decoded for people, and have been made again from what they show; the encoded form is exact"
        );
    }
    let events = history.events.len();
    let history = match definition.map_or_else(|| Ok(history.clone()), |text| replay::with_definition(history.clone(), text)) {
        Ok(history) => history,
        Err(error) => return refused(&name, &error),
    };
    match replay::replay(history, error_host).await {
        Err(error) => refused(&name, &error),
        Ok(replayed) => match replayed.divergence {
            None => {
                let tasks = replayed.record.steps.iter().filter(|step| matches!(step.kind, replay::StepKind::Started(_))).count();
                let text = format!("{name}: replayed, {} and {}\n", print::counted(events, "event"), print::counted(tasks, "task run"));
                let _ = print::data(&text, Exit::Completed);
                Verdict::Same
            }
            Some(divergence) => {
                let _ = print::data(&shown(&name, &divergence, definition.is_some()), Exit::Faulted);
                Verdict::Diverges
            }
        },
    }
}

fn refused(name: &str, error: &ReplayError) -> Verdict {
    eprintln!("error: {name}: {}", print::lines(&error.to_string()));
    Verdict::Unreadable
}

fn shown(name: &str, divergence: &Divergence, changed: bool) -> String {
    let Divergence { task, event_id, noticed, history_has, this_does, cause } = divergence;
    let at = task.as_ref().map(|task| format!(" at `{}`", line(task))).unwrap_or_default();
    let event = event_id.map(|id| format!(", event {id}")).unwrap_or_default();
    let noticed = noticed.map(|id| format!(", noticed at event {id}")).unwrap_or_default();
    let [history_has, this_does, cause] = [history_has, this_does, cause].map(|text| line(text));
    let who = if changed { "the changed definition" } else { "this version" };
    let width = who.len().max("the history".len()) + 5;
    format!(
        "{name}: diverges{at}{event}{noticed}\n  {:width$} {history_has}\n  {:width$} {this_does}\n  {:width$} {cause}\n",
        "the history has",
        format!("{who} does"),
        "cause",
    )
}
