//! Reading test files, with the reader of definitions: what is wrong is told with its place, all of it at once.
//!
//! ```yaml
//! workflow: order.yaml            # without it, the file's own name without `.test`
//! cases:
//!   - name: a pet that is there is reserved
//!     input: {petId: 7}
//!     env: {}                     # `$env`
//!     secrets: {token: t-1}       # `$secrets`
//!     start: '2026-05-01T08:00:00Z'
//!     seed: 1                     # of jitter
//!     calls:                      # the first mock that matches answers
//!       - {task: find, result: {id: 7}}
//!       - {effect: http, with: {method: POST}, answers: [{error: {status: 503}, after: 2s}, {result: {}}]}
//!       - {effect: script, allow: real}
//!     agents: agents              # folder or file of scripted agents, or {name: {reply: …}}
//!     events: [{after: PT1H, event: {type: com.example.paid, source: shop, data: {}}}]
//!     allow: real                 # calls that no mock answers are made; otherwise they fail the case
//!     expect:
//!       output: {id: 7}           # all of it; or `contains:`, or `error: {status: 404}`
//!       order: [find, reserve]
//!       never: [giveUp]
//!       calls: [{task: find, with: {method: GET}, count: 1}]
//!       duration: 2s              # in virtual time
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::case::{Answer, Answers, Case, EFFECTS, Expect, Matcher, Mock, Outcome, TestFile};
use crate::cli::document::Document;
use crate::dsl::{self, Diagnostic, Fields, Node, Problem, Report, Shape, codes};
use crate::effects::EffectError;
use crate::effects::agents::Agents;
use crate::engine::fault::Standard;

const FILE: Shape = Shape { what: "a test file", keys: &["workflow", "cases"], required: &["cases"] };
const CASE: Shape = Shape {
    what: "a case",
    keys: &["name", "input", "env", "secrets", "start", "seed", "calls", "agents", "events", "allow", "expect"],
    required: &["name", "expect"],
};
const MOCK: Shape =
    Shape { what: "a mock", keys: &["task", "effect", "with", "result", "error", "after", "silence", "answers", "allow"], required: &[] };
const ANSWER: Shape = Shape { what: "an answer", keys: &["result", "error", "after", "silence"], required: &[] };
const ERROR: Shape = Shape { what: "an error", keys: &["type", "status", "title", "detail"], required: &[] };
const EVENT: Shape = Shape { what: "an event", keys: &["after", "event"], required: &["event"] };
const EXPECT: Shape =
    Shape { what: "`expect`", keys: &["output", "contains", "error", "order", "never", "calls", "duration"], required: &[] };
const EXPECTED_CALL: Shape = Shape { what: "an expected call", keys: &["task", "effect", "with", "count"], required: &[] };
const OUTCOMES: [&str; 3] = ["output", "contains", "error"];
const ANSWERS: [&str; 5] = ["result", "error", "silence", "answers", "allow"];

/// # Errors
/// Everything that is wrong with the file.
pub fn read(document: &Document, path: &Path) -> Result<TestFile, Vec<Diagnostic>> {
    if let Some(garbled) = document.garbled() {
        return Err(garbled);
    }
    let mut report = Report::new(&document.text, &document.name);
    let file = Reader { report: &mut report, folder: path.parent().unwrap_or(Path::new("")) }.file(path);
    match file {
        Some(file) if !report.has_errors() => Ok(file),
        _ => Err(report.into_diagnostics()),
    }
}

struct Reader<'r, 't> {
    report: &'r mut Report<'t>,
    /// Other files are named relative to it.
    folder: &'r Path,
}

impl Reader<'_, '_> {
    fn file(&mut self, path: &Path) -> Option<TestFile> {
        let root = dsl::load(self.report)?;
        let fields = self.report.fields(&root, &FILE)?;
        let workflow = fields.text(self.report, "workflow").map_or_else(|| beside(path), |name| self.folder.join(&*name.text));
        let items = self.report.list(fields.get("cases")?, "`cases`")?;
        let cases = items.iter().filter_map(|item| self.case(item)).collect();
        Some(TestFile { workflow, cases })
    }

