//! `try`: runs a list, and decides what an error means.
//!
//! ```text
//! body ──ok──────────────────────────────────────────────> output
//!   └─fault─> catch? ──no────────────────────────────────> raised on
//!               └─yes─> retry policy ──another attempt──> (delay) body
//!                         └─none, or used up─> catch.do ─> its output
//!                                                └─none: the input, or raised on when a policy was used up
//! ```
//!
//! `End` and `Cancelled` pass through: neither is an error.

use std::time::Duration;

use jiff::Timestamp;

use crate::engine::fault::{Fault, same_type};
use crate::engine::flow::{Done, Stop};
use crate::engine::progress::Event;
use crate::engine::race::{Limited, within};
use crate::engine::view::View;
use crate::expr::{Data, Program, Template};
use crate::plan::{Backoff, ErrorFilter, Retry, Task, Try};

/// No delay between attempts grows beyond this.
const LONGEST_DELAY: Duration = Duration::from_hours(365 * 24);

pub(super) async fn run(view: &View<'_>, task: &Task, definition: &Try) -> Result<Done, Stop> {
    let (run, began) = (view.run, view.run.host.now());
    let mut attempt = 1_u32;
    loop {
        let fault = match body(view, definition).await {
            Ok(output) => return Ok(output.into()),
            Err(Stop::Fault(fault)) => fault.at(&task.reference),
            Err(stop) => return Err(stop),
        };
        let strand = view.strand.bind(definition.error, fault.to_data());
        let caught = view.under(&strand);
        if !catches(&caught, definition, &fault)? {
            return Err(fault.into());
        }
        if let Some(retry) = &definition.retry {
            if let Some(delay) = next_delay(&caught, retry, attempt, began)? {
                attempt = attempt.saturating_add(1);
                run.host.report(Event::Retrying { task, attempt, delay, fault: &fault });
                run.wait(delay, &task.name, view.strand).await?;
                run.step(view.strand).await?;
                continue;
            }
            if definition.handler.is_none() {
                return Err(fault.into());
            }
        }
        let output = match &definition.handler {
            Some(list) => run.list(list, &strand, view.input.clone()).await?,
            None => view.input.clone(),
        };
        return Ok(Done { output, then: definition.then });
    }
}

/// One attempt, under `limit.attempt.duration`.
async fn body(view: &View<'_>, definition: &Try) -> Result<Data, Stop> {
    let limit = definition.retry.as_ref().and_then(|retry| retry.attempt_duration.as_ref());
    let Some(limit) = limit.map(|spec| view.duration(spec)).transpose()? else {
        return view.run.list(&definition.body, view.strand, view.input.clone()).await;
    };
    let inner = view.strand.scoped();
    let list = Box::pin(view.run.list(&definition.body, &inner, view.input.clone()));
    match within(view.run.host, &view.strand.scope, &inner.scope, limit, "attempt", list).await {
        Limited::Ended(ended) => ended,
        Limited::Expired if view.strand.scope.is_cancelled() => Err(Stop::Cancelled),
        Limited::Expired => Err(view.run.timed_out("attempt", limit).into()),
    }
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

/// How long to wait before the next attempt; `None` when there is to be none. `attempt` is the one that just failed.
fn next_delay(view: &View<'_>, retry: &Retry, attempt: u32, began: Timestamp) -> Result<Option<Duration>, Fault> {
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
