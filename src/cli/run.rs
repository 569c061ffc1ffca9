//! `run FILE`: one document to its end, in this process or on Temporal.

mod local;
mod temporal;

use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use super::document::Document;
use super::{Exit, RunArgs, input, outcome, outside};
use crate::config::Config;
use crate::effects::agents::Agents;
use crate::expr::Data;
use crate::plan::Plan;

/// What both ways of running need.
struct Job {
    text: String,
    plan: Plan,
    input: Data,
    agents: Agents,
    config: Config,
}

pub async fn run(args: RunArgs, config: Config) -> Exit {
    let job = match prepare(&args, config).await {
        Ok(job) => job,
        Err(exit) => return exit,
    };
    let ran = if args.temporal { temporal::run(&args, job).await } else { local::run(&args, job).await };
    match ran {
        Ok(End { outcome: ended, interrupted }) => {
            let exit = outcome::print(&ended, args.format);
            if interrupted { Exit::Interrupted } else { exit }
        }
        Err(error) => {
            eprintln!("error: {error}");
            error.exit
        }
    }
}

/// How a run ended, and whether somebody made it end.
struct End {
    outcome: crate::engine::Outcome,
    interrupted: bool,
}

async fn prepare(args: &RunArgs, mut config: Config) -> Result<Job, Exit> {
    config.resources.folder = Some(folder_of(&args.file));
    let usage = |message: String| {
        eprintln!("error: {message}");
        Exit::Usage
    };
    let document = Document::read(&args.file).map_err(usage)?;
    let plan = document.plan(&outside::read(&document, &config).await)?;
    let input = input::read(args.input.as_deref(), stdin().lock().by_ref()).map_err(|e| usage(e.to_string()))?;
    let agents = match &args.agents {
        Some(path) => Agents::load(path).map_err(|e| usage(e.to_string()))?,
        None => Agents::default(),
    };
    if args.task_queue.is_some() && args.agents.is_some() {
        return Err(usage(
            "--agents needs a worker of its own; leave out --task-queue, or let that queue's worker serve the agents".to_owned(),
        ));
    }
    Ok(Job { text: document.text, plan, input, agents, config })
}

/// Where a document may name files beside it.
pub fn folder_of(file: &Path) -> PathBuf {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}
