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
//! Consumed is consumed: when the task faults or its time is up, its events do not come again.

use serde::{Deserialize, Serialize};

use crate::engine::event::{Correlations, Met, Strategy, is_met, read};
use crate::engine::fault::{Fault, Standard};
use crate::engine::flow::{Done, Stop, transform};
use crate::engine::host::Waited;
use crate::engine::inbox::Received;
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Consumption, Foreach, Listen, Task, Until};

/// What a listener may hold: with its workflow's context it travels in payloads of 2 MiB.
const HELD_BYTES_MAX: usize = 1024 * 1024;

pub(super) async fn run(view: &View<'_>, task: &Task, listen: &Listen) -> Result<Done, Stop> {
    let (run, strand) = (view.run, view.strand);
    let listening = Listening::new(view, task, listen)?;
    let inbox = run.host.inbox();
    let listener = inbox.listen(&strand.call_id(&task.reference, listening.visit));
    let mut heard = listening.begin();
    while !listening.is_over(&heard) {
        run.step(strand).await?;
        if let Some(Received { number, event }) = listener.next() {
            let taken = listening.looks_at(&event, &mut heard);
            if taken != Taken::No {
                listener.take(number);
            }
            if taken == Taken::Consumed {
                listening.consume(&event, &mut heard).await?;
            }
            continue;
        }
        let waited = run.host.arrival(inbox.received(), &strand.scope).await;
        if waited == Waited::Cancelled || strand.scope.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        strand.pace.rest();
    }
    Ok(heard.output(listen).into())
}

/// What a listener has come to: plain data, so that another run can go on with it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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

impl Heard {
    fn output(self, listen: &Listen) -> Data {
        if listen.foreach.is_some() { self.outputs } else { self.items }
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
    fn new(view: &'l View<'l>, task: &Task, listen: &'l Listen) -> Result<Self, Fault> {
        let until = match &listen.to {
            Consumption::Any { until, .. } => until.as_ref(),
            Consumption::One(_) | Consumption::All(_) => None,
        };
        let until_strategy = match until {
            Some(Until::Events(consumption)) => Some(Strategy::new(view, consumption)?),
            Some(Until::Condition(_)) | None => None,
        };
        Ok(Self { view, listen, visit: view.strand.visit(task.id), strategy: Strategy::new(view, &listen.to)?, until, until_strategy })
    }

    fn begin(&self) -> Heard {
        let empty = || Data::array([]);
        let until = self.until_strategy.as_ref().map(Strategy::unmet).unwrap_or_default();
        Heard { met: self.strategy.unmet(), until, items: empty(), outputs: empty(), ..Heard::default() }
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

    async fn consume(&self, event: &Data, heard: &mut Heard) -> Result<(), Stop> {
        let item = read(event, self.listen.read);
        let index = heard.count;
        heard.count += 1;
        let output = match &self.listen.foreach {
            Some(foreach) => Some(self.work_off(foreach, index, item.clone()).await?),
            None => None,
        };
        if !self.is_endless() {
            self.hold(heard, item, output)?;
        }
        if let Some(Until::Condition(condition)) = self.until {
            heard.enough = self.view.condition(condition, &heard.items)?;
        }
        Ok(())
    }

    /// Keeps what the output or `until` will ask for.
    fn hold(&self, heard: &mut Heard, item: Data, output: Option<Data>) -> Result<(), Fault> {
        if output.is_none() || matches!(self.until, Some(Until::Condition(_))) {
            heard.bytes += item.json_len();
            heard.items.push(item);
        }
        if let Some(output) = output {
            heard.bytes += output.json_len();
            heard.outputs.push(output);
        }
        if heard.bytes <= HELD_BYTES_MAX {
            return Ok(());
        }
        let detail = format!("{} bytes of {} events; {HELD_BYTES_MAX} bytes are kept: hand them on by `foreach`", heard.bytes, heard.count);
        Err(self.view.run.fault(Standard::Runtime, "the listener holds too much", Some(detail)))
    }

    /// `foreach` for one event: its tasks, `output`, `export`.
    async fn work_off(&self, foreach: &Foreach, index: usize, item: Data) -> Result<Data, Stop> {
        let view = self.view;
        let position = i64::try_from(index).map_or_else(|_| Data::null(), Data::from);
        let strand = view.strand.iteration(index, self.visit).bind(foreach.item, item.clone()).bind(foreach.item + 1, position);
        let mut view = view.under(&strand);
        view.raw_output = match &foreach.body {
            Some(list) => view.run.list(list, &strand, view.input.clone()).await?,
            None => item,
        };
        view.output = transform(&view, foreach.output_as.as_ref(), &view.raw_output)?;
        if let Some(export) = &foreach.export_as {
            view.run.export(view.template(export, &view.output)?);
        }
        Ok(view.output)
    }
}

/// By whom an event is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    No,
    Consumed,
    /// By the strategy that ends the listener.
    Until,
}
