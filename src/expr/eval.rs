//! One evaluation.

use std::cell::Cell;

use jaq_core::data::{DataT, HasLut};
use jaq_core::{Ctx, Error, Lut, Vars};
use jaq_json::{Num, Val};

use super::compile::Program;
use super::data::Data;
use super::harden::exhausted;

/// Units that evaluations may use together. One is taken by each call of a definition and each round of a loop; ordinary expressions use 0 to 10.
#[derive(Debug)]
pub struct Fuel(Cell<u64>);

impl Fuel {
    #[must_use]
    pub fn new(units: u64) -> Self {
        Self(Cell::new(units))
    }

    #[must_use]
    pub fn left(&self) -> u64 {
        self.0.get()
    }
}

/// The values of variables, by the index that they were compiled with. Asked only for those that the program names.
pub trait Variables {
    fn get(&self, index: usize) -> Data;
}

/// No variables at all.
impl Variables for () {
    fn get(&self, _: usize) -> Data {
        Data::null()
    }
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    #[error("{message}")]
    Failed { message: String },
    #[error("the expression has no result; use `// default` or wrap it in `[ ]`")]
    NoOutput,
    #[error("the expression has more than one result; wrap it in `[ ]` to make an array of them, or take `first( )`")]
    ManyOutputs,
    #[error("the expression's result holds {what}, which JSON cannot express")]
    NotJson { what: &'static str },
    #[error("the expression does not end: it has used up its fuel")]
    OutOfFuel,
}

/// The kind of data that natives see: the look-up table and the fuel.
pub struct Kind;

#[derive(Clone)]
pub struct Shared<'a> {
    lut: &'a Lut<Kind>,
    fuel: &'a Fuel,
}

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = Shared<'a>;
}

impl<'a> HasLut<'a, Kind> for Shared<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        self.lut
    }
}

impl Shared<'_> {
    pub fn take(&self, units: u64) -> Result<(), Error<Val>> {
        match self.fuel.0.get().checked_sub(units) {
            Some(left) => {
                self.fuel.0.set(left);
                Ok(())
            }
            None => {
                self.fuel.0.set(0);
                Err(exhausted())
            }
        }
    }
}

/// Evaluates once. What an expression gives is data: it is never evaluated again, whatever text stands in it.
///
/// # Errors
/// See [`EvalError`].
pub fn eval(program: &Program, value: &Data, variables: &dyn Variables, fuel: &Fuel) -> Result<Data, EvalError> {
    let vars = Vars::new(program.uses().iter().map(|index| variables.get(*index).0));
    let filter = program.filter();
    let ctx = Ctx::<Kind>::new(Shared { lut: &filter.lut, fuel }, vars);
    let mut outputs = filter.id.run::<Kind>((ctx, value.0.clone()));
    let first = outputs.next().ok_or(EvalError::NoOutput)?.map_err(|exn| failed(exn, fuel))?;
    match outputs.next() {
        None => {}
        Some(Ok(_)) => return Err(EvalError::ManyOutputs),
        Some(Err(exn)) => return Err(failed(exn, fuel)),
    }
    json_only(&first).map_err(|what| EvalError::NotJson { what })?;
    Ok(Data(first))
}

/// An exception is never let out as it is: one kind of them would end the process.
fn failed(exn: jaq_core::Exn<'_, Val>, fuel: &Fuel) -> EvalError {
    if fuel.left() == 0 {
        return EvalError::OutOfFuel;
    }
    match exn.get_err() {
        Ok(error) => EvalError::Failed { message: shortened(&error.to_string()) },
        Err(_) => EvalError::Failed { message: "the expression breaks out of itself".to_owned() },
    }
}

/// Error texts quote values, which may be long.
fn shortened(message: &str) -> String {
    const CHARS_MAX: usize = 300;
    match message.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

/// jq computes in a superset of JSON; only JSON leaves an expression.
pub(super) fn json_only(val: &Val) -> Result<(), &'static str> {
    match val {
        Val::Num(Num::Float(f)) if f.is_nan() => Err("a number that is not one (NaN)"),
        Val::Num(Num::Float(f)) if f.is_infinite() => Err("an infinite number"),
        Val::BStr(_) => Err("a byte string"),
        Val::Arr(items) => items.iter().try_for_each(json_only),
        Val::Obj(members) => members.iter().try_for_each(|(key, value)| {
            if !matches!(key, Val::TStr(_)) {
                return Err("an object key that is not a string");
            }
            json_only(value)
        }),
        _ => Ok(()),
    }
}
