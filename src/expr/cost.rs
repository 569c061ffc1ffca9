//! What work costs, and the natives that take it from the fuel.
//!
//! One unit is a call of a definition, a round of a loop, an array or object that is made, 64 bytes of text or 16 items that are copied, or 16 values
//! that are looked at. So fuel bounds time, memory and the depth of values alike: nothing grows but by units.

use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Bind, Cv, Error, Exn, Native, RunPtr, ValXs};
use jaq_json::{Num, Rc, Val};

use super::data::{DEPTH_MAX, each_node};
use super::eval::{Kind, Shared, shortened};
use super::guard::{is_marked, is_marked_inside, looks_inside};
use super::text::readable;

/// One unit.
pub const TICK: &str = "__tick";
/// Both: a round that gave the input.
pub const STEP: &str = "__step";
/// By the length of the input; what is in it is not looked at.
pub const CHARGE: &str = "__charge";
/// By all that is in the input, which must not nest too deep: stands before whatever walks a value on the machine's stack.
pub const WEIGH: &str = "__weigh";
/// Like [`CHARGE`], for text that is going to be parsed as JSON.
pub const SHALLOW: &str = "__shallow";
/// Takes a value to compare the input with.
pub const PAIR: &str = "__pair";
pub const ROUNDS: &str = "__rounds";
/// Takes what is tried.
pub const CAUGHT: &str = "__caught";
pub const ADD: &str = "__add";
pub const SUB: &str = "__sub";
pub const MUL: &str = "__mul";
pub const DIV: &str = "__div";

const BYTES_PER_UNIT: usize = 64;
const ITEMS_PER_UNIT: usize = 16;
/// Digits of integers, in bytes; multiplying them costs the square.
const INTEGER_MAX: usize = 1024;
const ROUNDS_PER_UNIT: usize = 16;

pub type Checked = Result<(), Error<Val>>;

/// A native that checks its input and passes it through: as itself, as a path and in an update alike.
macro_rules! guard {
    ($name:expr, $check:expr) => {{
        const CHECK: fn(&Shared<'_>, &Val) -> Checked = $check;
        let native = Native::<Kind>::new(|cv| bome(CHECK(cv.0.data(), &cv.1).map(|()| cv.1)))
            .with_paths(|cv| {
                let checked = CHECK(cv.0.data(), &cv.1.0);
                Box::new(std::iter::once(checked.map(|()| cv.1).map_err(Exn::from)))
            })
            .with_update(|cv, update| match CHECK(cv.0.data(), &cv.1) {
                Ok(()) => update(cv.1),
                Err(error) => Box::new(std::iter::once(Err(Exn::from(error)))),
            });
        ($name, v(0), native)
    }};
}
pub(super) use guard;

pub fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let guards = [
        guard!(TICK, |shared, _| shared.round()),
        guard!(STEP, |shared, val| shared.round().and_then(|()| shared.take(units(length(val))))),
        guard!(CHARGE, |shared, val| shared.take(units(length(val)))),
        guard!(WEIGH, weigh),
        guard!(SHALLOW, shallow),
        guard!(ROUNDS, rounds),
    ];
    let caught = Native::<Kind>::new(caught).with_paths(|mut cv| {
        let (id, ctx) = cv.0.pop_fun();
        Box::new(id.paths::<Kind>((ctx, cv.1)).map(|result| result.map_err(bounded)))
    });
    let others = [(CAUGHT, [Bind::Fun(())].into(), caught), run::<Kind>((PAIR, v(1), pair))];
    let operators: [(&str, RunPtr<Kind>); 4] = [(ADD, add), (SUB, sub), (MUL, mul), (DIV, div)];
    guards.into_iter().chain(others).chain(operators.map(|(name, operator)| run::<Kind>((name, v(2), operator))))
}

/// In bytes.
pub fn length(val: &Val) -> usize {
    match val {
        Val::TStr(bytes) | Val::BStr(bytes) => bytes.len(),
        Val::Arr(items) => items.len() * (BYTES_PER_UNIT / ITEMS_PER_UNIT),
        Val::Obj(members) => members.len() * (BYTES_PER_UNIT / ITEMS_PER_UNIT),
        Val::Num(Num::BigInt(int)) => usize::try_from(int.bits() / 8).unwrap_or(usize::MAX),
        _ => 0,
    }
}

pub fn units(bytes: usize) -> u64 {
    u64::try_from(bytes / BYTES_PER_UNIT).unwrap_or(u64::MAX)
}

/// Takes for each value in a value, as often as it stands there: sharing makes a value small in memory whose text has no end.
pub fn weigh(shared: &Shared<'_>, val: &Val) -> Checked {
    let mut owed = 0;
    each_node(val, |val, depth| {
        if depth > DEPTH_MAX {
            return Err(Error::str(format!("a value nests deeper than {DEPTH_MAX}")));
        }
        let text = if let Val::TStr(bytes) | Val::BStr(bytes) = val { bytes.len() } else { 0 };
        owed += BYTES_PER_UNIT / ITEMS_PER_UNIT + text;
        shared.take(units(owed))?;
        owed %= BYTES_PER_UNIT;
        Ok(())
    })
}

/// jaq's reader goes as deep as the text does, until the process ends.
fn shallow(shared: &Shared<'_>, val: &Val) -> Checked {
    shared.take(units(length(val)))?;
    match val {
        // Only within a string of the JSON text can a value that is not known stand.
        Val::TStr(bytes) if is_marked(val) && !bytes.iter().any(|byte| matches!(byte, b'"' | b'[' | b'{')) => Err(looks_inside()),
        Val::TStr(bytes) => readable(bytes).map(drop).map_err(|what| Error::str(format!("the JSON text {what}"))),
        _ => Ok(()),
    }
}

