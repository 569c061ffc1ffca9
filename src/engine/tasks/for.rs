//! `for`: the body once per item. Iterations chain: each one's raw input is the output of the one before.

use crate::engine::flow::{Done, Stop};
use crate::engine::view::{View, article};
use crate::expr::Data;
use crate::plan::{For, Task};

pub(super) async fn run(view: &View<'_>, task: &Task, definition: &For) -> Result<Done, Stop> {
    let collection = view.definition(&definition.collection)?;
    // An object has no order that a loop could rely on, and a number is a count in some runtimes and a mistake in others.
    let Some(items) = collection.items().filter(|_| collection.is_array()) else {
        let hint = "`keys`, `to_entries` or `[range(n)]` make one";
        return Err(view.refuse(format!("`for.in` must yield an array, not {}: {hint}", article(&collection))).into());
    };
    let visit = view.strand.visit(task.id);
    let names = view.run.plan.uses_data.then(|| variable_names(task));
    let mut value = view.input.clone();
    for (index, item) in items.enumerate() {
        view.run.step(view.strand).await?;
        let position = i64::try_from(index).map_or_else(|_| Data::null(), Data::from);
        let strand = view.strand.iteration(index, visit).bind(definition.each, item.clone()).bind(definition.at, position.clone());
        if let Some((each, at)) = &names {
            strand.change_data(|data| data.with(each, item).with(at, position));
        }
        if let Some(condition) = &definition.condition
            && !view.under(&strand).condition(condition, &value)?
        {
            break;
        }
        value = view.run.list(&definition.body, &strand, value).await?;
    }
    Ok(value.into())
}

/// The loop variables' names, for `$data` only: expressions know them by index.
fn variable_names(task: &Task) -> (String, String) {
    let head = task.definition.get("for").unwrap_or_default();
    let name =
        |key: &str, default: &str| head.get(key).and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_else(|| default.to_owned());
    (name("each", "item"), name("at", "index"))
}
