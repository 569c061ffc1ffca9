//! `listen`: waits for events.
//!
//! | strategy | takes | ends with |
//! |---|---|---|
//! | `one`, `all` | one event for each filter, in any order | the last of them |
//! | `any` | an event that meets any filter; with `any: []` every event | the first one |
//! | `any` with `until: expr` | the same | the event after which the expression is true; `.` is what was consumed so far |
//! | `any` with `until: strategy` | what is not part of that strategy | that strategy; its events are not in the output |
//!
//! The output lists what was consumed, in its order, also for `one`. With `foreach` an event is looked at when the one before has been worked off;
//! the tasks start from the task's input, and what `foreach.output` makes of their output (of the item, without `do`) is what the list gets.
//! `$input` and `output.as: .` are the task's there; the event is `$item`.
//!
//! Consumed is consumed: when the task faults or its time is up, its events do not come again. A listener that waits, or works an event off, can
//! be handed over to the run that continues this one.

use serde::{Deserialize, Serialize};

use crate::engine::cursor::{FrameId, Kept};
use crate::engine::event::{Correlations, Expected, Met, Strategy, is_met, read};
use crate::engine::fault::{Fault, Standard};
use crate::engine::flow::{Done, Stop, check, transform};
use crate::engine::handover::Memory;
use crate::engine::host::Waited;
use crate::engine::inbox::{Inbox, Listener, Received};
use crate::engine::run::Run;
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Consumption, Foreach, Listen, Task, Until};

/// What a listener may hold: with its workflow's context it travels in payloads of 2 MiB.
const HELD_BYTES_MAX: usize = 1024 * 1024;

pub(super) async fn run(view: &View<'_>, task: &Task, listen: &Listen) -> Result<Done, Stop> {
    let resumed = view.resumed::<State>()?;
    let visit = resumed.as_ref().map_or_else(|| view.strand.visit(task), |state| state.visit);
    let mut expected = Expected::default();
    if let Some(state) = &resumed {
        expected.recall(&view.run.kept(state.expected)?);
    }
    let listening = Listening::new(view, listen, visit, &mut expected)?;
    let (heard, work) = match resumed {
        None => (listening.begin(), None),
        Some(state) => state.open(view.run)?,
    };
    let inbox = view.run.host.inbox();
    let listener = inbox.listen(&view.strand.call_id(&task.reference, visit));
    let ended = listening.listen(&inbox, &listener, heard, work, &expected).await;
    if matches!(ended, Err(Stop::Suspend(_))) {
        listener.rest();
    }
    ended.map(Done::from)
}

/// What a listener has come to.
#[derive(Default)]
struct Heard {
    /// Events consumed.
    count: usize,
    /// What was read of them, where somebody will ask for it.
    items: Data,
    /// What `foreach` made of them.
    outputs: Data,
    bytes: usize,
    met: Met,
    until: Met,
    known: Correlations,
    /// `until` has come true.
    enough: bool,
}

/// An event that is being worked off: what was read of it, and where its tasks stand when they have begun in an earlier run.
struct Work {
    item: Data,
    stands: Option<(Memory, FrameId)>,
}

#[derive(Serialize, Deserialize)]
struct State {
    visit: u32,
    /// See [`Expected`].
    expected: Kept,
    count: usize,
    items: Kept,
    outputs: Kept,
    bytes: usize,
    met: Met,
    until: Met,
    known: Kept,
    enough: bool,
    work: Option<(Kept, Memory, FrameId)>,
}

impl State {
    fn open(self, run: &Run<'_>) -> Result<(Heard, Option<Work>), Stop> {
        let work = match self.work {
            None => None,
            Some((item, memory, list)) => Some(Work { item: run.kept(item)?, stands: Some((memory, list)) }),
        };
        let heard = Heard {
            count: self.count,
            items: run.kept(self.items)?,
            outputs: run.kept(self.outputs)?,
            bytes: self.bytes,
            met: self.met,
            until: self.until,
            known: run.kept(self.known)?.entries().into_iter().flatten().collect(),
            enough: self.enough,
        };
        Ok((heard, work))
    }
}

struct Listening<'l> {
    view: &'l View<'l>,
    listen: &'l Listen,
    visit: u32,
    strategy: Strategy<'l>,
    until: Option<&'l Until>,
    until_strategy: Option<Strategy<'l>>,
}

impl<'l> Listening<'l> {
    fn new(view: &'l View<'l>, listen: &'l Listen, visit: u32, expected: &mut Expected) -> Result<Self, Fault> {
        let until = match &listen.to {
            Consumption::Any { until, .. } => until.as_ref(),
            Consumption::One(_) | Consumption::All(_) => None,
        };
        let strategy = Strategy::new(view, &listen.to, expected)?;
        let until_strategy = match until {
            Some(Until::Events(consumption)) => Some(Strategy::new(view, consumption, expected)?),
            Some(Until::Condition(_)) | None => None,
        };
        Ok(Self { view, listen, visit, strategy, until, until_strategy })
    }

    fn begin(&self) -> Heard {
        let empty = || Data::array([]);
        let until = self.until_strategy.as_ref().map(Strategy::unmet).unwrap_or_default();
        Heard { met: self.strategy.unmet(), until, items: empty(), outputs: empty(), ..Heard::default() }
    }

