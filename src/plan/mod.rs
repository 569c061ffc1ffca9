//! Document → immutable plan.
//!
//! Everything that can be decided once is decided here: names become indices, expressions become compiled programs,
//! flow directives become positions in their list. The engine runs a [`Plan`] and never looks up a string in the document again.
#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

mod build;
mod cache;
#[cfg(test)]
mod language_tests;
mod schema;
mod schema_work;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests read files")]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use build::{
    BuildError, MAX_EXPRESSIONS, MAX_NESTING, Outsides, build, build_with, check, check_with, is_event_pattern, missing, needs,
};
pub use cache::PlanCache;
pub use schema::Schema;

pub use crate::dsl::Diagnostic;
pub use crate::dsl::tasks::call_http::HttpOutput;
pub use crate::dsl::tasks::listen::Read;
pub use crate::dsl::tasks::run::Return;
pub use crate::dsl::tasks::run_script::Language;
pub use crate::dsl::{Backoff, DurationError, MAX_OUTSIDES, Outside, OutsideKind, Scheme, UriPart, parse_iso8601};
use crate::expr::{Data, Program, Template};

/// Variables that every expression may name, by index. Loop and catch variables follow from [`Plan::FIRST_LOCAL`] on.
pub const BUILTIN_VARIABLES: [&str; 10] =
    ["context", "input", "output", "secrets", "task", "workflow", "runtime", "authorization", "data", "env"];

/// Index of each built-in variable in [`BUILTIN_VARIABLES`].
pub mod slot {
    pub const CONTEXT: usize = 0;
    pub const INPUT: usize = 1;
    pub const OUTPUT: usize = 2;
    pub const SECRETS: usize = 3;
    pub const TASK: usize = 4;
    pub const WORKFLOW: usize = 5;
    pub const RUNTIME: usize = 6;
    pub const AUTHORIZATION: usize = 7;
    pub const DATA: usize = 8;
    pub const ENV: usize = 9;
}

/// One definition, ready to run. Immutable and shared between runs.
#[derive(Debug)]
pub struct Plan {
    pub namespace: String,
    pub name: String,
    pub version: String,
    /// The whole document as data: `$workflow.definition`.
    pub definition: Data,
    /// SHA-256 of the source text, in hex.
    pub digest: String,
    pub input_schema: Option<Schema>,
    pub input_from: Option<Template>,
    pub output_as: Option<Template>,
    pub output_schema: Option<Schema>,
    pub timeout: Option<DurationSpec>,
    /// Names from `use.secrets`, in document order.
    pub secrets: Vec<String>,
    /// `use.extensions`, in document order.
    pub extensions: Vec<Extension>,
    /// Types of the events that any task listens to, sorted; `*` alone where they cannot be told before a run.
    pub listens: Vec<String>,
    /// Whether any expression reads `$data`; without it the engine does not keep the map.
    pub uses_data: bool,
    pub root: List,
    /// Every task of the document, in its order; those of functions and extensions stand behind the call or task that needs them.
    pub tasks: Vec<Task>,
    /// What its author should know although it runs.
    pub warnings: Vec<Diagnostic>,
}

impl Plan {
    /// Index of the first loop or catch variable.
    pub const FIRST_LOCAL: usize = BUILTIN_VARIABLES.len();

    #[must_use]
    pub fn task(&self, id: TaskId) -> &Task {
        &self.tasks[id.0 as usize]
    }
}

/// Index into [`Plan::tasks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u32);

/// A `do` list: the scope of `then`.
#[derive(Clone, Debug, Default)]
pub struct List {
    pub tasks: Vec<TaskId>,
}

#[derive(Debug)]
pub struct Task {
    pub id: TaskId,
    pub name: Arc<str>,
    /// JSON pointer of the task in the document, `/do/0/tryGetPet/try/0/getPet`.
    pub reference: Arc<str>,
    /// The task as written: `$task.definition`.
    pub definition: Data,
    pub condition: Option<Program>,
    pub input_schema: Option<Schema>,
    pub input_from: Option<Template>,
    pub output_as: Option<Template>,
    pub output_schema: Option<Schema>,
    pub export_as: Option<Template>,
    pub export_schema: Option<Schema>,
    pub timeout: Option<DurationSpec>,
    pub then: Then,
    /// Positions in [`Plan::extensions`] of those that extend this task, in document order.
    pub extensions: Vec<usize>,
    /// `metadata.local: true`: run the call as a local activity.
    pub local: bool,
    pub kind: Kind,
}

