//! `run: shell`: a command in a process group of its own.
//!
//! | file | what |
//! |---|---|
//! | `given` | from the effect's input to what a process is given |
//! | `command` | one program from its start to its end, within the limits |
//! | `group` | a process with everything that it started, and the end of both |
//!
//! What a process sees: `PATH` (`run.path`) and the declared environment, nothing else of this process's; a fresh, empty folder of its own as
//! working directory, removed afterwards; its standard input, which ends at once where the document gives none. The command is run by
//! `/bin/sh -c`, its arguments are `$1`, `$2`, …: other users of the machine may see both, but neither the environment nor the standard input.
//! When the command itself has ended, what it left running in its group is killed.

mod command;
mod given;
mod group;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use self::command::{Ended, out_of_time, too_large};
pub(super) use self::given::Given;
pub use self::group::settled;
use super::EffectError;
use crate::config::{RunKind, RunSettings};
use crate::expr::Data;

/// Starts processes within the settings. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    settings: Arc<RunSettings>,
}

impl Processes {
    #[must_use]
    pub fn new(settings: &RunSettings) -> Self {
        Self { settings: Arc::new(settings.clone()) }
    }

    /// Runs `{"command": text, "arguments"?: [text], "stdin"?: text, "environment"?: {name: text}}` to its end, and gives
    /// `{"code", "stdout", "stderr"}`. What is written is taken as UTF-8, with U+FFFD for what is none, and otherwise unchanged: its last line
    /// end stays. A code other than 0 is an outcome; a process that a signal ended has 128 and the signal's number, as in a shell. Dropping
    /// the future ends the process and everything in its group: SIGTERM, and after a grace SIGKILL.
    ///
    /// Errors: `authorization` 403 where `run.enable` does not name `shell`; `validation` 400 for an input that cannot be given to a process;
    /// `timeout` 408 after `run.timeout`; `runtime` 500 when it writes more than `run.output_limit_bytes` or cannot be started.
    pub async fn shell(&self, input: &Data) -> Result<Data, EffectError> {
        self.allow(RunKind::Shell)?;
        let command = given::text(input, "command")?.ok_or_else(|| EffectError::validation("`command` is missing"))?;
        let given = Given::parse(input)?;
        let arguments = [["-c", &command, "sh"].map(str::to_owned).as_slice(), &given.arguments].concat();
        self.run("/bin/sh", &arguments, &[], &given).await?.output(&self.settings)
    }

    /// Runs a program in a folder that holds `files`, each a name with its text.
    pub(super) async fn run(
        &self,
        program: &str,
        arguments: &[String],
        files: &[(&str, &str)],
        given: &Given,
    ) -> Result<Ended, EffectError> {
        command::run(program, arguments, files, given, &self.settings).await
    }

    /// # Errors
    /// `authorization` 403 naming the setting.
    pub(super) fn allow(&self, kind: RunKind) -> Result<(), EffectError> {
        if self.settings.enable.contains(&kind) {
            return Ok(());
        }
        let word = kind.word();
        Err(EffectError::authorization(format!("`{word}` may not be run here"))
            .with_detail(format!("the setting run.enable does not name `{word}`")))
    }

    pub(super) fn settings(&self) -> &Arc<RunSettings> {
        &self.settings
    }
}
