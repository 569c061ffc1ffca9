//! The sentences of a scenario: the nine of the specification's kit, and those that our own scenarios need beside them.
//!
//! | ours | for |
//! |---|---|
//! | `given the events:` | `CloudEvents`, a list, sent in this order as soon as the workflow runs |
//! | `given the secrets:` | a map of names and values |
//! | `given another workflow with definition:` | a definition that `run: workflow` can name |
//! | `the workflow is cancelled while it waits` | instead of `is executed` |
//! | `the workflow should fault with a standard 'timeout' error( at '/do/0/task')?` | type under any of the specification's hosts, and status |
//! | `the workflow error should have a 'p' property with value:` | like that of the output |
//! | `the workflow should take 'PT3S'( or more)?` | its own time: exact in process, where time is virtual; at least so much durably |
//! | `the definition should be refused( at line N)?` | before its first task |
//! | `<task> should not run`, `<task> should run N times` | how often a task has started |

use gherkin::Step as Source;
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Complete,
    Fault,
    Cancel,
}

/// What an end was promised to come with.
#[derive(Debug, PartialEq)]
pub enum With {
    Anything,
    Output(Value),
    Error(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    First,
    Last,
}

/// What must hold of a run.
#[derive(Debug, PartialEq)]
pub enum Expectation {
    Workflow(Verdict, With),
    Task(String, Verdict, With),
    Refused { line: Option<usize> },
    Standard { slug: String, instance: Option<String> },
    OutputHas(Vec<String>),
    OutputValue(String, Value),
    OutputItems(String, usize),
    ErrorValue(String, Value),
    Runs(String, Order),
    Before(String, String),
    Times(String, u32),
    Took { duration: jiff::SignedDuration, exactly: bool },
}

#[derive(Debug, PartialEq)]
pub enum Step {
    Definition(String),
    Another(String),
    Input(Value),
    Events(Vec<Value>),
    Secrets(Vec<(String, String)>),
    Execute { cancel: bool },
    Expect(Expectation),
}

impl Step {
    /// # Errors
    /// The sentence is none of those known, or what follows it is not of its shape.
    pub fn parse(source: &Source) -> Result<Self, String> {
        let text = source.value.trim();
        let step = sentence(text, source).map_err(|problem| format!("{problem}, in `{text}`"))?;
        step.ok_or_else(|| format!("no step reads `{text}`"))
    }
}

fn sentence(text: &str, source: &Source) -> Result<Option<Step>, String> {
    // After `And`, the kit's sentences repeat their first word.
    let text = text.strip_prefix("given ").unwrap_or(text);
    Ok(Some(match text {
        "a workflow with definition:" => Step::Definition(docstring(source)?),
        "another workflow with definition:" => Step::Another(docstring(source)?),
        "the workflow input is:" => Step::Input(yaml(source)?),
        "the events:" => match yaml(source)? {
            Value::Array(events) => Step::Events(events),
            other => return Err(format!("a list of events is needed, not {other}")),
        },
        "the secrets:" => {
            let Value::Object(secrets) = yaml(source)? else { return Err("a map of secrets is needed".to_owned()) };
            Step::Secrets(secrets.into_iter().map(|(name, value)| (name, plain(&value))).collect())
        }
        "the workflow is executed" => Step::Execute { cancel: false },
        "the workflow is cancelled while it waits" => Step::Execute { cancel: true },
        _ => return Ok(expectation(text, source)?.map(Step::Expect)),
    }))
}

fn expectation(text: &str, source: &Source) -> Result<Option<Expectation>, String> {
    if let Some(rest) = text.strip_prefix("the workflow output should have ") {
        return output(rest, source);
    }
    if let Some(rest) = text.strip_prefix("the workflow error should have a ") {
        let Some((path, "property with value:")) = quoted(rest) else { return Ok(None) };
        return Ok(Some(Expectation::ErrorValue(path.to_owned(), yaml(source)?)));
    }
    if let Some(rest) = text.strip_prefix("the definition should be refused") {
        let line = rest.trim().strip_prefix("at line ").map(|line| line.parse().map_err(|_| "a line number is needed")).transpose()?;
        return Ok(Some(Expectation::Refused { line }));
    }
    let Some((subject, predicate)) = text.split_once(" should ") else { return Ok(None) };
    if subject == "the workflow" {
        if let Some(rest) = predicate.strip_prefix("fault with a standard ") {
            let Some((slug, rest)) = quoted(rest) else { return Ok(None) };
            let instance = rest.strip_prefix("error at ").and_then(quoted).map(|(instance, _)| instance.to_owned());
            return Ok(Some(Expectation::Standard { slug: slug.to_owned(), instance }));
        }
        if let Some((duration, rest)) = predicate.strip_prefix("take ").and_then(quoted) {
            let duration = duration.parse().map_err(|error| format!("{error}"))?;
            return Ok(Some(Expectation::Took { duration, exactly: rest != "or more" }));
        }
        return Ok(verdict(predicate, source)?.map(|(verdict, with)| Expectation::Workflow(verdict, with)));
    }
    let task = subject.to_owned();
    let runs = |predicate: &str| -> Option<Expectation> {
        let how = predicate.strip_prefix("run ")?;
        Some(match how.split_once(' ') {
            None if how == "first" => Expectation::Runs(task.clone(), Order::First),
            None if how == "last" => Expectation::Runs(task.clone(), Order::Last),
            Some(("before", other)) => Expectation::Before(task.clone(), other.to_owned()),
            Some(("after", other)) => Expectation::Before(other.to_owned(), task.clone()),
            Some((count, "times")) => Expectation::Times(task.clone(), count.parse().ok()?),
            _ => return None,
        })
    };
    if predicate == "not run" {
        return Ok(Some(Expectation::Times(task, 0)));
    }
    if let Some(found) = runs(predicate) {
        return Ok(Some(found));
    }
    Ok(verdict(predicate, source)?.map(|(verdict, with)| Expectation::Task(task, verdict, with)))
}

fn output(text: &str, source: &Source) -> Result<Option<Expectation>, String> {
    if let Some(rest) = text.strip_prefix("properties ") {
        let paths = rest.split(',').map(|part| part.trim().trim_matches('\'').to_owned());
        return Ok(Some(Expectation::OutputHas(paths.collect())));
    }
    let Some((path, rest)) = text.strip_prefix("a ").and_then(quoted) else { return Ok(None) };
    if rest == "property with value:" {
        return Ok(Some(Expectation::OutputValue(path.to_owned(), yaml(source)?)));
    }
    let count = rest.strip_prefix("property containing ").and_then(|rest| rest.strip_suffix(" items")).and_then(|count| count.parse().ok());
    Ok(count.map(|count| Expectation::OutputItems(path.to_owned(), count)))
}

fn verdict(predicate: &str, source: &Source) -> Result<Option<(Verdict, With)>, String> {
    let (verb, with) = predicate.split_once(" with ").map_or((predicate, ""), |(verb, with)| (verb, with));
    let verdict = match verb {
        "complete" => Verdict::Complete,
        "fault" => Verdict::Fault,
        "cancel" => Verdict::Cancel,
        _ => return Ok(None),
    };
    let with = match with {
        "" => With::Anything,
        "output:" => With::Output(yaml(source)?),
        "error:" => With::Error(yaml(source)?),
        _ => return Ok(None),
    };
    Ok(Some((verdict, with)))
}

/// `'text' rest`.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (inner, rest) = text.strip_prefix('\'')?.split_once('\'')?;
    Some((inner, rest.trim()))
}

fn yaml(source: &Source) -> Result<Value, String> {
    serde_yaml::from_str(&docstring(source)?).map_err(|error| error.to_string())
}

/// The text between the quotes. The parser leaves the media type as its first line and the indentation as it is.
fn docstring(source: &Source) -> Result<String, String> {
    let text = source.docstring.as_deref().ok_or("a text between `\"\"\"` is needed")?;
    let first = text.lines().next().unwrap_or_default();
    let body = if ["yaml", "json", ""].contains(&first.trim()) { text.split_once('\n').map_or("", |(_, body)| body) } else { text };
    let indented = |line: &str| line.len() - line.trim_start().len();
    let margin = body.lines().filter(|line| !line.trim().is_empty()).map(indented).min().unwrap_or_default();
    Ok(body.lines().map(|line| line.get(margin..).unwrap_or_default()).collect::<Vec<_>>().join("\n") + "\n")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
