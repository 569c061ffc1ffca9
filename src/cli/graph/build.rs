//! Plan → graph.

use std::collections::BTreeSet;

use super::labels;
use super::model::{Edge, Graph, Item, Line, Scope, Shape};
use crate::plan::{Case, Extension, Fork, Kind, List, Plan, Task, TaskId, Then, Try};

#[must_use]
pub fn graph(plan: &Plan) -> Graph {
    let mut builder = Builder { plan, items: 0, functions: BTreeSet::new(), drawn: BTreeSet::new() };
    let flow = builder.list(&plan.root, true);
    let mut others: Vec<Item> = plan.extensions.iter().map(|extension| builder.extension(extension)).collect();
    // A function may call others, which come to light as it is drawn.
    while let Some(id) = builder.functions.pop_first() {
        if builder.drawn.insert(id) {
            others.push(builder.function(id));
        }
    }
    Graph { title: format!("{}/{} {}", plan.namespace, plan.name, plan.version), flow, others }
}

struct Builder<'p> {
    plan: &'p Plan,
    /// Items so far.
    items: usize,
    /// Tasks of functions that are called and not drawn yet.
    functions: BTreeSet<TaskId>,
    drawn: BTreeSet<TaskId>,
}

/// A list while it is built.
struct Ends {
    /// Whether the list is the workflow itself, so that leaving it is the end.
    is_root: bool,
    /// Positions in the scope, once something leads there.
    exit: Option<usize>,
    end: Option<usize>,
}

