//! Tasks that the flow never comes to.

use super::Builder;
use crate::dsl::tasks::Task as Written;
use crate::dsl::{Problem, codes};
use crate::plan::{Kind, List, Task, Then};

impl Builder<'_, '_> {
    /// Warns of the first of each row of tasks that nothing leads to.
    pub(super) fn warn_of_unreachable(&mut self, written: &[Written], list: &List) {
        let Some(tasks) = list.tasks.iter().map(|id| self.tasks[id.0 as usize].as_ref()).collect::<Option<Vec<&Task>>>() else { return };
        let mut reached = vec![false; tasks.len()];
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            if reached.get(at) != Some(&false) {
                continue;
            }
            reached[at] = true;
            let next = |then| match then {
                Then::Continue => Some(at + 1),
                Then::Goto(target) => Some(target),
                Then::Exit | Then::End => None,
            };
            open.extend(exits(tasks[at]).into_iter().filter_map(next));
        }
        for at in (1..reached.len()).filter(|at| !reached[*at] && reached[at - 1]) {
            let name = &written[at].name;
            let problem = Problem::new(codes::UNREACHABLE, name.span, format!("the flow never comes to `{}`", name.text));
            let before = &written[at - 1].name;
            self.report.add(problem.help(format!("`{}` before it never goes on to it, and no `then` names it", before.text)));
        }
    }
}

/// Where the flow may go after a task.
fn exits(task: &Task) -> Vec<Then> {
    let mut exits = match &task.kind {
        Kind::Switch(cases) => {
            let has_default = cases.iter().any(|case| case.when.is_none());
            cases.iter().map(|case| case.then).chain((!has_default).then_some(task.then)).collect()
        }
        Kind::Try(written) => [Some(task.then), written.then].into_iter().flatten().collect(),
        _ => vec![task.then],
    };
    if task.condition.is_some() {
        // Nothing is said of a task that only sometimes leads on.
        exits.extend([Then::Continue, task.then]);
    }
    exits
}
