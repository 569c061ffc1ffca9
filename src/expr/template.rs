//! Data with expressions in it: what a document writes where a value is computed.

use super::compile::Program;
use super::data::Data;
use super::eval::{DEPTH_RESULT_MAX, EvalError, Fuel, Variables, eval_within};

#[derive(Clone, Debug)]
pub enum Template {
    /// No expression anywhere in it.
    Literal(Data),
    Expr(Program),
    /// Loose mode: text that may be meant as an expression. Where it has no value, the text itself is the value; running out of fuel stays an
    /// error.
    Loose(Program, Data),
    Array(Vec<Self>),
    /// Keys are never expressions.
    Object(Vec<(String, Self)>),
}

impl Template {
    /// The value, in one pass: strings that an expression gives are data, whatever they look like.
    ///
    /// # Errors
    /// The first expression's that has no value, in document order.
    pub fn eval(&self, value: &Data, variables: &dyn Variables, fuel: &Fuel) -> Result<Data, EvalError> {
        self.eval_within(value, variables, fuel, DEPTH_RESULT_MAX)
    }

    /// The same, nesting no deeper than this: or a value that is wrapped in each round of a loop would become too deep to be read again.
    fn eval_within(&self, value: &Data, variables: &dyn Variables, fuel: &Fuel, depth_max: usize) -> Result<Data, EvalError> {
        let inside = depth_max.saturating_sub(1);
        match self {
            Self::Literal(data) => Ok(data.clone()),
            Self::Expr(program) => eval_within(program, value, variables, fuel, depth_max),
            Self::Loose(program, text) => match eval_within(program, value, variables, fuel, depth_max) {
                Err(EvalError::OutOfFuel) => Err(EvalError::OutOfFuel),
                result => Ok(result.unwrap_or_else(|_| text.clone())),
            },
            Self::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| item.eval_within(value, variables, fuel, inside)).collect();
                items.map(Data::array)
            }
            Self::Object(members) => {
                let members: Result<Vec<_>, _> =
                    members.iter().map(|(key, member)| Ok((key.as_str(), member.eval_within(value, variables, fuel, inside)?))).collect();
                members.map(Data::object)
            }
        }
    }

    /// The data itself where there is no expression in it.
    #[must_use]
    pub fn literal(&self) -> Option<&Data> {
        if let Self::Literal(data) = self { Some(data) } else { None }
    }

    /// All programs in it, in document order.
    #[must_use]
    pub fn programs(&self) -> Vec<&Program> {
        match self {
            Self::Literal(_) => vec![],
            Self::Expr(program) | Self::Loose(program, _) => vec![program],
            Self::Array(items) => items.iter().flat_map(Self::programs).collect(),
            Self::Object(members) => members.iter().flat_map(|(_, member)| member.programs()).collect(),
        }
    }
}
