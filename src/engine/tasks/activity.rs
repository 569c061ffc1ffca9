//! `call: activity`: an activity of somebody else's worker.

use std::time::Duration;

use super::{call, required_text, text};
use crate::engine::fault::Fault;
use crate::engine::flow::{Done, Stop};
use crate::engine::host::Effect;
use crate::engine::view::{View, article};
use crate::expr::Data;
use crate::plan::{Activity, Task};

pub(super) async fn run(view: &View<'_>, task: &Task, activity: &Activity, limit: Option<Duration>) -> Result<Done, Stop> {
    let input = request(view, activity)?;
    call(view, task, Effect::Activity, input, limit).await
}

/// `{"name", "queue"?, "arguments": […]}`; no arguments are an empty list.
fn request(view: &View<'_>, activity: &Activity) -> Result<Data, Fault> {
    let name = required_text(view, "name", &activity.name)?;
    let queue = match view.optional(activity.queue.as_ref())? {
        Some(queue) => text(view, "queue", &queue)?,
        None => None,
    };
    let arguments = view.optional(activity.arguments.as_ref())?.filter(|arguments| !arguments.is_null());
    let arguments = arguments.unwrap_or_else(|| Data::array([]));
    if arguments.items().is_none() {
        return Err(view.refuse(format!("arguments must be a list, not {}", article(&arguments))));
    }
    let request = Data::object([("name", Data::from(name))]);
    let request = queue.into_iter().fold(request, |request, queue| request.with("queue", Data::from(queue)));
    Ok(request.with("arguments", arguments))
}
