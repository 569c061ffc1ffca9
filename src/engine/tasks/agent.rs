//! `call: agent`: an agent of the platform, asked by message; the answer comes back through the token handshake.

use std::time::Duration;

use super::{call, required_text, text, texts};
use crate::engine::fault::Fault;
use crate::engine::flow::{Done, Stop};
use crate::engine::host::Effect;
use crate::engine::view::{View, article};
use crate::expr::Data;
use crate::plan::{Agent, Task};

pub(super) async fn run(view: &View<'_>, task: &Task, agent: &Agent, limit: Option<Duration>) -> Result<Done, Stop> {
    let input = request(view, agent)?;
    call(view, task, Effect::Agent, input, limit).await
}

fn request(view: &View<'_>, agent: &Agent) -> Result<Data, Fault> {
    let slug = required_text(view, "agent", &agent.agent)?;
    let message = required_text(view, "message", &agent.message)?;
    let scope = match view.optional(agent.scope.as_ref())? {
        None => None,
        Some(scope) => text(view, "scope", &scope)?.map(Data::from),
    };
    let config = view.optional(agent.config.as_ref())?.filter(|config| !config.is_null());
    if let Some(config) = config.as_ref().filter(|config| !config.is_object()) {
        return Err(view.refuse(format!("config must be an object, not {}", article(config))));
    }
    let env = texts(view, "environment variable", agent.env.as_ref())?;
    let mut request = Data::object([("agent", Data::from(slug)), ("message", Data::from(message))]);
    for (name, value) in [("scope", scope), ("env", env), ("config", config)] {
        if let Some(value) = value {
            request = request.with(name, value);
        }
    }
    Ok(request)
}
