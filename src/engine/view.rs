//! What the expressions of one task see, and how they are evaluated.

use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::authorization;
use super::cursor::FrameId;
use super::fault::{Fault, Standard};
use super::flow::Stop;
use super::host::Place;
use super::run::Run;
use super::strand::Strand;
use crate::expr::{self, Data, EvalError, Fuel, Program, Template, Variables};
use crate::plan::{self, DurationSpec, Plan, Task, slot};

/// The arguments of one task (or, without a task, of the workflow itself). Made while the task goes on: members are null until known.
#[derive(Clone)]
pub(super) struct View<'v> {
    pub run: &'v Run<'v>,
    pub strand: &'v Strand,
    pub task: Option<&'v Task>,
    pub started_at: Timestamp,
    pub raw_input: Data,
    /// Transformed input: `$input`.
    pub input: Data,
    pub raw_output: Data,
    /// Transformed output: `$output`.
    pub output: Data,
    /// Whether the transformed input is there: the task's definition is under way, or done.
    pub admitted: bool,
    /// Where the definition stood, if it goes on from there.
    pub resume: Option<FrameId>,
}

impl<'v> View<'v> {
    pub fn new(run: &'v Run<'v>, strand: &'v Strand, task: Option<&'v Task>, raw_input: Data) -> Self {
        let started_at = run.host.now();
        let null = Data::null;
        Self { run, strand, task, started_at, raw_input, input: null(), raw_output: null(), output: null(), admitted: false, resume: None }
    }

    /// Where this is, for whoever watches.
    pub fn place(&self) -> Place<'_> {
        Place::new(self.strand, &self.raw_input)
    }

    /// What the task's definition left to go on from, in a type of its own. Once.
    pub fn resumed<S: DeserializeOwned>(&self) -> Result<Option<S>, Stop> {
        self.run.resumed(self.resume)
    }

    /// The same arguments with the variables of another strand.
    pub fn under<'s>(&self, strand: &'s Strand) -> View<'s>
    where
        'v: 's,
    {
        View { strand, ..self.clone() }
    }

    pub fn program(&self, program: &Program, value: &Data) -> Result<Data, Fault> {
        self.fuelled(|fuel| expr::eval(program, value, self, fuel))
    }

    pub fn template(&self, template: &Template, value: &Data) -> Result<Data, Fault> {
        match template.literal() {
            Some(literal) => Ok(literal.clone()),
            None => self.fuelled(|fuel| template.eval(value, self, fuel)),
        }
    }

    /// Evaluates against the transformed input, as everything in a task's definition is.
    pub fn definition(&self, template: &Template) -> Result<Data, Fault> {
        self.template(template, &self.input)
    }

    pub fn optional(&self, template: Option<&Template>) -> Result<Option<Data>, Fault> {
        template.map(|template| self.definition(template)).transpose()
    }

    /// True or false; null counts as false. `1`, `"false"` or an empty list being true is what this refuses.
    pub fn condition(&self, program: &Program, value: &Data) -> Result<bool, Fault> {
        let answer = self.program(program, value)?;
        match answer.as_bool() {
            Some(answer) => Ok(answer),
            None if answer.is_null() => Ok(false),
            None => Err(self.refuse(format!("condition `{}` must yield true or false, not {}", program.source(), article(&answer)))),
        }
    }

    pub fn duration(&self, spec: &DurationSpec) -> Result<Duration, Fault> {
        let program = match spec {
            DurationSpec::Fixed(duration) => return Ok(*duration),
            DurationSpec::Expr(program) => program,
        };
        let value = self.program(program, &self.input)?;
        let refuse = |why: &str| self.refuse(format!("`{}` must yield an ISO 8601 duration, not {value}: {why}", program.source()));
        let text = value.as_str().ok_or_else(|| refuse("it is no text"))?;
        plan::parse_iso8601(text).map_err(|error| refuse(error.message))
    }

    /// An `expression` error of the runtime's own.
    pub fn refuse(&self, detail: impl Into<String>) -> Fault {
        self.run.fault(Standard::Expression, "expression cannot be used here", Some(detail.into()))
    }

    fn fuelled(&self, eval: impl FnOnce(&Fuel) -> Result<Data, EvalError>) -> Result<Data, Fault> {
        let limit = self.run.start.settings.fuel_per_eval;
        let fuel = Fuel::new(limit);
        let result = eval(&fuel);
        self.strand.pace.spend(limit.saturating_sub(fuel.left()));
        result.map_err(|error| self.run.fault(Standard::Expression, "expression failed", Some(error.to_string())))
    }

    fn task_argument(&self) -> Data {
        let Some(task) = self.task else { return Data::null() };
        // The reference documents `$task.with…` in examples although it defines `$task` without: the definition's own members come too.
        task.definition.merged(&Data::object([
            ("name", Data::string(&task.name)),
            ("reference", Data::string(&task.reference)),
            ("definition", task.definition.clone()),
            ("input", self.raw_input.clone()),
            ("output", self.raw_output.clone()),
            ("startedAt", instant(self.started_at)),
        ]))
    }
}

impl Variables for View<'_> {
    fn get(&self, index: usize) -> Data {
        match index {
            slot::CONTEXT => self.run.context(),
            slot::INPUT => self.input.clone(),
            slot::OUTPUT => self.output.clone(),
            slot::SECRETS => self.run.start.secrets.clone(),
            slot::TASK => self.task_argument(),
            slot::WORKFLOW => self.run.workflow_argument(),
            slot::RUNTIME => self.run.runtime_argument(),
            slot::DATA => self.strand.data(),
            slot::ENV => self.run.start.env.clone(),
            local if local >= Plan::FIRST_LOCAL => self.strand.variable(local).unwrap_or_default(),
            slot::AUTHORIZATION => authorization::argument(self),
            _ => Data::null(),
        }
    }
}

/// `startedAt` and the like: `{iso8601, epoch: {seconds, milliseconds}}`.
pub(super) fn instant(at: Timestamp) -> Data {
    let epoch = Data::object([("seconds", Data::from(at.as_second())), ("milliseconds", Data::from(at.as_millisecond()))]);
    Data::object([("iso8601", Data::string(at.to_string())), ("epoch", epoch)])
}

/// "an object", "a string": for error texts.
pub(super) fn article(value: &Data) -> String {
    let kind = value.kind();
    let article = if kind.starts_with(['a', 'o']) { "an " } else { "a " };
    if value.is_null() { kind.to_owned() } else { format!("{article}{kind}") }
}
