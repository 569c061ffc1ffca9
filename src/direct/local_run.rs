//! One run on a thread of its own.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::activities::digest;
use crate::activities::resources::Platform;
use crate::activities::status::{Phase, Publisher as _, RunKey, TaskList, TerminalStatus};
use crate::config::Config;
use crate::effects::EffectError;
use crate::effects::events::Sink;
use crate::effects::http::Http;
use crate::effects::resources::Resources;
use crate::effects::secrets::{Chain, SecretSource};
use crate::engine::progress::Progress;
use crate::engine::{Outcome, Start};
use crate::expr::Data;
use crate::expr::marker::Markers;
use crate::handshake::{ChildInput, child_id};
use crate::local::effects::{Effects, RealCalls};
use crate::local::{self, Clock, Control};
use crate::plan::Plan;
use crate::temporal::progress::task_list;
use crate::temporal::run::Environment;

/// Between two task lists of a run: it may take thousands of steps a second.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// What all runs of a process are made with.
pub struct Kit {
    pub config: Config,
    pub platform: Option<Platform>,
    pub http: Http,
    pub sink: Sink,
    pub resources: Resources,
    /// Of executions, and of this process.
    pub secrets: Arc<dyn SecretSource>,
}

/// One run.
pub(super) struct Job {
    pub plan: Plan,
    pub input: ChildInput,
    /// Whether the control plane has the execution.
    pub known: bool,
    pub controls: mpsc::UnboundedReceiver<Control>,
    pub wish: watch::Receiver<Wish>,
}

/// How somebody wants the run to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    None,
    Cancel {
        reason: String,
    },
    /// Without waiting for anything.
    Force {
        reason: String,
    },
    /// The process stops.
    Stop,
}

/// Starts the thread.
///
/// # Errors
/// There is none to be had.
pub(super) fn begin(kit: Arc<Kit>, job: Job) -> io::Result<oneshot::Receiver<TerminalStatus>> {
    let (sender, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("run".to_owned()).spawn(move || {
        let status = tokio::task::LocalSet::new().block_on(&runtime, run(&kit, job));
        let _ = sender.send(status);
    })?;
    Ok(ended)
}

async fn run(kit: &Kit, job: Job) -> TerminalStatus {
    let Job { plan, input, known, controls, wish } = job;
    let now = Timestamp::now();
    let id = child_id(&input.workflow_execution_id);
    let run_id = format!("{id}/{}", now.as_nanosecond());
    let markers = Markers::new(&digest(&[&run_id])[..16]);
    let environment = Environment::of(&input, &plan, &markers);
    let secrets = OfExecution { execution_id: known.then(|| input.workflow_execution_id.clone()), source: Arc::clone(&kit.secrets) };
    let secrets = Chain::default().then(secrets);
    let effects = Effects { secrets, ..Effects::new(&kit.config, kit.http.clone(), kit.sink.clone(), markers, run_id) };
    let mut start = Start::new(id.clone(), Data::from(&input.initial_data), now);
    if start.input.is_object() {
        start.data = start.input.clone();
    }
    (start.env, start.secrets) = (environment.env, environment.secrets);
    start.settings = effects.settings.clone();

    let progress: Rc<RefCell<Progress>> = Rc::default();
    let pauses = effects.pauses.clone();
    let mut options = local::Options::new(start, Clock::real(), Rc::new(RealCalls::new(effects)));
    options.pausing.pauses = pauses;
    options.seed = u64::try_from(now.as_nanosecond()).unwrap_or_default();
    options.lifecycle = kit.config.events.lifecycle.then(|| kit.sink.clone());
    options.pausing.controls = Some(Box::pin(UnboundedReceiverStream::new(controls)));
    options.observer = observer(kit, &input, known, progress.clone());
    options.cancel = Some(wished(wish.clone(), |wish| *wish != Wish::None).boxed_local());
    let outcome = tokio::select! {
        outcome = local::drive(&plan, options) => outcome,
        () = wished(wish.clone(), |wish| matches!(wish, Wish::Force { .. })) => Outcome::Cancelled,
    };
    let tasks = task_list(&progress.borrow());
    let wish = wish.borrow().clone();
    status(outcome, tasks, &wish, now)
}

/// Ends when somebody wishes it so.
async fn wished(mut wish: watch::Receiver<Wish>, so: impl Fn(&Wish) -> bool) {
    if wish.wait_for(so).await.is_err() {
        std::future::pending::<()>().await; // nobody can wish any more
    }
}

/// Tells the control plane what happens, now and then.
fn observer(kit: &Kit, input: &ChildInput, known: bool, progress: Rc<RefCell<Progress>>) -> local::Observer {
    let execution_id = input.workflow_execution_id.clone();
    let run = RunKey { workflow_id: child_id(&execution_id), execution_id: Some(execution_id) };
    let publisher = kit.platform.as_ref().filter(|_| known).map(|platform| platform.publisher.clone());
    let last: Cell<Option<Instant>> = Cell::new(None);
    Box::new(move |event| {
        let mut progress = progress.borrow_mut();
        progress.apply(event);
        if let Some(publisher) = publisher.as_ref().filter(|_| last.get().is_none_or(|last| last.elapsed() >= PROGRESS_EVERY)) {
            last.set(Some(Instant::now()));
            publisher.progress(&run, task_list(&progress));
        }
    })
}

fn status(outcome: Outcome, tasks: TaskList, wish: &Wish, started_at: Timestamp) -> TerminalStatus {
    let (phase, output, error) = match outcome {
        Outcome::Completed(output) => (Phase::Completed, Some(output), None),
        Outcome::Faulted(fault) => (Phase::Failed, None, Some(fault.to_string())),
        Outcome::Cancelled => (Phase::Cancelled, None, Some(cancelled(wish))),
        Outcome::Suspended(_) => (Phase::Failed, None, Some("nobody goes on with this run".to_owned())),
    };
    TerminalStatus {
        phase,
        tasks,
        output,
        error,
        started_at: started_at.to_string(),
        completed_at: Timestamp::now().to_string(),
        temporal_workflow_id: String::new(),
    }
}

fn cancelled(wish: &Wish) -> String {
    match wish {
        Wish::Cancel { reason } | Wish::Force { reason } if !reason.is_empty() => format!("the workflow was cancelled: {reason}"),
        Wish::None | Wish::Cancel { .. } | Wish::Force { .. } => "the workflow was cancelled".to_owned(),
        Wish::Stop => "the workflow was cancelled: its runner was stopped".to_owned(),
    }
}

/// The end of a run whose thread has gone without a word.
pub(super) fn lost() -> TerminalStatus {
    let now = Timestamp::now();
    let status = status(Outcome::Cancelled, TaskList::default(), &Wish::None, now);
    TerminalStatus {
        phase: Phase::Failed,
        error: Some("the run ended without an outcome; the log of the runner says why".to_owned()),
        ..status
    }
}

/// The phase in a word.
pub(super) fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Completed => "completed",
        Phase::Failed => "failed",
        Phase::Cancelled => "cancelled",
    }
}

/// The secrets of one execution, then those of the process.
struct OfExecution {
    execution_id: Option<String>,
    source: Arc<dyn SecretSource>,
}

impl SecretSource for OfExecution {
    fn secret<'a>(&'a self, _: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, EffectError>> {
        self.source.secret(self.execution_id.as_deref(), name)
    }
}
