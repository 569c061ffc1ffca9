//! What keeps expressions from looking inside secrets.
//!
//! A marker stands for text that is not known yet: moving it, joining it and the deferred operations of `marker` are all that can be done. A function
//! that would see its characters would see the wrong ones, so it fails instead. Values are moved far more often than looked at: natives that look are
//! the ones that stand behind a guard, each chosen in `library`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Cv, Error, Exn, Native, RunPtr, ValXs};
use jaq_json::Val;

use super::cost::{Checked, guard, length, units, weigh};
use super::data::{each_node, map_strings};
use super::eval::{Kind, Shared};
use super::marker::{self, Operation, Piece};

/// For text that a function looks at; anything else passes.
pub const PLAIN: &str = "__plain";
/// For a value that a function looks at in full.
pub const INSIDE: &str = "__inside";
/// For what stands between the brackets of an index, or before the colon of an object.
pub const KEY: &str = "__key";
/// For what a part is cut out of.
pub const WHOLE: &str = "__whole";
/// For what is going to be written into a text.
pub const WRITTEN: &str = "__written";
/// For what is going to be JSON text as a whole.
pub const IN_JSON: &str = "__in_json";
/// For the bounds of a range.
pub const NUMBER: &str = "__number";
/// For the format of a date that is read.
pub const ZONELESS: &str = "__zoneless";
/// For what was read from a text.
pub const READ: &str = "__read";

/// Bytes of text that one unit pays for where a function makes something of each character.
const CHARACTERS_PER_UNIT: usize = 16;

pub fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let guards = [
        guard!(PLAIN, plain),
        guard!(INSIDE, inside),
        guard!(KEY, key),
        guard!(WHOLE, whole),
        guard!(ZONELESS, zoneless),
        guard!(NUMBER, number),
    ];
    let texts: [(&str, RunPtr<Kind>); 3] = [(WRITTEN, written), (IN_JSON, |cv| bome(in_json(cv.0.data(), cv.1))), (READ, read)];
    guards.into_iter().chain(texts.map(|(name, native)| run::<Kind>((name, v(0), native))))
}

/// Functions of jq that know what to do with a marker, in place of jq's own.
pub fn deferring() -> impl Iterator<Item = Fun<Kind>> {
    let natives: [(&str, RunPtr<Kind>); 5] = [
        ("encode_base64", |cv| bome(encode(&cv, Operation::Base64))),
        ("encode_uri", |cv| bome(encode(&cv, Operation::Uri))),
        ("escape_html", |cv| bome(encode(&cv, Operation::Html))),
        ("escape_sh", |cv| bome(encode(&cv, Operation::Shell))),
        ("decode_base64", |cv| bome(decode_base64(&cv))),
    ];
    natives.into_iter().map(|(name, native)| run::<Kind>((name, v(0), native)))
}

pub fn looks_inside() -> Error<Val> {
    Error::str("an expression cannot look inside a secret: the value is put in later, when a call is made")
}

/// Whether there is a marker in a text; no for anything but text.
pub fn is_marked(val: &Val) -> bool {
    match val {
        // The first byte of the brackets; in no other text that is common.
        Val::TStr(bytes) | Val::BStr(bytes) => bytes.contains(&0xf3) && marker::holds(&String::from_utf8_lossy(bytes)),
        _ => false,
    }
}

/// Whether there is one anywhere in a value. The value has been weighed.
pub fn is_marked_inside(val: &Val) -> bool {
    each_node(val, |val, _| if is_marked(val) { Err(()) } else { Ok(()) }).is_err()
}

fn plain(shared: &Shared<'_>, val: &Val) -> Checked {
    let Val::TStr(bytes) = val else { return shared.take(units(length(val))) };
    shared.take(u64::try_from(bytes.len() / CHARACTERS_PER_UNIT).unwrap_or(u64::MAX))?;
    if is_marked(val) { Err(looks_inside()) } else { Ok(()) }
}

fn inside(shared: &Shared<'_>, val: &Val) -> Checked {
    weigh(shared, val)?;
    if is_marked_inside(val) { Err(looks_inside()) } else { Ok(()) }
}

fn key(shared: &Shared<'_>, val: &Val) -> Checked {
    match val {
        // The other array would be searched for it, whose length is not known here.
        Val::Arr(_) => Err(Error::str("an array cannot be an index; `indices` finds where it stands in another one")),
        Val::Obj(_) => inside(shared, val),
        _ => plain(shared, val),
    }
}

