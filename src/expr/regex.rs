//! Regular expressions, with limits: what jq's own functions are made of.
//!
//! jq compiles a pattern at each call and searches without a bound. Here a pattern is compiled once in an evaluation, and compiling and searching are
//! charged by what they can come to: the size of the compiled pattern, the text that was gone through, and, for each further match, the text that is
//! left, which some patterns go through again each time.

use std::cell::RefCell;

use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Cv, Error, RunPtr};
use jaq_json::{Map, Val};
use regex::{Captures, Regex, RegexBuilder};

use super::eval::{Kind, Shared};

/// Longest pattern, in bytes.
const PATTERN_MAX: usize = 4096;
/// Compiled patterns kept in one evaluation.
const KEPT_MAX: usize = 16;
const UNITS_PER_PATTERN: u64 = 64;
const UNITS_PER_PATTERN_BYTE: u64 = 8;
/// How large a compiled pattern may be, in bytes, with the bytes of text that are searched for one unit: small ones are fast. Larger is refused.
const SIZES: [(usize, usize); 3] = [(16 * 1024, 64), (64 * 1024, 16), (512 * 1024, 4)];
/// How much faster a search over text that was searched before is, at the least.
const AGAIN: usize = 64;

/// A pattern, with the bytes of text that one unit pays for.
#[derive(Clone)]
struct Pattern {
    regex: Regex,
    bytes_per_unit: usize,
}

/// The patterns of one evaluation, by text and flags, in the order of their first use.
#[derive(Default)]
pub struct Patterns(RefCell<Vec<((String, Flags), Pattern)>>);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "they are the flags of jq")]
struct Flags {
    global: bool,
    no_empty: bool,
    ignore_case: bool,
    multi_line: bool,
    dot_matches_line_end: bool,
    shortest: bool,
    extended: bool,
}

impl Flags {
    fn parse(text: &str) -> Result<Self, Error<Val>> {
        let mut flags = Self::default();
        for flag in text.chars() {
            match flag {
                'g' => flags.global = true,
                'n' => flags.no_empty = true,
                'i' => flags.ignore_case = true,
                'm' => flags.multi_line = true,
                's' => flags.dot_matches_line_end = true,
                'p' => (flags.multi_line, flags.dot_matches_line_end) = (true, true),
                'l' => flags.shortest = true,
                'x' => flags.extended = true,
                other => return Err(Error::str(format!("invalid regex flag: {other}"))),
            }
        }
        Ok(flags)
    }

    fn compile(self, pattern: &str) -> Result<Pattern, Error<Val>> {
        let mut last = None;
        for (size_limit, bytes_per_unit) in SIZES {
            let mut builder = RegexBuilder::new(pattern);
            builder.case_insensitive(self.ignore_case).multi_line(self.multi_line).swap_greed(self.shortest);
            builder.dot_matches_new_line(self.dot_matches_line_end).ignore_whitespace(self.extended).size_limit(size_limit);
            match builder.build() {
                Ok(regex) => return Ok(Pattern { regex, bytes_per_unit }),
                Err(error @ regex::Error::CompiledTooBig(_)) => last = Some(error),
                Err(error) => return Err(invalid(&error)),
            }
        }
        Err(last.map_or_else(|| Error::str("invalid regex"), |error| invalid(&error)))
    }
}

fn invalid(error: &regex::Error) -> Error<Val> {
    Error::str(format!("invalid regex: {error}"))
}

impl Patterns {
    fn get(&self, shared: &Shared<'_>, pattern: &str, flags: Flags) -> Result<Pattern, Error<Val>> {
        let key = (pattern.to_owned(), flags);
        if let Some((_, known)) = self.0.borrow().iter().find(|(other, _)| *other == key) {
            return Ok(known.clone());
        }
        if pattern.len() > PATTERN_MAX {
            return Err(Error::str(format!("invalid regex: it has more than {PATTERN_MAX} bytes")));
        }
        let length = u64::try_from(pattern.len()).unwrap_or(u64::MAX);
        shared.take(UNITS_PER_PATTERN.saturating_add(UNITS_PER_PATTERN_BYTE.saturating_mul(length)))?;
        let compiled = flags.compile(pattern)?;
        let mut kept = self.0.borrow_mut();
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push((key, compiled.clone()));
        Ok(compiled)
    }
}

