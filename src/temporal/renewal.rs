//! One task queue's worker, and its replacement in process.
//!
//! The SDK keeps some 300 bytes of every activity that a worker has run, and frees them with the worker. So after `worker.max_activities` of them
//! a new worker takes over; the watches and all that is parked belong to the process, and notice nothing.
//!
//! | happens | then |
//! |---|---|
//! | the worker has begun so many activities | it stops polling and a new one polls at once; what runs goes on to its own end, under the old one |
//! | the old one still runs something | the new one goes on, however many activities it has begun: there are never more than two |
//! | the process is asked to stop | both stop polling; what runs after the grace period is failed, to be tried again elsewhere |
//! | a worker ends by itself | the process is told |

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use temporalio_client::Client;
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use temporalio_sdk::interceptors::{ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next};
use temporalio_sdk::runtime::Runtime;
use temporalio_sdk::{Worker, WorkerOptions};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use super::worker::WorkerError;
use crate::admin::{Latch, Liveness};
use crate::handshake::failure;
use crate::telemetry::Metrics;

/// What every worker of a process is made with.
#[derive(Clone)]
pub struct Making {
    pub client: Client,
    pub runtime: Arc<Runtime>,
    pub liveness: Liveness,
    pub metrics: Arc<Metrics>,
    /// `worker.max_activities`.
    pub max_activities: Option<usize>,
    /// True once running activities are to end.
    pub leave: watch::Receiver<bool>,
    /// Takes why a worker has ended by itself.
    pub failing: watch::Sender<Option<String>>,
}

/// A queue that is served.
pub struct Queue {
    pub name: String,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Queue {
    /// # Errors
    /// The first worker cannot be made.
    pub fn serve(making: Making, options: WorkerOptions, ready: Latch) -> Result<Self, WorkerError> {
        let name = options.task_queue.clone();
        let first = Thread::start(&making, &options, Some(ready))?;
        let (stop, stopped) = watch::channel(false);
        Ok(Self { name, stop, serving: tokio::spawn(serve(making, options, first, stopped)) })
    }

    /// From now on nothing is polled.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until all that ran has ended. To be called after [`Queue::stop`].
    pub async fn ended(&mut self) {
        // One that panicked has logged it.
        let _ = (&mut self.serving).await;
    }
}

async fn serve(making: Making, options: WorkerOptions, first: Thread, mut stopped: watch::Receiver<bool>) {
    let (mut current, mut old) = (first, None::<Thread>);
    let mut over = false;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            () = current.intake.full.notified(), if old.is_none() => {
                // In this order: two workers that poll the same queue over one connection are refused.
                (current.stop)();
                match Thread::start(&making, &options, None) {
                    Ok(next) => old = Some(std::mem::replace(&mut current, next)),
                    Err(error) => {
                        making.failing.send_replace(Some(error.to_string()));
                        break;
                    }
                }
                making.metrics.worker_renewed(&options.task_queue);
                tracing::info!(task_queue = options.task_queue, after_activities = making.max_activities, "the worker is renewed");
            }
            () = ended(&mut old), if old.is_some() => old = None,
            _ = &mut current.ended => {
                over = true;
                break;
            }
        }
    }
    if over && !*stopped.borrow() {
        // An error has been told; a panic, or an end without a reason, has not.
        making.failing.send_if_modified(|reason| {
            let untold = reason.is_none();
            if untold {
                *reason = Some(format!("the worker of {} has ended by itself", options.task_queue));
            }
            untold
        });
    }
    (current.stop)();
    ended(&mut old).await;
    if !over {
        let _ = current.ended.await;
    }
}

async fn ended(thread: &mut Option<Thread>) {
    if let Some(thread) = thread {
        // An error says that the thread has ended in a panic, which its own log line tells.
        let _ = (&mut thread.ended).await;
    }
}

/// A worker on a thread of its own.
struct Thread {
    stop: Box<dyn Fn() + Send + Sync>,
    intake: Arc<Intake>,
    ended: oneshot::Receiver<()>,
}

impl Thread {
    fn start(making: &Making, options: &WorkerOptions, ready: Option<Latch>) -> Result<Self, WorkerError> {
        let name = options.task_queue.clone();
        let error = |reason: String| WorkerError { queue: name.clone(), reason };
        let intake = Arc::new(Intake {
            begun: AtomicUsize::new(0),
            most: making.max_activities.unwrap_or(usize::MAX),
            full: Notify::new(),
            leave: making.leave.clone(),
        });
        let mut options = options.clone();
        options.activity_inbound_interceptor(Door(intake.clone()));
        let worker = Worker::new(&making.runtime, making.client.clone(), options).map_err(|e| error(e.to_string()))?;
        let stop = Box::new(worker.shutdown_handle());
        let (end, ended) = oneshot::channel();
        let body = body(making.clone(), worker, ready, end);
        std::thread::Builder::new().name(format!("worker {name}")).spawn(body).map_err(|e| error(e.to_string()))?;
        Ok(Self { stop, intake, ended })
    }
}

fn body(making: Making, mut worker: Worker, ready: Option<Latch>, end: oneshot::Sender<()>) -> impl FnOnce() {
    let tokio = tokio::runtime::Handle::current();
    move || {
        let _entered = tokio.enter();
        let name = worker.task_queue().to_owned();
        // The heart beats on the thread that runs workflow code: a workflow that blocks stops it.
        let beat = making.liveness.heartbeat(format!("the worker of {name}"));
        drop(ready);
        tracing::info!(task_queue = name, "polling");
        let ran = tokio.block_on(async {
            tokio::select! {
                ran = worker.run() => ran,
                () = beat.keep() => Ok(()),
            }
        });
        drop(worker);
        if let Err(e) = ran {
            tracing::error!(task_queue = name, error = %e, "the worker has ended");
            making.failing.send_replace(Some(format!("the worker of {name}: {e}")));
        }
        let _ = end.send(());
    }
}

/// Counts the activities that one worker begins.
struct Intake {
    begun: AtomicUsize,
    most: usize,
    full: Notify,
    leave: watch::Receiver<bool>,
}

impl Intake {
    fn count(&self) {
        // Told again and again, since it may not be heeded while an older worker runs.
        if self.begun.fetch_add(1, Ordering::Relaxed) + 1 >= self.most {
            self.full.notify_one();
        }
    }
}

struct Door(Arc<Intake>);

impl ActivityInboundInterceptor for Door {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        self.0.count();
        if input.activity_info().is_local {
            // It ends with its workflow task, which another worker does again.
            return next.run(input);
        }
        let mut leave = self.0.leave.clone();
        Box::pin(async move {
            tokio::select! {
                done = next.run(input) => done,
                () = asked(&mut leave) => Err(shutdown()),
            }
        })
    }
}

/// Never, when nobody can ask any more.
async fn asked(leave: &mut watch::Receiver<bool>) {
    if leave.wait_for(|leave| *leave).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn shutdown() -> ActivityError {
    ApplicationFailure::builder(anyhow::anyhow!("the worker was stopped before the activity ended"))
        .type_name(failure::WORKER_SHUTDOWN.to_owned())
        .build()
        .into()
}
