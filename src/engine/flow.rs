//! Lists, tasks and the data flow through them.

use std::cell::{OnceCell, RefCell};
use std::time::Duration;

use super::fault::{Fault, Standard};
use super::host::{Host, Waited};
use super::progress::Event;
use super::race::{Limited, within};
use super::strand::{Pace, Strand};
use super::tasks;
use super::view::{View, instant};
use super::{Outcome, Start};
use crate::expr::{Data, Template};
use crate::plan::{Kind, List, Plan, Task, Then};

/// How long a run pauses after too many pure steps: long enough to be a timer, short enough not to matter.
const PAUSE: Duration = Duration::from_millis(1);

/// Why a list stopped before its end.
#[derive(Debug)]
pub(super) enum Stop {
    Fault(Box<Fault>),
    /// `then: end`, with the output of the task that said so.
    End(Data),
    /// The strand's scope was cancelled.
    Cancelled,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

/// What a task's definition came to: its raw output, and a directive that replaces the task's own `then`.
pub(super) struct Done {
    pub output: Data,
    pub then: Option<Then>,
}

impl From<Data> for Done {
    fn from(output: Data) -> Self {
        Self { output, then: None }
    }
}

/// One run: what all its strands share.
pub(super) struct Run<'r> {
    pub plan: &'r Plan,
    pub host: &'r dyn Host,
    pub start: &'r Start,
    context: RefCell<Data>,
    workflow: OnceCell<Data>,
    runtime: OnceCell<Data>,
}

impl<'r> Run<'r> {
    pub fn new(plan: &'r Plan, host: &'r dyn Host, start: &'r Start) -> Self {
        Self { plan, host, start, context: RefCell::default(), workflow: OnceCell::new(), runtime: OnceCell::new() }
    }

    /// The whole workflow: `input.from`, the root list under the workflow's timeout, `output.as`.
    pub async fn workflow(&self) -> Outcome {
        let settings = &self.start.settings;
        let pace = Pace::new(settings.step_limit.max(1), settings.fuel_per_pause.max(1));
        let outer = Strand::root(self.host.root(), self.start.data.clone(), pace);
        let inner = outer.scoped();
        let mut view = View::new(self, &outer, None, self.start.input.clone());
        match self.root(&mut view, &inner).await {
            Ok(output) => Outcome::Completed(output),
            Err(Stop::Fault(fault)) => Outcome::Faulted(*fault),
            Err(Stop::Cancelled | Stop::End(_)) => Outcome::Cancelled, // `root` turns every end into an output
        }
    }

    async fn root(&self, view: &mut View<'_>, inner: &Strand) -> Result<Data, Stop> {
        view.input = transform(view, self.plan.input_from.as_ref(), &view.raw_input).map_err(|fault| fault.at("/input/from"))?;
        let limit = self.plan.timeout.as_ref().map(|spec| view.duration(spec)).transpose().map_err(|fault| fault.at("/timeout"))?;
        let body = Box::pin(self.list(&self.plan.root, inner, view.input.clone()));
        let ended = match limit {
            None => body.await,
            Some(limit) => match within(self.host, &view.strand.scope, &inner.scope, limit, "workflow timeout", body).await {
                Limited::Ended(ended) => ended,
                Limited::Expired if view.strand.scope.is_cancelled() => return Err(Stop::Cancelled),
                Limited::Expired => return Err(self.timed_out("workflow", limit).into()),
            },
        };
        let last = match ended {
            Ok(output) | Err(Stop::End(output)) => output,
            Err(stop) => return Err(stop),
        };
        view.raw_output = last;
        Ok(transform(view, self.plan.output_as.as_ref(), &view.raw_output).map_err(|fault| fault.at("/output/as"))?)
    }

    /// Runs a list from its first task until it is left; gives the last output.
    pub async fn list(&self, list: &List, strand: &Strand, mut value: Data) -> Result<Data, Stop> {
        let mut position = 0;
        while let Some(&id) = list.tasks.get(position) {
            let (output, then) = self.task(self.plan.task(id), strand, value).await?;
            value = output;
            position = match then {
                Then::Continue => position + 1,
                Then::Goto(target) => target,
                Then::Exit => break,
                Then::End => return Err(Stop::End(value)),
            };
        }
        Ok(value)
    }

    /// One task with its data flow. Whoever calls it decides what its directive means.
    pub async fn task(&self, task: &Task, strand: &Strand, raw_input: Data) -> Result<(Data, Then), Stop> {
        self.step(strand).await?;
        let mut view = View::new(self, strand, Some(task), raw_input);
        self.host.report(Event::Started { task, at: view.started_at });
        let result = match admit(task, &mut view) {
            Ok(false) => {
                self.host.report(Event::Skipped { task, at: self.host.now() });
                return Ok((view.raw_input, task.then));
            }
            Err(fault) => Err(fault.into()),
            Ok(true) => match tasks::pure(&view, task) {
                Some(done) => done.map_err(Stop::from),
                None => self.timed(task, &view).await,
            },
        };
        let result = result.and_then(|done| Ok(self.settle(task, &mut view, done)?));
        let at = self.host.now();
        match result {
            Ok((output, then)) => {
                self.host.report(Event::Completed { task, output: &output, at });
                Ok((output, then))
            }
            Err(Stop::Fault(fault)) => {
                let fault = fault.at(&task.reference);
                self.host.report(Event::Failed { task, fault: &fault, at });
                Err(fault.into())
            }
            Err(Stop::End(output)) => {
                self.host.report(Event::Completed { task, output: &output, at });
                Err(Stop::End(output))
            }
            Err(Stop::Cancelled) => {
                self.host.report(Event::Cancelled { task, at });
                Err(Stop::Cancelled)
            }
        }
    }

