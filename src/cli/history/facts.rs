//! What the events of one run say by themselves: its start and end, what it asked for, what was told to it.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;
use temporalio_common::protos::temporal::api::enums::v1::RetryState;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{History, HistoryEvent};

use super::model::{Call, Problem, Signal, State};
use super::redact;
use crate::activities::payload::data_of;
use crate::expr::Data;
use crate::handshake::ChildInput;
use crate::temporal::replay::{self, ReplayError};

/// One run.
#[derive(Debug, Default)]
pub struct Facts {
    pub workflow_id: String,
    pub run_id: String,
    pub input: ChildInput,
    pub started_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub state: State,
    pub output: Option<Value>,
    pub error: Option<Problem>,
    /// The run that goes on with it.
    pub next: Option<String>,
    /// In the order in which they were asked for.
    pub calls: Vec<Call>,
    pub signals: Vec<Signal>,
    /// The last failure of a workflow task, where none has succeeded since.
    pub stuck: Option<String>,
    pub events: usize,
    pub last_event_at: Option<Timestamp>,
}

/// Reads a run.
///
/// # Errors
/// It is none of this program's.
pub fn read(history: &History) -> Result<Facts, ReplayError> {
    let started = replay::check(history)?;
    let mut facts = Facts {
        workflow_id: started.workflow_id.clone(),
        run_id: started.original_execution_run_id.clone(),
        input: replay::input(started)?,
        started_at: history.events.first().and_then(time),
        events: history.events.len(),
        last_event_at: history.events.last().and_then(time),
        ..Facts::default()
    };
    // Calls by the event that asked for them.
    let mut asked = HashMap::new();
    for event in &history.events {
        facts.request(event, &mut asked);
        facts.answer(event, &asked);
        facts.own(event);
    }
    Ok(facts)
}

pub fn time(event: &HistoryEvent) -> Option<Timestamp> {
    let at = event.event_time.as_ref()?;
    Timestamp::new(at.seconds, at.nanos).ok()
}

