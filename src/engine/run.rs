//! One run as a whole: what its strands share, and the workflow's own data flow.

use std::cell::{Cell, OnceCell, RefCell};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cursor::{CursorError, FrameId, Kept, Opened};
use super::fault::{Fault, Standard};
use super::flow::{Stop, check, transform};
use super::handover::{Memory, Resting};
use super::host::Host;
use super::race::{Limit, within};
use super::strand::{Pace, Spent, Strand};
use super::view::{View, instant};
use super::{Outcome, Start};
use crate::expr::Data;
use crate::plan::Plan;

pub(super) struct Run<'r> {
    pub plan: &'r Plan,
    pub host: &'r dyn Host,
    pub start: &'r Start,
    /// Of the first run, where this one goes on from another; so are the next two.
    pub workflow_id: String,
    pub started_at: Timestamp,
    /// Raw workflow input.
    pub input: Data,
    pub resting: Resting,
    /// Whether the run was paused when it was last looked at.
    pub paused: Cell<bool>,
    /// The frame of the workflow, to go on from.
    root: Option<FrameId>,
    pub context: RefCell<Data>,
    workflow: OnceCell<Data>,
    runtime: OnceCell<Data>,
}

/// The workflow while its root list runs.
#[derive(Serialize, Deserialize)]
struct State {
    input: Kept,
    limit: Option<Limit>,
    memory: Memory,
    pace: Spent,
    list: FrameId,
}

impl<'r> Run<'r> {
    /// # Errors
    /// `start.resume` belongs to another definition or version, or is broken.
    pub fn new(plan: &'r Plan, host: &'r dyn Host, start: &'r Start) -> Result<Self, CursorError> {
        let opened = start.resume.as_ref().map_or_else(|| Ok(Opened::default()), |cursor| cursor.open(plan))?;
        let cursor = start.resume.as_ref();
        let (input, context) = match cursor {
            None => (start.input.clone(), Data::null()),
            Some(cursor) => (opened.kept(cursor.input)?, opened.kept(cursor.context)?),
        };
        Ok(Self {
            plan,
            host,
            start,
            workflow_id: cursor.map_or(&start.workflow_id, |cursor| &cursor.workflow_id).clone(),
            started_at: cursor.map_or(start.started_at, |cursor| cursor.started_at),
            input,
            resting: Resting::new(host.inbox().received(), opened),
            paused: Cell::new(cursor.is_some_and(|cursor| cursor.pause.is_some())),
            root: cursor.map(|cursor| cursor.root),
            context: RefCell::new(context),
            workflow: OnceCell::new(),
            runtime: OnceCell::new(),
        })
    }

    /// The whole workflow: `input`, the root list under the workflow's timeout, `output`.
    pub async fn workflow(&self) -> Outcome {
        let settings = &self.start.settings;
        let pace = Pace::new(settings.step_limit.max(1), settings.fuel_per_pause.max(1));
        // All timers of the run hang on it: those that are left when the run is handed over end with it.
        let strand = Strand::root(self.host.root().child(), self.start.data.clone(), pace);
        match self.attended(Box::pin(self.root(&strand))).await {
            Ok(output) => Outcome::Completed(output),
            Err(Stop::Fault(fault)) => Outcome::Faulted(*fault),
            Err(Stop::Cancelled | Stop::End(_)) => Outcome::Cancelled, // `root` turns every end into an output
            Err(Stop::Suspend(root)) => {
                strand.scope.cancel();
                Outcome::Suspended(self.cursor(root))
            }
        }
    }

    async fn root(&self, strand: &Strand) -> Result<Data, Stop> {
        let mut view = View::new(self, strand, None, self.input.clone());
        let (limit, list) = match self.resumed::<State>(self.root)? {
            Some(state) => {
                view.input = self.kept(state.input)?;
                self.recall(strand, state.memory)?;
                strand.pace.recall(state.pace);
                (state.limit, Some(state.list))
            }
            None => (self.admit(&mut view)?, None),
        };
        let input = view.input.clone();
        let ended = match limit {
            None => self.list(&self.plan.root, strand, input, list).await,
            Some(limit) => {
                let body = async |strand: &Strand| self.list(&self.plan.root, strand, input, list).await;
                within(self, strand, limit, "workflow", "workflow timeout", body).await
            }
        };
        view.raw_output = match ended {
            Ok(output) | Err(Stop::End(output)) => output,
            Err(stop) => {
                return Err(stop.around(|list| {
                    let (input, memory) = (self.keep(&view.input), self.memory(strand));
                    self.suspend(&State { input, limit, memory, pace: strand.pace.spent(), list })
                }));
            }
        };
        let output = transform(&view, self.plan.output_as.as_ref(), &view.raw_output).map_err(|fault| fault.at("/output/as"))?;
        check(self, "workflow output", self.plan.output_schema.as_ref(), &output).map_err(|fault| fault.at("/output/schema"))?;
        Ok(output)
    }

    /// `input.schema` on the raw input, `input.from`, and the workflow's timeout.
    fn admit(&self, view: &mut View<'_>) -> Result<Option<Limit>, Fault> {
        let plan = self.plan;
        check(self, "workflow input", plan.input_schema.as_ref(), &view.raw_input).map_err(|fault| fault.at("/input/schema"))?;
        view.input = transform(view, plan.input_from.as_ref(), &view.raw_input).map_err(|fault| fault.at("/input/from"))?;
        let limit = plan.timeout.as_ref().map(|spec| view.duration(spec)).transpose().map_err(|fault| fault.at("/timeout"))?;
        Ok(limit.map(|limit| Limit::from(self.host.now(), limit)))
    }

    /// A standard fault under this run's error host.
    pub fn fault(&self, kind: Standard, title: &str, detail: Option<String>) -> Fault {
        Fault::standard(kind, &self.start.settings.error_host, title, detail)
    }

    pub fn timed_out(&self, what: &str, limit: Duration) -> Fault {
        self.fault(Standard::Timeout, &format!("{what} timed out"), Some(format!("not done after {limit:?}")))
    }

    pub fn context(&self) -> Data {
        self.context.borrow().clone()
    }

    /// `$workflow`.
    pub fn workflow_argument(&self) -> Data {
        let make = || {
            Data::object([
                ("id", Data::string(&self.workflow_id)),
                ("definition", self.plan.definition.clone()),
                ("input", self.input.clone()),
                ("startedAt", instant(self.started_at)),
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
