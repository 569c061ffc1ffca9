//! A process with everything that it started, and the end of both.
//!
//! A process group has the id of its first process, and the kernel gives no new process that number while the group has a member. It hands
//! numbers out in a cycle, so that one is not taken again in the moment between a look at a group and a signal to it either.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::command::Pipes;

/// From SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(2);
/// The same where this process is about to end.
const LAST_GRACE: Duration = Duration::from_millis(500);
/// How often it is looked whether a group has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Groups that have been told to end and may still be there.
static ENDING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn ending() -> MutexGuard<'static, BTreeSet<i32>> {
    ENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits a little for processes that have been told to end, then kills them. To be called last: nobody else will.
pub async fn settled() {
    let mut looks = LAST_GRACE.as_millis() / LOOK_EVERY.as_millis();
    while looks > 0 && !ending().is_empty() {
        tokio::time::sleep(LOOK_EVERY).await;
        looks -= 1;
    }
    for id in ending().iter().filter_map(|id| Pid::from_raw(*id)) {
        signal(id, Signal::KILL);
    }
}

/// A running process, its group and its folder. Dropped, it ends the group; the folder goes when the group has ended.
#[derive(Debug)]
pub struct Group(Option<Member>);

#[derive(Debug)]
struct Member {
    first: Child,
    id: Pid,
    folder: TempDir,
    /// Our ends of its output once more: a process that writes while it ends, as a shell does when its child is killed, would die of a closed pipe
    /// before it has cleaned up.
    _open: Vec<OwnedFd>,
}

impl Group {
    /// Starts the command in a group of its own, in `folder`.
    pub fn spawn(mut command: Command, folder: TempDir) -> io::Result<Self> {
        let first = command.current_dir(folder.path()).process_group(0).spawn()?;
        let stdout = first.stdout.as_ref().map(|pipe| pipe.as_fd().try_clone_to_owned());
        let stderr = first.stderr.as_ref().map(|pipe| pipe.as_fd().try_clone_to_owned());
        let open = [stdout, stderr].into_iter().flatten().collect::<io::Result<Vec<_>>>()?;
        let id = first.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let id = id.ok_or_else(|| io::Error::other("the process has no id"))?;
        Ok(Self(Some(Member { first, id, folder, _open: open })))
    }

    pub fn pipes(&mut self) -> Pipes {
        let first = self.0.as_mut().map(|member| &mut member.first);
        first.map_or(Pipes { stdin: None, stdout: None, stderr: None }, |first| Pipes {
            stdin: first.stdin.take(),
            stdout: first.stdout.take(),
            stderr: first.stderr.take(),
        })
    }

    /// Waits for the first process to end by itself; the rest of its group is killed then.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let member = self.0.as_mut().ok_or_else(|| io::Error::other("the process has ended already"))?;
        let status = member.first.wait().await?;
        signal(member.id, Signal::KILL);
        if let Some(member) = self.0.take() {
            remove(member.folder);
        }
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(member) = self.0.take() else { return };
        let last = Last::new(member.id);
        signal(member.id, Signal::TERM);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(end(member, last));
        }
    }
}

/// Gives the group its grace.
async fn end(mut member: Member, last: Last) {
    let mut looks = GRACE.as_millis() / LOOK_EVERY.as_millis();
    while looks > 0 {
        // The first process counts as a member until it has been waited for.
        let waited = member.first.try_wait().is_ok_and(|status| status.is_some());
        if waited && test_kill_process_group(member.id).is_err() {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        looks -= 1;
    }
    drop(last);
    let _ = member.first.wait().await;
    remove(member.folder);
}

/// Kills the group when it is dropped: at the end of the grace, or with the runtime.
struct Last(Pid);

impl Last {
    fn new(id: Pid) -> Self {
        ending().insert(id.as_raw_nonzero().get());
        Self(id)
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        signal(self.0, Signal::KILL);
        ending().remove(&self.0.as_raw_nonzero().get());
    }
}

/// A group that has ended already needs none.
fn signal(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// There may be much in it.
fn remove(folder: TempDir) {
    tokio::task::spawn_blocking(move || {
        if let Err(error) = folder.close() {
            tracing::warn!(%error, "the folder of a process stays behind");
        }
    });
}
