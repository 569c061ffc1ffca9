//! The command line: one file per verb. Data goes to stdout, everything else to stderr.

pub mod apply;
pub mod args;
pub mod dev;
pub mod diagnostics;
mod direct;
pub mod doctor;
pub mod document;
pub mod exit;
pub mod explain;
pub mod front;
pub mod graph;
pub mod handshake;
pub mod history;
pub mod input;
mod markup;
pub mod outcome;
mod outside;
pub mod print;
pub mod real;
pub mod reload;
pub mod replay;
pub mod run;
pub mod schema;
pub mod service;
pub mod stop;
pub mod test;
pub mod timeline;
pub mod validate;
pub mod worker;

pub use self::args::{Cli, Format, RunArgs, Verb};
pub use self::dev::DevArgs;
pub use self::exit::Exit;
pub use self::reload::LogReload;

use crate::config::Loaded;
use crate::effects::process;

/// Runs the verb. What `log` says holds while a worker runs.
pub async fn execute(verb: Verb, settings: Loaded, log: LogReload) -> Exit {
    let Loaded { config, warnings, .. } = settings;
    let exit = match verb {
        Verb::Worker | Verb::InternalWorkflowRunner => Box::pin(worker::run(config, log)).await,
        Verb::Dev(args) => Box::pin(dev::run(args, config)).await,
        Verb::Run(args) => run::run(args, config).await,
        Verb::Validate(args) => validate::run(&args),
        Verb::Test(args) => test::run(&args, &config).await,
        Verb::Graph(args) => graph::run(args, config).await,
        Verb::History(args) => history::run(args, config).await,
        Verb::Replay(args) => replay::run(&args, config).await,
        Verb::Schema => schema::run(),
        Verb::Explain(args) => explain::run(&args),
        Verb::Apply(args) => apply::run(&args, config).await,
        Verb::Doctor(args) => doctor::run(args, config, warnings).await,
        Verb::Handshake(args) => Box::pin(handshake::run(args, config)).await,
    };
    process::settled().await;
    exit
}
