//! Executions in this process, without Temporal: each on a thread of its own, and gone when the process is.
//!
//! | a run | then |
//! |---|---|
//! | is asked for again | the call attaches |
//! | has ended | the call is refused, as long as the process remembers it |
//! | is cancelled | it ends in order; with `force` at once |
//! | is there when the process stops | it is cancelled and, if it ends within the grace period, reported |

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::local_run::{self, Job, Kit, Wish};
use super::order::{self, FILE, Order};
use super::refusal::Refusal;
use super::service::Taken;
use crate::activities::activity_policy::queues;
use crate::activities::execution::{Prepared, Sources, in_progress, prepare};
use crate::activities::status::TerminalStatus;
use crate::effects::resources::Purpose;
use crate::handshake::ControlError;
use crate::local::Control;
use crate::plan::{self, MAX_OUTSIDES, OutsideKind, Outsides, Plan};

/// Executions whose end is remembered.
const REMEMBERED: usize = 1_000;
/// Between two attempts to tell the control plane of an end.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The runs of this process. Clones share them.
#[derive(Clone)]
pub struct InProcess(Arc<Shared>);

struct Shared {
    kit: Arc<Kit>,
    max_runs: usize,
    /// How long the control plane is told of an end.
    budget: Duration,
    table: Mutex<Table>,
    /// How many runs there are.
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Table {
    running: BTreeMap<String, Running>,
    /// Id and how it ended, the oldest first.
    ended: VecDeque<(String, &'static str)>,
    stopping: bool,
}

struct Running {
    controls: mpsc::UnboundedSender<Control>,
    wish: watch::Sender<Wish>,
    paused: bool,
}

impl InProcess {
    #[must_use]
    pub fn new(kit: Kit, max_runs: usize, budget: Duration) -> Self {
        let (kit, table, count) = (Arc::new(kit), Mutex::default(), watch::Sender::new(0));
        Self(Arc::new(Shared { kit, max_runs, budget, table, count }))
    }

    pub(super) async fn execute(&self, order: Order) -> Result<Taken, Refusal> {
        let taken = |message| Taken { temporal_workflow_id: String::new(), message };
        let Order { execution_id, yaml } = order;
        if let Some(yaml) = &yaml {
            order::check(yaml).await?;
        }
        let (controls, told) = mpsc::unbounded_channel();
        let (wish, wished) = watch::channel(Wish::None);
        if !self.0.enter(&execution_id, Running { controls, wish, paused: false })? {
            return Ok(taken("Workflow execution is running in this process already"));
        }
        let place = Place { shared: Arc::clone(&self.0), execution_id };
        let (prepared, plan) = self.0.prepare(&place.execution_id, yaml).await?;
        if prepared.known
            && let Some(platform) = &self.0.kit.platform
        {
            in_progress(&platform.stigmer, &place.execution_id).await;
        }
        let known = prepared.known;
        let job = Job { plan, input: prepared.input, known, controls: told, wish: wished };
        let ended = local_run::begin(Arc::clone(&self.0.kit), job)
            .map_err(|error| Refusal::Unavailable(format!("no thread for the run: {error}")))?;
        tokio::spawn(place.conclude(ended, known));
        Ok(taken("Workflow execution started in this process"))
    }

    /// False where there is nothing to cancel.
    pub(super) fn cancel(&self, execution_id: &str, reason: &str, force: bool) -> bool {
        let table = self.0.table();
        let Some(running) = table.running.get(execution_id) else { return false };
        let reason = reason.to_owned();
        running.wish.send_replace(if force { Wish::Force { reason } } else { Wish::Cancel { reason } });
        true
    }

    pub(super) fn pause(&self, execution_id: &str, reason: &str) -> Result<(), Refusal> {
        self.switch(execution_id, true, Control::Pause { reason: reason.to_owned() })
    }

    pub(super) fn resume(&self, execution_id: &str) -> Result<(), Refusal> {
        self.switch(execution_id, false, Control::Resume)
    }

    fn switch(&self, execution_id: &str, pause: bool, control: Control) -> Result<(), Refusal> {
        let mut table = self.0.table();
        let id = || execution_id.to_owned();
        if let Some(running) = table.running.get_mut(execution_id) {
            return match (running.paused, pause) {
                (true, true) => Err(ControlError::AlreadyPaused(id()).into()),
                (false, false) => Err(ControlError::NotPaused(id()).into()),
                _ => {
                    running.paused = pause;
                    // A run that does not listen any more is about to end.
                    let _ = running.controls.send(control);
                    Ok(())
                }
            };
        }
        match table.how_ended(execution_id) {
            Some(status) => Err(ControlError::Ended { id: id(), status }.into()),
            None => Err(Refusal::not_found(execution_id)),
        }
    }

    /// Takes nothing more, cancels what runs and waits for it; gives how many runs did not end in time.
    pub async fn stop(&self, grace: Duration) -> usize {
        {
            let mut table = self.0.table();
            table.stopping = true;
            for running in table.running.values() {
                running.wish.send_replace(Wish::Stop);
            }
        }
        let mut count = self.0.count.subscribe();
        let _ = tokio::time::timeout(grace, count.wait_for(|count| *count == 0)).await;
        self.0.table().running.len()
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False when it runs already.
    fn enter(&self, execution_id: &str, running: Running) -> Result<bool, Refusal> {
        let mut table = self.table();
        if table.stopping {
            return Err(Refusal::stopping());
        }
        if table.running.contains_key(execution_id) {
            return Ok(false);
        }
        if let Some(status) = table.how_ended(execution_id) {
            return Err(Refusal::AlreadyEnded(ControlError::Ended { id: execution_id.to_owned(), status }.to_string()));
        }
        if table.running.len() >= self.max_runs {
            return Err(Refusal::Full(self.max_runs));
        }
        table.running.insert(execution_id.to_owned(), running);
        self.count.send_replace(table.running.len());
        Ok(true)
    }

    async fn prepare(&self, execution_id: &str, yaml: Option<String>) -> Result<(Prepared, Plan), Refusal> {
        let stigmer = self.kit.platform.as_ref().map(|platform| &platform.stigmer);
        let queues = queues(&self.kit.config.activities);
        let sources = Sources { stigmer, queues: &queues, outside: &self.kit.resources };
        let prepared = prepare(sources, execution_id, yaml).await?;
        let text = prepared.input.workflow_yaml.clone();
        let outsides = self.outsides(&text).await?;
        let planned = tokio::task::spawn_blocking(move || plan::build_with(&text, FILE, &outsides));
        let planned = planned.await.map_err(|error| Refusal::Unavailable(error.to_string()))?;
        let plan = planned.map_err(|error| Refusal::Invalid(error.to_string()))?;
        if !plan.listens.is_empty() {
            let reason = "the definition listens to events, which reach runs on Temporal only: serve it in the mode dual or temporal";
            return Err(Refusal::Invalid(reason.to_owned()));
        }
        Ok((prepared, plan))
    }

    /// Documents elsewhere that the definition is made of.
    async fn outsides(&self, text: &str) -> Result<Outsides, Refusal> {
        let purpose = |kind| if kind == OutsideKind::Function { Purpose::Run } else { Purpose::Read };
        let missing =
            |known: &Outsides| plan::missing(text, FILE, known).into_iter().map(|o| (o.uri.to_string(), purpose(o.kind))).collect();
        let mut failed = None;
        let outsides = self.kit.resources.gather(MAX_OUTSIDES, missing, |uri, error| {
            failed.get_or_insert_with(|| Refusal::Precondition(format!("{uri}: {error}")));
        });
        let outsides = outsides.await;
        failed.map_or(Ok(outsides), Err)
    }
}

impl Table {
    fn how_ended(&self, execution_id: &str) -> Option<&'static str> {
        self.ended.iter().rev().find(|(id, _)| id == execution_id).map(|(_, how)| *how)
    }
}

/// The entry of one run in the table; dropping it takes the entry out.
struct Place {
    shared: Arc<Shared>,
    execution_id: String,
}

impl Place {
    /// Waits for the end, and tells the control plane of it.
    async fn conclude(self, ended: oneshot::Receiver<TerminalStatus>, known: bool) {
        // The sender is gone when the thread has panicked.
        let status = ended.await.unwrap_or_else(|_| local_run::lost());
        let how = local_run::word(status.phase);
        tracing::info!(execution_id = %self.execution_id, outcome = how, error = status.error.as_deref().unwrap_or_default(), "an execution has ended");
        if known {
            self.tell(&status).await;
        }
        let mut table = self.shared.table();
        if table.ended.len() >= REMEMBERED {
            table.ended.pop_front();
        }
        table.ended.push_back((self.execution_id.clone(), how));
    }

    async fn tell(&self, status: &TerminalStatus) {
        let Some(platform) = &self.shared.kit.platform else { return };
        let told = async {
            loop {
                match platform.publisher.publish_terminal(&self.execution_id, status).await {
                    Err(e) if e.is_retryable() => tokio::time::sleep(TELL_EVERY).await,
                    other => break other,
                }
            }
        };
        match tokio::time::timeout(self.shared.budget, told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(execution_id = %self.execution_id, %error, "the control plane does not take the end of an execution");
            }
            Err(_) => {
                tracing::error!(execution_id = %self.execution_id, "the control plane could not be told of the end of an execution in time");
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.shared.table();
        table.running.remove(&self.execution_id);
        self.shared.count.send_replace(table.running.len());
    }
}
