//! `for`: the body once per item. Iterations chain: each one's raw input is the output of the one before.

use serde::{Deserialize, Serialize};

use crate::engine::cursor::{FrameId, Kept};
use crate::engine::fault::Fault;
use crate::engine::flow::{Done, Stop};
use crate::engine::handover::Memory;
use crate::engine::view::{View, article};
use crate::expr::Data;
use crate::plan::{For, Task};

#[derive(Serialize, Deserialize)]
struct State {
    collection: Kept,
    /// Of the loop as a whole.
    visit: u32,
    index: usize,
    at: Place,
}

#[derive(Serialize, Deserialize)]
enum Place {
    /// Before the iteration's step, with the output of the one before.
    Ahead(Kept),
    Body {
        memory: Memory,
        list: FrameId,
    },
}

pub(super) async fn run(view: &View<'_>, task: &Task, definition: &For) -> Result<Done, Stop> {
    let run = view.run;
    let (collection, visit, mut index, mut value, mut resume) = match view.resumed::<State>()? {
        None => (collection(view, definition)?, view.strand.visit(task), 0, view.input.clone(), None),
        Some(State { collection, visit, index, at }) => {
            let (value, resume) = match at {
                Place::Ahead(value) => (run.kept(value)?, None),
                Place::Body { memory, list } => (Data::null(), Some((memory, list))),
            };
            (run.kept(collection)?, visit, index, value, resume)
        }
    };
    let suspend = |index, at| run.suspend(&State { collection: run.keep(&collection), visit, index, at });
    let names = run.plan.uses_data.then(|| variable_names(task));
    while let Some(item) = collection.item(index) {
        if resume.is_none() {
            let stepped = run.step(view.strand).await;
            stepped.map_err(|halt| halt.stop_with(|| suspend(index, Place::Ahead(run.keep(&value)))))?;
        }
        let position = i64::try_from(index).map_or_else(|_| Data::null(), Data::from);
        let strand = view.strand.iteration(index, visit).bind(definition.each, item.clone()).bind(definition.at, position.clone());
        let list = match resume.take() {
            Some((memory, list)) => {
                run.recall(&strand, memory)?;
                Some(list)
            }
            None => {
                if let Some((each, at)) = &names {
                    strand.change_data(|data| data.with(each, item).with(at, position));
                }
                if let Some(condition) = &definition.condition
                    && !view.under(&strand).condition(condition, &value)?
                {
                    break;
                }
                None
            }
        };
        let ended = run.list(&definition.body, &strand, value, list).await;
        value = ended.map_err(|stop| stop.around(|list| suspend(index, Place::Body { memory: run.memory(&strand), list })))?;
        index += 1;
    }
    Ok(value.into())
}

fn collection(view: &View<'_>, definition: &For) -> Result<Data, Fault> {
    let collection = view.definition(&definition.collection)?;
    if collection.is_array() {
        return Ok(collection);
    }
    // An object has no order that a loop could rely on, and a number is a count in some runtimes and a mistake in others.
    let hint = "`keys`, `to_entries` or `[range(n)]` make one";
    Err(view.refuse(format!("`for.in` must yield an array, not {}: {hint}", article(&collection))))
}

/// The loop variables' names, for `$data` only: expressions know them by index.
fn variable_names(task: &Task) -> (String, String) {
    let head = task.definition.get("for").unwrap_or_default();
    let name =
        |key: &str, default: &str| head.get(key).and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_else(|| default.to_owned());
    (name("each", "item"), name("at", "index"))
}
