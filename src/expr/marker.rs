//! Stand-ins for the values of secrets.
//!
//! `$secrets.X` is a marker: a string that expressions move, join and interpolate like any other. Only an effect, at the last moment, swaps markers
//! for values, and what it returns has the values swapped back. A marker holds the scope of its run, so text from outside cannot forge one.

use std::collections::BTreeSet;

use super::data::Data;

/// Private-use characters: in no alphabet, and left alone by JSON, YAML and jq.
const OPEN: char = '\u{F0001}';
const CLOSE: char = '\u{F0002}';
const WORD: &str = "secret:";

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

impl Markers {
    /// `scope` is a short word made from the run.
    pub fn new(scope: impl Into<String>) -> Self {
        Self { scope: scope.into() }
    }

    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    #[must_use]
    pub fn mark(&self, name: &str) -> String {
        format!("{OPEN}{WORD}{}:{name}{CLOSE}", self.scope)
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
        data.each_string(&mut |text| {
            self.each(text, &mut |piece| {
                if let Piece::Secret(name) = piece {
                    names.insert(name.to_owned());
                }
            });
        });
        names
    }

    /// The data with each marker replaced by its value; markers of other scopes are text.
    ///
    /// # Errors
    /// The first secret that has no value.
    pub fn swap_in(&self, data: &Data, value: &dyn Fn(&str) -> Option<String>) -> Result<Data, MissingSecret> {
        let mut missing = None;
        let swapped = data.map_strings(&mut |text| {
            if !text.contains(OPEN) {
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
        let (mut out, mut missing) = (String::with_capacity(text.len()), None);
        self.each(text, &mut |piece| match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Secret(name) => match value(name) {
                Some(value) => out.push_str(&value),
                None => {
                    missing.get_or_insert_with(|| MissingSecret { name: name.to_owned() });
                }
            },
        });
        missing.map_or(Ok(out), Err)
    }

    /// The data with each value replaced by its marker, the longest first; keys of objects too.
    #[must_use]
    pub fn swap_out(&self, data: &Data, values: &[(String, String)]) -> Data {
        let values = longest_first(values);
        data.map_strings(&mut |text| {
            let swapped = self.swap_out_sorted(text, &values);
            (swapped != text).then_some(swapped)
        })
    }

    /// The same for one text.
    #[must_use]
    pub fn swap_out_text(&self, text: &str, values: &[(String, String)]) -> String {
        self.swap_out_sorted(text, &longest_first(values))
    }

    fn swap_out_sorted(&self, text: &str, values: &[&(String, String)]) -> String {
        values.iter().fold(text.to_owned(), |text, (name, value)| {
            if text.contains(value.as_str()) { text.replace(value.as_str(), &self.mark(name)) } else { text }
        })
    }

    /// Calls the function with the pieces of a text, in order.
    fn each<'t>(&self, text: &'t str, see: &mut dyn FnMut(Piece<'t>)) {
        let open = format!("{OPEN}{WORD}{}:", self.scope);
        let mut rest = text;
        while let Some(at) = rest.find(&open) {
            let after = &rest[at + open.len()..];
            let Some(end) = after.find(CLOSE) else { break };
            see(Piece::Text(&rest[..at]));
            see(Piece::Secret(&after[..end]));
            rest = &after[end + CLOSE.len_utf8()..];
        }
        see(Piece::Text(rest));
    }
}

enum Piece<'t> {
    Text(&'t str),
    Secret(&'t str),
}

fn longest_first(values: &[(String, String)]) -> Vec<&(String, String)> {
    let mut values: Vec<_> = values.iter().filter(|(_, value)| value.chars().count() >= SCANNED_MIN_CHARS).collect();
    values.sort_by(|(_, a), (_, b)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    values
}
