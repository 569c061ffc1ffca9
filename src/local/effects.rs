//! Calls as the worker's activities make them, without Temporal: HTTP for real, agents from a script.

use std::rc::Rc;

use futures::future::LocalBoxFuture;

use super::calls::Calls;
use super::clock::Clock;
use crate::effects::EffectError;
use crate::effects::events::Sink;
use crate::effects::http::Http;
use crate::effects::openapi::OpenApi;
use crate::effects::resources::Resources;
use crate::effects::scripted::{Agents, Question};
use crate::effects::secrets::{Chain, with_secrets};
use crate::engine::host::{Call, Effect};
use crate::expr::Data;
use crate::expr::marker::Markers;

/// What the calls of one run need. Markers are swapped for secrets here, and nowhere earlier.
pub struct Effects {
    pub http: Http,
    pub sink: Sink,
    pub resources: Resources,
    pub agents: Agents,
    pub secrets: Chain,
    pub markers: Markers,
    /// Makes idempotency keys of this run unlike those of any other.
    pub run_id: String,
}

/// [`Calls`] over [`Effects`].
pub struct RealCalls(Rc<Ready>);

/// [`Effects`] with what is made of them.
struct Ready {
    effects: Effects,
    openapi: OpenApi,
}

impl RealCalls {
    pub fn new(effects: Effects) -> Self {
        let openapi = OpenApi::new(effects.http.clone(), effects.resources.clone());
        Self(Rc::new(Ready { effects, openapi }))
    }
}

impl Calls for RealCalls {
    fn call(&self, call: Call, clock: &Clock) -> LocalBoxFuture<'static, Result<Data, EffectError>> {
        let (ready, clock) = (self.0.clone(), clock.clone());
        Box::pin(async move {
            let Ready { effects, openapi } = &*ready;
            let (secrets, markers) = (&effects.secrets, &effects.markers);
            let key = format!("{}{}", effects.run_id, call.id);
            match call.effect {
                Effect::Http => {
                    let send = async |request: Data| effects.http.call(&request, &key).await;
                    with_secrets(secrets, None, markers, &call.input, send).await
                }
                Effect::OpenApi => {
                    let send = async |request: Data| openapi.call(&request, &key).await;
                    with_secrets(secrets, None, markers, &call.input, send).await
                }
                Effect::Agent => {
                    let ask = async |input: Data| ask(&effects.agents, &input, &clock).await;
                    with_secrets(secrets, None, markers, &call.input, ask).await
                }
                Effect::Emit => {
                    let emit = async |request: Data| effects.sink.call(&request).await;
                    with_secrets(secrets, None, markers, &call.input, emit).await
                }
                other => Err(EffectError::configuration(format!("{other:?} cannot be called here"))),
            }
        })
    }
}

/// A scripted agent, waiting on the run's own clock.
async fn ask(agents: &Agents, input: &Data, clock: &Clock) -> Result<Data, EffectError> {
    let name = input.get("agent").unwrap_or_default();
    let Some(agent) = name.as_str().and_then(|name| agents.get(name)) else {
        return agents.call(input).await; // says which agents there are
    };
    clock.sleep(agent.delay).await;
    if agent.silence {
        clock.forever().await;
    }
    agent.answer(&Question::parse(input))
}
