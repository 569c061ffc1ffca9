//! One evaluation.

use std::cell::Cell;
use std::fmt::{self, Write};

use jaq_core::data::{DataT, HasLut};
use jaq_core::{Ctx, Error, Exn, Lut, Vars};
use jaq_json::{Num, Val};

use super::compile::{Program, Reach};
use super::cost;
use super::data::{DEPTH_MAX, Data, each_node};
use super::regex::Patterns;
use super::stack::{self, Depth, Lost};

/// Units that evaluations may use together; `cost` says what one is. Ordinary expressions use 0 to 10.
#[derive(Debug)]
pub struct Fuel(Cell<u64>);

/// Most that one evaluation uses: as deep as values may become while it runs, which the stack must hold when they are dropped.
const UNITS_MAX: u64 = 500_000;
/// Deepest result. What it is put into, on its way to where it is read again, nests too.
pub(super) const DEPTH_RESULT_MAX: usize = DEPTH_MAX - 16;
/// Most that a program with loops uses on the stack of the caller.
const UNITS_SHALLOW: u64 = 400;
/// After more than this, a deep stack may have been used so far that it is worth giving back.
const UNITS_SMALL: u64 = 20_000;

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

impl EvalError {
    fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into() }
    }
}

/// The kind of data that natives see: the look-up table and the fuel.
pub struct Kind;

#[derive(Clone)]
pub struct Shared<'a> {
    lut: &'a Lut<Kind>,
    state: &'a State,
}

/// What one evaluation carries.
pub struct State {
    fuel: Fuel,
    depth: Depth,
    /// Units of one round of a loop.
    round: u64,
    patterns: Patterns,
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
    /// Takes what a round of a loop costs: more in a long program, which may run through all of itself in each.
    pub fn round(&self) -> Result<(), Error<Val>> {
        self.take(self.state.round)
    }

    pub fn patterns(&self) -> &Patterns {
        &self.state.patterns
    }

    /// Takes units, and sees that there is stack for what they are taken for.
    pub fn take(&self, units: u64) -> Result<(), Error<Val>> {
        let fuel = &self.state.fuel.0;
        match fuel.get().checked_sub(units) {
            Some(left) if self.state.depth.has_room() => {
                fuel.set(left);
                Ok(())
            }
            // The counter stays at zero, so a program cannot catch the error and go on.
            _ => {
                fuel.set(0);
                Err(Error::str(EvalError::OutOfFuel))
            }
        }
    }
}

/// Evaluates once. What an expression gives is data: it is never evaluated again, whatever text stands in it.
///
/// # Errors
/// See [`EvalError`].
pub fn eval(program: &Program, value: &Data, variables: &dyn Variables, fuel: &Fuel) -> Result<Data, EvalError> {
    eval_within(program, value, variables, fuel, DEPTH_RESULT_MAX)
}

/// The same, for a result that will stand within other data: it must not nest deeper than this.
pub(super) fn eval_within(
    program: &Program,
    value: &Data,
    variables: &dyn Variables,
    fuel: &Fuel,
    depth_max: usize,
) -> Result<Data, EvalError> {
    // Kept here while it runs, so that a program never owns one alone: what it copies, and so its fuel, does not depend on who else holds it.
    let values: Vec<Val> = program.uses().iter().map(|index| variables.get(*index).0).collect();
    let units = fuel.left().min(UNITS_MAX);
    let done = match program.reach() {
        Reach::Flat => stack::shallow(|depth| run(program, &value.0, &values, units, depth, depth_max)),
        // Most loops are short: they are tried here, and begun anew on a deep stack when they are not. Nothing is seen of the first attempt.
        Reach::Loops => match stack::shallow(|depth| run(program, &value.0, &values, units.min(UNITS_SHALLOW), depth, depth_max)) {
            Ok((Err(EvalError::OutOfFuel), _)) if units > UNITS_SHALLOW => on_deep_stack(program, value, &values, units, depth_max),
            done => done,
        },
        Reach::Deep => on_deep_stack(program, value, &values, units, depth_max),
    };
    match done {
        Ok((result, spent)) => {
            fuel.0.set(fuel.left().saturating_sub(spent));
            result
        }
        Err(Lost::NoStack) => Err(EvalError::failed("there is no memory for a stack to evaluate the expression on")),
        Err(Lost::Panicked) => Err(EvalError::failed("jq cannot calculate this: a number or a range in it is too large")),
    }
}

/// The result and the fuel that it took.
type Done = (Result<Data, EvalError>, u64);

