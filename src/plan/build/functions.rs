//! Functions: each is built once, however many calls it has, and one more time where extensions call it.
//!
//! A call gives its function an id and a place in a queue; the queue is worked off when the document's own tasks are built. So a chain of
//! calls takes no stack, and the calls are a graph that can be looked at: it must have no circles and bounded depth.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Builder;
use super::flow::Targets;
use super::scope::Scope;
use crate::dsl::tasks::call_function;
use crate::dsl::{self, Name, Problem, Report, Span, codes, escape};
use crate::expr::Data;
use crate::plan::TaskId;

/// Tasks inside each other, those of called functions and of extensions included. Each level takes stack when it runs.
pub const MAX_NESTING: usize = 64;

/// Names that a message lists at most.
const NAMES_SHOWN: usize = 5;

/// Where a function's task stands, and whether extensions stand around its tasks.
type Key = (Source, bool);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Declared(Arc<str>),
    Outside(Arc<str>),
}

/// A body of tasks that stands for itself: the document's list, the extensions' lists, a function.
#[derive(Debug, Default)]
struct Unit {
    name: Arc<str>,
    /// A place in the document that leads to it.
    place: Span,
    /// Deepest nesting of its own tasks.
    deepest: usize,
    /// Units that it calls, and how deep the call stands.
    calls: Vec<(usize, usize)>,
}

/// The units so far. The first is the document, the second the extensions.
#[derive(Debug)]
pub struct Units {
    all: Vec<Unit>,
    /// The unit that is being built, and how deep.
    current: usize,
    depth: usize,
    functions: BTreeMap<Key, (usize, TaskId)>,
    queue: std::collections::VecDeque<(Key, usize, TaskId)>,
}

const DOCUMENT: usize = 0;
const EXTENSIONS: usize = 1;

impl Default for Units {
    fn default() -> Self {
        let all = vec![Unit::default(), Unit::default()];
        Self { all, current: DOCUMENT, depth: 0, functions: BTreeMap::new(), queue: std::collections::VecDeque::new() }
    }
}

impl Units {
    /// One level down in the unit that is being built.
    pub fn descend(&mut self) {
        self.depth += 1;
        let deepest = &mut self.all[self.current].deepest;
        *deepest = self.depth.max(*deepest);
    }

    pub fn ascend(&mut self) {
        self.depth -= 1;
    }

    pub fn begin_extensions(&mut self) {
        self.current = EXTENSIONS;
    }
}

impl Builder<'_, '_> {
    /// The task of the function that is called.
    pub(super) fn called(&mut self, function: &call_function::Function) -> Option<TaskId> {
        let (source, span) = match function {
            call_function::Function::Declared(name) => {
                self.declared(name)?;
                (Source::Declared(name.text.clone()), name.span)
            }
            call_function::Function::Outside { uri, span } => (Source::Outside(uri.clone()), *span),
        };
        // In a function elsewhere, the place is that of the call which leads there from the document.
        let place = if self.is_foreign() { self.units.all[self.units.current].place } else { span };
        let key = (source, self.extending);
        let (unit, task) = match self.units.functions.get(&key) {
            Some(known) => *known,
            None => {
                let (unit, task) = (self.units.all.len(), self.reserve());
                let (Source::Declared(name) | Source::Outside(name)) = key.0.clone();
                self.units.all.push(Unit { name, place, ..Unit::default() });
                self.units.functions.insert(key.clone(), (unit, task));
                self.units.queue.push_back((key, unit, task));
                (unit, task)
            }
        };
        let depth = self.units.depth;
        let calls = &mut self.units.all[self.units.current].calls;
        // Only the deepest of several calls decides anything.
        match calls.iter_mut().find(|(callee, _)| *callee == unit) {
            Some((_, deepest)) => *deepest = depth.max(*deepest),
            None => calls.push((unit, depth)),
        }
        Some(task)
    }

    fn is_foreign(&self) -> bool {
        std::ptr::eq(self.uses, self.nothing)
    }

    /// Whether `use.functions` has the function; one that is not there is reported.
    fn declared(&mut self, name: &Name) -> Option<()> {
        let uses = self.uses;
        if uses.functions.contains_key(&*name.text) {
            return self.component("functions", &uses.functions, name).map(|_| ());
        }
        let mut known: Vec<&str> = dsl::tasks::call::known().collect();
        known.extend(uses.functions.keys().map(String::as_str));
        let near = self.report.did_you_mean(&name.text, known);
        let help = near.unwrap_or_else(|| "declare it in `use.functions`, or write its address: https://…/function.yaml".to_owned());
        self.report.add(Problem::new(codes::UNKNOWN_REFERENCE, name.span, format!("there is no function `{}`", name.text)).help(help));
        None
    }

