//! `emit` and `listen`.

use std::collections::BTreeSet;

use super::Builder;
use super::scope::{Place, Scope};
use super::tasks::at;
use crate::dsl::tasks::listen as written;
use crate::dsl::{self, Node};
use crate::expr::{Data, Template};
use crate::plan::{Consumption, Correlation, Emit, EventFilter, Foreach, Listen, Until};

/// Whether text that an event's attribute is held against is a pattern: it has a sign that no name of a type or source has. A point is no
/// such sign: types are full of them.
#[must_use]
pub fn is_event_pattern(text: &str) -> bool {
    text.contains(['\\', '^', '$', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|'])
}

/// Types of the events that the document listens to.
#[derive(Debug, Default)]
pub struct Listens {
    types: BTreeSet<String>,
    /// A listener whose types only a run can tell.
    any: bool,
}

impl Listens {
    fn filter(&mut self, filter: &EventFilter) {
        let type_ = filter.with.iter().find(|(name, _)| name == "type").and_then(|(_, value)| value.literal()?.as_str().map(str::to_owned));
        match type_.filter(|type_| !is_event_pattern(type_)) {
            Some(type_) => drop(self.types.insert(type_)),
            None => self.any = true,
        }
    }

    /// Sorted; `*` alone when there is a listener whose types only a run can tell.
    pub fn into_types(self) -> Vec<String> {
        if self.any { vec!["*".to_owned()] } else { self.types.into_iter().collect() }
    }
}

impl Builder<'_, '_> {
    pub(super) fn emit(&mut self, event: &Node, scope: &Scope) -> Option<Emit> {
        self.template(event, Place::Task, scope).map(|event| Emit { event })
    }

    pub(super) fn listen(&mut self, written: &written::Listen, definition: &Data, scope: &Scope) -> Option<Listen> {
        let to = self.consumption(&written.to, scope);
        let foreach = written.foreach.as_ref().map(|foreach| self.foreach(foreach, &at(definition, &["foreach"]), scope));
        Some(Listen { to: to?, read: written.read, foreach })
    }

    fn consumption(&mut self, written: &dsl::Consumption, scope: &Scope) -> Option<Consumption> {
        match written {
            dsl::Consumption::One(filter) => self.filter(filter, scope).map(Consumption::One),
            dsl::Consumption::All(filters) => self.filters(filters, scope).map(Consumption::All),
            dsl::Consumption::Any { filters, until } => {
                self.listens.any |= filters.is_empty();
                let filters = self.filters(filters, scope);
                let until = match until {
                    None => None,
                    Some(dsl::Until::Condition(condition)) => Some(Until::Condition(self.compile(condition, Place::Task, scope)?)),
                    Some(dsl::Until::Events(events)) => Some(Until::Events(Box::new(self.consumption(events, scope)?))),
                };
                Some(Consumption::Any { filters: filters?, until })
            }
        }
    }

    fn filters(&mut self, written: &[dsl::EventFilter], scope: &Scope) -> Option<Vec<EventFilter>> {
        let filters: Vec<_> = written.iter().map(|filter| self.filter(filter, scope)).collect();
        filters.into_iter().collect()
    }

    fn filter(&mut self, written: &dsl::EventFilter, scope: &Scope) -> Option<EventFilter> {
        let mut with: Vec<(String, Template)> = Vec::with_capacity(written.with.len());
        for entry in &written.with {
            with.push((entry.key.text.to_string(), self.template(&entry.value, Place::Task, scope)?));
        }
        let mut correlate = Vec::with_capacity(written.correlate.len());
        for written in &written.correlate {
            let from = self.compile(&written.from, Place::Task, scope)?;
            let expect = self.optional_template(written.expect.as_ref(), Place::Task, scope);
            correlate.push(Correlation { key: written.key.text.to_string(), from, expect });
        }
        let filter = EventFilter { with, correlate };
        self.listens.filter(&filter);
        Some(filter)
    }

    fn foreach(&mut self, written: &written::Foreach, definition: &Data, scope: &Scope) -> Foreach {
        self.check_variables(&written.item, &written.at, ("item", "at"));
        let inner = scope.with(&[&written.item, &written.at]);
        let body = written.body.as_ref().map(|tasks| self.list(tasks, &at(definition, &["do"]), &inner));
        let (output_schema, output_as) = self.data_flow(&written.output, Place::TaskOutput, &inner);
        let (export_schema, export_as) = self.data_flow(&written.export, Place::Export, &inner);
        Foreach { item: scope.next(), body, output_as, output_schema, export_as, export_schema }
    }
}
