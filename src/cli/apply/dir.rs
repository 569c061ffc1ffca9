//! In the folder, by namespace, name and version.

use super::Checked;
use crate::cli::Exit;
use crate::config::Config;
use crate::effects::definitions::{Definitions, RegisterError, Registered};

pub(super) fn register(documents: &[Checked], config: &Config, force: bool) -> Exit {
    let definitions = Definitions::new(&config.definitions);
    let mut exit = Exit::Completed;
    for Checked { file, namespace, name, version, text } in documents {
        match definitions.register(namespace, name, version, text, force) {
            Ok(done) => println!("{namespace}/{name} {version}: {}", word(done)),
            Err(error) => {
                eprintln!("error: {file}: {error}");
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
