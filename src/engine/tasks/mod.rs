//! One file per task type. Adding one is a file here and an arm in `pure` or `define`.

mod activity;
mod agent;
mod authentication;
mod r#do;
mod emit;
mod endpoint;
mod r#for;
mod fork;
mod function;
mod http;
mod listen;
mod openapi;
mod process;
mod raise;
mod script;
mod set;
mod shell;
mod switch;
mod r#try;
mod wait;
mod workflow;

use std::time::Duration;

use futures::future::LocalBoxFuture;

use super::fault::Fault;
use super::flow::{Done, Stop};
use super::host::{Call, CallError, Effect};
use super::view::{View, article};
use crate::expr::{Data, Template};
use crate::plan::{Kind, Task};

type Defined<'f> = LocalBoxFuture<'f, Result<Done, Stop>>;

/// Runs a task that never waits, without a future; `None` for the others.
pub(super) fn pure(view: &View<'_>, task: &Task) -> Option<Result<Done, Fault>> {
    match &task.kind {
        Kind::Set(template) => Some(set::run(view, template)),
        Kind::Switch(cases) => Some(switch::run(view, cases)),
        Kind::Raise(raise) => Some(raise::run(view, task, raise)),
        _ => None,
    }
}

/// Runs a task's definition. Boxed: this is where lists nest. `limit` is a call's own timeout.
pub(super) fn define<'f>(view: &'f View<'f>, task: &'f Task, limit: Option<Duration>) -> Defined<'f> {
    match &task.kind {
        Kind::Do(list) => Box::pin(r#do::run(view, list)),
        Kind::For(definition) => Box::pin(r#for::run(view, task, definition)),
        Kind::Fork(definition) => Box::pin(fork::run(view, definition)),
        Kind::Try(definition) => Box::pin(r#try::run(view, task, definition)),
        Kind::Wait(duration) => Box::pin(wait::run(view, task, duration)),
        Kind::Function(definition) => Box::pin(function::run(view, definition)),
        Kind::Http(definition) => Box::pin(http::run(view, task, definition, limit)),
        Kind::Agent(definition) => Box::pin(agent::run(view, task, definition, limit)),
        Kind::Emit(definition) => Box::pin(emit::run(view, task, definition)),
        Kind::Listen(definition) => Box::pin(listen::run(view, task, definition)),
        Kind::OpenApi(definition) => Box::pin(openapi::run(view, task, definition, limit)),
        Kind::Activity(definition) => Box::pin(activity::run(view, task, definition, limit)),
        Kind::Shell(definition) => Box::pin(shell::run(view, task, definition, limit)),
        Kind::Script(definition) => Box::pin(script::run(view, task, definition, limit)),
        Kind::Workflow(definition) => Box::pin(workflow::run(view, task, definition, limit)),
        Kind::Set(_) | Kind::Switch(_) | Kind::Raise(_) => {
            let done = pure(view, task).unwrap_or_else(|| Ok(Done::from(Data::null())));
            Box::pin(std::future::ready(done.map_err(Stop::from)))
        }
    }
}

/// Makes one call through the host, in the strand's scope.
async fn call(view: &View<'_>, task: &Task, effect: Effect, input: Data, timeout: Option<Duration>) -> Result<Done, Stop> {
    let size = input.json_len();
    let name = task.name.to_string();
    let call = |visit, id| Ok(Call { effect, name, id, visit, input, timeout, local: task.local, detached: false });
    make(view, task, size, call).await
}

/// Begins one call whose end nobody waits for; the task's input is its output.
async fn detach(view: &View<'_>, task: &Task, effect: Effect, input: Data, timeout: Option<Duration>) -> Result<Done, Stop> {
    let size = input.json_len();
    let name = task.name.to_string();
    let call = |visit, id| Ok(Call { effect, name, id, visit, input, timeout, local: task.local, detached: true });
    make(view, task, size, call).await?;
    Ok(view.input.clone().into())
}

/// `call` is given the visit of the task that it belongs to, and its id; both are counted once the call is certain to be made.
async fn make(view: &View<'_>, task: &Task, size: usize, call: impl FnOnce(u32, String) -> Result<Call, Fault>) -> Result<Done, Stop> {
    let strand = view.strand;
    let _flight = view.run.depart(strand, size).await?;
    let visit = strand.visit(task);
    let call = call(visit, strand.call_id(&task.reference, visit))?;
    let answer = view.run.host.call(call, &strand.scope).await;
    if strand.scope.is_cancelled() {
        return Err(Stop::Cancelled); // also when the answer came at the same moment: nothing runs after a cancellation
    }
    strand.pace.rest();
    match answer {
        Ok(output) => Ok(output.into()),
        Err(CallError::Fault(fault)) => Err(Stop::Fault(fault)),
        Err(CallError::Cancelled) => Err(Stop::Cancelled),
    }
}

/// Text for a place that takes text only: strings as they are, numbers and booleans as written, null left out.
fn text(view: &View<'_>, what: &str, value: &Data) -> Result<Option<String>, Fault> {
    match value.kind() {
        "null" => Ok(None),
        "string" => Ok(value.as_str().map(str::to_owned)),
        "array" | "object" => Err(view.refuse(format!("{what} must be text, not {}", article(value)))),
        _ => Ok(Some(value.to_string())),
    }
}

/// Like [`text`], where null is an error too.
fn required_text(view: &View<'_>, what: &str, template: &Template) -> Result<String, Fault> {
    let value = view.definition(template)?;
    text(view, what, &value)?.ok_or_else(|| view.refuse(format!("{what} must be text, not null")))
}

/// An object of texts (headers, query, environment); members that are null are left out.
fn texts(view: &View<'_>, what: &str, template: Option<&Template>) -> Result<Option<Data>, Fault> {
    let Some(value) = view.optional(template)?.filter(|value| !value.is_null()) else { return Ok(None) };
    let entries = value.entries().ok_or_else(|| view.refuse(format!("{what} must be an object, not {}", article(&value))))?;
    let mut members = Vec::new();
    for (name, member) in entries {
        if let Some(text) = text(view, &format!("{what} `{name}`"), &member)? {
            members.push((name, Data::from(text)));
        }
    }
    Ok(Some(Data::object(members)))
}
