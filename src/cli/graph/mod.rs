//! `graph FILE`: a definition as a picture.
//!
//! The plan becomes a [`model::Graph`] ([`build`]), which knows scopes, items and edges but no form, and a writer gives it one: Mermaid, DOT, or
//! SVG with a layout of our own. Writers are pure, and the same definition gives the same text.

mod build;
mod dot;
mod labels;
mod mermaid;
pub mod model;
mod svg;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::document::Document;
use super::run::folder_of;
use super::{Exit, outside, print};
use crate::config::Config;

pub use self::build::graph;

#[derive(Args, Debug)]
pub struct GraphArgs {
    /// The definition; `-` for stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// How it is drawn
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    pub format: Format,
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

pub async fn run(args: &GraphArgs, mut config: Config) -> Exit {
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
    let graph = graph(&plan);
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
