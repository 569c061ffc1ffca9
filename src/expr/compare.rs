//! The comparison operators, as natives: they know both sides, so they look no deeper than the answer needs, and not into secrets.

use std::cmp::Ordering;

use jaq_core::native::{Fun, bome, run, v};
use jaq_core::ops::Cmp;
use jaq_core::{Cv, Error, RunPtr};
use jaq_json::Val;

use super::cost::{length, operands, units, weigh};
use super::eval::{Kind, Shared};
use super::guard::{is_marked, is_marked_inside, looks_inside};

const NAMES: [&str; 6] = ["__eq", "__ne", "__lt", "__le", "__gt", "__ge"];

/// The native of an operator.
pub fn native(op: Cmp) -> &'static str {
    match op {
        Cmp::Eq => NAMES[0],
        Cmp::Ne => NAMES[1],
        Cmp::Lt => NAMES[2],
        Cmp::Le => NAMES[3],
        Cmp::Gt => NAMES[4],
        Cmp::Ge => NAMES[5],
    }
}

pub fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let natives: [RunPtr<Kind>; 6] = [
        |cv| bome(compare(cv, Cmp::Eq)),
        |cv| bome(compare(cv, Cmp::Ne)),
        |cv| bome(compare(cv, Cmp::Lt)),
        |cv| bome(compare(cv, Cmp::Le)),
        |cv| bome(compare(cv, Cmp::Gt)),
        |cv| bome(compare(cv, Cmp::Ge)),
    ];
    NAMES.into_iter().zip(natives).map(|(name, native)| run::<Kind>((name, v(2), native)))
}

fn compare(cv: Cv<'_, Kind>, op: Cmp) -> Result<Val, Error<Val>> {
    let (left, right, shared) = operands(cv);
    check(&shared, &left, op, &right)?;
    let answer = match op {
        Cmp::Eq => left == right,
        Cmp::Ne => left != right,
        Cmp::Lt => left < right,
        Cmp::Le => left <= right,
        Cmp::Gt => left > right,
        Cmp::Ge => left >= right,
    };
    Ok(Val::Bool(answer))
}

/// Takes what the comparison costs, and refuses one whose answer hangs on the value of a secret.
fn check(shared: &Shared<'_>, left: &Val, op: Cmp, right: &Val) -> Result<(), Error<Val>> {
    let equality = matches!(op, Cmp::Eq | Cmp::Ne);
    let (text, containers) = match (left, right) {
        (Val::TStr(_) | Val::BStr(_), Val::TStr(_) | Val::BStr(_)) => (true, false),
        (Val::Arr(_), Val::Arr(_)) | (Val::Obj(_), Val::Obj(_)) => (false, true),
        // Values of two kinds differ, and numbers are short.
        _ => return Ok(()),
    };
    // Nothing is smaller than an empty one: `type` and its like are asked in this way.
    let against_empty = matches!(op, Cmp::Lt | Cmp::Ge) && is_empty(right) || matches!(op, Cmp::Gt | Cmp::Le) && is_empty(left);
    if against_empty || (containers && equality && items(left) != items(right)) {
        return Ok(());
    }
    let marked = if text {
        shared.take(units(length(left).min(length(right))))?;
        is_marked(left) || is_marked(right)
    } else {
        weigh(shared, left)?;
        weigh(shared, right)?;
        is_marked_inside(left) || is_marked_inside(right)
    };
    // Equal texts stand for equal values; different ones may, too.
    if marked && left.cmp(right) != Ordering::Equal { Err(looks_inside()) } else { Ok(()) }
}

fn is_empty(val: &Val) -> bool {
    items(val) == 0
}

fn items(val: &Val) -> usize {
    match val {
        Val::TStr(bytes) | Val::BStr(bytes) => bytes.len(),
        Val::Arr(items) => items.len(),
        Val::Obj(members) => members.len(),
        _ => 1,
    }
}
