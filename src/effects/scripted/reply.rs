//! The reply of a scripted agent: text with placeholders, expressions, or a structure of both.

use super::super::EffectError;
use super::super::agents::Question;
use crate::expr::{self, CompileError, Data, Fuel, Program, Variables};

/// Enough for any reply a person writes, and an end to those that never stop.
const FUEL: u64 = 10_000_000;

#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// `{message}` and `{agent}` are filled in; other braces stand for themselves.
    Text(String),
    Expression(Program),
    Literal(Data),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// A reply names no variables: everything it may use is in its input.
struct NoVariables;

impl Variables for NoVariables {
    fn get(&self, _index: usize) -> Data {
        Data::null()
    }
}

impl Reply {
    /// The error comes with the source of the expression that cannot be compiled.
    pub fn new(value: &Data) -> Result<Self, (String, CompileError)> {
        if let Some(items) = value.items() {
            return items.map(|item| Self::new(&item)).collect::<Result<_, _>>().map(Self::Array);
        }
        if let Some(entries) = value.entries() {
            return entries.map(|(key, value)| Ok((key, Self::new(&value)?))).collect::<Result<_, _>>().map(Self::Object);
        }
        let Some(text) = value.as_str() else { return Ok(Self::Literal(value.clone())) };
        match expr::expression(text) {
            Some(source) => expr::compile(source, &[]).map(Self::Expression).map_err(|error| (source.to_owned(), error)),
            None => Ok(Self::Text(text.to_owned())),
        }
    }

    pub fn fill(&self, agent: &str, question: &Question) -> Result<Data, EffectError> {
        match self {
            Self::Text(text) => Ok(Data::string(placed(text, agent, &question.message))),
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(program) => {
                let message = Data::string(&question.message);
                let input = Data::object([("message", message), ("env", question.env.clone()), ("agent", Data::string(agent))]);
                expr::eval(program, &input, &NoVariables, &Fuel::new(FUEL)).map_err(|error| {
                    EffectError::expression(format!("the reply of agent `{agent}` cannot be evaluated")).with_detail(error.to_string())
                })
            }
            Self::Array(items) => Ok(Data::array(items.iter().map(|item| item.fill(agent, question)).collect::<Result<Vec<_>, _>>()?)),
            Self::Object(entries) => {
                let filled = entries.iter().map(|(key, value)| Ok((key, value.fill(agent, question)?)));
                Ok(Data::object(filled.collect::<Result<Vec<_>, EffectError>>()?))
            }
        }
    }
}

/// In one pass: a placeholder that stands in the message itself is not filled in again.
fn placed(text: &str, agent: &str, message: &str) -> String {
    let mut result = String::with_capacity(text.len() + message.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from_brace) = rest.split_at(start);
        result.push_str(before);
        let (value, length) = if from_brace.starts_with("{message}") {
            (message, "{message}".len())
        } else if from_brace.starts_with("{agent}") {
            (agent, "{agent}".len())
        } else {
            ("{", 1)
        };
        result.push_str(value);
        rest = &from_brace[length..];
    }
    result + rest
}