impl Facts {
    /// Events that ask for something.
    fn request(&mut self, event: &HistoryEvent, asked: &mut HashMap<i64, usize>) {
        let name = |name: Option<&String>| name.cloned().unwrap_or_default();
        let call = match event.attributes.as_ref() {
            Some(Attributes::ActivityTaskScheduledEventAttributes(a)) => Call {
                kind: "activity",
                id: a.activity_id.clone(),
                name: name(a.activity_type.as_ref().map(|t| &t.name)),
                queue: a.task_queue.as_ref().map(|queue| queue.name.clone()),
                input: redact::arguments(a.input.as_ref()),
                attempts: 1,
                ..Call::default()
            },
            Some(Attributes::TimerStartedEventAttributes(a)) => {
                let wait = a.start_to_fire_timeout.as_ref();
                let wait = wait.and_then(|wait| {
                    jiff::SignedDuration::from_secs(wait.seconds).checked_add(jiff::SignedDuration::from_nanos(wait.nanos.into()))
                });
                let due_at = time(event).zip(wait).and_then(|(from, wait)| from.checked_add(wait).ok());
                Call { kind: "timer", id: a.timer_id.clone(), name: summary(event), due_at, ..Call::default() }
            }
            Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a)) => Call {
                kind: "workflow",
                id: a.workflow_id.clone(),
                name: name(a.workflow_type.as_ref().map(|t| &t.name)),
                input: redact::arguments(a.input.as_ref()),
                attempts: 1,
                ..Call::default()
            },
            Some(Attributes::MarkerRecordedEventAttributes(a)) if a.marker_name == replay::LOCAL_ACTIVITY => {
                let data = a.details.get("data").and_then(|data| data.payloads.first()).and_then(|payload| Data::parse(&payload.data).ok());
                let data = data.unwrap_or_default();
                let text = |key: &str| data.get(key).and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
                let output = a.details.get("result").and_then(|result| redact::arguments(Some(result)));
                let error = a.failure.as_ref().map(problem);
                Call {
                    kind: "local_activity",
                    id: text("activity_id"),
                    name: text("activity_type"),
                    state: if error.is_some() { State::Failed } else { State::Completed },
                    attempts: data.get("attempt").and_then(|n| n.as_i64()).and_then(|n| i32::try_from(n).ok()).unwrap_or(1),
                    ended_at: time(event),
                    output,
                    error,
                    ..Call::default()
                }
            }
            _ => return,
        };
        asked.insert(event.event_id, self.calls.len());
        self.calls.push(Call { scheduled_at: time(event), event_id: event.event_id, summary: summary(event), ..call });
    }

    /// Events that say what became of it.
    fn answer(&mut self, event: &HistoryEvent, asked: &HashMap<i64, usize>) {
        use Attributes as A;
        let Some(attributes) = event.attributes.as_ref() else { return };
        let (request, state) = match attributes {
            A::ActivityTaskStartedEventAttributes(a) => (a.scheduled_event_id, None),
            A::ActivityTaskCompletedEventAttributes(a) => (a.scheduled_event_id, Some(State::Completed)),
            A::ActivityTaskFailedEventAttributes(a) => (a.scheduled_event_id, Some(State::Failed)),
            A::ActivityTaskTimedOutEventAttributes(a) => (a.scheduled_event_id, Some(State::TimedOut)),
            A::ActivityTaskCanceledEventAttributes(a) => (a.scheduled_event_id, Some(State::Cancelled)),
            A::TimerFiredEventAttributes(a) => (a.started_event_id, Some(State::Completed)),
            A::TimerCanceledEventAttributes(a) => (a.started_event_id, Some(State::Cancelled)),
            A::ChildWorkflowExecutionStartedEventAttributes(a) => (a.initiated_event_id, None),
            A::ChildWorkflowExecutionCompletedEventAttributes(a) => (a.initiated_event_id, Some(State::Completed)),
            A::ChildWorkflowExecutionFailedEventAttributes(a) => (a.initiated_event_id, Some(State::Failed)),
            A::ChildWorkflowExecutionCanceledEventAttributes(a) => (a.initiated_event_id, Some(State::Cancelled)),
            A::ChildWorkflowExecutionTimedOutEventAttributes(a) => (a.initiated_event_id, Some(State::TimedOut)),
            A::ChildWorkflowExecutionTerminatedEventAttributes(a) => (a.initiated_event_id, Some(State::Terminated)),
            A::StartChildWorkflowExecutionFailedEventAttributes(a) => (a.initiated_event_id, Some(State::Failed)),
            _ => return,
        };
        let Some(call) = asked.get(&request).and_then(|at| self.calls.get_mut(*at)) else { return };
        match state {
            None => call.started_at = time(event),
            Some(state) => {
                call.state = state;
                call.ended_at = time(event);
            }
        }
        match attributes {
            A::ActivityTaskStartedEventAttributes(a) => {
                call.attempts = a.attempt.max(1);
                call.last_failure = a.last_failure.as_ref().map(|failure| failure.message.clone());
            }
            A::ActivityTaskCompletedEventAttributes(a) => call.output = redact::arguments(a.result.as_ref()),
            A::ChildWorkflowExecutionCompletedEventAttributes(a) => call.output = redact::arguments(a.result.as_ref()),
            A::ActivityTaskFailedEventAttributes(a) => call.error = a.failure.as_ref().map(problem),
            A::ActivityTaskTimedOutEventAttributes(a) => call.error = a.failure.as_ref().map(problem),
            A::ChildWorkflowExecutionFailedEventAttributes(a) => call.error = a.failure.as_ref().map(problem),
            _ => {}
        }
    }

    /// Events of the run itself.
    fn own(&mut self, event: &HistoryEvent) {
        use Attributes as A;
        let closed = match event.attributes.as_ref() {
            Some(A::WorkflowExecutionSignaledEventAttributes(a)) => {
                let input = redact::arguments(a.input.as_ref()).unwrap_or_default();
                self.signals.push(Signal { name: a.signal_name.clone(), at: time(event), input, event_id: event.event_id });
                return;
            }
            Some(A::WorkflowTaskFailedEventAttributes(a)) => {
                self.stuck = a.failure.as_ref().map(|failure| failure.message.clone());
                return;
            }
            Some(A::WorkflowTaskCompletedEventAttributes(_)) => {
                self.stuck = None;
                return;
            }
            Some(A::WorkflowExecutionCompletedEventAttributes(a)) => {
                self.output = redact::arguments(a.result.as_ref());
                State::Completed
            }
            Some(A::WorkflowExecutionFailedEventAttributes(a)) => {
                self.error = a.failure.as_ref().map(problem);
                State::Failed
            }
            Some(A::WorkflowExecutionCanceledEventAttributes(_)) => State::Cancelled,
            Some(A::WorkflowExecutionTerminatedEventAttributes(a)) => {
                let message = Some(a.reason.clone()).filter(|reason| !reason.is_empty());
                let message = message.unwrap_or_else(|| "the workflow was terminated".to_owned());
                self.error = Some(Problem { type_: "terminated".to_owned(), message, ..Problem::default() });
                State::Terminated
            }
            Some(A::WorkflowExecutionTimedOutEventAttributes(a)) => {
                let message = format!("the run's time was over ({})", retry_state(a.retry_state()));
                self.error = Some(Problem { type_: "timeout".to_owned(), message, ..Problem::default() });
                State::TimedOut
            }
            Some(A::WorkflowExecutionContinuedAsNewEventAttributes(a)) => {
                self.next = Some(a.new_execution_run_id.clone());
                State::Continued
            }
            _ => return,
        };
        self.state = closed;
        self.closed_at = time(event);
    }
}

