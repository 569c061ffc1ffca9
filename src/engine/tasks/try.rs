//! `try`: runs a list, and decides what an error means.
//!
//! ```text
//! body ──ok──────────────────────────────────────────────> output
//!   └─fault─> catch? ──no────────────────────────────────> raised on
//!               └─yes─> retry policy ──another attempt──> (delay) body
//!                         └─none, or used up─> catch.do ─> its output
//!                                                └─none: the input, or raised on when a policy was used up and there is no `then`
//! ```
//!
//! `End` and `Cancelled` pass through: neither is an error.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::cursor::{FrameId, Kept};
use crate::engine::fault::{Fault, same_type};
use crate::engine::flow::{Done, Stop};
use crate::engine::handover::later;
use crate::engine::progress::Event;
use crate::engine::race::{Limit, within};
use crate::engine::strand::Strand;
use crate::engine::view::View;
use crate::expr::{Data, Program, Template};
use crate::plan::{Backoff, ErrorFilter, Retry, Task, Try};

/// No delay between attempts grows beyond this.
const LONGEST_DELAY: Duration = Duration::from_hours(365 * 24);

#[derive(Serialize, Deserialize)]
struct State {
    attempts: Attempts,
    at: Place,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Attempts {
    /// When the first one began.
    began: Timestamp,
    /// The one that runs, ran last, or is waited for; 1 for the first.
    number: u32,
}

#[derive(Serialize, Deserialize)]
enum Place {
    Body {
        limit: Option<Limit>,
        list: FrameId,
    },
    /// Before another attempt.
    Delay {
        until: Timestamp,
    },
    Handler {
        error: Kept,
        list: FrameId,
    },
}

pub(super) async fn run(view: &View<'_>, task: &Task, definition: &Try) -> Result<Done, Stop> {
    let run = view.run;
    let (mut attempts, mut place) = match view.resumed::<State>()? {
        Some(state) => (state.attempts, Some(state.at)),
        None => (Attempts { began: run.host.now(), number: 1 }, None),
    };
    loop {
        let resume = match place.take() {
            None => None,
            Some(Place::Body { limit, list }) => Some((limit, list)),
            Some(Place::Delay { until }) => {
                delay(view, task, attempts, until).await?;
                None
            }
            Some(Place::Handler { error, list }) => return handle(view, definition, attempts, run.kept(error)?, Some(list)).await,
        };
        let fault = match body(view, definition, attempts, resume).await {
            Ok(output) => return Ok(output.into()),
            Err(Stop::Fault(fault)) => fault.at(&task.reference),
            Err(stop) => return Err(stop),
        };
        let error = fault.to_data();
        let strand = view.strand.bind(definition.error, error.clone());
        let caught = view.under(&strand);
        if !catches(&caught, definition, &fault)? {
            return Err(fault.into());
        }
        if let Some(retry) = &definition.retry {
            if let Some(delay) = next_delay(&caught, retry, attempts)? {
                attempts.number = attempts.number.saturating_add(1);
                let event = Event::Retrying { task, attempt: attempts.number, delay, fault: &fault };
                run.host.report(event, &view.place());
                place = Some(Place::Delay { until: later(run.host.now(), delay) });
                continue;
            }
            if definition.handler.is_none() && definition.then.is_none() {
                return Err(fault.into());
            }
        }
        return handle(view, definition, attempts, error, None).await;
    }
}

/// One attempt, under `limit.attempt.duration`.
async fn body(view: &View<'_>, definition: &Try, attempts: Attempts, resume: Option<(Option<Limit>, FrameId)>) -> Result<Data, Stop> {
    let run = view.run;
    let (limit, resume) = if let Some((limit, list)) = resume {
        (limit, Some(list))
    } else {
        let limit = definition.retry.as_ref().and_then(|retry| retry.attempt_duration.as_ref());
        let limit = limit.map(|spec| view.duration(spec)).transpose()?;
        (limit.map(|limit| Limit::from(run.host.now(), limit)), None)
    };
    let list = async |strand: &Strand| run.list(&definition.body, strand, view.input.clone(), resume).await;
    let ended = match limit {
        None => list(view.strand).await,
        Some(limit) => within(run, view.strand, limit, "attempt", "attempt", list).await,
    };
    ended.map_err(|stop| stop.around(|list| run.suspend(&State { attempts, at: Place::Body { limit, list } })))
}

/// Until the next attempt.
async fn delay(view: &View<'_>, task: &Task, attempts: Attempts, until: Timestamp) -> Result<(), Stop> {
    let run = view.run;
    let rested = async {
        run.rest_until(until, &task.name, view.strand).await?;
        run.step(view.strand).await
    };
    rested.await.map_err(|halt| halt.stop(run, || State { attempts, at: Place::Delay { until } }))
}

/// What a caught error leads to: `catch.do`, or nothing more.
async fn handle(view: &View<'_>, definition: &Try, attempts: Attempts, error: Data, resume: Option<FrameId>) -> Result<Done, Stop> {
    let run = view.run;
    let output = match &definition.handler {
        None => view.input.clone(),
        Some(list) => {
            let strand = view.strand.bind(definition.error, error.clone());
            let ended = run.list(list, &strand, view.input.clone(), resume).await;
            ended.map_err(|stop| {
                stop.around(|list| run.suspend(&State { attempts, at: Place::Handler { error: run.keep(&error), list } }))
            })?
        }
    };
    Ok(Done { output, then: definition.then })
}

/// Filter equal, `when` true and `exceptWhen` not.
fn catches(view: &View<'_>, definition: &Try, fault: &Fault) -> Result<bool, Fault> {
    Ok(filter(view, &definition.filter, fault)? && wanted(view, definition.when.as_ref(), definition.except_when.as_ref())?)
}

fn wanted(view: &View<'_>, when: Option<&Program>, except_when: Option<&Program>) -> Result<bool, Fault> {
    let holds = |program: &Program| view.condition(program, &view.input);
    Ok(when.map_or(Ok(true), holds)? && !except_when.map_or(Ok(false), holds)?)
}

/// All members that are given equal the error's.
fn filter(view: &View<'_>, filter: &ErrorFilter, fault: &Fault) -> Result<bool, Fault> {
    let host = &view.run.start.settings.error_host;
    let equal = |template: &Option<Template>, same: &dyn Fn(&Data) -> bool| match template {
        None => Ok(true),
        Some(template) => view.definition(template).map(|wanted| same(&wanted)),
    };
    let equal_text = |template, actual: &Option<String>| equal(template, &|wanted| wanted.as_str() == actual.as_deref());
    Ok(equal(&filter.type_, &|wanted| wanted.as_str().is_some_and(|wanted| same_type(wanted, &fault.type_, host)))?
        && equal(&filter.status, &|wanted| wanted.as_i64() == Some(i64::from(fault.status)))?
        && equal_text(&filter.instance, &fault.instance)?
        && equal_text(&filter.title, &fault.title)?
        && equal_text(&filter.detail, &fault.detail)?)
}

/// How long to wait before the next attempt; `None` when there is to be none.
fn next_delay(view: &View<'_>, retry: &Retry, attempts: Attempts) -> Result<Option<Duration>, Fault> {
    let (attempt, began) = (attempts.number, attempts.began);
    if retry.attempts.is_some_and(|most| attempt >= most) || !wanted(view, retry.when.as_ref(), retry.except_when.as_ref())? {
        return Ok(None);
    }
    let base = retry.delay.as_ref().map_or(Ok(Duration::ZERO), |spec| view.duration(spec))?;
    let mut delay = grown(retry.backoff, base, attempt);
    if let Some((from, to)) = &retry.jitter {
        let (from, to) = (view.duration(from)?, view.duration(to)?);
        delay = delay.saturating_add(from).saturating_add(to.saturating_sub(from).mul_f64(view.run.host.random()));
    }
    let delay = delay.min(LONGEST_DELAY);
    if let Some(total) = &retry.total_duration {
        let elapsed = Duration::try_from(view.run.host.now().duration_since(began)).unwrap_or_default();
        if elapsed.saturating_add(delay) > view.duration(total)? {
            return Ok(None);
        }
    }
    Ok(Some(delay))
}

/// The specification leaves growth open; the common reading: delay × n, and delay × 2^(n-1).
fn grown(backoff: Backoff, base: Duration, attempt: u32) -> Duration {
    let factor = match backoff {
        Backoff::Constant => 1,
        Backoff::Linear => attempt,
        Backoff::Exponential => 1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX),
    };
    base.saturating_mul(factor).min(LONGEST_DELAY)
}
