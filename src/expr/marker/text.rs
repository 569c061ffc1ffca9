//! How markers are written into text, and found there again.
//!
//! ```text
//! ⟨secret:SCOPE:NAME⟩                 the value of a secret
//! ⟨base64:SCOPE,SCOPE:TEXT⟩           what base64 makes of a text that holds markers itself
//! ```
//!
//! Names and the plain parts of an inner text are percent-encoded: nothing in a marker means anything to JSON, HTML, a shell or a URI, and the
//! brackets always pair. Text from outside may hold brackets too; those that do not pair, or have no such head, are text.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

use super::operation::Operation;

/// Private-use characters: in no alphabet, and left alone by JSON, YAML and jq.
pub const OPEN: char = '\u{F0001}';
pub const CLOSE: char = '\u{F0002}';
const SECRET: &str = "secret";

/// Deepest nesting of operations. More is no use, and whoever fills markers in goes as deep.
pub const DEPTH_MAX: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Secret,
    Operation(Operation),
}

/// A marker as it stands in a text.
#[derive(Clone, Copy, Debug)]
pub struct Marker<'t> {
    /// All of it, brackets included.
    pub whole: &'t str,
    pub kind: Kind,
    scopes: &'t str,
    /// The encoded name, or the inner text.
    pub body: &'t str,
}

#[derive(Clone, Copy, Debug)]
pub enum Piece<'t> {
    Text(&'t str),
    Marker(Marker<'t>),
}

impl<'t> Marker<'t> {
    fn parse(whole: &'t str) -> Option<Self> {
        let inside = whole.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
        let (kind, rest) = inside.split_once(':')?;
        let (scopes, body) = rest.split_once(':')?;
        let kind = if kind == SECRET { Kind::Secret } else { Kind::Operation(Operation::named(kind)?) };
        (!scopes.contains([OPEN, CLOSE])).then_some(Self { whole, kind, scopes, body })
    }

    /// The scopes that it holds secrets of.
    pub fn scopes(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.scopes.split(',')
    }
}

pub fn secret(scope: &str, name: &str) -> String {
    format!("{OPEN}{SECRET}:{scope}:{}{CLOSE}", encoded(name))
}

/// The marker for what an operation makes of a text that holds markers.
pub fn deferred(operation: Operation, operand: &str) -> String {
    let (mut scopes, mut body) = (BTreeSet::new(), String::new());
    for piece in pieces(operand) {
        match piece {
            Piece::Text(text) => body.push_str(&encoded(text)),
            Piece::Marker(marker) => {
                scopes.extend(marker.scopes());
                body.push_str(marker.whole);
            }
        }
    }
    let scopes: Vec<&str> = scopes.into_iter().collect();
    format!("{OPEN}{}:{}:{body}{CLOSE}", operation.name(), scopes.join(","))
}

/// Whether there is a marker in a text, of whatever scope.
pub fn holds(text: &str) -> bool {
    text.contains(OPEN) && pieces(text).iter().any(|piece| matches!(piece, Piece::Marker(_)))
}

/// The text and the markers in a text, in order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    if !text.contains(OPEN) {
        return vec![Piece::Text(text)];
    }
    let (mut found, mut copied) = (Vec::new(), 0);
    for (start, end) in pairs(text) {
        // Those within one that was taken are its own affair.
        let Some(marker) = (start >= copied).then(|| Marker::parse(&text[start..end])).flatten() else { continue };
        if start > copied {
            found.push(Piece::Text(&text[copied..start]));
        }
        found.push(Piece::Marker(marker));
        copied = end;
    }
    if copied < text.len() {
        found.push(Piece::Text(&text[copied..]));
    }
    found
}

/// Bytes of brackets that pair, by their beginnings, in one pass: text from outside may be nothing but brackets.
fn pairs(text: &str) -> Vec<(usize, usize)> {
    let (mut open, mut pairs) = (Vec::new(), Vec::new());
    for (at, sign) in text.match_indices([OPEN, CLOSE]) {
        if sign.starts_with(OPEN) {
            open.push(at);
        } else if let Some(start) = open.pop() {
            pairs.push((start, at + sign.len()));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// How deep operations nest in a text.
pub fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for (_, sign) in text.match_indices([OPEN, CLOSE]) {
        depth = if sign.starts_with(OPEN) { depth + 1 } else { depth.saturating_sub(1) };
        deepest = deepest.max(depth);
    }
    deepest
}

pub fn encoded(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if text.bytes().all(plain) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        // Writing to a string cannot fail.
        let _ = if plain(byte) { write!(out, "{}", char::from(byte)) } else { write!(out, "%{byte:02X}") };
    }
    out.into()
}

/// The inverse of [`encoded`]; what is not encoded stays as it is.
pub fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
