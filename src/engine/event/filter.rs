//! Whether an event is one that a listener waits for.
//!
//! | given | matches |
//! |---|---|
//! | literal attribute | an equal one, or one that it matches as a regular expression from end to end |
//! | attribute by expression | an equal one; it is evaluated once, on the task's input, when listening begins |
//! | `data` by expression | evaluated on the event's data: true or false decides, null does not match, anything else is what the data must hold |
//! | `data` otherwise | data that holds all of it; an expression in it is evaluated on the event's data |
//! | `correlate` | see [`Correlations`] |
//!
//! Attributes are compared as texts, since over HTTP they come as texts. An expression that fails on an event does not match it: what others send
//! can be no fault of a run. Literals are looked at first, so it fails only for events that are of the kind it was written for.

use std::collections::{BTreeMap, VecDeque};

use super::is_text;
use super::pattern::{Shape, Text};
use crate::engine::fault::Fault;
use crate::engine::view::{View, article};
use crate::expr::{Data, Program, Template};
use crate::plan::{Correlation, EventFilter};

/// What correlated events of one listener agree on, by key: the value of `from` in the first event where a key has no `expect`.
pub type Correlations = BTreeMap<String, Data>;

/// What the expressions of a listener's attributes have come to, in their order. They are evaluated when it begins, and a run that continues it
/// goes on with the same answers.
#[derive(Debug, Default)]
pub struct Expected {
    answers: Vec<Data>,
    recalled: VecDeque<Data>,
}

impl Expected {
    /// For another run: see [`Expected::recall`].
    pub fn data(&self) -> Data {
        Data::array(self.answers.iter().cloned())
    }

    pub fn recall(&mut self, data: &Data) {
        self.recalled = data.items().into_iter().flatten().collect();
    }

    fn evaluate(&mut self, view: &View<'_>, template: &Template) -> Result<Data, Fault> {
        if let Some(literal) = template.literal() {
            return Ok(literal.clone());
        }
        let answer = match self.recalled.pop_front() {
            Some(answer) => answer,
            None => view.definition(template)?,
        };
        self.answers.push(answer.clone());
        Ok(answer)
    }
}

/// A filter of a listener that has begun.
#[derive(Debug)]
pub struct Filter<'p> {
    attributes: Vec<(&'p str, Text)>,
    data: Option<Shape>,
    correlate: Vec<(&'p Correlation, Option<Data>)>,
}

impl<'p> Filter<'p> {
    /// # Errors
    /// An expression of an attribute or of `expect` has no value, or one that no attribute can have.
    pub fn new(view: &View<'_>, filter: &'p EventFilter, expected: &mut Expected) -> Result<Self, Fault> {
        let mut attributes = Vec::new();
        let mut data = None;
        for (name, template) in &filter.with {
            if name == "data" {
                data = Some(Shape::new(template));
            } else {
                attributes.push((name.as_str(), attribute(view, name, template, expected)?));
            }
        }
        let mut correlate = Vec::new();
        for correlation in &filter.correlate {
            let expect = correlation.expect.as_ref().map(|expect| expected.evaluate(view, expect)).transpose()?;
            correlate.push((correlation, expect));
        }
        Ok(Self { attributes, data, correlate })
    }

    /// Whether the event is wanted. What it is correlated by is noted when it is.
    pub fn accepts(&self, view: &View<'_>, event: &Data, known: &mut Correlations) -> bool {
        let holds = |(name, wanted): &(&str, Text)| event.get(name).and_then(|value| as_text(&value)).is_some_and(|v| wanted.matches(&v));
        if !self.attributes.iter().all(holds) || !self.data.as_ref().is_none_or(|shape| has_data(view, shape, event)) {
            return false;
        }
        let Some(news) = self.correlates(view, event, known) else { return false };
        known.extend(news);
        true
    }

    /// The expectations that this event sets; none when it does not meet those that there are.
    fn correlates(&self, view: &View<'_>, event: &Data, known: &Correlations) -> Option<Correlations> {
        let mut news = Correlations::new();
        for (correlation, expected) in &self.correlate {
            let value = view.program(&correlation.from, event).ok().filter(|value| !value.is_null())?;
            match expected.as_ref().or_else(|| known.get(&correlation.key)) {
                Some(expected) if *expected == value => {}
                Some(_) => return None,
                None => {
                    news.insert(correlation.key.clone(), value);
                }
            }
        }
        Some(news)
    }
}

/// A literal text may be a pattern; every other value is itself alone.
fn attribute(view: &View<'_>, name: &str, template: &Template, expected: &mut Expected) -> Result<Text, Fault> {
    let value = expected.evaluate(view, template)?;
    if let (Template::Literal(literal) | Template::Loose(_, literal), Some(text)) = (template, value.as_str())
        && *literal == value
    {
        return Ok(Text::pattern(text));
    }
    let text = as_text(&value).filter(|_| value.is_string() || !is_text(name));
    text.map(Text::exact).ok_or_else(|| view.refuse(format!("no event has {} as its `{name}`", article(&value))))
}

/// Texts as they are, numbers and booleans as written.
fn as_text(value: &Data) -> Option<String> {
    match value.kind() {
        "string" => value.as_str().map(str::to_owned),
        "number" | "boolean" => Some(value.to_string()),
        _ => None,
    }
}

fn has_data(view: &View<'_>, shape: &Shape, event: &Data) -> bool {
    let data = super::data(event);
    let evaluate = |program: &Program| view.program(program, &data).ok();
    let answer = if let Shape::Expr(program, _) = shape { evaluate(program) } else { None };
    match answer {
        Some(answer) if answer.is_null() => false,
        Some(answer) => answer.as_bool().unwrap_or_else(|| Shape::of_value(&answer).matches(&data, &evaluate)),
        None => shape.matches(&data, &evaluate),
    }
}
