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
