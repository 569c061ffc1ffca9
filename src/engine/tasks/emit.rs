//! `emit`: makes a CloudEvent and hands it out. The output is the whole event.
//!
//! What the document gives wins; `specversion`, `id`, `time` and `source` (`/{namespace}/{name}/{version}`) are added where it gives none.

use super::make;
use crate::engine::event;
use crate::engine::fault::{Fault, Standard};
use crate::engine::flow::{Done, Stop};
use crate::engine::host::{Call, Effect};
use crate::engine::view::{View, article};
use crate::expr::Data;
use crate::plan::{Emit, Task};

/// What the members that are added come to at most, about.
const ENVELOPE_BYTES: usize = 512;

pub(super) async fn run(view: &View<'_>, task: &Task, emit: &Emit) -> Result<Done, Stop> {
    let given = view.definition(&emit.event)?;
    let Some(members) = given.entries() else {
        return Err(view.refuse(format!("the event must be an object, not {}", article(&given))).into());
    };
    let given = Data::object(members.filter(|(name, value)| name == "data" || !value.is_null()));
    let mut emitted = Data::null();
    let call = |visit, id: String| {
        emitted = event(view, &given, &id)?;
        let input = Data::object([("event", emitted.clone())]);
        // A timeout is the task's; and it is local because it is short, and a receiver knows an event that comes twice by its id.
        Ok(Call { effect: Effect::Emit, name: task.name.to_string(), id, visit, input, timeout: None, local: true, detached: false })
    };
    make(view, task, given.json_len() + ENVELOPE_BYTES, call).await?;
    Ok(emitted.into())
}

fn event(view: &View<'_>, given: &Data, call_id: &str) -> Result<Data, Fault> {
    let run = view.run;
    let plan = run.plan;
    let own = Data::object([
        ("specversion", Data::from("1.0")),
        ("id", Data::from(run.host.unique_id(call_id))),
        ("source", Data::from(format!("/{}/{}/{}", plan.namespace, plan.name, plan.version))),
        ("time", Data::from(run.host.now().to_string())),
    ]);
    event::check(&own.merged(given)).map_err(|problem| run.fault(Standard::Validation, "not a CloudEvent", Some(problem)))
}