    /// The definition under the task's timeout. A call's timeout is the host's to keep (it is the activity's schedule-to-close).
    async fn timed(&self, task: &Task, view: &View<'_>) -> Result<Done, Stop> {
        let limit = task.timeout.as_ref().map(|spec| view.duration(spec)).transpose()?;
        let Some(limit) = limit.filter(|_| !matches!(task.kind, Kind::Http(_) | Kind::Agent(_))) else {
            return tasks::define(view, task, limit).await;
        };
        let inner = view.strand.scoped();
        let scoped = view.under(&inner);
        let body = tasks::define(&scoped, task, None);
        match within(self.host, &view.strand.scope, &inner.scope, limit, &task.name, body).await {
            Limited::Ended(ended) => ended,
            Limited::Expired if view.strand.scope.is_cancelled() => Err(Stop::Cancelled),
            Limited::Expired => Err(self.timed_out("task", limit).into()),
        }
    }

    /// Raw output → `output.as` → `export.as` → directive.
    fn settle(&self, task: &Task, view: &mut View<'_>, done: Done) -> Result<(Data, Then), Fault> {
        view.raw_output = done.output;
        if self.plan.uses_data {
            remember(task, view);
        }
        view.output = transform(view, task.output_as.as_ref(), &view.raw_output)?;
        if let Some(export) = &task.export_as {
            self.export(view.template(export, &view.output)?);
        }
        Ok((std::mem::take(&mut view.output), done.then.unwrap_or(task.then)))
    }

    /// Before each task and iteration: nothing runs in a cancelled scope, and nothing runs for ever without a pause.
    pub async fn step(&self, strand: &Strand) -> Result<(), Stop> {
        if strand.scope.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        if !strand.pace.step() {
            self.pause(strand).await?;
            strand.pace.step();
        }
        Ok(())
    }

    /// Gives way: what follows belongs to another workflow task.
    pub async fn pause(&self, strand: &Strand) -> Result<(), Stop> {
        self.wait(PAUSE, "yield", strand).await
    }

    /// Waits on the host; no time at all is no timer.
    pub async fn wait(&self, duration: Duration, summary: &str, strand: &Strand) -> Result<(), Stop> {
        if duration.is_zero() {
            return Ok(());
        }
        let waited = self.host.timer(duration, summary, &strand.scope).await;
        if waited == Waited::Cancelled || strand.scope.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        strand.pace.rest();
        Ok(())
    }

    /// A standard fault under this run's error host.
    pub fn fault(&self, kind: Standard, title: &str, detail: Option<String>) -> Fault {
        Fault::standard(kind, &self.start.settings.error_host, title, detail)
    }

    pub fn timed_out(&self, what: &str, limit: Duration) -> Fault {
        self.fault(Standard::Timeout, &format!("{what} timed out"), Some(format!("not done after {limit:?}")))
    }

    /// Replaces `$context`.
    pub fn export(&self, context: Data) {
        self.context.replace(context);
    }

    pub fn context(&self) -> Data {
        self.context.borrow().clone()
    }

    /// `$workflow`.
    pub fn workflow_argument(&self) -> Data {
        let make = || {
            Data::object([
                ("id", Data::string(&self.start.workflow_id)),
                ("definition", self.plan.definition.clone()),
                ("input", self.start.input.clone()),
                ("startedAt", instant(self.start.started_at)),
            ])
        };
        self.workflow.get_or_init(make).clone()
    }

    /// `$runtime`.
    pub fn runtime_argument(&self) -> Data {
        let settings = &self.start.settings;
        let make = || {
            let (name, version) = (Data::string(&settings.runtime_name), Data::string(&settings.runtime_version));
            Data::object([("name", name), ("version", version), ("metadata", Data::empty_object())])
        };
        self.runtime.get_or_init(make).clone()
    }
}

/// `if` on the raw input, then `input.from`; false when the task is to be skipped.
fn admit(task: &Task, view: &mut View<'_>) -> Result<bool, Fault> {
    if let Some(condition) = &task.condition
        && !view.condition(condition, &view.raw_input)?
    {
        return Ok(false);
    }
    view.input = transform(view, task.input_from.as_ref(), &view.raw_input)?;
    Ok(true)
}

/// A `from` or `as`: without one the value passes as it is.
pub(super) fn transform(view: &View<'_>, template: Option<&Template>, value: &Data) -> Result<Data, Fault> {
    template.map_or_else(|| Ok(value.clone()), |template| view.template(template, value))
}

/// Keeps `$data`: the keys of a `set`, and each call's result under its task's name.
fn remember(task: &Task, view: &View<'_>) {
    match &task.kind {
        Kind::Set(_) if view.raw_output.is_object() => view.strand.change_data(|data| data.merged(&view.raw_output)),
        Kind::Http(_) | Kind::Agent(_) => view.strand.change_data(|data| data.with(&task.name, view.raw_output.clone())),
        _ => {}
    }
}
