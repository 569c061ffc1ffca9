//! Sends what runs report to the platform: progress coalesced and best effort, the terminal status in order after it.
//!
//! Progress carries tasks and never a phase: the platform has no order check, and a late phase would undo a terminal one. For the same reason the
//! terminal status of an execution is sent only after its progress has come to rest: what waits is dropped, what is under way is awaited.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, Notify};

use super::agent_rows::AgentRows;
use super::execution_status;
use super::status::{Publisher, RunKey, TaskList, TaskState, TerminalStatus};
use crate::stigmer::agx::AgentExecution;
use crate::stigmer::wfx::{ExecutionPhase, WorkflowExecutionStatus};
use crate::stigmer::{Stigmer, StigmerError};

/// Executions with progress that waits to be sent; beyond it the oldest waits for its next change.
const WAITING_MAX: usize = 10_000;

pub struct StigmerPublisher {
    stigmer: Stigmer,
    waiting: Mutex<BTreeMap<String, Waiting>>,
    agents: Mutex<Agents>,
    wake: Notify,
    /// Held while progress is under way, so that a terminal status never overtakes it.
    sending: AsyncMutex<()>,
}

/// What is shown with the rows of agent steps.
#[derive(Default)]
struct Agents {
    rows: AgentRows,
    /// Executions whose last list, sent from here, has an agent step open.
    open: BTreeSet<String>,
    /// Of these, those of which there is something new to show.
    news: BTreeSet<String>,
}

enum Waiting {
    Progress(TaskList),
    Terminal(Box<TerminalStatus>),
}

impl StigmerPublisher {
    /// The publisher, and the task that sends for it until the process ends.
    #[must_use]
    pub fn start(stigmer: Stigmer) -> Arc<Self> {
        let publisher = Arc::new(Self {
            stigmer,
            waiting: Mutex::default(),
            agents: Mutex::default(),
            wake: Notify::new(),
            sending: AsyncMutex::default(),
        });
        let sender = Arc::downgrade(&publisher);
        tokio::spawn(async move {
            while let Some(publisher) = sender.upgrade() {
                publisher.send_waiting().await;
                publisher.wake.notified().await;
            }
        });
        publisher
    }

    fn take(&self) -> Option<(String, Waiting)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_first()
    }

    async fn send_waiting(&self) {
        loop {
            let _sending = self.sending.lock().await;
            let Some((id, waiting)) = self.take() else {
                let Some(id) = self.agents().news.pop_first() else { return };
                self.refresh(&id).await;
                continue;
            };
            let mut status = match &waiting {
                Waiting::Progress(tasks) => WorkflowExecutionStatus { tasks: execution_status::tasks(tasks), ..Default::default() },
                Waiting::Terminal(status) => execution_status::message(status),
            };
            self.agents().rows.annotate(&id, &mut status.tasks);
            if matches!(waiting, Waiting::Terminal(_)) {
                self.forget(&id);
            }
            if let Err(e) = self.stigmer.update_status(&id, status).await {
                tracing::warn!(execution_id = %id, error = %e, "cannot publish progress; the next change repairs it");
            }
        }
    }

    fn agents(&self) -> MutexGuard<'_, Agents> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is known of an agent execution that a step of this execution waits for. `call_id` is the step's: its task's reference, with
    /// iterations and visit behind it.
    pub fn agent_seen(&self, execution_id: &str, call_id: &str, agent: &AgentExecution) {
        let mut agents = self.agents();
        agents.rows.note(execution_id, call_id, agent);
        if agents.open.contains(execution_id) {
            agents.news.insert(execution_id.to_owned());
            drop(agents);
            self.wake.notify_one();
        }
    }

    /// Shows what is new of agents in the list that the platform has. Only this process sends that list, so nothing comes in between.
    async fn refresh(&self, id: &str) {
        let Ok(execution) = self.stigmer.get_execution(id).await else { return };
        let mut tasks = execution.status.map(|status| status.tasks).unwrap_or_default();
        if !self.agents().rows.annotate(id, &mut tasks) {
            return;
        }
        let status = WorkflowExecutionStatus { tasks, ..Default::default() };
        if let Err(e) = self.stigmer.update_status(id, status).await {
            tracing::warn!(execution_id = %id, error = %e, "cannot publish progress; the next change repairs it");
        }
    }

    /// The execution has ended.
    fn forget(&self, id: &str) {
        let mut agents = self.agents();
        agents.rows.forget(id);
        agents.open.remove(id);
        agents.news.remove(id);
    }

    fn put(&self, id: &str, waiting: Waiting) {
        let mut map = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= WAITING_MAX && !map.contains_key(id) && matches!(waiting, Waiting::Progress(_)) {
            return;
        }
        map.insert(id.to_owned(), waiting);
        drop(map);
        self.wake.notify_one();
    }

    /// Sends the terminal status now, after whatever progress of the execution was under way.
    ///
    /// # Errors
    /// Those of the rpc.
    pub async fn publish_terminal(&self, execution_id: &str, status: &TerminalStatus) -> Result<(), StigmerError> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(execution_id);
        let _sending = self.sending.lock().await;
        let mut message = execution_status::message(status);
        self.agents().rows.annotate(execution_id, &mut message.tasks);
        self.stigmer.update_status(execution_id, message).await?;
        self.forget(execution_id);
        Ok(())
    }

    /// Sends a phase with an error, as `ExecuteWorkflow` does at its edges.
    ///
    /// # Errors
    /// Those of the rpc.
    pub async fn publish_phase(&self, execution_id: &str, phase: ExecutionPhase, error: &str) -> Result<(), StigmerError> {
        let status = WorkflowExecutionStatus { phase: phase.into(), error: error.to_owned(), ..Default::default() };
        self.stigmer.update_status(execution_id, status).await.map(|_| ())
    }

    /// Says FAILED or CANCELLED for an execution whose run died without a word, unless its phase is terminal already. Rows 16 and 9.
    ///
    /// # Errors
    /// Those of the rpcs.
    pub async fn ensure_ended(&self, execution_id: &str, cancelled: bool, error: &str) -> Result<(), StigmerError> {
        let execution = self.stigmer.get_execution(execution_id).await?;
        let phase = execution.status.map_or(ExecutionPhase::Unspecified, |s| s.phase());
        if matches!(phase, ExecutionPhase::ExecutionCompleted | ExecutionPhase::ExecutionFailed | ExecutionPhase::ExecutionCancelled) {
            return Ok(());
        }
        let phase = if cancelled { ExecutionPhase::ExecutionCancelled } else { ExecutionPhase::ExecutionFailed };
        self.publish_phase(execution_id, phase, error).await
    }
}

impl Publisher for StigmerPublisher {
    fn progress(&self, run: &RunKey, tasks: TaskList) {
        if let Some(id) = &run.execution_id {
            let mut agents = self.agents();
            if tasks.rows.iter().any(|row| row.kind == "agent" && row.state == TaskState::InProgress) {
                agents.open.insert(id.clone());
            } else {
                agents.open.remove(id);
                agents.news.remove(id);
            }
            drop(agents);
            self.put(id, Waiting::Progress(tasks));
        }
    }

    fn terminal(&self, run: &RunKey, status: TerminalStatus) {
        if let Some(id) = &run.execution_id {
            self.put(id, Waiting::Terminal(Box::new(status)));
        }
    }
}

/// For workers without a platform.
pub struct NoPublisher;

impl Publisher for NoPublisher {
    fn progress(&self, _: &RunKey, _: TaskList) {}
    fn terminal(&self, _: &RunKey, _: TerminalStatus) {}
}
