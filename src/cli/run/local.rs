//! In this process, without a server.

use std::cell::{Cell, RefCell};
use std::io::IsTerminal;
use std::rc::Rc;

use futures::FutureExt;
use jiff::Timestamp;

use super::{End, Job};
use crate::cli::RunArgs;
use crate::cli::real;
use crate::cli::service::{StartError, own_secrets};
use crate::cli::stop::Stop;
use crate::cli::timeline::Timeline;
use crate::engine::Start;
use crate::engine::progress::Progress;
use crate::expr::marker::Markers;
use crate::local::effects::RealCalls;
use crate::local::{self, Clock};
use crate::temporal::progress::task_list;

pub(super) async fn run(_: &RunArgs, job: Job) -> Result<End, StartError> {
    let now = Timestamp::now();
    let run_id = format!("{}-{}", job.plan.name, now.as_nanosecond());
    let markers = Markers::new(&crate::activities::digest(&[&run_id])[..16]);
    let effects = real::effects(&job.config, job.agents, own_secrets(&job.config), markers.clone(), run_id.clone());
    let effects = effects.map_err(StartError::usage)?;
    let sink = effects.sink.clone();
    let settings = effects.settings.clone();
    let mut start = Start::new(run_id, job.input, now);
    if start.input.is_object() {
        start.data = start.input.clone();
    }
    start.secrets = markers.object(&job.plan.secrets);
    start.settings = settings;

    if !job.plan.listens.is_empty() {
        let types = job.plan.listens.join("`, `");
        eprintln!("note: it listens to `{types}`; no event reaches a run in this process: use `run --temporal`, `dev`, or `test`");
    }
    let interrupted = Rc::new(Cell::new(false));
    let mut options = local::Options::new(start, Clock::real(), Rc::new(RealCalls::new(effects)));
    options.seed = u64::try_from(now.as_nanosecond()).unwrap_or_default();
    options.lifecycle = job.config.events.lifecycle.then_some(sink);
    options.cancel = Some(cancel(interrupted.clone())?);
    if std::io::stderr().is_terminal() {
        let (progress, timeline) = (RefCell::new(Progress::default()), RefCell::new(Timeline::default()));
        options.observer = Box::new(move |event| {
            progress.borrow_mut().apply(event);
            timeline.borrow_mut().rows(&task_list(&progress.borrow()));
        });
    }
    let outcome = tokio::task::LocalSet::new().run_until(local::drive(&job.plan, options)).await;
    Ok(End { outcome, interrupted: interrupted.get() })
}

/// Ends at the first Ctrl-C; the second one ends the process.
fn cancel(interrupted: Rc<Cell<bool>>) -> Result<futures::future::LocalBoxFuture<'static, ()>, StartError> {
    let mut stop = Stop::listen().map_err(StartError::unreachable)?;
    Ok(async move {
        stop.asked().await;
        interrupted.set(true);
        tokio::spawn(async move {
            stop.asked().await;
            std::process::exit(crate::cli::Exit::Interrupted.code().into());
        });
    }
    .boxed_local())
}
