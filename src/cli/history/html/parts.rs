//! The pieces of the page.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

use crate::cli::history::model::{Call, Problem, State, Story, Task, times, took};
use crate::cli::markup::escaped;

/// Characters of one payload: enough to find what one looks for. The JSON form has all.
const LONGEST: usize = 64 * 1024;
/// Percent: a bar of no time is still seen.
const THINNEST: f64 = 0.4;

/// From times to places on the scale.
pub struct Clock {
    from: Timestamp,
    to: Timestamp,
}

impl Clock {
    pub fn of(story: &Story, flat: &[(usize, &Task)]) -> Self {
        let times =
            || flat.iter().flat_map(|(_, task)| [task.started_at, task.ended_at]).flatten().chain(story.started_at).chain(story.as_of);
        let from = times().min().unwrap_or_default();
        Self { from, to: times().max().unwrap_or(from) }
    }

    /// The time since the beginning at a part of the whole.
    pub fn at(&self, part: f64) -> String {
        let whole = self.to.duration_since(self.from);
        self.from.checked_add(whole.mul_f64(part)).map_or_else(|_| String::new(), |at| took(self.from, at))
    }

    /// Percent from the left.
    fn place(&self, at: Timestamp) -> f64 {
        let whole = self.to.duration_since(self.from).as_secs_f64();
        if whole > 0.0 { (at.duration_since(self.from).as_secs_f64() / whole * 100.0).clamp(0.0, 100.0) } else { 0.0 }
    }

    fn bar(&self, task: &Task) -> String {
        let Some(from) = task.started_at else { return String::new() };
        let left = self.place(from).min(100.0 - THINNEST);
        let width = (self.place(task.ended_at.unwrap_or(self.to)) - left).max(THINNEST);
        format!("<span class=\"track\"><span class=\"bar\" style=\"left:{left:.2}%;width:{width:.2}%\"></span></span>")
    }
}

/// A row, which opens to everything that is known of the task.
pub fn task(page: &mut String, task: &Task, depth: usize, clock: &Clock) {
    let lasted = match (task.started_at, task.ended_at) {
        (Some(from), Some(to)) => took(from, to),
        _ => task.state.word().to_owned(),
    };
    let attempts = task.calls.iter().map(|call| call.attempts).max().unwrap_or(1);
    let mut chips = String::new();
    if attempts > 1 {
        let _ = write!(chips, "<span class=\"chip\">{attempts} attempts</span>");
    }
    if !task.retries.is_empty() {
        let _ = write!(chips, "<span class=\"chip\">retried {}</span>", times(task.retries.len()));
    }
    if let Some(waiting) = &task.waiting_for {
        let _ = write!(chips, "<span class=\"chip wait\">for {}</span>", escaped(waiting));
    }
    let state = task.state.word();
    let path = if task.path.is_empty() { String::new() } else { format!("<span class=\"path\">{}</span>", escaped(&task.path)) };
    let _ = write!(
        page,
        "<details class=\"row s-{state}\" data-reference=\"{}\"><summary><span class=\"what\" style=\"padding-left:{}px\">\
         <span class=\"sign\" title=\"{state}\">{}</span><b>{}</b>{path}<span class=\"kind\">{}</span>{chips}</span>{}<span class=\"took\">{}</span></summary>",
        escaped(&task.reference),
        depth.min(30) * 14,
        task.state.sign(),
        escaped(&task.name),
        escaped(&task.kind),
        clock.bar(task),
        escaped(&lasted),
    );
    detail(page, task);
    page.push_str("</details>\n");
}

fn detail(page: &mut String, task: &Task) {
    let _ = write!(
        page,
        "<div class=\"detail\"><p class=\"where\"><code>{}{}</code> {}",
        escaped(&task.reference),
        escaped(&task.path),
        task.state.word().replace('_', " ")
    );
    if let Some(at) = task.started_at {
        let _ = write!(page, ", began <time>{at:.3}</time>");
    }
    page.push_str("</p>");
    if let Some(error) = &task.error {
        page.push_str(&problem(error));
    }
    for retry in &task.retries {
        let _ = write!(
            page,
            "<p class=\"retry\">attempt {} at <time>{:.3}</time>, {} ms after</p>{}",
            retry.attempt,
            retry.at,
            retry.delay_ms,
            problem(&retry.error)
        );
    }
    page.push_str("<div class=\"ends\">");
    page.push_str(&payload("Input", task.input.as_ref(), true));
    page.push_str(&payload("Output", task.output.as_ref(), true));
    page.push_str("</div>");
    task.calls.iter().for_each(|one| page.push_str(&call(one)));
    page.push_str("</div>");
}

/// A call, with what was sent and what came back.
pub fn call(call: &Call) -> String {
    let mut text = format!(
        "<details class=\"call s-{}\"><summary>{} <code>{}</code> {} · {}",
        call.state.word(),
        call.kind.replace('_', " "),
        escaped(&call.id),
        escaped(&call.name),
        call.state.word().replace('_', " ")
    );
    if let (Some(from), Some(to), true) = (call.scheduled_at, call.ended_at, call.kind != "local_activity") {
        let _ = write!(text, " after {}", took(from, to));
    }
    if call.attempts > 1 {
        let _ = write!(text, " · {} attempts", call.attempts);
    }
    let _ = write!(text, " · event {}", call.event_id);
    if let Some(queue) = &call.queue {
        let _ = write!(text, " · queue {}", escaped(queue));
    }
    if let (Some(due), State::Running) = (call.due_at, call.state) {
        let _ = write!(text, " · until <time>{due:.0}</time>");
    }
    text.push_str("</summary>");
    if let Some(failure) = &call.last_failure {
        let _ = write!(text, "<p class=\"retry\">the attempt before: {}</p>", escaped(failure));
    }
    if let Some(error) = &call.error {
        text.push_str(&problem(error));
    }
    text.push_str("<div class=\"ends\">");
    text.push_str(&payload("Sent", call.input.as_ref(), false));
    text.push_str(&payload("Came back", call.output.as_ref(), false));
    text.push_str("</div></details>");
    text
}

pub fn problem(error: &Problem) -> String {
    let status = error.status.map(|status| format!("{status} ")).unwrap_or_default();
    let place = error.instance.as_ref().map(|place| format!("<p>at <code>{}</code></p>", escaped(place))).unwrap_or_default();
    format!("<div class=\"problem\"><p><b>{status}{}</b></p><p>{}</p>{place}</div>", escaped(&error.type_), escaped(&error.message))
}

pub fn payload(title: &str, value: Option<&Value>, open: bool) -> String {
    let Some(value) = value else { return String::new() };
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut cut = String::new();
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        cut = format!("<p class=\"note\">{} bytes are left out; the JSON form has them.</p>", text.len() - end);
        text.truncate(end);
    }
    let open = if open { " open" } else { "" };
    format!("<details class=\"payload\"{open}><summary>{title}</summary><pre>{}</pre>{cut}</details>", escaped(&text))
}
