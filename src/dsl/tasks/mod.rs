//! Tasks. One file per type; a new type is a file, a variant of [`Body`] and a row of [`TYPES`].

pub mod call;
mod call_a2a;
pub mod call_activity;
pub mod call_agent;
mod call_asyncapi;
pub mod call_function;
mod call_grpc;
pub mod call_http;
mod call_mcp;
pub mod call_openapi;
mod do_;
mod emit;
pub mod for_;
pub mod fork;
pub mod listen;
mod raise;
pub mod run;
mod run_container;
pub mod run_script;
pub mod run_shell;
pub mod run_workflow;
mod set;
pub mod switch;
pub mod try_;
mod wait;

use std::sync::Arc;

use super::codes;
use super::definition::{self, DataFlow};
use super::diagnostic::Span;
use super::duration::Duration;
use super::error::ErrorDefinition;
use super::expression::Expression;
use super::node::{Entry, Name, Node};
use super::read::Fields;
use super::report::{Problem, Report};
use super::suggest::nearest;
use super::usage::Reference;

/// A task as written.
#[derive(Debug)]
pub struct Task {
    pub name: Name,
    /// JSON pointer of the task in the document.
    pub reference: Arc<str>,
    pub node: Node,
    pub condition: Option<Expression>,
    pub input: DataFlow,
    pub output: DataFlow,
    pub export: DataFlow,
    pub timeout: Option<Reference<Duration>>,
    /// A flow directive or the name of a task of the same list.
    pub then: Option<Name>,
    /// `metadata.local`.
    pub local: bool,
    /// The key that gives the task its type.
    pub type_: Option<&'static str>,
    /// `None`: it cannot be run yet, or cannot be read. That is reported.
    pub body: Option<Body>,
}

#[derive(Debug)]
pub enum Body {
    Set(Node),
    Do(Vec<Task>),
    For(for_::For),
    Switch(Vec<switch::Case>),
    Fork(fork::Fork),
    Try(Box<try_::Try>),
    Raise(Reference<ErrorDefinition>),
    Wait(Duration),
    Http(Box<call_http::Http>),
    Agent(Box<call_agent::Agent>),
    OpenApi(Box<call_openapi::OpenApi>),
    Activity(Box<call_activity::Activity>),
    Function(Box<call_function::Call>),
    Shell(Box<run_shell::Shell>),
    Script(Box<run_script::Script>),
    Workflow(Box<run_workflow::SubWorkflow>),
    /// The attributes of the event.
    Emit(Node),
    Listen(Box<listen::Listen>),
}

/// What a task's reader is given: the keys of the task and its own JSON pointer.
#[derive(Clone, Copy)]
struct Site<'n> {
    name: &'n Name,
    fields: Fields<'n>,
    reference: &'n str,
}

impl<'n> Site<'n> {
    /// The value of the key that gives the task its type. It is there: the type was chosen by it.
    fn value(&self, key: &str) -> Option<&'n Node> {
        self.fields.get(key)
    }
}

struct TaskType {
    /// The key that says what a task does.
    key: &'static str,
    /// Other keys of this type.
    keys: &'static [&'static str],
    read: fn(&mut Report<'_>, Site<'_>) -> Option<Body>,
}

/// The first row whose key a task has decides: `for` stands before `do`, since a `for` task has both.
const TYPES: [TaskType; 12] = [
    TaskType { key: "for", keys: &["while", "do"], read: for_::read },
    TaskType { key: "try", keys: &["catch"], read: try_::read },
    TaskType { key: "call", keys: &["with"], read: call::read },
    TaskType { key: "do", keys: &[], read: do_::read },
    TaskType { key: "fork", keys: &[], read: fork::read },
    TaskType { key: "raise", keys: &[], read: raise::read },
    TaskType { key: "set", keys: &[], read: set::read },
    TaskType { key: "switch", keys: &[], read: switch::read },
    TaskType { key: "wait", keys: &[], read: wait::read },
    TaskType { key: "emit", keys: &[], read: emit::read },
    TaskType { key: "listen", keys: &["foreach"], read: listen::read },
    TaskType { key: "run", keys: &[], read: run::read },
];

/// Keys that every task may have.
const BASE: [&str; 7] = ["if", "input", "output", "export", "timeout", "then", "metadata"];
/// Bytes of a task's JSON pointer. Each task keeps its own: without a limit a small document could fill the memory.
const MAX_REFERENCE: usize = 2_000;
const DIRECTIVES: [&str; 3] = ["continue", "exit", "end"];

/// Reads a list of named tasks; `pointer` is the JSON pointer of the list.
pub fn list(report: &mut Report<'_>, node: &Node, pointer: &str) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut names: std::collections::BTreeMap<Arc<str>, Span> = std::collections::BTreeMap::new();
    let holder = pointer.rsplit('/').next().unwrap_or(pointer);
    for (index, item) in report.list(node, &format!("`{holder}`")).unwrap_or_default().iter().enumerate() {
        let Some(Entry { key, value }) = report.named_item(item, &format!("an item of `{holder}`")) else { continue };
        let reference: Arc<str> = format!("{pointer}/{index}/{}", escape(&key.text)).into();
        if !is_short(report, key, &reference) {
            continue;
        }
        check_name(report, key);
        match names.get(&key.text) {
            Some(first) => {
                let problem = Problem::new(codes::DUPLICATE_NAME, key.span, format!("there are two tasks `{}` in this list", key.text));
                report.add(problem.label(*first, "first here").help("`then` could mean either: give one of them another name"));
            }
            None => drop(names.insert(key.text.clone(), key.span)),
        }
        let outer = report.enter(&reference);
        tasks.push(task(report, key, value, &reference));
        report.leave(outer);
    }
    tasks
}

