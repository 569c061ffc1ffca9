//! `emit`: makes a CloudEvent and hands it out. The output is the whole event.
//!
//! What the document gives wins; `specversion`, `id`, `time` and `source` (`/{namespace}/{name}/{version}`) are added where it gives none.

use super::{make, next_call};
use crate::engine::event;
use crate::engine::fault::{Fault, Standard};
use crate::engine::flow::{Done, Stop};
use crate::engine::host::{Call, Effect};
use crate::engine::view::{View, article};
use crate::expr::Data;
use crate::plan::{Emit, Task};

pub(super) async fn run(view: &View<'_>, task: &Task, emit: &Emit) -> Result<Done, Stop> {
    let (visit, id) = next_call(view, task);
    let event = event(view, emit, &id)?;
    let call = Call {
        effect: Effect::Emit,
        name: task.name.to_string(),
        id,
        visit,
        input: Data::object([("event", event.clone())]),
        timeout: None, // of the task around it
        local: true,   // short, and a receiver knows one that comes twice by its id
        detached: false,
    };
    make(view, call).await?;
    Ok(event.into())
}

fn event(view: &View<'_>, emit: &Emit, call_id: &str) -> Result<Data, Fault> {
    let (run, given) = (view.run, view.definition(&emit.event)?);
    let Some(members) = given.entries() else {
        return Err(view.refuse(format!("the event must be an object, not {}", article(&given))));
    };
    let plan = run.plan;
    let own = Data::object([
        ("specversion", Data::from("1.0")),
        ("id", Data::from(run.host.unique_id(call_id))),
        ("source", Data::from(format!("/{}/{}/{}", plan.namespace, plan.name, plan.version))),
        ("time", Data::from(run.host.now().to_string())),
    ]);
    let given = Data::object(members.filter(|(name, value)| name == "data" || !value.is_null()));
    event::check(&own.merged(&given)).map_err(|problem| run.fault(Standard::Validation, "not a CloudEvent", Some(problem)))
}