    /// Builds all functions that are called, and those that they call. `definition` is `use.functions` as data.
    pub(super) fn functions(&mut self, definition: &Data) {
        while let Some(((source, extending), unit, task)) = self.units.queue.pop_front() {
            (self.units.current, self.extending) = (unit, extending);
            match source {
                Source::Declared(name) => self.declared_function(&name, task, definition),
                Source::Outside(uri) => self.outside_function(&uri, task),
            }
        }
    }

    fn declared_function(&mut self, name: &Arc<str>, id: TaskId, definition: &Data) {
        let uses = self.uses;
        let Some((_, Some(written))) = uses.functions.get(&**name) else { return };
        let definition = definition.get(name).unwrap_or_default();
        let outer = self.report.enter(&written.reference);
        self.reserved(id, written, definition, &Scope::default(), &Targets::none());
        self.report.leave(outer);
    }

    /// A function elsewhere is a text of its own: it may name nothing in the document's `use`, secrets included.
    fn outside_function(&mut self, uri: &Arc<str>, id: TaskId) {
        let place = self.units.all[self.units.current].place;
        let Some(text) = self.outside(uri, place) else { return };
        let reference: Arc<str> = format!("/use/functions/{}", escape(uri)).into();
        let outer = std::mem::replace(&mut self.report, Report::new(text, uri));
        let uses = std::mem::replace(&mut self.uses, self.nothing);
        let loose = std::mem::replace(&mut self.loose, false);
        if let Some(written) = dsl::read_function(&mut self.report, uri, &reference) {
            let definition = Data::from(written.node.to_json());
            let scope = Scope { foreign: true, ..Scope::default() };
            self.reserved(id, &written, definition, &scope, &Targets::none());
            self.check_catalogs();
        }
        let inner = std::mem::replace(&mut self.report, outer);
        (self.uses, self.loose) = (uses, loose);
        self.absorb(inner, place);
    }

    /// Calls go in no circle, and not too deep.
    pub(super) fn check_units(&mut self) {
        let units = &self.units.all;
        // From the units that call no other up: what is left over stands in a circle, or calls one that does.
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); units.len()];
        let mut open: Vec<usize> = units.iter().map(|unit| unit.calls.len()).collect();
        for (caller, unit) in units.iter().enumerate() {
            for (callee, _) in &unit.calls {
                callers[*callee].push(caller);
            }
        }
        let mut heights = vec![0_usize; units.len()];
        let mut ready: Vec<usize> = (0..units.len()).filter(|unit| open[*unit] == 0).collect();
        while let Some(unit) = ready.pop() {
            let called = units[unit].calls.iter().map(|(callee, depth)| depth + heights[*callee]);
            heights[unit] = called.max().unwrap_or(0).max(units[unit].deepest);
            for caller in &callers[unit] {
                open[*caller] -= 1;
                if open[*caller] == 0 {
                    ready.push(*caller);
                }
            }
        }
        if let Some(problem) = self.circle(&open) {
            self.report.add(problem);
        } else if heights[DOCUMENT] + heights[EXTENSIONS] > MAX_NESTING {
            let message = format!("tasks are nested more than {MAX_NESTING} deep, with those of the functions that they call");
            let place = units.get(EXTENSIONS + 1).map_or_else(Span::default, |unit| unit.place);
            self.report.add(Problem::new(codes::DEEP_CALLS, place, message).help("let functions call fewer others in turn"));
        }
    }

    /// The first circle of calls. `open` has the calls of each unit that lead into one.
    fn circle(&self, open: &[usize]) -> Option<Problem> {
        let units = &self.units.all;
        // Functions only: nothing calls the document or the extensions.
        let first = (EXTENSIONS + 1..units.len()).find(|unit| open[*unit] > 0)?;
        let mut path = vec![first];
        loop {
            let last = *path.last()?;
            let (next, _) = *units[last].calls.iter().find(|(callee, _)| open[*callee] > 0)?;
            if let Some(begin) = path.iter().position(|unit| *unit == next) {
                let names: Vec<&str> = path[begin..].iter().map(|unit| &*units[*unit].name).collect();
                let message = match &names[..] {
                    [name] => format!("the function `{name}` calls itself"),
                    names => {
                        let more = if names.len() > NAMES_SHOWN { ", …" } else { "" };
                        format!("these functions call each other in a circle: {}{more}", names[..names.len().min(NAMES_SHOWN)].join(", "))
                    }
                };
                let help = "a function ends before its caller goes on: repeat with `for`, or with `then` inside of one list";
                return Some(Problem::new(codes::FUNCTION_CYCLE, units[next].place, message).help(help));
            }
            path.push(next);
        }
    }
}
