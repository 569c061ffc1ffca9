//! Running what stands on the pages.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use workflow_runner::config::{Config, Detour, HttpSettings, RunKind};
use workflow_runner::effects::EffectError;
use workflow_runner::effects::definitions::Definitions;
use workflow_runner::effects::events::Sink;
use workflow_runner::effects::http::Http;
use workflow_runner::effects::resources::{Purpose, Resources};
use workflow_runner::effects::secrets::{Chain, Environment};
use workflow_runner::engine::host::{Call, Effect};
use workflow_runner::engine::{Outcome, Start};
use workflow_runner::expr::Data;
use workflow_runner::expr::marker::Markers;
use workflow_runner::local::effects::{Effects, RealCalls};
use workflow_runner::local::{self, Calls, Clock, Options};
use workflow_runner::plan::{self, OutsideKind, Outsides, Plan};

use super::fences::{Example, Expected, Run};
use super::site::Site;

/// What all runs have in common.
pub struct World {
    site: Site,
    config: Config,
    http: Http,
}

impl World {
    pub fn new(folder: &Path) -> Self {
        let site = Site::start();
        let detour = Detour { host: "api.test".to_owned(), port: None, origin: site.origin().parse().expect("an address") };
        let mut config = Config { http: HttpSettings { resolve: vec![detour], ..HttpSettings::local() }, ..Config::default() };
        config.run.enable = RunKind::ALL.into();
        config.resources.folder = Some(folder.to_owned());
        config.definitions.dir = Some(folder.join("definitions"));
        let http = Http::new(&config.http).expect("a client");
        Self { site, config, http }
    }

    async fn plan(&self, text: &str, name: &str) -> Result<Plan, String> {
        let resources = Resources::new(self.http.clone(), &self.config.resources);
        let mut outsides = Outsides::new();
        loop {
            let missing = plan::missing(text, name, &outsides);
            if missing.is_empty() {
                return plan::build_with(text, name, &outsides).map_err(|error| error.to_string());
            }
            for outside in missing {
                let purpose = if outside.kind == OutsideKind::Function { Purpose::Run } else { Purpose::Read };
                let resource = Data::object([("uri", Data::string(&*outside.uri))]);
                let found = resources.fetch(&resource, purpose).await.map_err(|error| format!("{}: {error}", outside.uri))?;
                outsides.insert(outside.uri.to_string(), found.text);
            }
        }
    }
}

/// Everything for real, but agents and activities, which answer as the page says.
struct Scripted {
    real: RealCalls,
    answers: RefCell<BTreeMap<String, VecDeque<Value>>>,
}

impl Calls for Scripted {
    fn call(&self, call: Call, clock: &Clock) -> LocalBoxFuture<'static, Result<Data, EffectError>> {
        let key = match call.effect {
            Effect::Agent => format!("agent {}", text(&call.input, "agent")),
            Effect::Activity => format!("activity {}", text(&call.input, "name")),
            _ => return self.real.call(call, clock),
        };
        let answer = self.answers.borrow_mut().get_mut(&key).and_then(VecDeque::pop_front);
        Box::pin(
            async move { answer.map(Data::from).ok_or_else(|| EffectError::configuration(format!("the page has no answer of {key}"))) },
        )
    }
}

fn text(data: &Data, member: &str) -> String {
    data.get(member).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Runs one example; `Err` says what is not as the page has it.
pub async fn follow(world: &World, folder: &Path, example: &Example) -> Result<BTreeSet<String>, String> {
    for (name, text) in &example.files {
        std::fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))?;
    }
    for text in &example.definitions {
        let child = plan::build(text, "definition").map_err(|error| error.to_string())?;
        let registered = Definitions::new(&world.config.definitions).register(&child.namespace, &child.name, &child.version, text, true);
        registered.map_err(|error| error.to_string())?;
    }
    let mut kinds = BTreeSet::new();
    for run in &example.runs {
        world.site.answers(run.web.clone());
        let definition = example.definition.replace("file:///definitions/", &format!("file://{}/", folder.display()));
        let plan = world.plan(&definition, "example").await?;
        if let Some(warning) = plan.warnings.first() {
            return Err(format!("a warning: {}", warning.message));
        }
        kinds.extend(plan.tasks.iter().map(variant));
        compare(run, &perform(world, &plan, example, run).await)?;
        let left = world.site.left();
        if !left.is_empty() {
            return Err(format!("of the web: {}", left.join(", ")));
        }
    }
    Ok(kinds)
}

/// The name of a task's kind, as the plan has it.
fn variant(task: &plan::Task) -> String {
    let shown = format!("{:?}", task.kind);
    shown.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned()
}

async fn perform(world: &World, plan: &Plan, example: &Example, run: &Run) -> (Outcome, Duration) {
    let markers = Markers::new("docs");
    let secrets = example.secrets.iter().map(|(name, value)| (format!("WORKFLOW_RUNNER_SECRET_{name}"), value.clone()));
    let secrets = Chain::default().then(Environment::new(secrets));
    let effects = Effects { secrets, ..Effects::new(&world.config, world.http.clone(), Sink::default(), markers.clone(), "docs") };
    let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
    let mut start = Start::new("docs", run.input.clone().into(), Timestamp::UNIX_EPOCH);
    start.secrets = markers.object(&plan.secrets);
    let calls = Scripted { real: RealCalls::new(effects), answers: RefCell::new(run.answers.clone()) };
    let mut options = Options::new(start, clock.clone(), Rc::new(calls));
    let events = run.events.iter().map(|(after, event)| (*after, Data::from(event.clone()))).collect();
    options.events = Some(local::events::scripted(&clock, events));
    let outcome = local::drive(plan, options).await;
    (outcome, clock.now().duration_since(Timestamp::UNIX_EPOCH).unsigned_abs())
}

fn compare(run: &Run, (outcome, took): &(Outcome, Duration)) -> Result<(), String> {
    match (&run.expected, outcome) {
        (Expected::Output { output, after }, Outcome::Completed(found)) => {
            let found = found.to_json();
            if found != *output {
                return Err(format!("the output is {found:#}"));
            }
            if after.is_some_and(|after| after != *took) {
                return Err(format!("it took {took:?}"));
            }
            Ok(())
        }
        (Expected::Error(members), Outcome::Faulted(fault)) => {
            let found = json!(fault);
            let wrong = members.iter().find(|(name, value)| found.get(name) != Some(value));
            wrong.map_or(Ok(()), |(name, _)| Err(format!("`{name}` is not that of the error {found:#}")))
        }
        (_, outcome) => Err(format!("it ended with {outcome:?}")),
    }
}
