//! Lists, tasks and the data flow through them.

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cursor::{FrameId, Kept};
use super::fault::{Fault, Standard};
use super::host::Place;
use super::progress::Event;
use super::race::{Limit, within};
use super::run::Run;
use super::strand::Strand;
use super::view::View;
use super::{extension, tasks};
use crate::expr::{Data, Template};
use crate::plan::{Kind, List, Schema, Task, Then};

/// Why a list stopped before its end.
#[derive(Debug)]
pub(super) enum Stop {
    Fault(Box<Fault>),
    /// `then: end`, with the output of the task that said so.
    End(Data),
    /// The strand's scope was cancelled.
    Cancelled,
    /// The run is handed over; the frame says where this part of it stands.
    Suspend(FrameId),
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

/// A list while one of its tasks runs.
#[derive(Serialize, Deserialize)]
struct ListState {
    position: usize,
    task: FrameId,
}

#[derive(Serialize, Deserialize)]
enum TaskState {
    /// Before its first step.
    Ahead { raw_input: Kept },
    /// In its definition, or in an extension around it.
    Inside { raw_input: Kept, input: Kept, started_at: Timestamp, definition: FrameId },
}

/// A definition under the task's timeout.
#[derive(Serialize, Deserialize)]
struct TimedState {
    limit: Option<Limit>,
    definition: FrameId,
}

impl Run<'_> {
    /// Runs a list from its first task, or from where it stood, until it is left; gives the last output.
    pub async fn list(&self, list: &List, strand: &Strand, value: Data, resume: Option<FrameId>) -> Result<Data, Stop> {
        self.walk(list, strand, value, resume).await.map(|(output, _)| output)
    }

    /// Like [`Self::list`]; gives `Then::Exit` where a task left the list before its end.
    pub async fn walk(&self, list: &List, strand: &Strand, mut value: Data, resume: Option<FrameId>) -> Result<(Data, Then), Stop> {
        let (mut position, mut resume) = match self.resumed::<ListState>(resume)? {
            Some(state) => (state.position, Some(state.task)),
            None => (0, None),
        };
        while let Some(&id) = list.tasks.get(position) {
            let ended = self.task(self.plan.task(id), strand, value, resume.take()).await;
            let (output, then) = ended.map_err(|stop| stop.around(|task| self.suspend(&ListState { position, task })))?;
            value = output;
            position = match then {
                Then::Continue => position + 1,
                Then::Goto(target) => target,
                Then::Exit => return Ok((value, Then::Exit)),
                Then::End => return Err(Stop::End(value)),
            };
        }
        Ok((value, Then::Continue))
    }

    /// One task with its data flow. Whoever calls it decides what its directive means. `raw_input` is of no account where the task is resumed.
    pub async fn task(&self, task: &Task, strand: &Strand, raw_input: Data, resume: Option<FrameId>) -> Result<(Data, Then), Stop> {
        let mut view = self.enter(task, strand, raw_input, resume).await?;
        let result = match view.resume {
            Some(_) => self.around(task, &view).await,
            None => match admit(task, &mut view) {
                Ok(true) if task.extensions.is_empty() => match tasks::pure(&view, task) {
                    Some(done) => done.map_err(Stop::from),
                    None => self.timed(task, &view).await,
                },
                Ok(true) => self.around(task, &view).await,
                Ok(false) => {
                    self.host.report(Event::Skipped { task, at: self.host.now() }, &view.place());
                    return Ok((view.raw_input, Then::Continue));
                }
                Err(fault) => Err(fault.into()),
            },
        };
        let result = result.and_then(|done| Ok(self.settle(task, &mut view, done)?));
        self.leave(task, &view, result)
    }