/// Reads a task that stands in no list, such as a function's.
pub fn single(report: &mut Report<'_>, name: &Name, node: &Node, reference: &Arc<str>) -> Task {
    if is_short(report, name, reference) { task(report, name, node, reference) } else { empty(name, node, reference) }
}

/// Whether a task's JSON pointer is as short as it must be.
fn is_short(report: &mut Report<'_>, name: &Name, reference: &str) -> bool {
    if reference.len() > MAX_REFERENCE {
        let message = format!("the JSON pointer of this task has {} bytes, {MAX_REFERENCE} are allowed", reference.len());
        report.add(Problem::new(codes::LONG_REFERENCE, name.span, message).help("give shorter names, or nest the tasks less deeply"));
    }
    reference.len() <= MAX_REFERENCE
}

/// A key as a part of a JSON pointer (RFC 6901).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn check_name(report: &mut Report<'_>, name: &Name) {
    if DIRECTIVES.contains(&&*name.text) {
        let problem = Problem::new(codes::RESERVED_NAME, name.span, format!("a task cannot be named `{}`", name.text));
        report.add(problem.help(format!("`then: {}` is a flow directive and would never mean this task", name.text)));
    } else if name.text.trim().is_empty() {
        report.add(Problem::new(codes::EMPTY, name.span, "the name of a task is empty"));
    }
}

fn empty(name: &Name, node: &Node, reference: &Arc<str>) -> Task {
    Task {
        name: name.clone(),
        reference: reference.clone(),
        node: node.clone(),
        condition: None,
        input: DataFlow::default(),
        output: DataFlow::default(),
        export: DataFlow::default(),
        timeout: None,
        then: None,
        local: false,
        type_: None,
        body: None,
    }
}

fn task(report: &mut Report<'_>, name: &Name, node: &Node, reference: &Arc<str>) -> Task {
    let mut task = empty(name, node, reference);
    let Some(entries) = report.mapping(node, &format!("the task `{}`", name.text)) else { return task };
    let fields = Fields { entries, span: node.span };
    task.condition = fields.expression(report, "if");
    task.input = fields.get("input").and_then(|node| definition::input(report, node)).unwrap_or_default();
    task.output = fields.get("output").and_then(|node| definition::output(report, node)).unwrap_or_default();
    task.export = fields.get("export").and_then(|node| definition::export(report, node)).unwrap_or_default();
    task.timeout = definition::timeout(report, &fields);
    task.then = fields.text(report, "then");
    let metadata = fields.get("metadata").filter(|node| report.mapping(node, "`metadata`").is_some());
    task.local = metadata.and_then(|node| local(report, node, &fields)).unwrap_or(false);
    if let Some(kind) = TYPES.iter().find(|kind| fields.entry(kind.key).is_some()) {
        task.type_ = Some(kind.key);
        task.body = body(report, kind, Site { name, fields, reference });
    } else {
        untyped(report, Site { name, fields, reference });
    }
    task
}

/// `metadata.local`: a call may run as a local activity. Other metadata belongs to the author.
fn local(report: &mut Report<'_>, metadata: &Node, task: &Fields<'_>) -> Option<bool> {
    let local = metadata.get("local")?;
    let value = report.boolean(local, "`metadata.local`");
    if task.get("call").is_none() {
        let problem = Problem::new(codes::NO_EFFECT, local.span, "`metadata.local` has no effect here");
        report.add(problem.help("only `call` tasks leave the workflow"));
    }
    value
}

fn body(report: &mut Report<'_>, kind: &TaskType, site: Site<'_>) -> Option<Body> {
    let fields = site.fields;
    for Entry { key, .. } in fields.entries {
        let word = &*key.text;
        if word == kind.key || kind.keys.contains(&word) || BASE.contains(&word) {
            continue;
        }
        if TYPES.iter().any(|other| other.key == word) {
            let problem = Problem::new(codes::EXCLUSIVE_KEYS, key.span, format!("a task does one thing: `{}` or `{word}`", kind.key));
            report.add(problem.help("make two tasks of it"));
        } else {
            let known: Vec<&'static str> = kind.keys.iter().copied().chain(BASE).collect();
            report.unknown_key(key, &format!("a task of type `{}`", kind.key), &known);
        }
    }
    (kind.read)(report, site)
}

/// A task without a type: probably its key is misspelt.
fn untyped(report: &mut Report<'_>, site: Site<'_>) {
    let unknown = || site.fields.entries.iter().map(|entry| &entry.key).filter(|key| !BASE.contains(&&*key.text));
    let types = || TYPES.iter().map(|kind| kind.key);
    let near = unknown().find_map(|key| nearest(&key.text, types()).map(|near| (key.span, near)));
    let (span, help) = if let Some((span, near)) = near {
        (span, format!("did you mean `{near}`?"))
    } else {
        let span = unknown().next().map_or(site.name.span, |key| key.span);
        (span, format!("give it one of: {}", types().collect::<Vec<_>>().join(", ")))
    };
    report.add(Problem::new(codes::NO_TASK_TYPE, span, format!("the task `{}` does not say what to do", site.name.text)).help(help));
}
