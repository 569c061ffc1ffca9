//! From the first run to the end of `dev`: the files of the command line run one after the other; with `--watch`, again when they have changed.
//!
//! A change that concerns the run that is going on cancels it: its result would be that of a text that is gone. Other changes leave it alone. What
//! is wrong changes nothing: the last good version stays.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::DevArgs;
use super::follow::{Around, End, follow, next_news};
use super::project::Project;
use super::servers::Servers;
use super::watch::{News, Watch};
use crate::cli::Exit;
use crate::cli::service::StartError;
use crate::cli::stop::Stop;

/// How often it is looked whether the server is still there.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// What is stopped after the server has gone has so long.
const GONE_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct Session<'a> {
    args: &'a DevArgs,
    servers: Servers,
    project: Project,
    stop: Stop,
    watch: Option<Watch>,
    /// Files that are still to be run, by their place on the command line.
    queue: BTreeSet<usize>,
}

impl<'a> Session<'a> {
    pub fn new(args: &'a DevArgs, servers: Servers, project: Project, stop: Stop, watch: Option<Watch>) -> Self {
        let queue = (0..project.files.len()).collect();
        Self { args, servers, project, stop, watch, queue }
    }

    /// Runs everything; then serves until Ctrl-C, unless it is to exit.
    ///
    /// # Errors
    /// A server is gone.
    pub async fn run(&mut self) -> Result<Exit, StartError> {
        self.servers.renew(&self.project, None)?;
        let mut exit = Exit::Completed;
        loop {
            while let Some(at) = self.queue.pop_first() {
                let ended = self.one(at).await?;
                if exit == Exit::Completed && !self.args.watch {
                    exit = ended;
                }
                if ended == Exit::Interrupted {
                    return Ok(Exit::Interrupted);
                }
            }
            if self.args.exit {
                return Ok(exit);
            }
            self.tell_serving();
            if !self.wait().await? {
                return Ok(exit);
            }
        }
    }

    /// Stops everything; Ctrl-C makes it short.
    pub async fn end(mut self) {
        drop(self.watch.take());
        // Without a server there is nothing to end in order.
        let limit = if self.servers.check().is_err() { GONE_TIMEOUT } else { Duration::MAX };
        tokio::select! {
            _ = timeout(limit, self.servers.stop()) => {}
            _ = self.stop.asked() => {}
        }
    }

    /// Runs one file to its end.
    async fn one(&mut self, at: usize) -> Result<Exit, StartError> {
        let Some(workflow) = self.project.files.get(at).cloned() else { return Ok(Exit::Completed) };
        let mut aside = Vec::new();
        let around = Around { servers: &self.servers, project: &self.project, stop: &mut self.stop, watch: self.watch.as_mut() };
        let concerned = |news: &News| concerns(news, &self.project, at);
        let (id, end) = follow(around, &workflow, self.args.input.as_deref(), |news| {
            if concerned(&news) {
                return Ok(Some(news));
            }
            aside.push(news);
            Ok(None)
        })
        .await?;
        for news in aside {
            self.take(news)?;
        }
        match end {
            End::Interrupted => Ok(Exit::Interrupted),
            End::Superseded(news) => {
                self.take(news)?;
                Ok(Exit::Cancelled)
            }
            End::Ended(exit) => {
                // What is gone with `--exit` cannot be looked at.
                if !self.args.exit || self.args.address.is_some() {
                    let child = format!("workflow-exec-{id}");
                    let run_id = self.servers.run_id(&child).await;
                    let next = &self.servers.next;
                    eprint!("{}{}", next.look(&child, run_id.as_deref()), next.again(&workflow.file, self.args.watch));
                }
                Ok(exit)
            }
        }
    }

    fn tell_serving(&self) {
        if self.args.watch {
            eprintln!("waiting for a change; stop with Ctrl-C");
            return;
        }
        if let Some(workflow) = self.project.folders.first().filter(|_| self.project.files.is_empty()) {
            eprintln!("start one with  {}", self.servers.next.run(&super::next::quoted(&workflow.file.display().to_string())));
        } else if self.project.files.is_empty() {
            eprintln!("start one with  {}", self.servers.next.run("FILE"));
        }
        if self.args.env.is_some() && self.project.files.is_empty() {
            eprintln!("(without the environment: that is for the FILEs of this command)");
        }
        eprintln!("serving; stop with Ctrl-C");
    }

    /// Waits for a change. False when it is to end.
    async fn wait(&mut self) -> Result<bool, StartError> {
        loop {
            let news = tokio::select! {
                news = next_news(self.watch.as_mut()) => news,
                _ = self.stop.asked() => return Ok(false),
                () = sleep(CHECK_EVERY) => {
                    self.servers.check()?;
                    continue;
                }
            };
            self.take(news)?;
            if !self.queue.is_empty() {
                return Ok(true);
            }
            self.tell_serving();
        }
    }

    /// Takes over what has changed, and notes what is to be run again.
    fn take(&mut self, news: News) -> Result<(), StartError> {
        let names = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        match news.read {
            Err(wrong) => eprintln!("{}the last good version stays", wrong.text),
            Ok(project) => {
                eprintln!("changed        {}", names(&news.changed));
                eprint!("{}", project.warnings);
                self.queue.extend(affected(&news.changed, &project));
                self.servers.renew(&project, Some(&self.project))?;
                self.project = project;
            }
        }
        Ok(())
    }
}

/// Files to be run again: those that changed; all of them when it was an agent, an environment or a definition that they may call.
fn affected(changed: &[PathBuf], project: &Project) -> BTreeSet<usize> {
    let at = |path: &PathBuf| project.files.iter().position(|workflow| workflow.file == *path);
    let own: Option<BTreeSet<usize>> = changed.iter().map(at).collect();
    own.unwrap_or_else(|| (0..project.files.len()).collect())
}

/// Whether a good change concerns the file at this place.
fn concerns(news: &News, project: &Project, at: usize) -> bool {
    affected(&news.changed, news.read.as_ref().unwrap_or(project)).contains(&at)
}
