//! Calls as the worker's activities make them, without Temporal: everything for real but agents, which come from a script, and activities of others.

use std::rc::Rc;

use futures::future::LocalBoxFuture;

use super::calls::Calls;
use super::clock::Clock;
use super::nested;
use crate::config::Config;
use crate::effects::EffectError;
use crate::effects::definitions::Definitions;
use crate::effects::events::Sink;
use crate::effects::http::Http;
use crate::effects::openapi::OpenApi;
use crate::effects::process::Processes;
use crate::effects::resources::Resources;
use crate::effects::script::Scripts;
use crate::effects::scripted::{Agents, Question};
use crate::effects::secrets::{Chain, with_secrets};
use crate::engine::Settings;
use crate::engine::host::{Call, Effect};
use crate::expr::Data;
use crate::expr::marker::Markers;

/// What the calls of one run need. Markers are swapped for secrets here, and nowhere earlier.
pub struct Effects {
    pub http: Http,
    pub sink: Sink,
    pub resources: Resources,
    pub scripts: Scripts,
    pub definitions: Definitions,
    /// Of the run, for those that it starts.
    pub settings: Settings,
    pub agents: Agents,
    pub secrets: Chain,
    pub markers: Markers,
    /// The run's id. Makes idempotency keys of this run unlike those of any other.
    pub run_id: String,
}

impl Effects {
    /// What the settings say, without agents and secrets.
    pub fn new(config: &Config, http: Http, sink: Sink, markers: Markers, run_id: impl Into<String>) -> Self {
        let resources = Resources::new(http.clone(), &config.resources);
        Self {
            http,
            sink,
            scripts: Scripts::new(Processes::new(&config.run), resources.clone()),
            resources,
            definitions: Definitions::new(&config.definitions),
            settings: Settings { error_host: config.dsl.error_host.clone(), ..Settings::default() },
            agents: Agents::default(),
            secrets: Chain::default(),
            markers,
            run_id: run_id.into(),
        }
    }
}

/// [`Calls`] over [`Effects`].
#[derive(Clone)]
pub struct RealCalls {
    ready: Rc<Ready>,
    run_id: Rc<str>,
    /// How many runs this one is in.
    depth: u32,
}

/// [`Effects`] with what is made of them.
struct Ready {
    effects: Effects,
    openapi: OpenApi,
}

impl RealCalls {
    pub fn new(effects: Effects) -> Self {
        let openapi = OpenApi::new(effects.http.clone(), effects.resources.clone());
        Self { run_id: effects.run_id.as_str().into(), ready: Rc::new(Ready { effects, openapi }), depth: 0 }
    }

    /// A run that this one's call starts: everything the same but the ids.
    fn child<'c>(&'c self, call_id: &str) -> nested::Child<'c> {
        let (id, depth) = (format!("{}{call_id}", self.run_id), self.depth + 1);
        let Effects { definitions, resources, markers, settings, .. } = &self.ready.effects;
        let calls = Rc::new(Self { ready: self.ready.clone(), run_id: id.as_str().into(), depth });
        nested::Child { id, depth, definitions, resources, markers, settings, calls }
    }
}

impl Calls for RealCalls {
    fn call(&self, call: Call, clock: &Clock) -> LocalBoxFuture<'static, Result<Data, EffectError>> {
        let (this, clock) = (self.clone(), clock.clone());
        Box::pin(async move {
            let Ready { effects, openapi } = &*this.ready;
            let (secrets, markers) = (&effects.secrets, &effects.markers);
            let key = format!("{}{}", this.run_id, call.id);
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
                Effect::Shell => {
                    let run = async |input: Data| effects.scripts.processes().shell(&input).await;
                    with_secrets(secrets, None, markers, &call.input, run).await
                }
                Effect::Script => {
                    let run = async |input: Data| effects.scripts.call(&input).await;
                    with_secrets(secrets, None, markers, &call.input, run).await
                }
                Effect::Workflow => nested::run(this.child(&call.id), &call.input, &clock).await,
                Effect::Activity => Err(EffectError::configuration("activities of other workers can be called on Temporal only")
                    .with_detail("run it with --temporal, or mock the activity in a test")),
                Effect::Emit => {
                    let emit = async |request: Data| effects.sink.call(&request).await;
                    with_secrets(secrets, None, markers, &call.input, emit).await
                }
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
