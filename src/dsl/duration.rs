//! Durations: `{hours: 1, minutes: 30}`, ISO 8601 (`PT1H30M`, `P1W`, `PT0.5S`), or an expression that gives ISO 8601.
//!
//! Years and months have no fixed length and are refused; a day is 24 hours.

use std::time::Duration as Length;

use super::codes;
use super::expression::{Expression, enclosed};
use super::node::{Node, Value};
use super::read::Shape;
use super::report::{Problem, Report};

/// A hundred years: more is a mistake, and leaves room for sums.
pub const MAX_DURATION: Length = Length::from_hours(36_525 * 24);

#[derive(Clone, Debug)]
pub enum Duration {
    Fixed(Length),
    Expression(Expression),
}

const INLINE: Shape = Shape { what: "a duration", keys: &["days", "hours", "minutes", "seconds", "milliseconds"], required: &[] };
/// Milliseconds in one of each key.
const MILLIS: [u64; 5] = [86_400_000, 3_600_000, 60_000, 1_000, 1];

pub fn read(report: &mut Report<'_>, node: &Node, what: &str) -> Option<Duration> {
    match &node.value {
        Value::String(text) if enclosed(text).is_some() => Expression::strict(node).map(Duration::Expression),
        Value::String(text) => match parse_iso8601(text) {
            Ok(length) => Some(Duration::Fixed(length)),
            Err(error) => {
                let problem = Problem::new(codes::BAD_DURATION, node.span, format!("{what}: {}", error.message));
                report.add(problem.help(error.help));
                None
            }
        },
        Value::Mapping(_) => inline(report, node),
        Value::Number(number) => {
            let problem = Problem::new(codes::BAD_DURATION, node.span, format!("{what}: a number without a unit is no duration"));
            report.add(problem.help(format!("write `seconds: {number}` below it, or `PT{number}S`")));
            None
        }
        _ => {
            report.wrong_type(node, what, "a duration");
            None
        }
    }
}

fn inline(report: &mut Report<'_>, node: &Node) -> Option<Duration> {
    let fields = report.fields(node, &INLINE)?;
    if fields.entries.is_empty() {
        report.add(Problem::new(codes::EMPTY, node.span, "a duration needs at least one part").help("write `seconds: 30`, for example"));
        return None;
    }
    let mut millis: Option<u64> = Some(0);
    let mut valid = true;
    for (key, unit) in INLINE.keys.iter().zip(MILLIS) {
        let Some(part) = fields.get(key) else { continue };
        if Expression::strict(part).is_some() {
            let help = "make the whole duration one expression: ${ \"PT\\(.seconds)S\" }";
            report.add(Problem::new(codes::BAD_DURATION, part.span, format!("`{key}` cannot be an expression")).help(help));
            valid = false;
            continue;
        }
        match report.integer(part, &format!("`{key}`"), 0) {
            Some(count) => millis = millis.and_then(|sum| sum.checked_add(u64::from(count).checked_mul(unit)?)),
            None => valid = false,
        }
    }
    let length = millis.map(Length::from_millis).filter(|length| *length <= MAX_DURATION);
    if length.is_none() {
        report.add(Problem::new(codes::BAD_DURATION, node.span, TOO_LONG.message).help(TOO_LONG.help));
    }
    length.filter(|_| valid).map(Duration::Fixed)
}

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationError {
    pub message: &'static str,
    pub help: &'static str,
}

impl std::fmt::Display for DurationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for DurationError {}

const MALFORMED: DurationError =
    DurationError { message: "this is not an ISO 8601 duration", help: "write `PT30S`, `PT1H30M`, `P2D` or `P1W`, for example" };
const TOO_LONG: DurationError = DurationError { message: "this is longer than 100 years", help: "write a shorter duration" };
const CALENDAR: DurationError =
    DurationError { message: "years and months have no fixed length", help: "write days or weeks: `P30D`, `P52W`" };

/// Unit, its length in seconds, and whether it stands after the `T`; in the order in which they must come.
const UNITS: [(char, u64, bool); 5] = [('W', 604_800, false), ('D', 86_400, false), ('H', 3_600, true), ('M', 60, true), ('S', 1, true)];