    /// Looks at one event after the other until there were enough; gives the output.
    async fn listen(
        &self,
        inbox: &Inbox,
        listener: &Listener,
        mut heard: Heard,
        mut work: Option<Work>,
        expected: &Expected,
    ) -> Result<Data, Stop> {
        let (run, strand) = (self.view.run, self.view.strand);
        loop {
            if let Some(work) = work.take() {
                let item = work.item.clone();
                let output = self.work_off(work, heard.count - 1, |stands| self.suspend(&heard, Some((&item, stands)), expected)).await?;
                self.hold(&mut heard, item, output)?;
            }
            if self.is_over(&heard) {
                return Ok(if self.listen.foreach.is_some() { heard.outputs } else { heard.items });
            }
            let suspend = || self.suspend(&heard, None, expected);
            run.step(strand).await.map_err(|halt| halt.stop_with(suspend))?;
            let Some(Received { number, event }) = listener.next() else {
                let arrival = run.host.arrival(inbox.received(), &strand.scope);
                let waited = run.rest(strand, arrival).await.map_err(|halt| halt.stop_with(suspend))?;
                if waited == Waited::Cancelled {
                    return Err(Stop::Cancelled);
                }
                strand.pace.rest();
                continue;
            };
            let taken = self.looks_at(&event, &mut heard);
            if taken != Taken::No {
                listener.take(number);
            }
            if taken == Taken::Consumed {
                heard.count += 1;
                work = Some(Work { item: read(&event, self.listen.read), stands: None });
            }
        }
    }

    fn suspend(&self, heard: &Heard, work: Option<(&Data, (Memory, FrameId))>, expected: &Expected) -> Stop {
        let run = self.view.run;
        run.suspend(&State {
            visit: self.visit,
            expected: run.keep(&expected.data()),
            count: heard.count,
            items: run.keep(&heard.items),
            outputs: run.keep(&heard.outputs),
            bytes: heard.bytes,
            met: heard.met.clone(),
            until: heard.until.clone(),
            known: run.keep(&Data::object(heard.known.clone())),
            enough: heard.enough,
            work: work.map(|(item, (memory, list))| (run.keep(item), memory, list)),
        })
    }

    fn is_over(&self, heard: &Heard) -> bool {
        match self.until {
            None => is_met(&heard.met),
            Some(Until::Condition(_)) => heard.enough,
            Some(Until::Events(_)) => is_met(&heard.until),
        }
    }

    /// Only something outside of the task ends it, so nobody will ever ask for its output.
    fn is_endless(&self) -> bool {
        matches!(self.until, Some(Until::Condition(program)) if program.source().trim() == "false")
    }

    fn looks_at(&self, event: &Data, heard: &mut Heard) -> Taken {
        let Heard { met, until, known, .. } = heard;
        if self.until_strategy.as_ref().is_some_and(|strategy| strategy.takes(self.view, event, until, known)) {
            return Taken::Until;
        }
        if self.strategy.takes(self.view, event, met, known) { Taken::Consumed } else { Taken::No }
    }

    /// Keeps of an event what the output or `until` will ask for, and asks `until`.
    fn hold(&self, heard: &mut Heard, item: Data, output: Option<Data>) -> Result<(), Fault> {
        let condition = if let Some(Until::Condition(condition)) = self.until { Some(condition) } else { None };
        if !self.is_endless() {
            if output.is_none() || condition.is_some() {
                heard.bytes += item.json_len();
                heard.items.push(item);
            }
            if let Some(output) = output {
                heard.bytes += output.json_len();
                heard.outputs.push(output);
            }
        }
        if heard.bytes > HELD_BYTES_MAX {
            let (bytes, count) = (heard.bytes, heard.count);
            let detail = format!("{bytes} bytes of {count} events, and {HELD_BYTES_MAX} bytes are kept: hand them on by `foreach`");
            return Err(self.view.run.fault(Standard::Runtime, "the listener holds too much", Some(detail)));
        }
        if let Some(condition) = condition {
            heard.enough = self.view.condition(condition, &heard.items)?;
        }
        Ok(())
    }

    /// `foreach` for one event: its tasks, `output`, `export`. None where there is no `foreach`.
    async fn work_off(&self, work: Work, index: usize, suspend: impl FnOnce((Memory, FrameId)) -> Stop) -> Result<Option<Data>, Stop> {
        let Some(foreach) = &self.listen.foreach else { return Ok(None) };
        let (run, Work { item, stands }) = (self.view.run, work);
        let position = i64::try_from(index).map_or_else(|_| Data::null(), Data::from);
        let strand = self.view.strand.iteration(index, self.visit).bind(foreach.item, item.clone()).bind(foreach.item + 1, position);
        let raw_output = match &foreach.body {
            None => item,
            Some(list) => {
                let frame = match stands {
                    None => None,
                    Some((memory, frame)) => {
                        run.recall(&strand, memory)?;
                        Some(frame)
                    }
                };
                let ended = run.list(list, &strand, self.view.input.clone(), frame).await;
                ended.map_err(|stop| stop.around(|frame| suspend((run.memory(&strand), frame))))?
            }
        };
        Ok(Some(shaped(&mut self.view.under(&strand), foreach, raw_output)?))
    }
}

/// Raw output → `output.as` → `output.schema` → `export.as` → `export.schema`, as for a task.
fn shaped(view: &mut View<'_>, foreach: &Foreach, raw_output: Data) -> Result<Data, Fault> {
    let run = view.run;
    view.raw_output = raw_output;
    view.output = transform(view, foreach.output_as.as_ref(), &view.raw_output)?;
    check(run, "event output", foreach.output_schema.as_ref(), &view.output)?;
    if let Some(export) = &foreach.export_as {
        let context = view.template(export, &view.output)?;
        check(run, "exported context", foreach.export_schema.as_ref(), &context)?;
        run.context.replace(context);
    }
    Ok(std::mem::take(&mut view.output))
}

/// By whom an event is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    No,
    Consumed,
    /// By the strategy that ends the listener.
    Until,
}
