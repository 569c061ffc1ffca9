//! A page's fenced blocks as examples.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::Value;
use workflow_runner::dsl::{self, Report};
use workflow_runner::plan::parse_iso8601;

use super::site::Answer;

/// A definition with what belongs to it.
pub struct Example {
    /// Of the definition's opening fence, from 1.
    pub line: usize,
    pub definition: String,
    pub files: Vec<(String, String)>,
    pub definitions: Vec<String>,
    pub secrets: BTreeMap<String, String>,
    pub runs: Vec<Run>,
}

/// One run of it.
pub struct Run {
    pub input: Value,
    pub web: Vec<Answer>,
    /// Of agents and activities: `agent NAME` or `activity NAME`, each in order.
    pub answers: BTreeMap<String, VecDeque<Value>>,
    pub events: Vec<(Duration, Value)>,
    pub expected: Expected,
}

pub enum Expected {
    Output { output: Value, after: Option<Duration> },
    Error(Vec<(String, Value)>),
}

/// A run that has not come to its end yet.
#[derive(Default)]
struct Open {
    input: Option<Value>,
    web: Vec<Answer>,
    answers: BTreeMap<String, VecDeque<Value>>,
    events: Vec<(Duration, Value)>,
}

impl Open {
    fn is_empty(&self) -> bool {
        self.input.is_none() && self.web.is_empty() && self.answers.is_empty() && self.events.is_empty()
    }

    fn end(self, expected: Expected) -> Run {
        let Self { input, web, answers, events } = self;
        Run { input: input.unwrap_or_default(), web, answers, events, expected }
    }
}

#[derive(Default)]
struct Reader {
    examples: Vec<Example>,
    open: Open,
}

/// The examples of a page, and what is wrong with its fences, each with its line.
pub fn read(page: &str) -> (Vec<Example>, Vec<String>) {
    let (mut reader, mut mistakes) = (Reader::default(), Vec::new());
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
        if let Err(mistake) = reader.take(at + 1, info, body.join("\n") + "\n") {
            mistakes.push(format!("{}: {mistake}", at + 1));
        }
    }
    if !reader.open.is_empty() {
        mistakes.push("the last example has neither output nor error".to_owned());
    }
    let untried = reader.examples.iter().filter(|example| example.runs.is_empty());
    mistakes.extend(untried.map(|example| format!("{}: the example says nothing of what it comes to", example.line)));
    (reader.examples, mistakes)
}

impl Reader {
    fn take(&mut self, line: usize, info: &str, body: String) -> Result<(), String> {
        let words: Vec<&str> = info.split_whitespace().collect();
        let (language, words) = words.split_first().map_or(("", &[][..]), |(language, words)| (*language, words));
        match (language, words) {
            ("sh" | "console" | "text", []) => Ok(()),
            ("yaml", ["part"]) => yaml(&body),
            ("yaml", []) => self.begin(line, body),
            (_, ["answer", rest @ ..]) => {
                let answer = Answer::read(language, rest, &body).ok_or("write: answer [STATUS] METHOD /path")?;
                self.open.web.push(answer);
                Ok(())
            }
            ("yaml", words) => self.beside(words, body),
            ("json", words) => self.value(words, serde_json::from_str(&body).map_err(|error| error.to_string())?),
            _ => Err(format!("`{info}` is no fence that this documentation knows")),
        }
    }

    fn begin(&mut self, line: usize, definition: String) -> Result<(), String> {
        let (files, definitions, secrets, runs) = (Vec::new(), Vec::new(), BTreeMap::new(), Vec::new());
        self.examples.push(Example { line, definition, files, definitions, secrets, runs });
        if self.open.is_empty() { Ok(()) } else { Err("the example before has neither output nor error".to_owned()) }
    }

    fn example(&mut self) -> Result<&mut Example, String> {
        self.examples.last_mut().ok_or_else(|| "no example stands before it".to_owned())
    }

    fn beside(&mut self, words: &[&str], body: String) -> Result<(), String> {
        let example = self.example()?;
        match words {
            ["file", name] => example.files.push(((*name).to_owned(), body)),
            ["definition"] => example.definitions.push(body),
            _ => return Err(format!("`yaml {}` is no fence that this documentation knows", words.join(" "))),
        }
        Ok(())
    }

    fn value(&mut self, words: &[&str], value: Value) -> Result<(), String> {
        match words {
            ["secrets"] => self.example()?.secrets = serde_json::from_value(value).map_err(|error| error.to_string())?,
            ["input"] => self.open.input = Some(value),
            [of @ ("agent" | "activity"), name] => self.open.answers.entry(format!("{of} {name}")).or_default().push_back(value),
            ["event", after @ ..] => self.open.events.push((duration(after)?.unwrap_or_default(), value)),
            ["output", after @ ..] => self.end(Expected::Output { output: value, after: duration(after)? })?,
            ["error"] => {
                let Value::Object(members) = value else { return Err("an error is an object".to_owned()) };
                self.end(Expected::Error(members.into_iter().collect()))?;
            }
            _ => return Err(format!("`json {}` is no fence that this documentation knows", words.join(" "))),
        }
        Ok(())
    }

    fn end(&mut self, expected: Expected) -> Result<(), String> {
        let run = std::mem::take(&mut self.open).end(expected);
        self.example()?.runs.push(run);
        Ok(())
    }
}

/// `after PT3S`, or nothing.
fn duration(words: &[&str]) -> Result<Option<Duration>, String> {
    match words {
        [] => Ok(None),
        ["after", length] => parse_iso8601(length).map(Some).map_err(|error| format!("{length}: {error}")),
        _ => Err(format!("`{}` is not understood here", words.join(" "))),
    }
}

fn yaml(text: &str) -> Result<(), String> {
    let mut report = Report::new(text, "part");
    dsl::load(&mut report);
    report.into_diagnostics().first().map_or(Ok(()), |problem| Err(problem.message.clone()))
}
