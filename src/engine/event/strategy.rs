//! How many events, and of which kinds, end a listener.

use super::filter::{Correlations, Expected, Filter};
use crate::engine::fault::Fault;
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Consumption, EventFilter};

/// A strategy that is being met.
#[derive(Debug)]
pub struct Strategy<'p> {
    filters: Vec<Filter<'p>>,
    each: bool,
}

/// What has been met: for `one` and `all` a mark for each filter, for `any` one in all. Plain data: it outlives the run that it began in.
pub type Met = Vec<bool>;

impl<'p> Strategy<'p> {
    /// # Errors
    /// A filter's expression has no value.
    pub fn new(view: &View<'_>, consumption: &'p Consumption, expected: &mut Expected) -> Result<Self, Fault> {
        let (filters, each): (&[EventFilter], bool) = match consumption {
            Consumption::One(filter) => (std::slice::from_ref(filter), true),
            Consumption::All(filters) => (filters, true),
            Consumption::Any { filters, .. } => (filters, false),
        };
        let filters = filters.iter().map(|filter| Filter::new(view, filter, expected)).collect::<Result<_, _>>()?;
        Ok(Self { filters, each })
    }

    #[must_use]
    pub fn unmet(&self) -> Met {
        vec![false; if self.each { self.filters.len() } else { 1 }]
    }

    /// Whether the event is part of it. Each filter of `one` and `all` takes one event; `any` without filters takes every event.
    pub fn takes(&self, view: &View<'_>, event: &Data, met: &mut Met, known: &mut Correlations) -> bool {
        if self.each {
            let next = self.filters.iter().zip(met).find(|(filter, met)| !**met && filter.accepts(view, event, known));
            return next.map(|(_, met)| *met = true).is_some();
        }
        let takes = self.filters.is_empty() || self.filters.iter().any(|filter| filter.accepts(view, event, known));
        met.iter_mut().for_each(|met| *met |= takes);
        takes
    }
}

/// Nothing is left to come. Of no filters at all nothing is, from the beginning.
pub fn is_met(met: &Met) -> bool {
    met.iter().all(|met| *met)
}
