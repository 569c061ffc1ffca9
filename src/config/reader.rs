//! From texts to typed settings.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::sources::{Origin, Values};
use super::{Mistake, duration, key};

/// Gives each area its values. What cannot be read becomes a mistake, and the default stands in so that reading goes on.
pub(super) struct Reader<'a> {
    values: &'a Values,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    pub fn new(values: &'a Values, mistakes: Vec<Mistake>) -> Self {
        Self { values, mistakes }
    }

    pub fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes
    }

    /// Whether somebody chose this value, that is, it is no default.
    pub fn is_set(&self, path: &'static str) -> bool {
        self.values.get(path).is_some_and(|found| found.origin != Origin::Verb)
    }

    /// Reads by `parse`, whose error says what is expected and what was given.
    pub fn parse<T>(&mut self, path: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        if let Some(found) = self.values.get(path) {
            match parse(&found.text) {
                Ok(value) => return value,
                Err(problem) => self.mistake(path, problem),
            }
        }
        let default = default_of(path);
        // Not data from outside: a test reads every default.
        parse(default).unwrap_or_else(|problem| unreachable!("default of {path}: {problem}"))
    }

    /// An empty text is no value.
    pub fn parse_optional<T>(&mut self, path: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.parse(path, |text| if text.is_empty() { Ok(None) } else { parse(text).map(Some) })
    }

    pub fn text(&mut self, path: &'static str) -> String {
        self.parse(path, |text| match text.trim() {
            "" => Err("a text is needed, not an empty one".to_owned()),
            text => Ok(text.to_owned()),
        })
    }

    pub fn optional_text(&mut self, path: &'static str) -> Option<String> {
        self.parse_optional(path, |text| Ok(text.to_owned()))
    }

    pub fn optional_path(&mut self, path: &'static str) -> Option<PathBuf> {
        self.parse_optional(path, |text| Ok(PathBuf::from(text)))
    }

    pub fn secret(&mut self, path: &'static str) -> Option<SecretString> {
        self.parse_optional(path, |text| Ok(SecretString::from(text)))
    }

    pub fn flag(&mut self, path: &'static str) -> bool {
        self.parse(path, flag)
    }

    pub fn optional_flag(&mut self, path: &'static str) -> Option<bool> {
        self.parse_optional(path, flag)
    }

    pub fn duration(&mut self, path: &'static str, range: RangeInclusive<Duration>) -> Duration {
        self.parse(path, |text| {
            let value = duration::parse(text)?;
            let (least, most) = (duration::format(*range.start()), duration::format(*range.end()));
            if range.contains(&value) { Ok(value) } else { Err(format!("a duration from {least} to {most} is needed, not `{text}`")) }
        })
    }

    pub fn number(&mut self, path: &'static str, range: RangeInclusive<usize>) -> usize {
        self.parse(path, |text| {
            let value = text.trim().parse().ok().filter(|value| range.contains(value));
            value.ok_or_else(|| format!("a whole number from {} to {} is needed, not `{text}`", range.start(), range.end()))
        })
    }

    /// One of a few words, in any case.
    pub fn choice<T: Copy>(&mut self, path: &'static str, words: &[(&str, T)]) -> T {
        self.parse(path, |text| {
            let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text.trim()));
            found.map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                format!("one of {} is needed, not `{text}`", words.join(", "))
            })
        })
    }

    /// A rule between settings is broken.
    pub fn mistake(&mut self, path: &'static str, problem: impl Into<String>) {
        let place = match self.values.get(path).map(|found| &found.origin) {
            None | Some(Origin::Verb) => path.to_owned(),
            Some(Origin::File(file)) => format!("{}: {path}", file.display()),
            Some(origin) => origin.to_string(),
        };
        self.mistakes.push(Mistake { place, problem: problem.into() });
    }
}

fn default_of(path: &str) -> &'static str {
    key::find(path).map_or_else(|| unreachable!("no setting {path}"), |key| key.default)
}

/// `true` and `false`, and the other words that people and the Go services use for them.
pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" | "t" => Ok(true),
        "false" | "off" | "no" | "0" | "f" => Ok(false),
        _ => Err(format!("true or false is needed, not `{text}`")),
    }
}
