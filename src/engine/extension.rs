//! Extensions: tasks before and after the definition of a task.
//!
//! ```text
//! input ─> before 1 ─> before 2 ─> definition ─> after 2 ─> after 1 ─> raw output
//!              └── exit: its output is the raw output ────────────┘
//! ```
//!
//! * `when` is asked against the task's transformed input, right before `before` would run, and decides for both lists.
//! * `before` gets the task's transformed input and `after` its raw output; what they yield is dropped, so an extension that logs changes
//!   nothing. Only a `before` that is left by `then: exit` has an output: the task's raw output, without the definition and the extensions
//!   inside. The `after` of those around it still run.
//! * They stand outside of the task's timeout. Their faults are the task's, `end` ends the workflow.

use serde::{Deserialize, Serialize};

use super::cursor::{FrameId, Kept};
use super::flow::{Done, Stop};
use super::view::View;
use crate::expr::Data;
use crate::plan::{Extension, Task, Then};

/// An extended task. Numbers of extensions are places in `task.extensions`.
#[derive(Serialize, Deserialize)]
struct State {
    /// Those whose `before` ran to its end, in order.
    entered: Vec<usize>,
    at: Place,
}

#[derive(Serialize, Deserialize)]
enum Place {
    Before { extension: usize, list: FrameId },
    Definition(FrameId),
    After { output: Kept, then: Option<Then>, list: FrameId },
}

pub(super) async fn run(view: &View<'_>, task: &Task) -> Result<Done, Stop> {
    let run = view.run;
    let (mut entered, place) = match view.resumed::<State>()? {
        Some(state) => (state.entered, Some(state.at)),
        None => (Vec::new(), None),
    };
    let (done, after) = match place {
        Some(Place::After { output, then, list }) => (Done { output: run.kept(output)?, then }, Some(list)),
        Some(Place::Definition(definition)) => (defined(view, task, &entered, Some(definition)).await?, None),
        before => {
            let before = if let Some(Place::Before { extension, list }) = before { Some((extension, list)) } else { None };
            match enter(view, task, &mut entered, before).await? {
                Some(output) => (output.into(), None),
                None => (defined(view, task, &entered, None).await?, None),
            }
        }
    };
    leave(view, task, entered, &done, after).await?;
    Ok(done)
}

/// Runs each `before` from the given one on; its output where one is left by `exit`.
async fn enter(view: &View<'_>, task: &Task, entered: &mut Vec<usize>, resume: Option<(usize, FrameId)>) -> Result<Option<Data>, Stop> {
    let run = view.run;
    let (first, mut resume) = resume.map_or((0, None), |(first, list)| (first, Some(list)));
    for number in first..task.extensions.len() {
        let Some(extension) = extension(view, task, number) else { continue };
        let applies = |when| view.condition(when, &view.input);
        if resume.is_none() && !extension.when.as_ref().map_or(Ok(true), applies)? {
            continue;
        }
        let ended = run.walk(&extension.before, view.strand, view.input.clone(), resume.take()).await;
        let (output, then) = ended.map_err(|stop| {
            stop.around(|list| run.suspend(&State { entered: entered.clone(), at: Place::Before { extension: number, list } }))
        })?;
        if then == Then::Exit {
            return Ok(Some(output));
        }
        entered.push(number);
    }
    Ok(None)
}

async fn defined(view: &View<'_>, task: &Task, entered: &[usize], resume: Option<FrameId>) -> Result<Done, Stop> {
    let inner = View { resume, ..view.clone() };
    let ended = view.run.timed(task, &inner).await;
    ended.map_err(|stop| stop.around(|inner| view.run.suspend(&State { entered: entered.to_vec(), at: Place::Definition(inner) })))
}

/// Runs each `after`, the last extension's first.
async fn leave(view: &View<'_>, task: &Task, mut entered: Vec<usize>, done: &Done, mut resume: Option<FrameId>) -> Result<(), Stop> {
    let run = view.run;
    while let Some(number) = entered.last() {
        if let Some(extension) = extension(view, task, *number) {
            let ended = run.list(&extension.after, view.strand, done.output.clone(), resume.take()).await;
            ended.map_err(|stop| {
                stop.around(|list| {
                    let at = Place::After { output: run.keep(&done.output), then: done.then, list };
                    run.suspend(&State { entered: entered.clone(), at })
                })
            })?;
        }
        entered.pop();
    }
    Ok(())
}

fn extension<'v>(view: &View<'v>, task: &Task, number: usize) -> Option<&'v Extension> {
    task.extensions.get(number).and_then(|at| view.run.plan.extensions.get(*at))
}
