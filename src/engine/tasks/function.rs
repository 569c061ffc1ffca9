//! A call of a function: a task elsewhere in the document, with its own data flow, on what `with` yields.

use crate::engine::fault::Standard;
use crate::engine::flow::{Done, Stop};
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Function, Then};

/// Functions that call functions nest no deeper: each level takes some of the stack.
const DEPTH_MAX: u32 = 32;

/// The task's directive has nowhere to go but `end`: it stands in no list.
pub(super) async fn run(view: &View<'_>, function: &Function) -> Result<Done, Stop> {
    let raw_input = match (view.resume, &function.with) {
        (Some(_), _) => Data::null(), // the task knows it itself
        (None, Some(with)) => view.definition(with)?,
        (None, None) => view.input.clone(),
    };
    let Some(strand) = view.strand.called(DEPTH_MAX) else {
        let detail = format!("functions call each other more than {DEPTH_MAX} deep");
        return Err(view.run.fault(Standard::Runtime, "too many nested calls", Some(detail)).into());
    };
    let task = view.run.plan.task(function.task);
    match view.run.task(task, &strand, raw_input, view.resume).await? {
        (output, Then::End) => Err(Stop::End(output)),
        (output, _) => Ok(output.into()),
    }
}
