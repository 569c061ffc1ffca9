//! One row of a table: a document, what it starts from, and what it comes to, in process and in virtual time.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use workflow_runner::engine::host::Effect;
use workflow_runner::engine::{Outcome, Start};
use workflow_runner::local::events::scripted;
use workflow_runner::local::mock::{Answer, Mock};
use workflow_runner::local::{Clock, Options, run};
use workflow_runner::plan;

/// What a row has to come to.
pub enum Want {
    /// The workflow's output.
    Output(Value),
    /// The same, after exactly so much virtual time.
    After(Duration, Value),
    /// A fault: the last part of its type, its status, and a part of its text.
    Fault(&'static str, u16, &'static str),
    /// Refused before its first task, with this code and a part of its text.
    Refused(&'static str, &'static str),
}

pub struct Row {
    /// Of the contract.
    pub id: &'static str,
    pub given: &'static str,
    document: Value,
    input: Value,
    env: Value,
    data: Value,
    events: Vec<(u64, Value)>,
    want: Option<Want>,
    instead: Option<&'static str>,
}

/// A definition of these tasks, as they stand in `do`. JSON is YAML.
pub fn document(tasks: Value) -> Value {
    json!({"document": {"dsl": "1.0.3", "namespace": "test", "name": "contract", "version": "0.1.0"}, "do": tasks})
}

/// A row with these tasks.
pub fn row(id: &'static str, given: &'static str, tasks: Value) -> Row {
    Row {
        id,
        given,
        document: document(tasks),
        input: json!({}),
        env: json!({}),
        data: json!({}),
        events: Vec::new(),
        want: None,
        instead: None,
    }
}

impl Row {
    pub fn input(self, input: Value) -> Self {
        Self { input, ..self }
    }

    /// `$env`, as the platform's worker fills it: name → `{value, is_secret}`.
    pub fn env(self, env: Value) -> Self {
        Self { env, ..self }
    }

    /// `$data` at the start.
    pub fn data(self, data: Value) -> Self {
        Self { data, ..self }
    }

    /// Events of these types, each so many seconds after the start, with its data.
    pub fn events(self, events: &[(u64, &str, Value)]) -> Self {
        let event = |(at, kind, data): &(u64, &str, Value)| {
            (*at, json!({"specversion": "1.0", "type": kind, "id": format!("{at}"), "source": "/test", "data": data}))
        };
        Self { events: events.iter().map(event).collect(), ..self }
    }

    pub fn gives(self, output: Value) -> Self {
        Self { want: Some(Want::Output(output)), ..self }
    }

    pub fn gives_after(self, seconds: f64, output: Value) -> Self {
        Self { want: Some(Want::After(Duration::from_secs_f64(seconds), output)), ..self }
    }

    pub fn faults(self, kind: &'static str, status: u16, text: &'static str) -> Self {
        Self { want: Some(Want::Fault(kind, status, text)), ..self }
    }

    pub fn refused(self, code: &'static str, text: &'static str) -> Self {
        Self { want: Some(Want::Refused(code, text)), ..self }
    }

    /// What it does here in place of what the original did, and why.
    pub fn instead(self, reason: &'static str) -> Self {
        Self { instead: Some(reason), ..self }
    }

    /// Says what is wrong with the row, if anything is.
    fn judge(self) -> Option<String> {
        let say = |text: String| {
            let instead = self.instead.map(|reason| format!(" ({reason})")).unwrap_or_default();
            Some(format!("{} {}{instead}: {text}", self.id, self.given))
        };
        let Some(want) = &self.want else { return say("the row expects nothing".to_owned()) };
        let plan = match (plan::build(&self.document.to_string(), "row.yaml"), want) {
            (Ok(plan), Want::Refused(..)) => return say(format!("not refused: {:?}", plan.name)),
            (Ok(plan), _) => plan,
            (Err(error), Want::Refused(code, part)) => {
                let text = error.to_string();
                return if text.contains(code) && text.contains(part) { None } else { say(text) };
            }
            (Err(error), _) => return say(error.to_string()),
        };
        // A program says so; any other call answers with what it was asked, so the output is what goes out.
        let calls = Mock::new(|call| match call.effect {
            Effect::Shell | Effect::Script => Answer::now(json!({"code": 0, "stdout": "success", "stderr": ""})),
            _ => Answer::now(call.input.clone()),
        });
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
        let start = Start {
            env: self.env.clone().into(),
            data: self.data.clone().into(),
            ..Start::new("contract", self.input.clone().into(), Timestamp::UNIX_EPOCH)
        };
        let mut options = Options::new(start, clock.clone(), calls);
        let events = self.events.iter().map(|(at, event)| (Duration::from_secs(*at), event.clone().into())).collect();
        options.events = Some(scripted(&clock, events));
        let outcome = run(&plan, options).expect("a runtime");
        let took = Duration::try_from(clock.now().duration_since(Timestamp::UNIX_EPOCH)).expect("time goes on");
        match (&outcome, want) {
            (Outcome::Completed(output), Want::Output(want)) if output.to_json() == *want => None,
            (Outcome::Completed(output), Want::After(after, want)) if output.to_json() == *want && took == *after => None,
            (Outcome::Faulted(fault), Want::Fault(kind, status, part))
                if fault.type_.ends_with(&format!("/{kind}")) && fault.status == *status && fault.to_string().contains(part) =>
            {
                None
            }
            (Outcome::Completed(output), _) => say(format!("completed after {took:?} with {}", output.to_json())),
            (Outcome::Faulted(fault), _) => say(format!("faulted: {} {fault}", fault.type_)),
            (other, _) => say(format!("{other:?}")),
        }
    }
}

/// Every row, and all that is wrong with them at once.
pub fn hold(rows: Vec<Row>) {
    let wrong: Vec<String> = rows.into_iter().filter_map(Row::judge).collect();
    assert!(wrong.is_empty(), "{} rows do not hold:\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}
