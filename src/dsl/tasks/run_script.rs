//! `run: script`: a program in JavaScript or Python, written here or standing elsewhere.

use super::Body;
use super::run::{self, Process, Return};
use crate::dsl::codes;
use crate::dsl::node::{Entry, Node};
use crate::dsl::read::{Fields, Shape};
use crate::dsl::report::{Problem, Report};
use crate::dsl::resource::{self, Resource};

#[derive(Debug)]
pub struct Script {
    pub language: Language,
    pub source: ScriptSource,
    pub process: Process,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    JavaScript,
    Python,
}

#[derive(Debug)]
pub enum ScriptSource {
    Code(Node),
    Resource(Resource),
}

const SCRIPT: Shape =
    Shape { what: "`run: script`", keys: &["language", "code", "source", "arguments", "stdin", "environment"], required: &["language"] };
const LANGUAGES: [(&str, Language); 3] = [("js", Language::JavaScript), ("python", Language::Python), ("javascript", Language::JavaScript)];

pub(super) fn read(report: &mut Report<'_>, node: &Node, awaited: bool, returns: Return) -> Option<Body> {
    let fields = report.fields(node, &SCRIPT)?;
    let process = run::process(report, &fields, awaited, returns);
    let language = fields.get("language").and_then(|node| language(report, node));
    let source = source(report, &fields)?;
    Some(Body::Script(Box::new(Script { language: language?, source, process })))
}

fn language(report: &mut Report<'_>, node: &Node) -> Option<Language> {
    if node.as_str() == Some("javascript") {
        let problem = Problem::new(codes::OLD_WORD, node.span, "the language `javascript` is now named `js`");
        report.add(problem.help("write `js`"));
    }
    report.choice(node, "`language`", &LANGUAGES)
}

fn source(report: &mut Report<'_>, fields: &Fields<'_>) -> Option<ScriptSource> {
    match (fields.entry("code"), fields.entry("source")) {
        (Some(_), None) => fields.text_template(report, "code").map(ScriptSource::Code),
        (None, Some(source)) => resource::read(report, &source.value).map(ScriptSource::Resource),
        (Some(_), Some(Entry { key, .. })) => {
            let problem = Problem::new(codes::EXCLUSIVE_KEYS, key.span, "a script is written here or stands elsewhere, not both");
            report.add(problem.help("keep one of `code`, `source`"));
            None
        }
        (None, None) => {
            report.add(Problem::new(codes::MISSING_KEY, fields.span, "`code` is missing: a script needs it, or `source`"));
            None
        }
    }
}
