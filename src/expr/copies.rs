//! What an update copies.
//!
//! `.a.b = 1` changes each container on the way in place where nobody else holds it, and copies it otherwise; which of the two it is depends on
//! the whole program. So before an update its paths are followed, and what will be copied is paid for.

use std::collections::BTreeSet;

use jaq_core::native::{Fun, bome};
use jaq_core::{Bind, Cv, Error, Native, ValXs};
use jaq_json::{Num, Rc, Val};

use super::cost::{length, units};
use super::eval::{Kind, Shared};

/// Takes the paths of an update.
pub const COPIED: &str = "__copied";

/// Items of an array that may move up for one unit, when one of them is taken out.
const MOVED_PER_UNIT: usize = 8192;

pub fn natives() -> impl Iterator<Item = Fun<Kind>> {
    [(COPIED, [Bind::Fun(())].into(), Native::<Kind>::new(copied))].into_iter()
}

#[allow(clippy::default_trait_access, reason = "jaq does not export the type of paths")]
fn copied(mut cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (id, ctx) = cv.0.pop_fun();
    let (shared, value) = (ctx.data().clone(), cv.1);
    // The last part of a path comes first. Where they cannot be followed, the update will say why.
    #[allow(clippy::default_trait_access, reason = "the type has no public name")]
    let paths: Vec<Vec<Val>> = id
        .paths::<Kind>((ctx, (value.clone(), Default::default())))
        .map_while(|found| found.ok().map(|(_, path)| path.iter().cloned().collect()))
        .collect();
    let mut seen = BTreeSet::new();
    let paid = paths.iter().try_for_each(|path| pay(&shared, &value, path, &mut seen));
    bome(paid.map(|()| value))
}

fn pay(shared: &Shared<'_>, value: &Val, path: &[Val], seen: &mut BTreeSet<usize>) -> Result<(), Error<Val>> {
    let mut at = Some(value);
    for key in path.iter().rev() {
        let Some(container) = at else { break };
        let (address, holders) = match container {
            Val::Arr(items) => (Rc::as_ptr(items).addr(), Rc::strong_count(items)),
            Val::Obj(members) => (Rc::as_ptr(members).addr(), Rc::strong_count(members)),
            _ => break,
        };
        if holders > 1 && seen.insert(address) {
            shared.take(units(length(container)))?;
        }
        at = match (container, key) {
            (Val::Obj(members), key) => members.get(key),
            (Val::Arr(items), Val::Num(number)) => {
                shared.take(u64::try_from(items.len() / MOVED_PER_UNIT).unwrap_or(u64::MAX))?;
                index(number, items.len()).and_then(|at| items.get(at))
            }
            // A part of an array is taken out as a whole, and put back.
            (Val::Arr(_), _) if seen.insert(!address) => {
                shared.take(units(length(container)))?;
                None
            }
            _ => None,
        };
    }
    Ok(())
}

fn index(number: &Num, length: usize) -> Option<usize> {
    let at = number.as_isize()?;
    if at < 0 { length.checked_sub(at.unsigned_abs()) } else { usize::try_from(at).ok() }
}
