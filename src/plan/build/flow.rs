//! Lists of tasks, and where `then` leads in them.

use std::collections::BTreeMap;

use super::Builder;
use super::scope::Scope;
use crate::dsl::tasks::Task as Written;
use crate::dsl::{Name, Problem, codes};
use crate::expr::Data;
use crate::plan::{List, TaskId, Then};

/// Names that a message lists at most.
const NAMES_SHOWN: usize = 10;

/// What a flow directive of a list may name.
pub struct Targets<'w> {
    positions: BTreeMap<&'w str, usize>,
    /// Branches of a `fork` run at the same time: none can be jumped to.
    branches: bool,
}

impl<'w> Targets<'w> {
    fn new(tasks: &'w [Written], branches: bool) -> Self {
        let positions = tasks.iter().enumerate().rev().map(|(at, task)| (&*task.name.text, at)).collect();
        Self { positions, branches }
    }

    /// Of a task that stands in no list.
    pub fn none() -> Self {
        Self { positions: BTreeMap::new(), branches: false }
    }
}

impl Builder<'_, '_> {
    /// Builds a `do` list. `definition` is the list as data.
    pub(super) fn list(&mut self, tasks: &[Written], definition: &Data, scope: &Scope) -> List {
        let list = List { tasks: self.members(tasks, definition, scope, &Targets::new(tasks, false)) };
        self.warn_of_unreachable(tasks, &list);
        list
    }

    pub(super) fn branches(&mut self, tasks: &[Written], definition: &Data, scope: &Scope) -> Vec<TaskId> {
        self.members(tasks, definition, scope, &Targets::new(tasks, true))
    }

    fn members(&mut self, tasks: &[Written], definition: &Data, scope: &Scope, targets: &Targets<'_>) -> Vec<TaskId> {
        // Items that could not be read are missing in `tasks`; then the document is refused and what stands beside what does not matter.
        let definitions: Vec<Data> = definition.items().map(Iterator::collect).unwrap_or_default();
        let numbered = tasks.iter().enumerate();
        let task = |(at, task): (usize, &Written)| {
            let definition = definitions.get(at).and_then(|item| item.get(&task.name.text)).unwrap_or_default();
            let reference = task.reference.clone();
            let outer = self.report.enter(&reference);
            let id = self.task(task, definition, scope, targets);
            self.report.leave(outer);
            id
        };
        numbered.map(task).collect()
    }

    pub(super) fn then(&mut self, then: Option<&Name>, targets: &Targets<'_>) -> Then {
        let Some(name) = then else { return Then::Continue };
        match &*name.text {
            "continue" => return Then::Continue,
            "exit" => return Then::Exit,
            "end" => return Then::End,
            target => match targets.positions.get(target) {
                Some(at) if !targets.branches => return Then::Goto(*at),
                _ => {}
            },
        }
        let known = || targets.positions.keys().copied();
        let problem = if targets.branches {
            let message = format!("a branch of a `fork` cannot go on to `{}`", name.text);
            let help = "branches run at the same time; put tasks that follow each other into a `do`, or write continue, exit or end";
            Problem::new(codes::UNKNOWN_TARGET, name.span, message).help(help)
        } else {
            let message = format!("there is no task `{}` in this list", name.text);
            let near = self.report.did_you_mean(&name.text, known().chain(["continue", "exit", "end"]));
            let names = known().take(NAMES_SHOWN).collect::<Vec<_>>().join(", ");
            let more = if targets.positions.len() > NAMES_SHOWN { ", …" } else { "" };
            let help = near.unwrap_or_else(|| format!("`then` reaches the tasks of its own list ({names}{more}), continue, exit and end"));
            Problem::new(codes::UNKNOWN_TARGET, name.span, message).help(help)
        };
        self.report.add(problem);
        Then::Continue
    }
}
