//! The story as Mermaid's Gantt chart: a bar for each task, a section for each task of the definition's own list.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::model::{State, Story, Task};

/// More bars than anybody looks at; Mermaid itself refuses texts of 50,000 characters.
const MOST_BARS: usize = 300;

#[must_use]
pub fn write(story: &Story) -> String {
    let began = story.started_at.unwrap_or_default();
    // An open bar ends where what is known ends.
    let now = story.as_of.unwrap_or(began);
    let axis = if now.duration_since(began).as_secs() < 10 { "%M:%S.%L" } else { "%H:%M:%S" };
    let mut text = format!("gantt\n  title {}\n  dateFormat x\n  axisFormat {axis}\n", words(&story.workflow_id));
    let mut bars = 0;
    let mut sections: BTreeMap<&str, usize> = BTreeMap::new();
    for task in &story.tasks {
        let visit = sections.entry(&task.reference).or_insert(0);
        *visit += 1;
        let again = if *visit > 1 { format!(" {visit}") } else { String::new() };
        if bars < MOST_BARS {
            let _ = writeln!(text, "  section {}{again}", words(&task.name));
        }
        bar(&mut text, task, now, &mut bars);
    }
    if bars > MOST_BARS {
        let _ = writeln!(text, "  %% {} more are left out", bars - MOST_BARS);
    }
    text
}

fn bar(text: &mut String, task: &Task, now: Timestamp, bars: &mut usize) {
    *bars += 1;
    if *bars <= MOST_BARS
        && let Some(from) = task.started_at
    {
        let to = task.ended_at.unwrap_or(now).max(from);
        let tag = match task.state {
            State::Completed | State::Continued => "done, ",
            State::Failed | State::Terminated | State::TimedOut | State::Unfinished => "crit, ",
            State::Running | State::Waiting => "active, ",
            State::Skipped | State::Cancelled => "",
        };
        let state = if task.state == State::Completed { String::new() } else { format!(" {}", task.state.word()) };
        let (from, to) = (from.as_millisecond(), to.as_millisecond());
        let _ = writeln!(
            text,
            "  {}{} {}{state} : {tag}t{bars}, {from}, {}",
            words(&task.name),
            words(&task.path),
            words(&task.kind),
            to.max(from + 1)
        );
    }
    task.tasks.iter().for_each(|task| bar(text, task, now, bars));
}

/// Colons, semicolons, hashes and line ends mean something in a chart.
fn words(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || " .,/-_+()[]?!".contains(c) { c } else { ' ' }).collect()
}
