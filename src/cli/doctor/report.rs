//! The findings, printed.
//!
//! Text: `level  check  what was found`, and the fix in the next line. JSON: `{"findings": [{"check", "level": "ok" | "warning" | "failed" | "skipped",
//! "found", "fix"?}], "ok", "warning", "failed", "skipped"}`, the last four being how many there are.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::finding::{Finding, Level};
use crate::cli::{Exit, print};

const LEVELS: [Level; 4] = [Level::Ok, Level::Warning, Level::Failed, Level::Skipped];

pub(super) fn text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or_default();
    let mut text = String::new();
    for finding in findings {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<8} {:<width$}  {}", finding.level.word(), finding.check, finding.found);
        if let Some(fix) = &finding.fix {
            let _ = writeln!(text, "{:<8} {:<width$}  fix: {fix}", "", "");
        }
    }
    let [_, warnings, failed, _] = LEVELS.map(|level| count(findings, level));
    let verdict = match (failed, warnings) {
        (0, 0) => "nothing is wrong".to_owned(),
        (0, _) => format!("nothing has failed, {}", print::counted(warnings, "warning")),
        (_, 0) => format!("{failed} failed"),
        (_, _) => format!("{failed} failed, {}", print::counted(warnings, "warning")),
    };
    let _ = writeln!(text, "\n{verdict}");
    text
}

pub(super) fn json(findings: &[Finding]) -> String {
    let rows: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let mut row = json!({"check": finding.check, "level": finding.level.word(), "found": finding.found});
            if let Some(fix) = &finding.fix {
                row["fix"] = json!(fix);
            }
            row
        })
        .collect();
    let [ok, warning, failed, skipped] = LEVELS.map(|level| count(findings, level));
    format!("{}\n", json!({"findings": rows, "ok": ok, "warning": warning, "failed": failed, "skipped": skipped}))
}

pub(super) fn exit(findings: &[Finding]) -> Exit {
    if count(findings, Level::Failed) == 0 { Exit::Completed } else { Exit::Faulted }
}

fn count(findings: &[Finding], level: Level) -> usize {
    findings.iter().filter(|finding| finding.level == level).count()
}

#[cfg(test)]
mod tests {
    use super::super::finding::{failed, ok, skipped, warning};
    use super::*;

    #[test]
    fn a_fix_stands_below_what_it_mends() {
        let findings =
            [ok("fine").of("a"), failed("broken", "mend it").of("bcd"), warning("loose", "tie it").of("e"), skipped("away").of("f")];
        let want = "ok       a    fine\nfailed   bcd  broken\n              fix: mend it\nwarning  e    loose\n              fix: tie it\nskipped  f    away\n\n1 failed, 1 warning\n";
        assert_eq!(text(&findings), want);
        let page: Value = serde_json::from_str(&json(&findings)).unwrap();
        assert_eq!(page["findings"][1], json!({"check": "bcd", "level": "failed", "found": "broken", "fix": "mend it"}));
        assert_eq!((page["ok"].as_u64(), page["failed"].as_u64(), page["skipped"].as_u64()), (Some(1), Some(1), Some(1)));
        assert_eq!((exit(&findings), exit(&findings[2..])), (Exit::Faulted, Exit::Completed));
    }
}
