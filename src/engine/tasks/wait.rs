//! `wait`: a timer; the output is the input.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::flow::{Done, Stop};
use crate::engine::handover::later;
use crate::engine::view::View;
use crate::plan::{DurationSpec, Task};

#[derive(Serialize, Deserialize)]
struct State {
    until: Timestamp,
}

pub(super) async fn run(view: &View<'_>, task: &Task, duration: &DurationSpec) -> Result<Done, Stop> {
    let state = match view.resumed::<State>()? {
        Some(state) => state,
        None => State { until: later(view.run.host.now(), view.duration(duration)?) },
    };
    let rested = view.run.rest_until(state.until, &task.name, view.strand).await;
    rested.map_err(|halt| halt.stop(view.run, || state))?;
    Ok(view.input.clone().into())
}
