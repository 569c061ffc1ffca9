//! docs/reference/metrics.md, made from the tables of series. `tests/reference.rs` holds the page against this.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::metrics::Metrics;
use super::sdk_series;
use super::series::{Label, Series, Type};

const HEAD: &str = "\
# Metrics

Everything that `GET /metrics` of a worker shows and an operator needs, on the address of `admin.listen` (0.0.0.0:9090), in the text format of
Prometheus. This page is made from the program's own tables.

A series of ours is there from the start, at zero, with every value of its labels (but for queues, which settings name). One of the Temporal SDK is there from its first event on, so
write `or vector(0)` where a query must have an answer before. The dashboard in `deploy/grafana` and the rules in `deploy/prometheus` use these
series; each alert has a [page that says what to do](../operate/runbooks/README.md).

| series | type | what |
|---|---|---|
";

const SDK: &str = "\
## Of the Temporal SDK

Those that matter; the SDK exports more. Each has the labels `namespace` and `service_name` (`temporal-core-sdk`) too.
";

/// The page.
pub fn page() -> String {
    let ours: Vec<_> = Metrics::series().collect();
    let sdk: Vec<_> = sdk_series::series().collect();
    let mut page = HEAD.to_owned();
    for (kind, series) in ours.iter().copied().chain(&sdk) {
        let _ = writeln!(page, "| [{0}](#{0}) | {1} | {2} |", series.name, kind.word(), series.help);
    }
    page.push_str("\n## Of the handshake and of the process\n");
    ours.iter().for_each(|(kind, series)| section(&mut page, *kind, series));
    let _ = write!(page, "\n{SDK}");
    sdk.iter().for_each(|(kind, series)| section(&mut page, *kind, series));
    page
}

/// Every name that a sample of these series can have: a histogram's has a suffix.
pub fn names() -> BTreeSet<String> {
    let sdk: Vec<_> = sdk_series::series().collect();
    let all = Metrics::series().map(|row| (row.0, row.1.name)).chain(sdk.iter().map(|row| (row.0, row.1.name)));
    all.flat_map(|(kind, name)| match kind {
        Type::Histogram => ["bucket", "sum", "count"].map(|suffix| format!("{name}_{suffix}")).to_vec(),
        Type::Counter | Type::Gauge => vec![name.to_owned()],
    })
    .collect()
}

fn section(page: &mut String, kind: Type, series: &Series) {
    let Series { name, help, labels, unit, buckets, moves, act } = series;
    let _ = write!(page, "\n### {name}\n\n{help}\n\n- {}", kind.word());
    if !unit.is_empty() {
        let _ = write!(page, ", in {unit}");
    }
    if !buckets.is_empty() {
        let _ = write!(page, "; buckets up to {}", list(buckets.iter()));
    }
    page.push('\n');
    labels.iter().for_each(|label| {
        let _ = writeln!(page, "- label {}", of(label));
    });
    let _ = writeln!(page, "- **moves** {}\n- **do** {}", lower(moves), lower(act));
}

fn of(label: &Label) -> String {
    // The version changes with each release, and this page should not.
    match label.values {
        [] => format!("`{}`", label.name),
        values if label.name != "version" => format!("`{}`: {}", label.name, list(values.iter().map(|value| format!("`{value}`")))),
        _ => format!("`{}`: of the program", label.name),
    }
}

fn list(items: impl Iterator<Item = impl ToString>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// A sentence as the rest of one. A first word that is code, a number or a name stays as it is.
fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain([second]).chain(letters).collect()
        }
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a scrape shows is in the tables, and what is in the tables is shown, with its type and help, before anything has happened.
    #[test]
    fn the_tables_are_what_a_scrape_shows() {
        let text = Metrics::new().render();
        let shown: BTreeSet<&str> = text.lines().filter(|line| line.starts_with("# ")).collect();
        // One whose labels are open comes with its first value.
        let is_closed = |series: &Series| series.labels.iter().all(|label| !label.values.is_empty());
        let told = Metrics::series().filter(|(_, series)| is_closed(series)).flat_map(|(kind, series)| {
            [format!("# HELP {} {}", series.name, series.help), format!("# TYPE {} {}", series.name, kind.word())]
        });
        let told: BTreeSet<String> = told.collect();
        assert_eq!(shown, told.iter().map(String::as_str).collect());
        for (_, series) in Metrics::series().filter(|(_, series)| is_closed(series)) {
            assert!(text.lines().any(|line| line.starts_with(series.name)), "{} has no value at the start", series.name);
        }
    }

    #[test]
    fn every_row_says_something_and_no_name_stands_twice() {
        let mut names = BTreeSet::new();
        let sdk: Vec<_> = sdk_series::series().collect();
        for (kind, series) in Metrics::series().map(|row| (row.0, &row.1)).chain(sdk.iter().map(|row| (row.0, &row.1))) {
            assert!(names.insert(series.name), "{} stands twice", series.name);
            assert!([series.help, series.moves, series.act].iter().all(|text| text.ends_with('.')), "{} has no sentence", series.name);
            let suffix = match kind {
                Type::Counter => series.name.ends_with("_total"),
                Type::Histogram => series.name.ends_with("_seconds"),
                Type::Gauge => !series.name.ends_with("_total"),
            };
            assert!(suffix, "{} is not named as its type is", series.name);
        }
    }
}
