//! `run: shell`: a command of the shell.

use std::time::Duration;

use super::{process, required_text};
use crate::engine::flow::{Done, Stop};
use crate::engine::host::Effect;
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Shell, Task};

pub(super) async fn run(view: &View<'_>, task: &Task, shell: &Shell, limit: Option<Duration>) -> Result<Done, Stop> {
    let command = Data::from(required_text(view, "command", &shell.command)?);
    process::run(view, task, &shell.process, Effect::Shell, Data::object([("command", command)]), limit).await
}
