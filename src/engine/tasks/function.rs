//! A call of a function: a task elsewhere, with its own data flow, on what `with` yields.

use crate::engine::flow::{Done, Stop};
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Function, Then};

/// The function's task stands in no list: of its directives only `end` has somewhere to go. Functions do not call each other in circles, the
/// plan sees to that.
pub(super) async fn run(view: &View<'_>, function: &Function) -> Result<Done, Stop> {
    let raw_input = match (view.resume, &function.with) {
        (Some(_), _) => Data::null(), // the task knows it itself
        (None, Some(with)) => view.definition(with)?,
        (None, None) => view.input.clone(),
    };
    let task = view.run.plan.task(function.task);
    match view.run.task(task, view.strand, raw_input, view.resume).await? {
        (output, Then::End) => Err(Stop::End(output)),
        (output, _) => Ok(output.into()),
    }
}