/// `matches(re; flags)`: an array of matches, each an array of its groups. `split_`: what stands between them. `split_matches`: both, in turn.
pub fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let natives: [(&str, RunPtr<Kind>); 3] = [
        ("matches", |cv| bome(search(cv, Parts { between: false, matches: true }))),
        ("split_matches", |cv| bome(search(cv, Parts { between: true, matches: true }))),
        ("split_", |cv| bome(search(cv, Parts { between: true, matches: false }))),
    ];
    natives.into_iter().map(|(name, native)| run::<Kind>((name, v(2), native)))
}

#[derive(Clone, Copy)]
struct Parts {
    between: bool,
    matches: bool,
}

fn text(val: &Val) -> Result<&str, Error<Val>> {
    match val {
        Val::TStr(bytes) => std::str::from_utf8(bytes).map_err(Error::str),
        other => Err(Error::typ(other.clone(), "string")),
    }
}

fn search(mut cv: Cv<'_, Kind>, parts: Parts) -> Result<Val, Error<Val>> {
    let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
    let shared = cv.0.data();
    let flags = Flags::parse(text(&flags)?)?;
    let pattern = shared.patterns().get(shared, text(&pattern)?, flags)?;
    let Val::TStr(bytes) = &cv.1 else { return Err(Error::typ(cv.1, "string")) };
    let subject = text(&cv.1)?;
    let part = |from: usize, to: usize| Val::utf8_str(bytes.slice(from..to));

    let mut characters = Characters { text: subject, bytes: 0, count: 0 };
    let (mut found, mut last) = (Vec::new(), 0);
    let per_unit = pattern.bytes_per_unit;
    // The search that finds nothing more goes through all of the rest, so it is paid for at once.
    take(shared, subject.len() / per_unit)?;
    for captures in pattern.regex.captures_iter(subject) {
        let Some(whole) = captures.get(0) else { continue };
        take(shared, 1 + captures.len() + (subject.len() - whole.start()) / (per_unit * AGAIN))?;
        if flags.no_empty && whole.is_empty() {
            continue;
        }
        if parts.between {
            found.push(part(last, whole.start()));
            last = whole.end();
        }
        if parts.matches {
            found.push(groups(&pattern.regex, &captures, &mut characters, &part));
        }
        if !flags.global {
            break;
        }
    }
    if parts.between {
        found.push(part(last, subject.len()));
    }
    Ok(found.into_iter().collect())
}

fn take(shared: &Shared<'_>, units: usize) -> Result<(), Error<Val>> {
    shared.take(u64::try_from(units).unwrap_or(u64::MAX))
}

/// `{offset, length, string, name?}` of each group that took part, the whole match first.
fn groups(regex: &Regex, captures: &Captures<'_>, characters: &mut Characters<'_>, part: &dyn Fn(usize, usize) -> Val) -> Val {
    let int = |number: usize| Val::from(isize::try_from(number).unwrap_or(isize::MAX));
    let group = |(group, name): (Option<regex::Match<'_>>, Option<&str>)| {
        let group = group?;
        let mut members = Map::default();
        let mut member = |key: &str, value| members.insert(Val::utf8_str(key.to_owned()), value);
        member("offset", int(characters.before(group.start())));
        member("length", int(group.as_str().chars().count()));
        member("string", part(group.start(), group.end()));
        if let Some(name) = name {
            member("name", Val::utf8_str(name.to_owned()));
        }
        Some(Val::obj(members))
    };
    captures.iter().zip(regex.capture_names()).filter_map(group).collect()
}

/// Characters before a byte of a text, counted on from the last one that was asked for.
struct Characters<'t> {
    text: &'t str,
    bytes: usize,
    count: usize,
}

impl Characters<'_> {
    fn before(&mut self, byte: usize) -> usize {
        // Groups may begin before one that was seen: `(a(b))(c)` are in order, `((a)|b)*` need not be.
        if byte < self.bytes {
            self.count -= self.text[byte..self.bytes].chars().count();
        } else {
            self.count += self.text[self.bytes..byte].chars().count();
        }
        self.bytes = byte;
        self.count
    }
}