    /// Steps into a task, or back into one.
    async fn enter<'v>(&'v self, task: &'v Task, strand: &'v Strand, raw_input: Data, resume: Option<FrameId>) -> Result<View<'v>, Stop> {
        let raw_input = match self.resumed::<TaskState>(resume)? {
            Some(TaskState::Inside { raw_input, input, started_at, definition }) => {
                let (raw_input, input) = (self.kept(raw_input)?, self.kept(input)?);
                self.host.report(Event::Resumed { task, at: started_at }, &Place::new(strand, &raw_input));
                let resume = Some(definition);
                return Ok(View { started_at, input, resume, admitted: true, ..View::new(self, strand, Some(task), raw_input) });
            }
            Some(TaskState::Ahead { raw_input }) => self.kept(raw_input)?,
            None => raw_input,
        };
        let stepped = self.step(strand).await;
        stepped.map_err(|halt| halt.stop(self, || TaskState::Ahead { raw_input: self.keep(&raw_input) }))?;
        let view = View::new(self, strand, Some(task), raw_input);
        self.host.report(Event::Started { task, at: view.started_at }, &view.place());
        Ok(view)
    }

    fn leave(&self, task: &Task, view: &View<'_>, result: Result<(Data, Then), Stop>) -> Result<(Data, Then), Stop> {
        let at = self.host.now();
        match result {
            Ok((output, then)) => {
                self.host.report(Event::Completed { task, output: &output, at }, &view.place());
                Ok((output, then))
            }
            Err(Stop::Fault(fault)) => {
                let fault = fault.at(&task.reference);
                self.host.report(Event::Failed { task, fault: &fault, at }, &view.place());
                Err(fault.into())
            }
            Err(Stop::End(output)) => {
                self.host.report(Event::Completed { task, output: &output, at }, &view.place());
                Err(Stop::End(output))
            }
            Err(Stop::Cancelled) => {
                self.host.report(Event::Cancelled { task, at }, &view.place());
                Err(Stop::Cancelled)
            }
            Err(Stop::Suspend(definition)) => {
                let (raw_input, input) = (self.keep(&view.raw_input), self.keep(&view.input));
                Err(self.suspend(&TaskState::Inside { raw_input, input, started_at: view.started_at, definition }))
            }
        }
    }

    /// The definition with the extensions around it. Boxed: extensions are lists again.
    fn around<'f>(&'f self, task: &'f Task, view: &'f View<'f>) -> LocalBoxFuture<'f, Result<Done, Stop>> {
        if task.extensions.is_empty() { Box::pin(self.timed(task, view)) } else { Box::pin(extension::run(view, task)) }
    }

    /// The definition under the task's timeout. A call's timeout is the host's to keep (it is the activity's schedule-to-close).
    pub async fn timed(&self, task: &Task, view: &View<'_>) -> Result<Done, Stop> {
        let (limit, resume) = match view.resumed::<TimedState>()? {
            Some(state) => (state.limit, Some(state.definition)),
            None => {
                let limit = task.timeout.as_ref().map(|spec| view.duration(spec)).transpose()?;
                // A sub-workflow has no such limit on any host: it is cancelled like a list, and what it has begun with it.
                if task.kind.is_call() && !matches!(task.kind, Kind::Workflow(_)) {
                    return tasks::define(view, task, limit).await;
                }
                (limit.map(|limit| Limit::from(self.host.now(), limit)), None)
            }
        };
        let define = async |strand: &Strand| {
            let view = View { resume, ..view.under(strand) };
            tasks::define(&view, task, None).await
        };
        let ended = match limit {
            None => define(view.strand).await,
            Some(limit) => within(self, view.strand, limit, "task", &task.name, define).await,
        };
        ended.map_err(|stop| stop.around(|definition| self.suspend(&TimedState { limit, definition })))
    }

    /// Raw output → `output.as` → `output.schema` → `export.as` → `export.schema` → directive. A context that does not fit its schema never
    /// becomes one.
    fn settle(&self, task: &Task, view: &mut View<'_>, done: Done) -> Result<(Data, Then), Fault> {
        view.raw_output = done.output;
        if self.plan.uses_data {
            remember(task, view);
        }
        view.output = transform(view, task.output_as.as_ref(), &view.raw_output)?;
        if self.plan.uses_data && matches!(task.kind, Kind::Listen(_)) {
            view.strand.change_data(|data| data.with(&task.name, view.output.clone()));
        }
        check(self, "task output", task.output_schema.as_ref(), &view.output)?;
        if let Some(export) = &task.export_as {
            let context = view.template(export, &view.output)?;
            check(self, "exported context", task.export_schema.as_ref(), &context)?;
            self.context.replace(context);
        }
        Ok((std::mem::take(&mut view.output), done.then.unwrap_or(task.then)))
    }
}

/// `if` and `input.schema` on the raw input, then `input.from`; false when the task is to be skipped.
fn admit(task: &Task, view: &mut View<'_>) -> Result<bool, Fault> {
    if let Some(condition) = &task.condition
        && !view.condition(condition, &view.raw_input)?
    {
        return Ok(false);
    }
    check(view.run, "task input", task.input_schema.as_ref(), &view.raw_input)?;
    view.input = transform(view, task.input_from.as_ref(), &view.raw_input)?;
    view.admitted = true;
    Ok(true)
}

/// A `from` or `as`: without one the value passes as it is.
pub(super) fn transform(view: &View<'_>, template: Option<&Template>, value: &Data) -> Result<Data, Fault> {
    template.map_or_else(|| Ok(value.clone()), |template| view.template(template, value))
}

/// Whether `what` fits its schema, when it has one.
pub(super) fn check(run: &Run<'_>, what: &str, schema: Option<&Schema>, value: &Data) -> Result<(), Fault> {
    let Some(schema) = schema else { return Ok(()) };
    schema.validate(value).map_err(|detail| run.fault(Standard::Validation, &format!("{what} does not fit its schema"), Some(detail)))
}

/// Keeps `$data`: the keys of a `set`, and each call's result under its task's name. What was listened for is kept as `output.as` leaves it: its raw
/// form is always a list.
fn remember(task: &Task, view: &View<'_>) {
    match &task.kind {
        Kind::Set(_) if view.raw_output.is_object() => view.strand.change_data(|data| data.merged(&view.raw_output)),
        kind if kind.is_call() => view.strand.change_data(|data| data.with(&task.name, view.raw_output.clone())),
        _ => {}
    }
}
