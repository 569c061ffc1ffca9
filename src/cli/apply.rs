//! `apply FILE…`: registers documents by namespace, name and version in `definitions.dir`.
//!
//! Every document is checked before the first one is written. A control plane is no place for them: it takes a `WorkflowSpec`, which knows only
//! a part of the language.

use super::document::Document;
use super::run::folder_of;
use super::{ApplyArgs, Exit, outside};
use crate::config::Config;
use crate::effects::definitions::{Definitions, RegisterError, Registered};

pub async fn run(args: &ApplyArgs, mut config: Config) -> Exit {
    let mut documents = Vec::new();
    let mut exit = Exit::Completed;
    for file in &args.files {
        config.resources.folder = Some(folder_of(file));
        match Document::read(file) {
            Ok(document) => match document.plan(&outside::read(&document, &config).await) {
                Ok(plan) => documents.push((file.display(), plan, document.text)),
                Err(invalid) => exit = invalid,
            },
            Err(message) => {
                eprintln!("error: {message}");
                exit = Exit::Usage;
            }
        }
    }
    if exit != Exit::Completed {
        return exit;
    }
    let definitions = Definitions::new(&config.definitions);
    for (file, plan, text) in documents {
        let (namespace, name, version) = (&plan.namespace, &plan.name, &plan.version);
        match definitions.register(namespace, name, version, &text, args.force) {
            Ok(done) => println!("{namespace}/{name} {version}: {}", word(done)),
            Err(error) => {
                eprintln!("error: {file}: {error}");
                if matches!(error, RegisterError::NoPlace) && config.stigmer.is_some() {
                    eprintln!("hint: a control plane takes no definitions from here; it has its own way to create workflows");
                }
                exit = if matches!(error, RegisterError::Differs(_)) { Exit::Faulted } else { Exit::Usage };
            }
        }
    }
    exit
}

fn word(done: Registered) -> &'static str {
    match done {
        Registered::Added => "registered",
        Registered::Unchanged => "unchanged",
        Registered::Replaced => "replaced",
    }
}
