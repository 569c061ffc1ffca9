//! What happens in a run, as the `CloudEvents` that the specification names: `io.serverlessworkflow.{workflow,task}.{verb}.v1`.
//!
//! | happens | events |
//! |---|---|
//! | the run begins, ends | workflow `started`; `completed`, `faulted` or `cancelled` |
//! | the run is paused, goes on | workflow `suspended`; `resumed` |
//! | a task begins | task `created`, `started` |
//! | a task ends | task `completed` (also when its `if` is false), `faulted` or `cancelled` |
//! | a `try` tries again | task `retried` |
//! | a task with `correlate` begins, has what it waits for | workflow `correlation-started`, `correlation-completed` |
//!
//! Ids and times are those of the run, so that a replay gives the same events. Outputs are left out: the specification has a reference in their
//! place (`outputUri`), and nothing here keeps them. A task that has begun is never suspended, so there are no such events of tasks; the optional
//! `status-changed` is not sent.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Outcome;
use super::fault::Fault;
use super::host;
use super::pause::Pause;
use super::progress::Event;
use crate::expr::Data;
use crate::plan::{Consumption, EventFilter, Kind, Plan, Task, TaskId, Until};

/// Makes the events of one run.
#[derive(Debug)]
pub struct Lifecycle {
    /// `/{namespace}/{name}/{version}`.
    source: String,
    /// `{instance}.{namespace}`.
    instance: String,
    definition: Data,
    /// What makes ids unlike those of any other run.
    run_id: String,
    /// How often each verb of each task has come.
    counts: BTreeMap<(TaskId, &'static str), u64>,
    /// How often the run was paused or resumed.
    pauses: u64,
}

impl Lifecycle {
    /// `workflow_id` as `$workflow.id`; `run_id` is this run's own: each run that a workflow is continued in counts from the beginning.
    #[must_use]
    pub fn new(plan: &Plan, workflow_id: &str, run_id: &str) -> Self {
        let definition = [("name", &plan.name), ("namespace", &plan.namespace), ("version", &plan.version)];
        let definition = Data::object(definition.map(|(name, text)| (name, Data::string(text))));
        Self {
            source: format!("/{}/{}/{}", plan.namespace, plan.name, plan.version),
            instance: format!("{workflow_id}.{}", plan.namespace),
            definition,
            run_id: run_id.to_owned(),
            counts: BTreeMap::new(),
            pauses: 0,
        }
    }

    #[must_use]
    pub fn started(&self, at: Timestamp) -> Data {
        self.workflow("started", "startedAt", at, Some(("definition", self.definition.clone())))
    }

    /// How the run ended; none when another one goes on with it.
    #[must_use]
    pub fn ended(&self, outcome: &Outcome, at: Timestamp) -> Option<Data> {
        Some(match outcome {
            Outcome::Completed(_) => self.workflow("completed", "completedAt", at, None),
            Outcome::Faulted(fault) => self.workflow("faulted", "faultedAt", at, Some(("error", fault.to_data()))),
            Outcome::Cancelled => self.workflow("cancelled", "cancelledAt", at, None),
            Outcome::Suspended(_) => return None,
        })
    }

    /// The run is paused, or goes on at `now`.
    pub fn paused(&mut self, pause: Option<&Pause>, now: Timestamp) -> Data {
        let (verb, member, at) = pause.map_or(("resumed", "resumedAt", now), |pause| ("suspended", "suspendedAt", pause.since));
        self.pauses += 1;
        let data = Data::object([("name", Data::string(&self.instance)), (member, Data::from(at.to_string()))]);
        self.event(&format!("workflow.{verb}"), at, &["", verb, &self.pauses.to_string()], data)
    }

    /// What a step of a task is told by. `now` is the time of what has none of its own.
    pub fn step(&mut self, event: Event<'_>, now: Timestamp) -> Vec<Data> {
        match event {
            Event::Started { task, at } => {
                let mut events = vec![self.task(task, "created", "createdAt", at, None), self.task(task, "started", "startedAt", at, None)];
                if correlates(task) {
                    events.push(self.correlation(task, "correlation-started", "startedAt", at));
                }
                events
            }
            Event::Completed { task, at, .. } => {
                let mut events = vec![self.task(task, "completed", "completedAt", at, None)];
                if correlates(task) {
                    events.insert(0, self.correlation(task, "correlation-completed", "completedAt", at));
                }
                events
            }
            Event::Skipped { task, at } => vec![self.task(task, "completed", "completedAt", at, None)],
            Event::Failed { task, fault, at } => vec![self.task(task, "faulted", "faultedAt", at, Some(fault))],
            Event::Cancelled { task, at } => vec![self.task(task, "cancelled", "cancelledAt", at, None)],
            Event::Resumed { .. } => vec![], // it began in an earlier run
            Event::Retrying { task, .. } => vec![self.task(task, "retried", "retriedAt", now, None)],
        }
    }