/// Reads an ISO 8601 duration. Every part may have a fraction; what is below a nanosecond is cut off.
///
/// # Errors
/// Text that is no duration, has years or months, or is longer than [`MAX_DURATION`].
pub fn parse_iso8601(text: &str) -> Result<Length, DurationError> {
    let mut rest = text.trim().strip_prefix('P').ok_or(MALFORMED)?;
    let (mut nanos, mut next, mut after_t, mut parts) = (0_u128, 0, false, 0);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|time| !after_t && !time.is_empty()) {
            (rest, after_t) = (time, true);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(MALFORMED)?;
        let (number, tail) = rest.split_at(end);
        let unit = tail.chars().next().ok_or(MALFORMED)?;
        if unit == 'Y' || (unit == 'M' && !after_t) {
            return Err(CALENDAR);
        }
        let at = UNITS.iter().position(|(name, _, time)| *name == unit && *time == after_t).filter(|at| *at >= next).ok_or(MALFORMED)?;
        nanos = nanos.checked_add(part_nanos(number, UNITS[at].1)?).ok_or(TOO_LONG)?;
        (rest, next, parts) = (&tail[1..], at + 1, parts + 1);
    }
    if parts == 0 {
        return Err(MALFORMED);
    }
    let length = u64::try_from(nanos).map(Length::from_nanos).map_err(|_| TOO_LONG)?;
    if length > MAX_DURATION { Err(TOO_LONG) } else { Ok(length) }
}

/// Nanoseconds in `number` units of `seconds` each. Exact: `0.1` is no binary fraction.
fn part_nanos(number: &str, seconds: u64) -> Result<u128, DurationError> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && !fraction.contains('.') => (whole, fraction),
        Some(_) => return Err(MALFORMED),
        None => (number, ""),
    };
    if whole.is_empty() {
        return Err(MALFORMED);
    }
    let unit = u128::from(seconds) * 1_000_000_000;
    let whole: u128 = whole.parse().map_err(|_| TOO_LONG)?;
    // Digit by digit: 15 digits of a week are finer than a nanosecond, and what follows them may be cut off.
    let digits = fraction.bytes().take(15);
    let (numerator, denominator) = digits.fold((0, 1), |(value, scale), digit| (value * 10 + u128::from(digit - b'0'), scale * 10));
    let fraction = numerator * unit / denominator;
    whole.checked_mul(unit).and_then(|nanos| nanos.checked_add(fraction)).ok_or(TOO_LONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso8601() {
        for (text, millis) in [
            ("PT30S", 30_000),
            ("PT1H30M", 5_400_000),
            ("P1W", 604_800_000),
            ("P1W2DT3H", 788_400_000),
            ("P2D", 172_800_000),
            ("P0.5D", 43_200_000),
            ("PT0.001S", 1),
            ("PT1.5M", 90_000),
            ("PT0S", 0),
            (" PT1S ", 1_000),
        ] {
            assert_eq!(parse_iso8601(text), Ok(Length::from_millis(millis)), "{text}");
        }
        for text in [
            "", "P", "PT", "P1", "P1DT", "PT1", "T1S", "pt1s", "PT1S1H", "PT1S1S", "P1H", "PTS", "PT.5S", "PT1.S", "PT1..5S", "-PT1S",
            "PT1,5S", "PTT1S", "30s",
        ] {
            assert_eq!(parse_iso8601(text), Err(MALFORMED), "{text}");
        }
        for text in ["P1Y", "P1M", "P1Y2M3D", "P6MT1H"] {
            assert_eq!(parse_iso8601(text), Err(CALENDAR), "{text}");
        }
        for text in ["P36526D", "PT99999999999999999999999999999999999999999S", "P99999999999999999999W"] {
            assert_eq!(parse_iso8601(text), Err(TOO_LONG), "{text}");
        }
        assert_eq!(parse_iso8601("P36525D"), Ok(MAX_DURATION));
        assert_eq!(parse_iso8601("PT0.1234567891234567890S"), Ok(Length::from_nanos(123_456_789)));
    }
}
