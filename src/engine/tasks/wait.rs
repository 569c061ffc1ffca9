//! `wait`: a timer; the output is the input.

use crate::engine::flow::{Done, Stop};
use crate::engine::view::View;
use crate::plan::{DurationSpec, Task};

pub(super) async fn run(view: &View<'_>, task: &Task, duration: &DurationSpec) -> Result<Done, Stop> {
    let duration = view.duration(duration)?;
    view.run.wait(duration, &task.name, view.strand).await?;
    Ok(view.input.clone().into())
}
