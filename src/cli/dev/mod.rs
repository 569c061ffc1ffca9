//! `dev [FILE|DIR…]`: Temporal, a control plane with agents, and the worker, all on this machine.
//!
//! Each FILE runs as the platform would run it: its definition is registered, an execution is created, the outer workflow calls `ExecuteWorkflow`, and
//! so on through both handshakes. The definitions of a DIR are registered, and wait to be started. The timeline goes to stderr, each output to stdout.
//!
//! | file | what |
//! |---|---|
//! | `sources` | which files it is about |
//! | `project`, `environment`, `place` | what they hold, and what is wrong with it, where |
//! | `servers` | everything that runs |
//! | `follow`, `played` | one run as people watch it |
//! | `session`, `watch` | one run after the other, and again when a file has changed |
//! | `next` | what may be done next |

mod environment;
mod follow;
mod next;
mod place;
mod played;
mod project;
mod servers;
mod session;
mod sources;
mod watch;

use std::path::PathBuf;

use clap::Args;

use self::project::Project;
use self::servers::Servers;
use self::session::Session;
use self::sources::Sources;
use self::watch::{Watch, Watched};
use super::Exit;
use super::run::folder_of;
use super::service::StartError;
use super::stop::Stop;
use crate::config::Config;

/// Its comments are its help, as people read it on a terminal.
#[allow(clippy::doc_markdown)] // No backticks there.
#[derive(Args, Debug)]
pub struct DevArgs {
    /// Documents to run, one after the other; folders whose documents are registered
    #[arg(value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,

    /// Input of each run: a JSON object, or a message
    #[arg(long, value_name = "TEXT")]
    pub input: Option<String>,

    /// Stop when the runs have ended; otherwise serve until Ctrl-C
    #[arg(long, requires = "files")]
    pub exit: bool,

    /// Read the files again when they change, and run again what has changed
    #[arg(long, requires = "files", conflicts_with = "exit")]
    pub watch: bool,

    /// Give each run the variables and secrets of this environment, from the folder `environments`
    #[arg(long, value_name = "NAME", requires = "files")]
    pub env: Option<String>,

    /// Port of the control plane; otherwise a free one
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,

    /// Use the Temporal server at this address instead of starting one
    #[arg(long, value_name = "ADDR")]
    pub address: Option<String>,

    /// Folder or file with agents; otherwise a folder `agents` beside the documents
    #[arg(long, value_name = "DIR")]
    pub agents: Option<PathBuf>,

    /// The `temporal` program; otherwise the one on PATH [env: TEMPORAL_CLI]
    #[arg(long, value_name = "PATH")]
    pub temporal_cli: Option<PathBuf>,

    /// Port of Temporal's web page; otherwise a free one
    #[arg(long, value_name = "N")]
    pub ui_port: Option<u16>,
}

pub async fn run(args: DevArgs, config: Config) -> Exit {
    match Box::pin(serve(args, config)).await {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("error: {error}");
            error.exit
        }
    }
}

async fn serve(args: DevArgs, mut config: Config) -> Result<Exit, StartError> {
    let program = std::env::args().next().map_or_else(|| "workflow-runner".to_owned(), |name| next::quoted(&name));
    let sources = Sources::of(&args.files, args.agents.as_deref());
    if args.exit && sources.files.is_empty() {
        return Err(StartError::usage("--exit needs a FILE to run; the documents of a folder are only registered"));
    }
    config.resources.folder = args.files.first().map(|path| if path.is_dir() { path.clone() } else { folder_of(path) });
    let mut stop = Stop::listen().map_err(StartError::unreachable)?;
    let before = sources.fingerprint();
    let read = Project::read(&sources, args.env.as_deref(), &config, &program).await;
    let mut watch = args.watch.then(|| Watch::start(watched(&args, &config, &program), before));
    let project = tokio::select! {
        project = first(read, watch.as_mut()) => match project {
            Ok(project) => project,
            Err(exit) => return Ok(exit),
        },
        _ = stop.asked() => return Ok(Exit::Interrupted),
    };
    let servers = tokio::select! {
        servers = Servers::start(&args, config, &project, &program) => servers?,
        _ = stop.asked() => return Ok(Exit::Interrupted),
    };
    tell(&project, &sources, args.agents.is_none());
    let mut session = Session::new(&args, servers, project, stop, watch);
    let ended = session.run().await;
    session.end().await;
    ended
}

fn watched(args: &DevArgs, config: &Config, program: &str) -> Watched {
    Watched {
        paths: args.files.clone(),
        agents: args.agents.clone(),
        env: args.env.clone(),
        config: config.clone(),
        program: program.to_owned(),
    }
}

/// The first project that is right: the one that was read, or what a change makes of it.
async fn first(mut read: Result<Project, project::Wrong>, mut watch: Option<&mut Watch>) -> Result<Project, Exit> {
    loop {
        let wrong = match read {
            Ok(project) => {
                eprint!("{}", project.warnings);
                return Ok(project);
            }
            Err(wrong) => wrong,
        };
        eprint!("{}", wrong.text);
        let Some(watch) = watch.as_mut() else { return Err(wrong.exit) };
        eprintln!("waiting for a change; stop with Ctrl-C");
        read = watch.news().await.read;
    }
}

/// What has been found; agents where nobody has named their place.
fn tell(project: &Project, sources: &Sources, agents: bool) {
    let listed = |names: Vec<String>| names.join(", ");
    if agents && !project.agents.is_empty() {
        let from = listed(sources.agents.iter().map(|path| path.display().to_string()).collect());
        eprintln!("agents         {} ({from})", listed(project.agents.names().map(str::to_owned).collect()));
    }
    if !project.folders.is_empty() {
        let names = project.folders.iter().map(|workflow| format!("{}/{} {}", workflow.namespace, workflow.name, workflow.version));
        eprintln!("workflows      {}", listed(names.collect()));
    }
    if let Some(environment) = &project.environment {
        eprintln!("environment    {environment}");
    }
    for (file, why) in &project.skipped {
        eprintln!("skipped        {}: {why}", file.display());
    }
}
