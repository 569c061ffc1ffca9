//! What a replayed run asks of the server, seen on its way out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use temporalio_sdk::TimerResult;
use temporalio_sdk::workflow_interceptors::{
    CancellableWorkflowOutboundFuture, ContinueAsNewInput, ContinueAsNewResult, ExecuteWorkflowInput, ExecuteWorkflowResult,
    ScheduleActivityInput, ScheduleActivityResult, ScheduleLocalActivityInput, StartChildWorkflowInput, StartChildWorkflowResult,
    StartTimerInput, SyncWorkflowInterceptorContext, WorkflowInterceptor, WorkflowInterceptorContext, WorkflowInterceptorFuture,
    WorkflowNext,
};

use super::record::Record;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandKind {
    Activity,
    LocalActivity,
    Timer,
    ChildWorkflow,
    ContinueAsNew,
    Complete,
    /// The run fails, or ends cancelled.
    Fail,
}

/// One thing that a run asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub kind: CommandKind,
    /// Of an activity or child workflow; empty where there is none.
    pub id: String,
    /// The activity's or workflow's type, the timer's summary, the reason of a failure.
    pub name: String,
    /// Reference of the task that ran when it was asked for.
    pub task: Option<Arc<str>>,
}

/// Notes commands as they go out.
pub(super) struct Commands(pub Arc<Mutex<Record>>);

impl Commands {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, kind: CommandKind, id: Option<&str>, name: &str) {
        note(&mut self.record(), kind, id, name);
    }
}

fn note(record: &mut Record, kind: CommandKind, id: Option<&str>, name: &str) {
    let task = record.running();
    record.commands.push(Command { kind, id: id.unwrap_or_default().to_owned(), name: name.to_owned(), task });
}

type Sent<T> = CancellableWorkflowOutboundFuture<T>;

impl WorkflowInterceptor for Commands {
    fn execute<'a>(
        &'a self,
        _: WorkflowInterceptorContext,
        input: ExecuteWorkflowInput,
        next: WorkflowNext<'a, ExecuteWorkflowInput, WorkflowInterceptorFuture<'a, ExecuteWorkflowResult>>,
    ) -> WorkflowInterceptorFuture<'a, ExecuteWorkflowResult> {
        WorkflowInterceptorFuture::new(async move {
            let ended = next.run(input).await;
            match &ended {
                Ok(_) => self.note(CommandKind::Complete, None, ""),
                // Going on in another run is a termination too, and has been noted.
                Err(_) if self.record().commands.last().is_some_and(|last| last.kind == CommandKind::ContinueAsNew) => {}
                Err(why) => self.note(CommandKind::Fail, None, &why.to_string()),
            }
            ended
        })
    }

    fn start_timer(
        &self,
        _: WorkflowInterceptorContext,
        input: StartTimerInput,
        next: WorkflowNext<'static, StartTimerInput, Sent<TimerResult>>,
    ) -> Sent<TimerResult> {
        self.note(CommandKind::Timer, None, input.options().summary.as_deref().unwrap_or_default());
        next.run(input)
    }

    fn schedule_activity(
        &self,
        _: WorkflowInterceptorContext,
        input: ScheduleActivityInput,
        next: WorkflowNext<'static, ScheduleActivityInput, Sent<ScheduleActivityResult>>,
    ) -> Sent<ScheduleActivityResult> {
        self.note(CommandKind::Activity, input.options().activity_id.as_deref(), input.activity_type());
        next.run(input)
    }

    fn schedule_local_activity(
        &self,
        _: WorkflowInterceptorContext,
        input: ScheduleLocalActivityInput,
        next: WorkflowNext<'static, ScheduleLocalActivityInput, Sent<ScheduleActivityResult>>,
    ) -> Sent<ScheduleActivityResult> {
        self.note(CommandKind::LocalActivity, input.options().activity_id.as_deref(), input.activity_type());
        next.run(input)
    }

    fn start_child_workflow(
        &self,
        _: WorkflowInterceptorContext,
        input: StartChildWorkflowInput,
        next: WorkflowNext<'static, StartChildWorkflowInput, Sent<StartChildWorkflowResult>>,
    ) -> Sent<StartChildWorkflowResult> {
        self.note(CommandKind::ChildWorkflow, input.options().workflow_id.as_deref(), input.workflow_type());
        next.run(input)
    }

    fn continue_as_new(
        &self,
        _: SyncWorkflowInterceptorContext,
        input: ContinueAsNewInput,
        next: WorkflowNext<'static, ContinueAsNewInput, ContinueAsNewResult>,
    ) -> ContinueAsNewResult {
        self.note(CommandKind::ContinueAsNew, None, "");
        next.run(input)
    }
}
