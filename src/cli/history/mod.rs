//! `history ID`: what a run did, task by task.
//!
//! Events → [`facts`] (calls, signals, the end) and a replay → [`tree`] (every task, pure ones too); together they are a [`model::Story`], which a
//! writer gives a form: [`text`], JSON, Mermaid, or one page of HTML.

mod facts;
pub mod fetch;
mod html;
mod mermaid;
pub mod model;
mod place;
pub mod read;
mod redact;
mod tell;
pub mod text;
mod tree;
mod waiting;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::service::{StartError, address};
use super::{Exit, print};
use crate::config::Config;
use crate::handshake::child_id;
use crate::temporal::connect;

use self::fetch::Fetched;
use self::model::Story;
use self::tell::Told;

/// Executions of the platform are called so; their workflows are not.
const EXECUTION: &str = "wex-";

#[derive(Args, Debug)]
pub struct HistoryArgs {
    /// Workflow id, or the id of an execution (`wex-…`)
    #[arg(value_name = "ID", required_unless_present = "file", conflicts_with = "file")]
    pub id: Option<String>,

    /// One run of it; otherwise the latest. Runs that continue each other are told together
    #[arg(long, value_name = "RUN", conflicts_with = "file")]
    pub run_id: Option<String>,

    /// Only the run at this position of its chain, 1 for the first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub run: Option<u32>,

    /// A history that was saved; of a chain, the file of each run; `-` for stdin
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub file: Vec<PathBuf>,

    /// How it is told
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Show all of each payload, and every call
    #[arg(long)]
    pub full: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A timeline for people
    Text,
    /// For programs
    Json,
    /// A Gantt chart that Markdown viewers draw
    Mermaid,
    /// One page with the graph, the timeline, payloads and errors
    Html,
}

pub async fn run(args: HistoryArgs, config: Config) -> Exit {
    let story = match story(&args, &config).await {
        Ok(story) => story,
        Err(error) => {
            eprintln!("error: {}", print::lines(&error.to_string()));
            return error.exit;
        }
    };
    for note in story.notes.iter().filter(|_| args.format != Format::Text) {
        eprintln!("note: {}", print::line(note));
    }
    let text = match args.format {
        Format::Text => text::write(&story, args.full),
        Format::Json => format!("{:#}\n", serde_json::to_value(&story).unwrap_or_default()),
        Format::Mermaid => mermaid::write(&story),
        Format::Html => html::write(&story),
    };
    print::data(&text, Exit::Completed)
}

async fn story(args: &HistoryArgs, config: &Config) -> Result<Story, StartError> {
    let mut notes = Vec::new();
    let mut fetched = match &args.id {
        Some(id) => from_server(id, args.run_id.as_deref().unwrap_or_default(), config).await?,
        None => from_files(&args.file, &mut notes)?,
    };
    if fetched.cut {
        notes.push("earlier runs of the chain are not there any more, or are too many".to_owned());
    }
    if let Some(number) = args.run {
        let count = fetched.histories.len();
        let at = usize::try_from(number).unwrap_or(usize::MAX) - 1;
        if at >= count {
            return Err(StartError::usage(format!("there is no run {number}: the chain has {}", print::counted(count, "run"))));
        }
        if at + 1 != count {
            fetched.pending.clear();
            fetched.asked_at = None;
        }
        fetched.histories = vec![fetched.histories.swap_remove(at)];
    }
    tell(fetched, config, notes).await
}

/// The story of one saved or fetched run, or chain of runs.
pub(super) async fn tell(fetched: Fetched, config: &Config, notes: Vec<String>) -> Result<Story, StartError> {
    let Fetched { histories, pending, asked_at, .. } = fetched;
    let told = Told { histories, pending, asked_at, error_host: config.dsl.error_host.clone() };
    let mut story = tell::story(told).await.map_err(|error| StartError::usage(format!("the history cannot be told: {error}")))?;
    story.notes.extend(notes);
    Ok(story)
}

pub(super) async fn from_server(id: &str, run_id: &str, config: &Config) -> Result<Fetched, StartError> {
    let client = connect::once(&address(&config.temporal), None).await?;
    let id = if id.starts_with(EXECUTION) { child_id(id) } else { id.to_owned() };
    fetch::fetch(&client, &id, run_id).await
}

pub(super) fn from_files(files: &[PathBuf], notes: &mut Vec<String>) -> Result<Fetched, StartError> {
    let mut fetched = Fetched::default();
    for path in files {
        let saved = read::read(path).map_err(StartError::usage)?;
        if saved.remade {
            notes.push(format!("{}: payloads were decoded for people, and have been made again from what they show", saved.name));
        }
        fetched.histories.push(saved.history);
    }
    // Runs of a chain follow each other, in whatever order their files are named.
    fetched.histories.sort_by_key(|history| history.events.first().and_then(facts::time));
    Ok(fetched)
}