    fn case(&mut self, node: &Node) -> Option<Case> {
        let fields = self.report.fields(node, &CASE)?;
        let name = fields.text(self.report, "name");
        let start =
            fields.text(self.report, "start").and_then(|text| self.parsed(text.span, &text.text, "a time such as '2026-05-01T08:00:00Z'"));
        let seed = fields.get("seed").and_then(|node| self.report.integer(node, "`seed`", 0));
        let calls = fields.get("calls").and_then(|node| self.report.list(node, "`calls`")).unwrap_or_default();
        let mocks = calls.iter().filter_map(|node| self.mock(node)).collect();
        let events = fields.get("events").and_then(|node| self.report.list(node, "`events`")).unwrap_or_default();
        let events = events.iter().filter_map(|node| self.event(node)).collect();
        let agents = fields.get("agents").and_then(|node| self.agents(node)).unwrap_or_default();
        let allow_real = fields.get("allow").and_then(|node| self.report.choice(node, "`allow`", &[("real", true)])).unwrap_or(false);
        let env = fields.get("env").filter(|node| self.report.mapping(node, "`env`").is_some());
        let secrets = fields.get("secrets").and_then(|node| self.report.mapping(node, "`secrets`")).unwrap_or_default();
        let expect = self.expect(fields.get("expect")?);
        Some(Case {
            name: name?.text.to_string(),
            input: fields.get("input").map_or_else(empty, Node::to_json),
            env: env.map_or_else(empty, Node::to_json),
            secrets: secrets.iter().map(|entry| (entry.key.text.to_string(), plain(&entry.value.to_json()))).collect(),
            start: start.unwrap_or(Timestamp::UNIX_EPOCH),
            seed: seed.unwrap_or_default().into(),
            mocks,
            agents,
            events,
            allow_real,
            expect: expect?,
        })
    }

    fn mock(&mut self, node: &Node) -> Option<Mock> {
        let fields = self.report.fields(node, &MOCK)?;
        let matcher = self.matcher(&fields);
        self.report.exactly_one(&fields, MOCK.what, &ANSWERS);
        let answers = match (fields.get("allow"), fields.get("answers")) {
            (Some(allow), _) => {
                self.report.choice(allow, "`allow`", &[("real", ())])?;
                Answers::Real
            }
            (None, Some(list)) => {
                let items = self.report.list(list, "`answers`")?;
                Answers::Each(items.iter().filter_map(|item| self.answer_in(item)).collect())
            }
            (None, None) => Answers::Always(self.answer(&fields)?),
        };
        Some(Mock { matcher, answers })
    }

    fn answer_in(&mut self, node: &Node) -> Option<Answer> {
        let fields = self.report.fields(node, &ANSWER)?;
        self.report.exactly_one(&fields, ANSWER.what, &ANSWERS[..3]);
        self.answer(&fields)
    }

    fn answer(&mut self, fields: &Fields<'_>) -> Option<Answer> {
        let after = self.duration(fields, "after").unwrap_or_default();
        let silence = fields.get("silence").and_then(|node| self.report.boolean(node, "`silence`")).unwrap_or(false);
        let result = match fields.get("error") {
            Some(node) => Err(self.error(node)?),
            None => Ok(fields.get("result").map_or(Value::Null, Node::to_json)),
        };
        Some(Answer { after: (!silence).then_some(after), result })
    }

    fn error(&mut self, node: &Node) -> Option<EffectError> {
        let fields = self.report.fields(node, &ERROR)?;
        let kinds = Standard::ALL.map(|kind| (kind.slug(), kind));
        let kind = fields.get("type").and_then(|node| self.report.choice(node, "`type`", &kinds)).unwrap_or(Standard::Communication);
        let status = fields.get("status").and_then(|node| self.report.integer(node, "`status`", 100));
        Some(EffectError {
            kind: kind.slug(),
            type_uri: None,
            status: status.and_then(|status| u16::try_from(status).ok()).unwrap_or(kind.status()),
            title: fields.text(self.report, "title").map_or_else(|| "the test says so".to_owned(), |title| title.text.to_string()),
            detail: fields.text(self.report, "detail").map(|detail| detail.text.to_string()),
        })
    }

    fn matcher(&mut self, fields: &Fields<'_>) -> Matcher {
        Matcher {
            task: fields.text(self.report, "task").map(|name| name.text.to_string()),
            effect: fields.get("effect").and_then(|node| self.report.choice(node, "`effect`", &EFFECTS)),
            with: fields.get("with").map(Node::to_json),
        }
    }