fn whole(shared: &Shared<'_>, val: &Val) -> Checked {
    match val {
        Val::Arr(_) | Val::Obj(_) => Ok(()),
        _ => plain(shared, val),
    }
}

/// As in jq; jaq would go on from any value by adding to it, and compare it each time.
fn number(_: &Shared<'_>, val: &Val) -> Checked {
    match val {
        Val::Num(_) | Val::Null | Val::Bool(_) => Ok(()),
        _ => Err(Error::str("cannot make a range: its bounds must be numbers")),
    }
}

/// The names of time zones stand in a data base of the machine.
fn zoneless(shared: &Shared<'_>, val: &Val) -> Checked {
    plain(shared, val)?;
    match val {
        Val::TStr(format) if format.windows(2).any(|pair| matches!(pair, b"%Q" | b":Q")) => {
            Err(Error::str("names of time zones (`%Q`) differ from machine to machine; use offsets (`%z`)"))
        }
        _ => Ok(()),
    }
}

/// Text is written as it is; a marker within data that becomes JSON text is going to be escaped for it.
fn written(cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    if let Val::TStr(_) = cv.1 {
        return bome(cv.0.data().take(units(length(&cv.1))).map(|()| cv.1));
    }
    bome(in_json(cv.0.data(), cv.1))
}

fn in_json(shared: &Shared<'_>, val: Val) -> Result<Val, Error<Val>> {
    weigh(shared, &val)?;
    if !is_marked_inside(&val) {
        return Ok(val);
    }
    let mut failed = None;
    // What is plain in a text is escaped when it is written.
    let escaped = map_strings(&val, &mut |text| {
        let piece = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => Ok((*text).to_owned()),
            Piece::Marker(marker) => Operation::Json.defer(marker.whole),
        };
        let pieces: Result<String, _> = marker::pieces(text).iter().map(piece).collect();
        pieces.map_err(|error| failed = Some(error)).ok()
    });
    failed.map_or(Ok(escaped), |error| Err(Error::str(error)))
}

/// The inverse of [`written`]. A marker that does not wait to be escaped could break out of the JSON text it stood in.
fn read(cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let unescaped = |val: Val| -> Result<Val, Error<Val>> {
        weigh(cv.0.data(), &val)?;
        if !is_marked_inside(&val) {
            return Ok(val);
        }
        let mut failed = false;
        let unescaped = map_strings(&val, &mut |text| {
            let undone = Operation::Json.undefer(text);
            failed |= undone.is_none();
            undone
        });
        if failed { Err(looks_inside()) } else { Ok(unescaped) }
    };
    bome(unescaped(cv.1))
}

fn encode(cv: &Cv<'_, Kind>, operation: Operation) -> Result<Val, Error<Val>> {
    let Val::TStr(bytes) = &cv.1 else { return Err(Error::typ(cv.1.clone(), "string")) };
    cv.0.data().take(u64::try_from(bytes.len() / CHARACTERS_PER_UNIT).unwrap_or(u64::MAX))?;
    match (std::str::from_utf8(bytes), operation) {
        (Ok(text), _) => operation.defer(text).map(Val::utf8_str).map_err(Error::str),
        // Bytes that are no characters come from `@base64d`, and go back.
        (Err(_), Operation::Base64) => Ok(Val::utf8_str(BASE64_STANDARD.encode(bytes.as_ref()))),
        (Err(error), _) => Err(Error::str(error)),
    }
}

fn decode_base64(cv: &Cv<'_, Kind>) -> Result<Val, Error<Val>> {
    plain_or_base64(cv.0.data(), &cv.1)?;
    let Val::TStr(bytes) = &cv.1 else { return Err(Error::typ(cv.1.clone(), "string")) };
    if let Some(text) = std::str::from_utf8(bytes).ok().and_then(encoded_text) {
        return Ok(Val::utf8_str(text));
    }
    BASE64_STANDARD.decode(bytes.as_ref()).map(Val::utf8_str).map_err(Error::str)
}

fn plain_or_base64(shared: &Shared<'_>, val: &Val) -> Checked {
    match val {
        Val::TStr(bytes) if std::str::from_utf8(bytes).ok().and_then(encoded_text).is_some() => shared.take(units(bytes.len())),
        _ => plain(shared, val),
    }
}

/// What a marker that is the whole of a text is going to be the base64 of.
fn encoded_text(text: &str) -> Option<String> {
    match marker::pieces(text).as_slice() {
        [Piece::Marker(marker)] if marker.kind == marker::Kind::Operation(Operation::Base64) => Some(marker::plain(marker.body)),
        _ => None,
    }
}
