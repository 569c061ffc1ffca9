//! `schedule`: read for its form only.

use super::codes;
use super::duration;
use super::event;
use super::node::Node;
use super::read::Shape;
use super::report::{Problem, Report};
use super::tasks::listen::READS;

const SCHEDULE: Shape = Shape { what: "`schedule`", keys: &["every", "cron", "after", "on", "read"], required: &[] };

pub fn read(report: &mut Report<'_>, node: &Node) {
    let Some(fields) = report.fields(node, &SCHEDULE) else { return };
    for key in ["every", "after"] {
        if let Some(node) = fields.get(key) {
            duration::read(report, node, &format!("`{key}`"));
        }
    }
    if let Some(cron) = fields.text(report, "cron").filter(|cron| cron.text.split_whitespace().count() != 5) {
        let problem = Problem::new(codes::BAD_VALUE, cron.span, format!("`{}` is no cron expression of five fields", cron.text));
        report.add(problem.help("write minute, hour, day of month, month and day of week: '0 6 * * 1'"));
    }
    if let Some(node) = fields.get("on") {
        event::consumption(report, node);
    }
    let Some(entry) = fields.entry("read") else { return };
    report.choice(&entry.value, "`read`", &READS);
    if fields.entry("on").is_none() {
        report.add(Problem::new(codes::MISSING_KEY, entry.key.span, "`on` is missing: `read` tells how its events are read"));
    }
}
