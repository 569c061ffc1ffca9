//! A workflow as boxes and arrows.
//!
//! A scope is what `then` can reach: a list of tasks, the branches of a fork, the parts of a try. Edges join items of one scope only, so every
//! scope can be drawn by itself and then be a box in the scope around it.

use std::sync::Arc;

#[derive(Debug)]
pub struct Graph {
    /// `namespace/name version`.
    pub title: String,
    pub flow: Scope,
    /// Extensions and functions: groups that stand beside the flow.
    pub others: Vec<Item>,
}

impl Graph {
    /// What a run was painted onto, in the order of the document.
    #[must_use]
    pub fn marked(&self) -> Vec<(&Item, Mark)> {
        fn walk<'g>(item: &'g Item, marked: &mut Vec<(&'g Item, Mark)>) {
            marked.extend(item.mark.map(|mark| (item, mark)));
            item.inside.iter().flat_map(|scope| &scope.items).for_each(|item| walk(item, marked));
        }
        let mut marked = Vec::new();
        self.flow.items.iter().chain(&self.others).for_each(|item| walk(item, &mut marked));
        marked
    }
}

/// Items in the order of the document.
#[derive(Debug, Default)]
pub struct Scope {
    pub items: Vec<Item>,
    pub edges: Vec<Edge>,
}

#[derive(Debug)]
pub struct Item {
    /// Unique in the graph, `n0`, `n1`, … in the order of the document.
    pub id: String,
    pub shape: Shape,
    /// The first line is the name.
    pub lines: Vec<String>,
    /// JSON pointer of the task; `None` for what only the drawing has.
    pub reference: Option<Arc<str>>,
    /// What stands in a group.
    pub inside: Option<Scope>,
    /// How it stands in a run that was painted onto the graph.
    pub mark: Option<Mark>,
}

/// How a task stands in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Done,
    Running,
    Waiting,
    Failed,
    Skipped,
    Cancelled,
    NotReached,
}

impl Mark {
    pub const ALL: [Self; 7] = [Self::Done, Self::Running, Self::Waiting, Self::Failed, Self::Skipped, Self::Cancelled, Self::NotReached];

    /// One word, for classes of a style sheet.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::NotReached => "notreached",
        }
    }

    /// Colours of what is inside, and of what is around it.
    #[must_use]
    pub fn colours(self) -> (&'static str, &'static str) {
        match self {
            Self::Done => ("#dafbe1", "#1a7f37"),
            Self::Running => ("#ddf4ff", "#0969da"),
            Self::Waiting => ("#fff8c5", "#9a6700"),
            Self::Failed => ("#ffebe9", "#cf222e"),
            Self::Skipped => ("#f6f8fa", "#8c959f"),
            Self::Cancelled => ("#fbefff", "#8250df"),
            Self::NotReached => ("#ffffff", "#d0d7de"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Where a scope is entered.
    Start,
    /// Where it is left.
    Exit,
    /// Where the whole workflow ends.
    End,
    Task,
    /// A `switch`.
    Choice,
    /// A `raise`.
    Error,
    /// Where branches part and meet.
    Bar,
    /// What is done about an error.
    Handling,
    /// An item with others in it.
    Group,
}

impl Shape {
    /// One word, for classes of a style sheet.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Exit => "exit",
            Self::End => "end",
            Self::Task => "task",
            Self::Choice => "choice",
            Self::Error => "error",
            Self::Bar => "bar",
            Self::Handling => "handling",
            Self::Group => "group",
        }
    }
}

/// From one item of a scope to another, by their positions in it.
#[derive(Debug)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub label: Option<String>,
    pub line: Line,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Flow,
    /// The way of an error.
    Error,
}
