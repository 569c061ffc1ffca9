//! The story as one page that needs nothing else: no script, font or picture from elsewhere, light or dark as the reader has it, and of use
//! without its script. A policy in its head lets nothing else run or be fetched, whatever a payload says.

mod parts;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};

use self::parts::{Clock, payload, problem, task};
use super::model::{Story, took};
use crate::cli::graph::{self, svg};
use crate::cli::markup::escaped;
use crate::plan::{self, Outsides};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// More rows than a browser shows with ease.
const MOST_ROWS: usize = 5_000;

#[must_use]
pub fn write(story: &Story) -> String {
    let title = escaped(&story.workflow_id);
    let script = BASE64.encode(Sha256::digest(SCRIPT));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{title}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        words(story.state.word()),
    );
    head(&mut page, story);
    page.push_str("<main>\n");
    picture(&mut page, story);
    timeline(&mut page, story);
    page.push_str("</main>\n");
    rest(&mut page, story);
    let _ = write!(page, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    page
}

fn words(word: &str) -> String {
    word.replace('_', " ")
}

fn head(page: &mut String, story: &Story) {
    let definition = &story.definition;
    let state = story.state.word();
    let _ = writeln!(
        page,
        "<header>\n<h1>{} <span class=\"badge s-{state}\">{} {}</span></h1>",
        escaped(&story.workflow_id),
        story.state.sign(),
        words(state)
    );
    let mut facts = vec![format!("{}/{} {}", escaped(&definition.namespace), escaped(&definition.name), escaped(&definition.version))];
    facts.extend(story.started_at.map(|at| format!("began <time>{at:.3}</time>")));
    facts.extend(story.started_at.zip(story.closed_at).map(|(from, to)| format!("took {}", took(from, to))));
    facts.push(format!("{} events", story.runs.iter().map(|run| run.events).sum::<usize>()));
    let _ = writeln!(page, "<p class=\"facts\">{}</p>", facts.join(" · "));
    if story.runs.len() > 1 {
        page.push_str("<details class=\"runs\"><summary>");
        let _ = write!(page, "{} runs that continue each other</summary><ol>", story.runs.len());
        for run in &story.runs {
            let _ = write!(page, "<li><code>{}</code> {}, {} events</li>", escaped(&run.run_id), words(run.state.word()), run.events);
        }
        page.push_str("</ol></details>\n");
    }
    for note in &story.notes {
        let _ = writeln!(page, "<p class=\"note\">{}</p>", escaped(note));
    }
    if let Some(error) = &story.error {
        page.push_str(&problem(error));
    }
    page.push_str("<div class=\"ends\">\n");
    page.push_str(&payload("Input", Some(&story.input), true));
    page.push_str(&payload("Output", story.output.as_ref(), true));
    page.push_str("</div>\n</header>\n");
}

/// The graph, where the definition can be built without what it names elsewhere, and drawn.
fn picture(page: &mut String, story: &Story) {
    let plan = plan::build_with(&story.definition.text, "workflow.yaml", &Outsides::new());
    let drawn = plan.ok().and_then(|plan| {
        let mut graph = graph::graph(&plan);
        graph::onto(&mut graph, story);
        svg::write(&graph).ok()
    });
    page.push_str("<section id=\"graph\" aria-label=\"Graph\">\n<h2>Graph <button type=\"button\" id=\"size\" hidden=\"hidden\">Actual size</button></h2>\n");
    match drawn {
        Some(svg) => {
            let _ = write!(page, "<div class=\"picture\">{svg}</div>\n</section>\n");
        }
        None => page.push_str("<p class=\"none\">The definition cannot be drawn here.</p>\n</section>\n"),
    }
}

fn timeline(page: &mut String, story: &Story) {
    let flat = story.flat();
    let clock = Clock::of(story, &flat);
    page.push_str(
        "<section id=\"timeline\" aria-label=\"Timeline\">\n<h2>Timeline</h2>\n<div class=\"tools\" hidden=\"hidden\">\
         <input type=\"search\" placeholder=\"Filter tasks\" aria-label=\"Filter tasks\"/>\
         <label><input type=\"checkbox\" id=\"troubled\"/> only what failed or waits</label>\
         <button type=\"button\" id=\"expand\">Expand all</button></div>\n",
    );
    let _ = writeln!(
        page,
        "<div class=\"scale\"><span>0</span><span>{}</span><span>{}</span></div>\n<div class=\"rows\">",
        clock.at(0.5),
        clock.at(1.0)
    );
    for (depth, one) in flat.iter().take(MOST_ROWS) {
        task(page, one, *depth, &clock);
    }
    page.push_str("</div>\n");
    if flat.is_empty() {
        page.push_str("<p class=\"none\">No task has begun.</p>\n");
    }
    if flat.len() > MOST_ROWS {
        let _ = writeln!(page, "<p class=\"note\">{} further tasks are left out; the JSON form has them.</p>", flat.len() - MOST_ROWS);
    }
    page.push_str("</section>\n");
}

fn rest(page: &mut String, story: &Story) {
    page.push_str("<footer>\n");
    if !story.signals.is_empty() {
        let _ = writeln!(page, "<details><summary>Signals ({})</summary>", story.signals.len());
        for signal in &story.signals {
            let at = signal.at.map(|at| format!("<time>{at:.3}</time>, ")).unwrap_or_default();
            let _ = writeln!(page, "<h3>{} <small>{at}event {}</small></h3>", escaped(&signal.name), signal.event_id);
            page.push_str(&payload("Argument", Some(&signal.input), false));
        }
        page.push_str("</details>\n");
    }
    if !story.others.is_empty() {
        let _ = writeln!(page, "<details><summary>The runner's own calls ({})</summary>", story.others.len());
        story.others.iter().for_each(|call| page.push_str(&parts::call(call)));
        page.push_str("</details>\n");
    }
    let _ = writeln!(page, "<details><summary>Definition</summary><pre>{}</pre></details>\n</footer>", escaped(&story.definition.text));
}