fn on_deep_stack(program: &Program, value: &Data, values: &[Val], units: u64, depth_max: usize) -> Result<Done, Lost> {
    let (program, value, values) = (program.clone(), value.0.clone(), values.to_vec());
    let was_small = |(_, spent): &Done| *spent <= UNITS_SMALL;
    stack::deep(move |depth| run(&program, &value, &values, units, depth, depth_max), was_small)
}

fn run(program: &Program, value: &Val, variables: &[Val], units: u64, depth: Depth, depth_max: usize) -> Done {
    let state = State { fuel: Fuel::new(units), depth, round: program.round(), patterns: Patterns::default() };
    let result = first_and_only(program, value, variables, &state, depth_max);
    (result, units - state.fuel.left())
}

fn first_and_only(program: &Program, value: &Val, variables: &[Val], state: &State, depth_max: usize) -> Result<Data, EvalError> {
    let filter = program.filter();
    let shared = Shared { lut: &filter.lut, state };
    let fuel = &state.fuel;
    let ctx = Ctx::<Kind>::new(shared.clone(), Vars::new(variables.iter().cloned()));
    let mut outputs = filter.id.run::<Kind>((ctx, value.clone()));
    let first = outputs.next().ok_or(EvalError::NoOutput)?.map_err(|exn| failed(exn, fuel))?;
    match outputs.next() {
        // A program that caught the error of its empty tank has no result.
        None if fuel.left() == 0 => return Err(EvalError::OutOfFuel),
        None => {}
        Some(Ok(_)) => return Err(EvalError::ManyOutputs),
        Some(Err(exn)) => return Err(failed(exn, fuel)),
    }
    // Also the first look at a value that may be deep, or endless when it is written out.
    cost::weigh(&shared, &first).map_err(|error| failed(Exn::from(error), fuel))?;
    json_only(&first, depth_max).map_err(|what| EvalError::NotJson { what })?;
    Ok(Data(first))
}

/// An exception is never let out as it is: one kind of them would end the process.
fn failed(exn: Exn<'_, Val>, fuel: &Fuel) -> EvalError {
    if fuel.left() == 0 {
        return EvalError::OutOfFuel;
    }
    match exn.get_err() {
        Ok(error) => EvalError::failed(shortened(&error)),
        Err(_) => EvalError::failed("the expression breaks out of itself"),
    }
}

/// Error texts quote values: these may be long, and deeper or longer than can be written out.
pub fn shortened(error: &dyn fmt::Display) -> String {
    const BYTES_MAX: usize = 300;
    struct Short(String);
    impl Write for Short {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = BYTES_MAX - self.0.len();
            let end = text.floor_char_boundary(room);
            self.0.push_str(&text[..end]);
            if end == text.len() { Ok(()) } else { Err(fmt::Error) }
        }
    }
    let mut short = Short(String::new());
    if write!(short, "{error}").is_err() {
        short.0.push('…');
    }
    short.0
}

/// jq computes in a superset of JSON; only JSON leaves an expression.
pub(super) fn json_only(val: &Val, depth_max: usize) -> Result<(), &'static str> {
    each_node(val, |val, depth| match val {
        _ if depth > depth_max => Err("a value too deep"),
        Val::Num(number) => json_number(number),
        Val::BStr(_) => Err("a byte string"),
        Val::TStr(bytes) if std::str::from_utf8(bytes).is_err() => Err("text that is not UTF-8"),
        Val::Obj(members) if members.keys().any(|key| !matches!(key, Val::TStr(_))) => Err("an object key that is not a string"),
        _ => Ok(()),
    })
}

fn json_number(number: &Num) -> Result<(), &'static str> {
    match number {
        Num::Float(float) if float.is_nan() => Err("a number that is not one (NaN)"),
        Num::Float(float) if float.is_infinite() => Err("an infinite number"),
        // It would be rounded by whoever reads it next.
        Num::BigInt(int) if **int > u64::MAX.into() || **int < i64::MIN.into() => {
            Err("an integer beyond 64 bits (as text it would be exact)")
        }
        Num::Dec(text) if text.parse::<f64>().is_ok_and(f64::is_infinite) => Err("a number beyond 1.8e308"),
        Num::Dec(text) if !is_json_number(text) => Err("a number written unlike JSON's"),
        _ => Ok(()),
    }
}

/// `-0.5e+3`, but neither `+1.5` nor `007.5`, which jaq reads too.
fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let whole = text.split(['.', 'e', 'E']).next().unwrap_or_default();
    whole.starts_with(|c: char| c.is_ascii_digit()) && (whole.len() == 1 || !whole.starts_with('0'))
}
