//! `run: workflow`: a workflow of its own. Its output is the task's; with `await: false` the task's input is.

use std::time::Duration;

use super::{call, detach, required_text, text};
use crate::engine::fault::Fault;
use crate::engine::flow::{Done, Stop};
use crate::engine::host::Effect;
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{SubWorkflow, Task};

const LATEST: &str = "latest";

pub(super) async fn run(view: &View<'_>, task: &Task, workflow: &SubWorkflow, limit: Option<Duration>) -> Result<Done, Stop> {
    let input = request(view, workflow)?;
    if workflow.awaited {
        call(view, task, Effect::Workflow, input, limit).await
    } else {
        detach(view, task, Effect::Workflow, input, limit).await
    }
}

fn request(view: &View<'_>, workflow: &SubWorkflow) -> Result<Data, Fault> {
    let version = match view.optional(workflow.version.as_ref())? {
        Some(version) => text(view, "version", &version)?,
        None => None,
    };
    Ok(Data::object([
        ("namespace", Data::from(required_text(view, "namespace", &workflow.namespace)?)),
        ("name", Data::from(required_text(view, "name", &workflow.name)?)),
        ("version", Data::from(version.unwrap_or_else(|| LATEST.to_owned()))),
        ("input", view.optional(workflow.input.as_ref())?.unwrap_or_else(|| view.input.clone())),
    ]))
}
