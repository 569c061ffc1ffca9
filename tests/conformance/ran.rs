//! What came of a run, and whether it is what was expected.

use jiff::SignedDuration;
use serde_json::Value;
use workflow_runner::activities::status::{TaskRow, TaskState};
use workflow_runner::engine::fault::Standard;

use super::step::{Expectation, Order, Verdict, With};

#[derive(Debug)]
pub enum End {
    Completed(Value),
    Faulted(Value),
    Cancelled,
    /// Before the first task; with the lines of the problems where the host tells them.
    Refused {
        lines: Vec<usize>,
        text: String,
    },
}

#[derive(Debug)]
pub struct Ran {
    pub end: End,
    /// In order of first start, as people see them.
    pub tasks: Vec<TaskRow>,
    /// Of its own time.
    pub took: SignedDuration,
    /// Whether time is virtual.
    pub virtual_time: bool,
}

impl Ran {
    /// # Errors
    /// What is not as it should be.
    pub fn check(&self, expected: &[Expectation]) -> Result<(), String> {
        for expectation in expected {
            self.holds(expectation).map_err(|problem| format!("{problem}\n  expected {expectation:?}\n  {self}"))?;
        }
        Ok(())
    }

    fn holds(&self, expectation: &Expectation) -> Result<(), String> {
        match expectation {
            Expectation::Workflow(verdict, with) => self.ended(*verdict, with),
            Expectation::Task(name, verdict, with) => task_ended(self.task(name)?, *verdict, with),
            Expectation::Refused { line } => self.refused(*line),
            Expectation::Standard { slug, instance } => self.standard(slug, instance.as_deref()),
            Expectation::OutputHas(paths) => {
                let output = self.output()?;
                match paths.iter().find(|path| at(output, path).is_none()) {
                    Some(path) => Err(format!("the output has no `{path}`")),
                    None => Ok(()),
                }
            }
            Expectation::OutputValue(path, value) => has(self.output()?, path, value),
            Expectation::OutputItems(path, count) => match at(self.output()?, path) {
                Some(Value::Array(items)) if items.len() == *count => Ok(()),
                other => Err(format!("`{path}` is {other:?}")),
            },
            Expectation::ErrorValue(path, value) => has(self.error()?, path, value),
            Expectation::Runs(name, order) => self.runs(name, *order),
            Expectation::Before(first, then) => {
                if self.position(first)? < self.position(then)? {
                    Ok(())
                } else {
                    Err(format!("{first} did not run before {then}"))
                }
            }
            Expectation::Times(name, count) => {
                let runs = self.tasks.iter().find(|row| row.name == *name).map_or(0, |row| row.runs);
                if runs == *count { Ok(()) } else { Err(format!("{name} ran {runs} times")) }
            }
            Expectation::Took { duration, exactly } => match *exactly && self.virtual_time {
                true if self.took == *duration => Ok(()),
                false if self.took >= *duration => Ok(()),
                _ => Err(format!("it took {:?}", self.took)),
            },
        }
    }

    fn ended(&self, verdict: Verdict, with: &With) -> Result<(), String> {
        match (verdict, with, &self.end) {
            (Verdict::Complete, With::Anything, End::Completed(_))
            | (Verdict::Fault, With::Anything, End::Faulted(_))
            | (Verdict::Cancel, With::Anything, End::Cancelled) => Ok(()),
            (Verdict::Complete, With::Output(wanted), End::Completed(found))
            | (Verdict::Fault, With::Error(wanted), End::Faulted(found)) => {
                if same(found, wanted) {
                    Ok(())
                } else {
                    Err(format!("it came with {found}"))
                }
            }
            _ => Err("it ended in another way".to_owned()),
        }
    }

    fn refused(&self, line: Option<usize>) -> Result<(), String> {
        let End::Refused { lines, .. } = &self.end else { return Err("it was not refused".to_owned()) };
        match line {
            Some(line) if !lines.is_empty() && !lines.contains(&line) => Err(format!("it was refused at {lines:?}")),
            _ => Ok(()),
        }
    }

    fn standard(&self, slug: &str, instance: Option<&str>) -> Result<(), String> {
        let standard = Standard::ALL.into_iter().find(|kind| kind.slug() == slug).ok_or_else(|| format!("there is no `{slug}`"))?;
        let error = self.error()?;
        let type_ = error["type"].as_str().unwrap_or_default();
        // Communication errors have the status of the answer, where there was one.
        let status = slug == "communication" || error["status"] == standard.status();
        if !type_.ends_with(&format!("/spec/1.0.0/errors/{slug}")) || !status {
            return Err(format!("the error is {error}"));
        }
        match instance {
            Some(instance) if error["instance"] != instance => Err(format!("the error is of {}", error["instance"])),
            _ => Ok(()),
        }
    }

    fn output(&self) -> Result<&Value, String> {
        if let End::Completed(output) = &self.end { Ok(output) } else { Err("it has no output".to_owned()) }
    }

    fn error(&self) -> Result<&Value, String> {
        if let End::Faulted(error) = &self.end { Ok(error) } else { Err("it has no error".to_owned()) }
    }

    fn task(&self, name: &str) -> Result<&TaskRow, String> {
        self.tasks.iter().find(|row| row.name == name).ok_or_else(|| format!("{name} did not run"))
    }

    fn position(&self, name: &str) -> Result<usize, String> {
        self.tasks.iter().position(|row| row.name == name).ok_or_else(|| format!("{name} did not run"))
    }

    fn runs(&self, name: &str, order: Order) -> Result<(), String> {
        let row = match order {
            Order::First => self.tasks.first(),
            Order::Last => self.tasks.last(),
        };
        match row {
            Some(row) if row.name == name => Ok(()),
            other => Err(format!("that was {:?}", other.map(|row| &row.name))),
        }
    }
}

fn task_ended(row: &TaskRow, verdict: Verdict, with: &With) -> Result<(), String> {
    let state = match verdict {
        Verdict::Complete => TaskState::Completed,
        Verdict::Fault => TaskState::Failed,
        Verdict::Cancel => TaskState::Cancelled,
    };
    let output = row.output.as_ref().map(workflow_runner::expr::Data::to_json);
    match with {
        _ if row.state != state => Err(format!("{} is {:?}", row.name, row.state)),
        With::Output(wanted) if !output.as_ref().is_some_and(|found| same(found, wanted)) => Err(format!("its output is {output:?}")),
        With::Error(_) => Err("the error of a task is not told as data".to_owned()),
        _ => Ok(()),
    }
}

fn has(value: &Value, path: &str, wanted: &Value) -> Result<(), String> {
    match at(value, path) {
        Some(found) if same(found, wanted) => Ok(()),
        found => Err(format!("`{path}` is {found:?}")),
    }
}

/// `a.b`, by names; numbers are positions in lists.
pub fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    })
}

/// The same data: `1` and `1.0` are one number, and the order of members does not matter.
fn same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a.total_cmp(&b).is_eq()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b))),
        (a, b) => a == b,
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tasks: Vec<_> = self.tasks.iter().map(|row| format!("{}×{} {:?}", row.name, row.runs, row.state)).collect();
        match &self.end {
            End::Completed(output) => write!(f, "completed with {output}")?,
            End::Faulted(error) => write!(f, "faulted with {error}")?,
            End::Cancelled => write!(f, "cancelled")?,
            End::Refused { text, .. } => write!(f, "refused: {text}")?,
        }
        write!(f, "\n  tasks: {}", tasks.join(", "))
    }
}
