//! A run in this process, in virtual time.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use workflow_runner::cli::real;
use workflow_runner::cli::service::own_secrets;
use workflow_runner::config::Config;
use workflow_runner::effects::agents::Agents;
use workflow_runner::engine::progress::Progress;
use workflow_runner::engine::{Outcome, Start};
use workflow_runner::expr::Data;
use workflow_runner::expr::marker::Markers;
use workflow_runner::local::effects::RealCalls;
use workflow_runner::local::events::scripted;
use workflow_runner::local::{Clock, Options, run};
use workflow_runner::plan;
use workflow_runner::temporal::progress::task_list;

use super::ran::{End, Ran};
use super::scenario::Job;
use super::stage::Stage;

pub struct InProcess {
    config: Config,
}

impl InProcess {
    pub fn new(stage: &Stage, services: SocketAddr) -> Self {
        Self { config: stage.settings(services, &[]) }
    }

    /// # Errors
    /// In words, where there is no run to speak of.
    pub fn run(&self, id: &str, job: &Job) -> Result<Ran, String> {
        let plan = match plan::build(&job.definition, "definition.yaml") {
            Ok(plan) => plan,
            Err(error) => {
                let lines = error.diagnostics.iter().filter(|d| d.is_error()).map(|d| d.span.line as usize).collect();
                let end = End::Refused { lines, text: error.to_string() };
                return Ok(Ran { end, tasks: Vec::new(), took: jiff::SignedDuration::ZERO, virtual_time: true });
            }
        };
        let markers = Markers::new("conformance");
        let effects = real::effects(&self.config, Agents::default(), own_secrets(&self.config), markers.clone(), id.to_owned())?;
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
        let mut start = Start::new(id, Data::from(&job.input), clock.now());
        start.secrets = markers.object(&plan.secrets);
        let mut options = Options::new(start, clock.clone(), Rc::new(RealCalls::new(effects)));
        let progress = Rc::new(RefCell::new(Progress::default()));
        let seen = progress.clone();
        options.observer = Box::new(move |event| seen.borrow_mut().apply(event));
        options.events = Some(scripted(&clock, job.events.iter().map(|event| (Duration::ZERO, Data::from(event))).collect()));
        if job.cancel {
            // In virtual time nothing but a wait can be cancelled by a clock.
            options.cancel = Some(clock.sleep(Duration::from_secs(1)));
        }
        let outcome = run(&plan, options).map_err(|error| error.to_string())?;
        let end = match outcome {
            Outcome::Completed(output) => End::Completed(output.to_json()),
            Outcome::Faulted(fault) => End::Faulted(serde_json::json!(fault)),
            Outcome::Cancelled => End::Cancelled,
            Outcome::Suspended(_) => return Err("it was handed over, and nobody asked for that".to_owned()),
        };
        let tasks = task_list(&progress.borrow()).rows;
        Ok(Ran { end, tasks, took: clock.now().duration_since(Timestamp::UNIX_EPOCH), virtual_time: true })
    }
}
