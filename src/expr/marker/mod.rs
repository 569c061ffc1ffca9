//! Stand-ins for the values of secrets.
//!
//! `$secrets.X` is a marker: a string that expressions move, join and interpolate like any other. Only an effect, at the last moment, swaps markers
//! for values, and what it returns has the values swapped back. A marker holds the scope of its run, so text from outside cannot forge one.
//! `@base64` and its like wait in the marker until there is a value; whatever else would look at the characters of a marker is an error (`guard`).

mod operation;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(super) use self::operation::plain;
pub use self::operation::{Operation, TooDeep};
use self::text::DEPTH_MAX;
pub(super) use self::text::{Kind, Piece, holds, pieces};
use super::data::Data;

/// Values shorter than this are not looked for in results: they would be found everywhere.
pub const SCANNED_MIN_CHARS: usize = 4;

/// The markers of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Markers {
    scope: String,
}

/// A marker names a secret that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret `{name}` is not known")]
pub struct MissingSecret {
    pub name: String,
}

/// The base64 of a text, which may hold markers: of user and password, say, for basic authentication. Anything but text is given back.
///
/// # Errors
/// Markers nest too deep in it already.
pub fn base64(text: &Data) -> Result<Data, TooDeep> {
    text.as_str().map_or_else(|| Ok(text.clone()), |text| Operation::Base64.defer(text).map(Data::string))
}

/// Data as people are to see it: each marker, of whatever run, as `[secret NAME]`; what waits for a value as `[@base64 …]`.
#[must_use]
pub fn for_people(data: &Data) -> Data {
    data.map_strings(&mut |text| text::holds(text).then(|| told(text, 0)))
}

fn told(text: &str, depth: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text::pieces(text) {
        match piece {
            Piece::Text(text) if depth > 0 => out.push_str(&text::decoded(text)),
            Piece::Text(text) => out.push_str(text),
            Piece::Marker(marker) => match marker.kind {
                Kind::Operation(_) if depth >= DEPTH_MAX => out.push('…'),
                Kind::Operation(operation) => {
                    let _ = write!(out, "[@{} {}]", operation.name(), told(marker.body, depth + 1));
                }
                Kind::Secret => {
                    let _ = write!(out, "[secret {}]", text::decoded(marker.body));
                }
            },
        }
    }
    out
}

impl Markers {
    /// `scope` is a short word made from the run: letters and digits.
    pub fn new(scope: impl Into<String>) -> Self {
        Self { scope: scope.into() }
    }

    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    #[must_use]
    pub fn mark(&self, name: &str) -> String {
        text::secret(&self.scope, name)
    }

    /// `$secrets`: each name with its marker.
    #[must_use]
    pub fn object(&self, names: &[String]) -> Data {
        Data::object(names.iter().map(|name| (name.as_str(), Data::string(self.mark(name)))))
    }

    /// The secrets that some data names.
    #[must_use]
    pub fn names_in(&self, data: &Data) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        data.each_string(&mut |text| self.collect_names(text, &mut names));
        names
    }

    /// The same for one text.
    #[must_use]
    pub fn names_in_text(&self, text: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.collect_names(text, &mut names);
        names
    }

    fn collect_names(&self, text: &str, names: &mut BTreeSet<String>) {
        self.visit(text, 0, &mut |marker| {
            if marker.kind == Kind::Secret {
                names.insert(text::decoded(marker.body));
            }
        });
    }

    /// The parts of a text that wait for a value before something is done to them, outer ones before what is in them.
    #[must_use]
    pub fn deferred_in<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut deferred = Vec::new();
        self.visit(text, 0, &mut |marker| {
            if let Kind::Operation(_) = marker.kind {
                deferred.push(marker.whole);
            }
        });
        deferred
    }

    /// Calls the function with each marker of this run, and those in it.
    fn visit<'t>(&self, text: &'t str, depth: usize, see: &mut dyn FnMut(text::Marker<'t>)) {
        for piece in text::pieces(text) {
            let Piece::Marker(marker) = piece else { continue };
            if self.is_ours(&marker) && depth <= DEPTH_MAX {
                see(marker);
                if let Kind::Operation(_) = marker.kind {
                    self.visit(marker.body, depth + 1, see);
                }
            }
        }
    }

    fn is_ours(&self, marker: &text::Marker<'_>) -> bool {
        marker.scopes().any(|scope| scope == self.scope)
    }

    /// The data with each marker replaced by its value; markers of other scopes are text.
    ///
    /// # Errors
    /// The first secret that has no value.
    pub fn swap_in(&self, data: &Data, value: &dyn Fn(&str) -> Option<String>) -> Result<Data, MissingSecret> {
        let mut missing = None;
        let swapped = data.map_strings(&mut |text| {
            if !text.contains(text::OPEN) {
                return None;
            }
            self.swap_in_text(text, value).map_err(|e| missing.get_or_insert(e).clone()).ok()
        });
        missing.map_or(Ok(swapped), Err)
    }

    /// The same for one text.
    ///
    /// # Errors
    /// The first secret that has no value.
    pub fn swap_in_text(&self, text: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, MissingSecret> {
        self.fill(text, 0, value)
    }

    fn fill(&self, text: &str, depth: usize, value: &dyn Fn(&str) -> Option<String>) -> Result<String, MissingSecret> {
        let mut out = String::with_capacity(text.len());
        for piece in text::pieces(text) {
            match piece {
                // Inside a marker, plain text is encoded.
                Piece::Text(text) if depth > 0 => out.push_str(&text::decoded(text)),
                Piece::Text(text) => out.push_str(text),
                Piece::Marker(marker) if !self.is_ours(&marker) || depth > DEPTH_MAX => out.push_str(marker.whole),
                Piece::Marker(marker) => match marker.kind {
                    Kind::Operation(operation) => out.push_str(&operation.apply(&self.fill(marker.body, depth + 1, value)?)),
                    Kind::Secret => {
                        let name = text::decoded(marker.body);
                        out.push_str(&value(&name).ok_or(MissingSecret { name })?);
                    }
                },
            }
        }
        Ok(out)
    }
}