    fn event(&mut self, node: &Node) -> Option<(Duration, Value)> {
        let fields = self.report.fields(node, &EVENT)?;
        let after = self.duration(&fields, "after").unwrap_or_default();
        let event = fields.get("event")?;
        self.report.mapping(event, "`event`")?;
        Some((after, event.to_json()))
    }

    fn agents(&mut self, node: &Node) -> Option<Agents> {
        let loaded = match (node.as_str(), node.entries()) {
            (Some(path), _) => Agents::load_for_tests(&self.folder.join(path)),
            (None, Some(entries)) => {
                let agents = entries.iter().map(|entry| scripted(&entry.key.text, &entry.value));
                Agents::parse(&agents.collect::<Vec<_>>().join("\n---\n"), Path::new("agents"))
            }
            (None, None) => {
                self.report.wrong_type(node, "`agents`", "a path or a mapping");
                return None;
            }
        };
        let problem = |error: &dyn std::fmt::Display| Problem::new(codes::BAD_VALUE, node.span, error.to_string());
        loaded.map_err(|error| self.report.add(problem(&error))).ok()
    }

    fn expect(&mut self, node: &Node) -> Option<Expect> {
        let fields = self.report.fields(node, &EXPECT)?;
        if fields.entries.iter().any(|entry| OUTCOMES.contains(&&*entry.key.text)) {
            self.report.exactly_one(&fields, EXPECT.what, &OUTCOMES);
        }
        let json = |key| fields.get(key).map(Node::to_json);
        let error = fields.get("error").filter(|node| self.report.mapping(node, "`error`").is_some()).map(Node::to_json);
        let outcome = json("output").map(Outcome::Output).or_else(|| json("contains").map(Outcome::Contains)).or(error.map(Outcome::Error));
        let calls = fields.get("calls").and_then(|node| self.report.list(node, "`calls`")).unwrap_or_default();
        let calls = calls.iter().filter_map(|node| self.expected_call(node)).collect();
        Some(Expect {
            outcome: outcome.unwrap_or_default(),
            order: self.names(&fields, "order"),
            never: self.names(&fields, "never"),
            calls,
            duration: self.duration(&fields, "duration"),
        })
    }

    fn expected_call(&mut self, node: &Node) -> Option<(Matcher, Option<usize>)> {
        let fields = self.report.fields(node, &EXPECTED_CALL)?;
        let count = fields.get("count").and_then(|node| self.report.integer(node, "`count`", 0));
        Some((self.matcher(&fields), count.and_then(|count| usize::try_from(count).ok())))
    }

    fn names(&mut self, fields: &Fields<'_>, key: &str) -> Vec<String> {
        let items = fields.get(key).and_then(|node| self.report.list(node, &format!("`{key}`"))).unwrap_or_default();
        items.iter().filter_map(|item| self.report.text(item, "the name of a task")).map(|name| name.text.to_string()).collect()
    }

    /// `2s`, or ISO 8601.
    fn duration(&mut self, fields: &Fields<'_>, key: &str) -> Option<Duration> {
        let text = fields.text(self.report, key)?;
        let read = crate::config::duration::parse(&text.text).or_else(|_| crate::plan::parse_iso8601(&text.text));
        if read.is_err() {
            let problem = Problem::new(codes::BAD_DURATION, text.span, format!("`{key}` is no duration"));
            self.report.add(problem.help("write 500ms, 2s, 10m, 24h, or PT26H30M"));
        }
        read.ok()
    }

    fn parsed<T: std::str::FromStr>(&mut self, span: dsl::Span, text: &str, expected: &str) -> Option<T> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.report.add(Problem::new(codes::BAD_VALUE, span, format!("`{text}` is not {expected}")));
        }
        parsed
    }
}

/// `order.test.yaml` is about `order.yaml`.
fn beside(path: &Path) -> PathBuf {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("yaml");
    path.with_file_name(format!("{}.{extension}", stem.strip_suffix(".test").unwrap_or(stem)))
}

/// A scripted agent as its own file has it; JSON is YAML.
fn scripted(name: &str, settings: &Node) -> String {
    let mut agent = settings.to_json();
    if let Value::Object(members) = &mut agent {
        members.insert("name".to_owned(), name.into());
        members.insert("kind".to_owned(), "scripted".into());
    }
    agent.to_string()
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// A secret is text; one with members is their JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