/// Pairs are compared each with each.
fn pair(mut cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let other = cv.0.pop_var();
    let shared = cv.0.data();
    if let Err(error) = weigh(shared, &other) {
        return bome(Err(error));
    }
    let units = match (&cv.1, &other) {
        (Val::TStr(_) | Val::BStr(_), _) => units(length(&cv.1)).saturating_mul(1 + units(length(&other))),
        _ => nodes(&cv.1).saturating_mul(nodes(&other)) / 16,
    };
    bome(shared.take(units).map(|()| cv.1))
}

/// Of a value that was weighed.
fn nodes(val: &Val) -> u64 {
    let mut count = 0;
    let counted: Result<(), std::convert::Infallible> = each_node(val, |_, _| {
        count += 1;
        Ok(())
    });
    let Ok(()) = counted;
    count
}

/// The functions of Bessel are calculated in as many rounds as their order says.
fn rounds(shared: &Shared<'_>, val: &Val) -> Checked {
    let order = if let Val::Num(number) = val { number.as_isize().unwrap_or(0).unsigned_abs() } else { 0 };
    shared.take(u64::try_from(order / ROUNDS_PER_UNIT).unwrap_or(u64::MAX))
}

/// Errors quote values, and `catch` gets them written out: what is long by then is cut. What `error` was given is passed on as it is.
fn caught(mut cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (id, ctx) = cv.0.pop_fun();
    Box::new(id.run::<Kind>((ctx, cv.1)).map(|result| result.map_err(bounded)))
}

pub fn bounded(exn: Exn<'_, Val>) -> Exn<'_, Val> {
    match exn.get_err() {
        Ok(error) => {
            let text = shortened(&error);
            // How jaq begins what it says itself; a value of `error` is written as JSON.
            let is_message = text.starts_with("cannot ") || text.starts_with("invalid ");
            Exn::from(if is_message { Error::str(text) } else { error })
        }
        Err(other) => other,
    }
}

/// The operands. The input is dropped, so that an accumulator has one owner and grows in place.
pub fn operands(mut cv: Cv<'_, Kind>) -> (Val, Val, Shared<'_>) {
    let right = cv.0.pop_var();
    let left = cv.0.pop_var();
    (left, right, cv.0.data().clone())
}

/// Operands that do not fit each other are written out in the error.
fn fitting(shared: &Shared<'_>, left: &Val, right: &Val) -> Checked {
    let container = |val: &Val| matches!(val, Val::Arr(_) | Val::Obj(_));
    match (left, right) {
        (Val::Arr(_), Val::Arr(_)) | (Val::Obj(_), Val::Obj(_)) => Ok(()),
        _ if container(left) || container(right) => weigh(shared, left).and_then(|()| weigh(shared, right)),
        _ => Ok(()),
    }
}

/// What adding copies: both sides, or only the right one where the left has no other owner and grows in place.
fn add(cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (mut left, right, shared) = operands(cv);
    let owned = match &mut left {
        Val::TStr(bytes) | Val::BStr(bytes) => bytes.is_unique(),
        Val::Arr(items) => Rc::get_mut(items).is_some(),
        Val::Obj(members) => Rc::get_mut(members).is_some(),
        _ => false,
    };
    let copied = length(&right).saturating_add(if owned { 0 } else { length(&left) });
    let one_is_null = matches!(left, Val::Null) || matches!(right, Val::Null);
    let allowed = if one_is_null { Ok(()) } else { fitting(&shared, &left, &right).and_then(|()| shared.take(units(copied))) };
    bome(allowed.and_then(|()| left + right))
}

/// Arrays are compared item by item.
fn sub(cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (left, right, shared) = operands(cv);
    let weighed = if let (Val::Arr(_), Val::Arr(_)) = (&left, &right) {
        let weighed = weigh(&shared, &left).and_then(|()| weigh(&shared, &right));
        let compared = length(&left) > 0 && length(&right) > 0;
        weighed.and_then(|()| if compared && (is_marked_inside(&left) || is_marked_inside(&right)) { Err(looks_inside()) } else { Ok(()) })
    } else {
        fitting(&shared, &left, &right)
    };
    bome(weighed.and_then(|()| left - right))
}

/// Text times a number repeats it; objects merge to all depths; integers have no limit of their own.
fn mul(cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (left, right, shared) = operands(cv);
    let allowed = match (&left, &right) {
        (Val::TStr(text) | Val::BStr(text), Val::Num(times)) | (Val::Num(times), Val::TStr(text) | Val::BStr(text)) => {
            let times = times.as_isize().map_or(usize::MAX, |times| usize::try_from(times).unwrap_or(0));
            shared.take(units(text.len().saturating_mul(times)))
        }
        (Val::Obj(_), Val::Obj(_)) => weigh(&shared, &left).and_then(|()| weigh(&shared, &right)),
        (Val::Num(_), Val::Num(_)) if length(&left).saturating_add(length(&right)) > INTEGER_MAX => {
            Err(Error::str("a product is too large an integer"))
        }
        _ => fitting(&shared, &left, &right),
    };
    bome(allowed.and_then(|()| left * right))
}

/// Text divided by text splits it, into as many parts as it has characters at most.
fn div(cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (left, right, shared) = operands(cv);
    let parts = (BYTES_PER_UNIT / ITEMS_PER_UNIT) * length(&left) / length(&right).max(1);
    let mut allowed = fitting(&shared, &left, &right).and_then(|()| shared.take(units(length(&left).saturating_add(parts))));
    if is_marked(&left) || is_marked(&right) {
        allowed = allowed.and(Err(looks_inside()));
    }
    bome(allowed.and_then(|()| left / right))
}