/// Where the flow goes after a task; names are already positions in the task's own list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Then {
    Continue,
    Exit,
    End,
    Goto(usize),
}

/// A duration written out, or an expression that yields an ISO 8601 duration.
#[derive(Clone, Debug)]
pub enum DurationSpec {
    Fixed(Duration),
    Expr(Program),
}

#[derive(Debug)]
pub enum Kind {
    Set(Template),
    Do(List),
    For(For),
    Switch(Vec<Case>),
    Fork(Fork),
    Try(Box<Try>),
    Raise(Box<Raise>),
    Wait(DurationSpec),
    Http(Box<Http>),
    Agent(Box<Agent>),
    OpenApi(Box<OpenApi>),
    Activity(Box<Activity>),
    Function(Box<Function>),
    Shell(Box<Shell>),
    Script(Box<Script>),
    Workflow(Box<SubWorkflow>),
    Emit(Box<Emit>),
    Listen(Box<Listen>),
}

impl Kind {
    /// Whether the task is one call, whose time limit is its host's to keep, and whose result `$data` keeps. `emit` is none: its output is the
    /// event, and its limit the engine's to keep.
    #[must_use]
    pub fn is_call(&self) -> bool {
        match self {
            Self::Http(_)
            | Self::Agent(_)
            | Self::OpenApi(_)
            | Self::Activity(_)
            | Self::Shell(_)
            | Self::Script(_)
            | Self::Workflow(_) => true,
            Self::Set(_)
            | Self::Do(_)
            | Self::For(_)
            | Self::Switch(_)
            | Self::Fork(_)
            | Self::Try(_)
            | Self::Raise(_)
            | Self::Wait(_)
            | Self::Function(_)
            | Self::Emit(_)
            | Self::Listen(_) => false,
        }
    }
}

#[derive(Debug)]
pub struct For {
    /// Variable index of `each`; `at` stands at the next one.
    pub each: usize,
    pub at: usize,
    pub collection: Template,
    pub condition: Option<Program>,
    pub body: List,
}

/// The first case whose condition holds decides; a case without one stands last, wherever the document has it.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub when: Option<Program>,
    pub then: Then,
}

/// Each branch is one task.
#[derive(Debug)]
pub struct Fork {
    pub branches: Vec<TaskId>,
    pub compete: bool,
}

#[derive(Debug)]
pub struct Try {
    pub body: List,
    pub filter: ErrorFilter,
    pub when: Option<Program>,
    pub except_when: Option<Program>,
    /// Variable index of the caught error.
    pub error: usize,
    pub retry: Option<Retry>,
    pub handler: Option<List>,
    /// `catch.then`: replaces the task's own `then` on the error path.
    pub then: Option<Then>,
}

/// All members that are given must equal the error's.
#[derive(Debug, Default)]
pub struct ErrorFilter {
    pub type_: Option<Template>,
    pub status: Option<Template>,
    pub instance: Option<Template>,
    pub title: Option<Template>,
    pub detail: Option<Template>,
}

#[derive(Clone, Debug)]
pub struct Retry {
    pub when: Option<Program>,
    pub except_when: Option<Program>,
    pub delay: Option<DurationSpec>,
    pub backoff: Backoff,
    /// Most attempts, the first one included.
    pub attempts: Option<u32>,
    pub attempt_duration: Option<DurationSpec>,
    pub total_duration: Option<DurationSpec>,
    pub jitter: Option<(DurationSpec, DurationSpec)>,
}

#[derive(Debug)]
pub struct Raise {
    pub type_: Template,
    pub status: Template,
    pub title: Option<Template>,
    pub detail: Option<Template>,
    pub instance: Option<Template>,
}

#[derive(Debug)]
pub struct Http {
    pub method: Template,
    pub endpoint: Endpoint,
    pub headers: Option<Template>,
    pub query: Option<Template>,
    pub body: Option<Template>,
    pub authentication: Option<Authentication>,
    pub output: HttpOutput,
    pub redirect: bool,
}

/// `Uri` is an RFC 6570 level-1 template over the top-level members of the task's input.
#[derive(Debug)]
pub enum Endpoint {
    Uri(Vec<UriPart>),
    Expr(Program),
}

#[derive(Debug)]
pub struct Agent {
    pub agent: Template,
    pub scope: Option<Template>,
    pub message: Template,
    pub env: Option<Template>,
    pub config: Option<Template>,
}