impl Builder<'_> {
    fn item(&mut self, shape: Shape, lines: Vec<String>) -> Item {
        let id = format!("n{}", self.items);
        self.items += 1;
        Item { id, shape, lines, reference: None, inside: None, mark: None }
    }

    fn named(&mut self, shape: Shape, name: &str) -> Item {
        self.item(shape, vec![name.to_owned()])
    }

    fn list(&mut self, list: &List, is_root: bool) -> Scope {
        let mut scope = Scope { items: vec![self.named(Shape::Start, "start")], edges: Vec::new() };
        for id in &list.tasks {
            let item = self.task(self.plan.task(*id));
            scope.items.push(item);
        }
        let mut ends = Ends { is_root, exit: None, end: None };
        let first = self.target(&mut scope, &mut ends, Then::Continue, 0, list);
        scope.edges.push(flow(0, first, None));
        for (at, id) in list.tasks.iter().enumerate() {
            self.ways_on(&mut scope, &mut ends, self.plan.task(*id), at + 1, list);
        }
        scope
    }

    /// The edges that leave a task at `from`.
    fn ways_on(&mut self, scope: &mut Scope, ends: &mut Ends, task: &Task, from: usize, list: &List) {
        let cases: &[Case] = if let Kind::Switch(cases) = &task.kind { cases } else { &[] };
        for case in cases {
            let to = self.target(scope, ends, case.then, from, list);
            scope.edges.push(flow(from, to, Some(labels::clip(&case.name))));
        }
        let label = match &task.kind {
            Kind::Switch(cases) if cases.iter().any(|case| case.when.is_none()) => None,
            Kind::Switch(_) => Some(Some("otherwise".to_owned())),
            // An error leaves by no edge; without one the flow goes on.
            Kind::Raise(_) => task.condition.as_ref().map(|_| Some("if not".to_owned())),
            _ => Some(None),
        };
        if let Some(label) = label {
            let to = self.target(scope, ends, task.then, from, list);
            scope.edges.push(flow(from, to, label));
        }
        if let Kind::Try(try_) = &task.kind
            && let Some(then) = try_.then
        {
            let to = self.target(scope, ends, then, from, list);
            scope.edges.push(flow(from, to, Some("caught".to_owned())));
        }
    }

    /// Where a directive leads from the item at `from`. The marks for leaving a list are made when something leads there.
    fn target(&mut self, scope: &mut Scope, ends: &mut Ends, then: Then, from: usize, list: &List) -> usize {
        let (mark, shape) = match then {
            Then::Goto(position) => return position + 1,
            Then::Continue if from < list.tasks.len() => return from + 1,
            Then::End => (&mut ends.end, Shape::End),
            Then::Continue | Then::Exit if ends.is_root => (&mut ends.end, Shape::End),
            Then::Continue | Then::Exit => (&mut ends.exit, Shape::Exit),
        };
        *mark.get_or_insert_with(|| {
            scope.items.push(self.named(shape, shape.word()));
            scope.items.len() - 1
        })
    }

    fn task(&mut self, task: &Task) -> Item {
        let shape = match &task.kind {
            Kind::Switch(_) => Shape::Choice,
            Kind::Raise(_) => Shape::Error,
            _ => Shape::Task,
        };
        let mut item = self.item(shape, labels::of(task));
        item.reference = Some(task.reference.clone());
        item.inside = match &task.kind {
            Kind::Do(list) => Some(self.list(list, false)),
            Kind::For(for_) => Some(self.again(&for_.body)),
            Kind::Fork(fork) => Some(self.fork(fork)),
            Kind::Try(try_) => Some(self.try_(task, try_)),
            Kind::Listen(listen) => listen.foreach.as_ref().and_then(|foreach| foreach.body.as_ref()).map(|body| self.again(body)),
            Kind::Function(function) => {
                self.functions.insert(function.task);
                None
            }
            _ => None,
        };
        if item.inside.is_some() {
            item.shape = Shape::Group;
        }
        item
    }

    /// A list that is run once per item.
    fn again(&mut self, list: &List) -> Scope {
        let mut scope = self.list(list, false);
        if let Some(exit) = scope.items.iter().position(|item| item.shape == Shape::Exit) {
            scope.edges.push(flow(exit, 0, Some("next".to_owned())));
        }
        scope
    }

    fn fork(&mut self, fork: &Fork) -> Scope {
        let mut items = vec![self.named(Shape::Bar, "fork")];
        for id in &fork.branches {
            items.push(self.task(self.plan.task(*id)));
        }
        items.push(self.named(Shape::Bar, if fork.compete { "first" } else { "all" }));
        let last = items.len() - 1;
        let edges = (1..last).flat_map(|at| [flow(0, at, None), flow(at, last, None)]).collect();
        Scope { items, edges }
    }

    fn try_(&mut self, task: &Task, try_: &Try) -> Scope {
        let mut scope = Scope { items: vec![self.named(Shape::Start, "start")], edges: Vec::new() };
        let mut add = |item| {
            scope.items.push(item);
            scope.items.len() - 1
        };
        let body = add(self.group("try", &try_.body));
        let retry = try_.retry.as_ref().map(|policy| add(self.item(Shape::Handling, vec!["retry".to_owned(), labels::retry(policy)])));
        let handler = match (&try_.handler, retry) {
            (Some(list), _) => Some(add(self.group("catch", list))),
            // Without a handler the input goes on; with a policy that is used up the error is raised again.
            (None, None) => Some(add(self.named(Shape::Handling, "catch"))),
            (None, Some(_)) => None,
        };
        let exit = add(self.named(Shape::Exit, Shape::Exit.word()));
        let error = |from, to, label: &str| Edge { from, to, label: Some(label.to_owned()), line: Line::Error };
        scope.edges.extend([flow(0, body, None), flow(body, exit, None)]);
        scope.edges.extend(retry.or(handler).map(|to| error(body, to, &labels::caught(task))));
        if let Some(retry) = retry {
            scope.edges.push(error(retry, body, "again"));
            scope.edges.extend(handler.map(|handler| error(retry, handler, "no more")));
        }
        scope.edges.extend(handler.map(|handler| flow(handler, exit, None)));
        scope
    }

    fn group(&mut self, name: &str, list: &List) -> Item {
        let mut item = self.named(Shape::Group, name);
        item.inside = Some(self.list(list, false));
        item
    }

    fn extension(&mut self, extension: &Extension) -> Item {
        let mut item = self.item(Shape::Group, vec![labels::clip(&extension.name), "extension".to_owned()]);
        let parts = [("before", &extension.before), ("after", &extension.after)];
        let items = parts.into_iter().filter(|(_, list)| !list.tasks.is_empty()).map(|(name, list)| self.group(name, list));
        item.inside = Some(Scope { items: items.collect(), edges: Vec::new() });
        item
    }

    fn function(&mut self, id: TaskId) -> Item {
        let task = self.plan.task(id);
        let mut item = self.item(Shape::Group, vec![labels::clip(&task.name), "function".to_owned()]);
        item.inside = Some(Scope { items: vec![self.task(task)], edges: Vec::new() });
        item
    }
}

fn flow(from: usize, to: usize, label: Option<String>) -> Edge {
    Edge { from, to, label, line: Line::Flow }
}
