//! `listen`: waits for events. `{to: strategy, read}`, and `foreach` for what is done with each of them.

use super::{Body, Site, Task, list};
use crate::dsl::definition::{self, DataFlow};
use crate::dsl::event::{self, Consumption};
use crate::dsl::node::{Name, Node};
use crate::dsl::read::Shape;
use crate::dsl::report::Report;

#[derive(Debug)]
pub struct Listen {
    pub to: Consumption,
    pub read: Read,
    pub foreach: Option<Foreach>,
}

/// Which part of a consumed event is data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Read {
    #[default]
    Data,
    Envelope,
    Raw,
}

/// What is done with each event.
#[derive(Debug)]
pub struct Foreach {
    /// Name of the variable that holds the event; `item` when the document gives none.
    pub item: Name,
    /// Name of the variable that holds the position, from 0; `index` when the document gives none.
    pub at: Name,
    pub body: Option<Vec<Task>>,
    pub output: DataFlow,
    pub export: DataFlow,
}

const LISTEN: Shape = Shape { what: "`listen`", keys: &["to", "read"], required: &["to"] };
const FOREACH: Shape = Shape { what: "`foreach`", keys: &["item", "at", "do", "output", "export"], required: &[] };
pub const READS: [(&str, Read); 3] = [("data", Read::Data), ("envelope", Read::Envelope), ("raw", Read::Raw)];

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let pointer = format!("{}/foreach", site.reference);
    let foreach = site.fields.get("foreach").and_then(|node| foreach(report, node, &pointer));
    let fields = report.fields(site.value("listen")?, &LISTEN)?;
    let read = fields.get("read").and_then(|node| report.choice(node, "`read`", &READS)).unwrap_or_default();
    let to = event::consumption(report, fields.get("to")?)?;
    Some(Body::Listen(Box::new(Listen { to, read, foreach })))
}

/// `foreach`, of a listener or a subscription; `pointer` is its JSON pointer.
pub(super) fn foreach(report: &mut Report<'_>, node: &Node, pointer: &str) -> Option<Foreach> {
    let fields = report.fields(node, &FOREACH)?;
    let default = |name: &str| Name { text: name.into(), span: node.span };
    Some(Foreach {
        item: fields.text(report, "item").unwrap_or_else(|| default("item")),
        at: fields.text(report, "at").unwrap_or_else(|| default("index")),
        body: fields.get("do").map(|node| list(report, node, &format!("{pointer}/do"))),
        output: fields.get("output").and_then(|node| definition::output(report, node)).unwrap_or_default(),
        export: fields.get("export").and_then(|node| definition::export(report, node)).unwrap_or_default(),
    })
}