/// How a call proves who it is. Members are evaluated like the rest of the task's definition.
#[derive(Debug)]
pub enum Authentication {
    Basic {
        username: Template,
        password: Template,
    },
    Digest {
        username: Template,
        password: Template,
    },
    Bearer {
        token: Template,
    },
    /// `{<scheme>: {use: <secret>}}`: the secret's value is a JSON object with the scheme's members.
    Secret {
        scheme: Scheme,
        secret: String,
    },
}

/// A document elsewhere.
#[derive(Debug)]
pub struct ExternalResource {
    pub endpoint: Endpoint,
    pub authentication: Option<Authentication>,
}

#[derive(Debug)]
pub struct OpenApi {
    pub document: ExternalResource,
    pub operation_id: Template,
    pub parameters: Option<Template>,
    pub authentication: Option<Authentication>,
    pub output: HttpOutput,
    pub redirect: bool,
}

/// `call: activity`: any activity of the namespace.
#[derive(Debug)]
pub struct Activity {
    /// Activity type.
    pub name: Template,
    /// Task queue; the run's own without one.
    pub queue: Option<Template>,
    /// Yields a list: the activity's arguments.
    pub arguments: Option<Template>,
}

/// A call of a task in `use.functions` or elsewhere. `with` is the raw input of that task. Loop and catch variables of the caller are not
/// visible in it: its own begin again at [`Plan::FIRST_LOCAL`].
#[derive(Debug)]
pub struct Function {
    pub task: TaskId,
    pub with: Option<Template>,
}

/// `run: shell`.
#[derive(Debug)]
pub struct Shell {
    pub command: Template,
    pub process: Process,
}

/// `run: script`.
#[derive(Debug)]
pub struct Script {
    pub language: Language,
    pub source: ScriptSource,
    pub process: Process,
}

#[derive(Debug)]
pub enum ScriptSource {
    Code(Template),
    Resource(ExternalResource),
}

/// What shell and script have in common.
#[derive(Debug)]
pub struct Process {
    /// Yields a list of texts.
    pub arguments: Option<Template>,
    pub stdin: Option<Template>,
    pub environment: Option<Template>,
    /// Whether the task waits for the end.
    pub awaited: bool,
    pub returns: Return,
}

/// `run: workflow`.
#[derive(Debug)]
pub struct SubWorkflow {
    pub namespace: Template,
    pub name: Template,
    /// `latest` without one.
    pub version: Option<Template>,
    /// The child's raw input; the task's input without one.
    pub input: Option<Template>,
    pub awaited: bool,
}

/// `emit`: the members that the document gives; the engine adds id, time, source and specversion where they are missing.
#[derive(Debug)]
pub struct Emit {
    pub event: Template,
}

#[derive(Debug)]
pub struct Listen {
    pub to: Consumption,
    pub read: Read,
    pub foreach: Option<Foreach>,
}

/// When a listener has heard enough.
#[derive(Debug)]
pub enum Consumption {
    One(EventFilter),
    All(Vec<EventFilter>),
    /// No filter: every event. Without `until` the first event ends it.
    Any {
        filters: Vec<EventFilter>,
        until: Option<Until>,
    },
}

#[derive(Debug)]
pub enum Until {
    /// On the list of what was consumed so far.
    Condition(Program),
    /// Events that end it and are no part of its output.
    Events(Box<Consumption>),
}

/// All attributes that are given must match.
#[derive(Debug)]
pub struct EventFilter {
    pub with: Vec<(String, Template)>,
    pub correlate: Vec<Correlation>,
}

#[derive(Debug)]
pub struct Correlation {
    pub key: String,
    /// On the event.
    pub from: Program,
    /// What `from` must yield; the first event decides without one.
    pub expect: Option<Template>,
}

/// What is done with each event, one after the other.
#[derive(Debug)]
pub struct Foreach {
    /// Variable index of `item`; `at` stands at the next one.
    pub item: usize,
    pub body: Option<List>,
    pub output_as: Option<Template>,
    pub output_schema: Option<Schema>,
    pub export_as: Option<Template>,
    pub export_schema: Option<Schema>,
}

/// Tasks around each task of a kind.
#[derive(Debug)]
pub struct Extension {
    pub name: String,
    pub when: Option<Program>,
    pub before: List,
    pub after: List,
}