fn retry_state(state: RetryState) -> &'static str {
    if state == RetryState::RetryPolicyNotSet { "no retry policy" } else { "no more retries" }
}

fn summary(event: &HistoryEvent) -> String {
    let summary = event.user_metadata.as_ref().and_then(|metadata| metadata.summary.as_ref());
    summary.and_then(|payload| data_of(payload).ok()?.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The innermost failure that is an application's, with the members of a workflow error where its details have them.
pub fn problem(failure: &Failure) -> Problem {
    let mut found = failure;
    while let (Some(cause), false) = (&found.cause, matches!(found.failure_info, Some(FailureInfo::ApplicationFailureInfo(_)))) {
        found = cause;
    }
    let mut problem = Problem { type_: "failure".to_owned(), message: found.message.clone(), ..Problem::default() };
    match &found.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            problem.type_.clone_from(&info.r#type);
            let details = info.details.as_ref().and_then(|details| details.payloads.first()).and_then(|payload| data_of(payload).ok());
            let text = |key: &str| details.as_ref().and_then(|details| details.get(key)?.as_str().map(str::to_owned));
            // The message says all of it in one line; its parts are told by themselves here.
            let parts: Vec<String> = ["title", "detail"].into_iter().filter_map(text).collect();
            if details.as_ref().is_some_and(|details| details.get("type").is_some()) && !parts.is_empty() {
                problem.message = parts.join(": ");
            }
            problem.instance = text("instance");
            problem.status = details.as_ref().and_then(|d| d.get("status")?.as_i64()).and_then(|status| u16::try_from(status).ok());
        }
        Some(FailureInfo::TimeoutFailureInfo(_)) => "timeout".clone_into(&mut problem.type_),
        Some(FailureInfo::CanceledFailureInfo(_)) => "cancelled".clone_into(&mut problem.type_),
        Some(FailureInfo::TerminatedFailureInfo(_)) => "terminated".clone_into(&mut problem.type_),
        _ => {}
    }
    problem
}
