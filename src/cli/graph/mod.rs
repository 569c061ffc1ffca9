//! `graph FILE`: a definition as a picture.
//!
//! The plan becomes a [`model::Graph`] ([`build`]), which knows scopes, items and edges but no form, and a writer gives it one: Mermaid, DOT, or
//! SVG with a layout of our own. Writers are pure, and the same definition gives the same text.

mod build;
mod dot;
mod labels;
mod mermaid;
pub mod model;
mod paint;
pub mod svg;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::document::Document;
use super::history::{self, model::Story};
use super::run::folder_of;
use super::service::StartError;
use super::{Exit, outside, print};
use crate::config::Config;

pub use self::build::graph;
pub use self::paint::onto;

#[derive(Args, Debug)]
pub struct GraphArgs {
    /// The definition; `-` for stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// How it is drawn
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    pub format: Format,

    /// Paint the run of this workflow id, or execution id, onto it
    #[arg(long, value_name = "ID", conflicts_with = "history")]
    pub run: Option<String>,

    /// Paint a history that was saved onto it; of a chain, the file of each run
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub history: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A flowchart that Markdown viewers draw
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture as it is
    Svg,
}

pub async fn run(args: GraphArgs, mut config: Config) -> Exit {
    config.resources.folder = Some(folder_of(&args.file));
    let document = match Document::read(&args.file) {
        Ok(document) => document,
        Err(error) => {
            eprintln!("error: {error}");
            return Exit::Usage;
        }
    };
    let plan = match document.plan(&outside::read(&document, &config).await) {
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let mut graph = graph(&plan);
    match story(&args, &config).await {
        Ok(None) => {}
        Ok(Some(story)) => {
            if story.definition.text != document.text {
                eprintln!("warning: the run had another definition than {}: its tasks are found by their references", document.name);
            }
            paint::onto(&mut graph, &story);
        }
        Err(error) => {
            eprintln!("error: {error}");
            return error.exit;
        }
    }
    match args.format {
        Format::Mermaid => print::data(&mermaid::write(&graph), Exit::Completed),
        Format::Dot => print::data(&dot::write(&graph), Exit::Completed),
        Format::Svg => match svg::write(&graph) {
            Ok(picture) => print::data(&picture, Exit::Completed),
            Err(error) => {
                eprintln!("error: {error}");
                Exit::Usage
            }
        },
    }
}

/// The run that is to be painted onto the graph.
async fn story(args: &GraphArgs, config: &Config) -> Result<Option<Story>, StartError> {
    let mut notes = Vec::new();
    let fetched = match &args.run {
        Some(id) => history::from_server(id, "", config).await?,
        None if args.history.is_empty() => return Ok(None),
        None => history::from_files(&args.history, &mut notes)?,
    };
    let story = history::tell(fetched, config, notes).await?;
    story.notes.iter().for_each(|note| eprintln!("note: {}", print::line(note)));
    Ok(Some(story))
}
