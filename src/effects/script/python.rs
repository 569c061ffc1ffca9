//! A script in Python: a process like that of `run: shell`, with the script as a file in its folder.
//!
//! A file, because other users of the machine may see a command line, and because its length has a limit.

use super::super::EffectError;
use super::super::process::{Ended, Given, Processes};

const FILE: &str = "script.py";

pub(super) async fn run(processes: &Processes, code: &str, given: &Given) -> Result<Ended, EffectError> {
    let python = &processes.settings().python;
    let arguments = [std::slice::from_ref(&FILE.to_owned()), &given.arguments].concat();
    processes.run(python, &arguments, &[(FILE, code)], given).await
}
