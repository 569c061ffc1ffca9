//! Durations as people write them: `500ms`, `3s`, `10m`, `24h`.

use std::time::Duration;

/// Units, largest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// One number with its unit. The error says what is expected and what was given.
pub fn parse(text: &str) -> Result<Duration, String> {
    let problem = || format!("a duration such as 500ms, 3s, 10m or 24h is needed, not `{text}`");
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(problem)?;
    let (number, unit) = trimmed.split_at(digits);
    let number: u64 = number.parse().map_err(|_| problem())?;
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(problem)?;
    number.checked_mul(*scale).map(Duration::from_millis).ok_or_else(problem)
}

/// The shortest form that [`parse`] reads back.
pub fn format(duration: Duration) -> String {
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if ms == 0 {
        return "0s".to_owned();
    }
    let exact = UNITS.iter().find(|(_, scale)| ms.is_multiple_of(*scale));
    exact.map_or_else(String::new, |(unit, scale)| format!("{}{unit}", ms / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, ms) in [("500ms", 500), ("3s", 3_000), ("10m", 600_000), ("24h", 86_400_000), ("0s", 0), (" 48h ", 172_800_000)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["500ms", "3s", "10m", "24h", "0s", "1500ms", "90s"] {
            assert_eq!(parse(text).map(format).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "3", "s", "1.5s", "-3s", "3 s", "1h30m", "99999999999999999999h", "9223372036854775807h"] {
            assert!(parse(text).is_err_and(|problem| problem.contains(&format!("`{text}`"))), "{text}");
        }
    }
}
