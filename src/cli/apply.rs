//! `apply FILE…`: registers documents, in a folder or with the control plane.
//!
//! Every document is checked before the first one is registered. The folder takes any document; the platform takes those that have a form there
//! (see `stigmer::express`), and what has none is told by task.

mod dir;
mod platform;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::document::Document;
use super::run::folder_of;
use super::{Exit, outside};
use crate::config::Config;

#[derive(Args, Debug)]
pub struct ApplyArgs {
    /// The documents
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// Where to: by default the folder where `definitions.dir` is set, else the platform where `STIGMER_BACKEND_ENDPOINT` is
    #[arg(long, value_enum, value_name = "PLACE")]
    pub to: Option<Place>,

    /// Organisation that the workflows belong to
    #[arg(long, default_value = "local", value_name = "NAME")]
    pub org: String,

    /// Replace a version that is registered in the folder with another text
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// `definitions.dir`, where `run: workflow` finds them
    Dir,
    /// The control plane, which runs them
    Platform,
}

/// A document that is valid.
struct Checked {
    file: String,
    namespace: String,
    name: String,
    version: String,
    text: String,
}

pub async fn run(args: &ApplyArgs, config: Config) -> Exit {
    let place = match (args.to, &config.definitions.dir, &config.stigmer) {
        (Some(place), ..) => place,
        (None, Some(_), _) => Place::Dir,
        (None, None, Some(_)) => Place::Platform,
        (None, None, None) => {
            eprintln!("error: there is no place for definitions: set definitions.dir, or STIGMER_BACKEND_ENDPOINT and STIGMER_API_KEY");
            return Exit::Usage;
        }
    };
    let documents = match check(&args.files, &config).await {
        Ok(documents) => documents,
        Err(exit) => return exit,
    };
    match place {
        Place::Dir => dir::register(&documents, &config, args.force),
        Place::Platform if args.force => {
            eprintln!("error: --force is for the folder: the platform keeps what came last");
            Exit::Usage
        }
        Place::Platform => platform::register(&documents, &config, &args.org).await,
    }
}

async fn check(files: &[PathBuf], config: &Config) -> Result<Vec<Checked>, Exit> {
    let mut config = config.clone();
    let (mut documents, mut exit) = (Vec::new(), None);
    for file in files {
        config.resources.folder = Some(folder_of(file));
        match Document::read(file) {
            Ok(document) => match document.plan(&outside::read(&document, &config).await) {
                Ok(plan) => documents.push(Checked {
                    file: file.display().to_string(),
                    namespace: plan.namespace,
                    name: plan.name,
                    version: plan.version,
                    text: document.text,
                }),
                Err(invalid) => exit = Some(invalid),
            },
            Err(message) => {
                eprintln!("error: {message}");
                exit = Some(Exit::Usage);
            }
        }
    }
    exit.map_or(Ok(documents), Err)
}
