//! `--watch`: the files are read again when what they hold has changed.
//!
//! The file system is asked about folders, not files: many editors write another file and rename it. What it says is a hint to look; whether there
//! is a change, the files themselves say. Several files that are written together are one change.

use std::path::PathBuf;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::project::{Project, Wrong};
use super::sources::{Fingerprint, Sources};
use crate::config::Config;

/// A change is over when it has been quiet for so long,
const QUIET: Duration = Duration::from_millis(200);
/// and at the latest after this.
const QUIET_MAX: Duration = Duration::from_secs(2);
/// The files are looked at so often whatever the file system says: some (network shares) say nothing.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What came of a change.
pub(super) struct News {
    pub read: Result<Project, Wrong>,
    /// Files that are others than at the last change, or gone.
    pub changed: Vec<PathBuf>,
}

/// Where news come from. Dropping it ends the watching.
pub(super) struct Watch {
    news: mpsc::Receiver<News>,
    task: tokio::task::JoinHandle<()>,
}

/// What is watched.
pub(super) struct Watched {
    pub paths: Vec<PathBuf>,
    pub agents: Option<PathBuf>,
    pub env: Option<String>,
    pub config: Config,
    pub program: String,
}

impl Watched {
    fn sources(&self) -> Sources {
        Sources::of(&self.paths, self.agents.as_deref())
    }
}

impl Watch {
    /// Watches from now on: what has changed since `before` is news. Where the file system cannot be asked, the files are looked at now and then.
    pub fn start(watched: Watched, before: Fingerprint) -> Self {
        let (hint, hints) = mpsc::channel(1);
        let hearing = ask(&watched.sources(), hint);
        if let Err(error) = &hearing {
            eprintln!("warning: --watch: {error}; the files are looked at every {} s instead", LOOK_EVERY.as_secs());
        }
        let (tell, news) = mpsc::channel(1);
        Self { news, task: tokio::spawn(look(watched, before, hearing.ok(), hints, tell)) }
    }

    /// The next change. Nothing is lost when the future is dropped.
    pub async fn news(&mut self) -> News {
        match self.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Has the file system say when something happens in the folders.
fn ask(sources: &Sources, hint: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    // A full channel holds a hint already. That a file was read is none: we read them ourselves.
    let heard = move |event: notify::Result<Event>| {
        if event.as_ref().map_or(true, |event| !event.kind.is_access()) {
            let _ = hint.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(heard)?;
    for (folder, deep) in sources.watched() {
        let mode = if deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        watcher.watch(&folder, mode)?;
    }
    Ok(watcher)
}

async fn look(
    watched: Watched,
    mut before: Fingerprint,
    _watcher: Option<RecommendedWatcher>,
    mut hints: mpsc::Receiver<()>,
    tell: mpsc::Sender<News>,
) {
    loop {
        // Either is a reason to look.
        match timeout(LOOK_EVERY, hints.recv()).await {
            Ok(Some(())) => settle(&mut hints).await,
            Ok(None) => sleep(LOOK_EVERY).await,
            Err(_) => {}
        }
        let sources = watched.sources();
        let now = sources.fingerprint();
        if now == before {
            continue;
        }
        let changed = difference(&before, &now);
        before = now;
        let read = Project::read(&sources, watched.env.as_deref(), &watched.config, &watched.program).await;
        if tell.send(News { read, changed }).await.is_err() {
            return;
        }
    }
}

/// Waits until nothing has happened for a while.
async fn settle(hints: &mut mpsc::Receiver<()>) {
    let deadline = Instant::now() + QUIET_MAX;
    while Instant::now() < deadline {
        sleep(QUIET).await;
        if hints.try_recv().is_err() {
            return;
        }
    }
}

fn difference(before: &Fingerprint, now: &Fingerprint) -> Vec<PathBuf> {
    let gone = before.keys().filter(|path| !now.contains_key(*path));
    let other = now.iter().filter(|(path, digest)| before.get(*path) != Some(digest)).map(|(path, _)| path);
    gone.chain(other).cloned().collect()
}