    fn workflow(&self, verb: &str, member: &str, at: Timestamp, more: Option<(&str, Data)>) -> Data {
        let data = Data::object([("name", Data::string(&self.instance)), (member, Data::from(at.to_string()))].into_iter().chain(more));
        self.event(&format!("workflow.{verb}"), at, &["", verb], data)
    }

    fn task(&mut self, task: &Task, verb: &'static str, member: &str, at: Timestamp, fault: Option<&Fault>) -> Data {
        let error = fault.map(|fault| ("error", fault.to_data()));
        let data =
            [("workflow", Data::string(&self.instance)), ("task", Data::string(&task.reference)), (member, Data::from(at.to_string()))];
        let count = self.count(task, verb);
        self.event(&format!("task.{verb}"), at, &[&task.reference, verb, &count], Data::object(data.into_iter().chain(error)))
    }

    fn correlation(&mut self, task: &Task, verb: &'static str, member: &str, at: Timestamp) -> Data {
        let count = self.count(task, verb);
        let data = Data::object([("name", Data::string(&self.instance)), (member, Data::from(at.to_string()))]);
        self.event(&format!("workflow.{verb}"), at, &[&task.reference, verb, &count], data)
    }

    fn count(&mut self, task: &Task, verb: &'static str) -> String {
        let count = self.counts.entry((task.id, verb)).or_insert(0);
        *count += 1;
        count.to_string()
    }

    /// `name` says what the event is about within its run.
    fn event(&self, type_: &str, at: Timestamp, name: &[&str], data: Data) -> Data {
        let texts: Vec<&str> = [self.run_id.as_str(), "lifecycle"].into_iter().chain(name.iter().copied()).collect();
        Data::object([
            ("specversion", Data::from("1.0")),
            ("id", Data::from(host::uuid(&texts))),
            ("source", Data::string(&self.source)),
            ("type", Data::from(format!("io.serverlessworkflow.{type_}.v1"))),
            ("time", Data::from(at.to_string())),
            ("datacontenttype", Data::from("application/json")),
            ("data", data),
        ])
    }
}

/// Whether it listens for events that belong together.
fn correlates(task: &Task) -> bool {
    fn any(consumption: &Consumption) -> bool {
        let some = |filters: &[EventFilter]| filters.iter().any(|filter| !filter.correlate.is_empty());
        match consumption {
            Consumption::One(filter) => !filter.correlate.is_empty(),
            Consumption::All(filters) => some(filters),
            Consumption::Any { filters, until } => some(filters) || matches!(until, Some(Until::Events(until)) if any(until)),
        }
    }
    matches!(&task.kind, Kind::Listen(listen) if any(&listen.to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pause_and_each_end_of_one_is_an_event_of_its_own() {
        let text = "document: {dsl: '1.0.3', namespace: n, name: w, version: 0.1.0}\ndo:\n- a: {set: {x: 1}}";
        let plan = crate::plan::build(text, "w.yaml").unwrap();
        let mut lifecycle = Lifecycle::new(&plan, "order-7", "run-1");
        let (pause, later) = (Pause::new(Timestamp::UNIX_EPOCH, "lunch"), Timestamp::MAX);
        let events = [Some(&pause), None, Some(&pause), None].map(|pause| lifecycle.paused(pause, later).to_json());
        let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        let (suspended, resumed) = ("io.serverlessworkflow.workflow.suspended.v1", "io.serverlessworkflow.workflow.resumed.v1");
        assert_eq!(types, [suspended, resumed, suspended, resumed]);
        assert_eq!(events[0]["data"], serde_json::json!({"name": "order-7.n", "suspendedAt": "1970-01-01T00:00:00Z"}));
        assert_eq!(events[1]["data"]["resumedAt"], serde_json::json!(later.to_string()));
        let ids: std::collections::BTreeSet<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 4);
    }
}
