//! The command line: one file per verb. Data goes to stdout, everything else to stderr.

pub mod apply;
pub mod args;
pub mod dev;
pub mod diagnostics;
pub mod exit;
pub mod input;
pub mod outcome;
pub mod run;
pub mod service;
pub mod stop;
pub mod timeline;
pub mod worker;

pub use self::args::{ApplyArgs, Cli, DevArgs, Format, RunArgs, Verb};
pub use self::exit::Exit;

use crate::config::Config;
use crate::effects::process;

/// Runs the verb.
pub async fn execute(verb: Verb, config: Config) -> Exit {
    let exit = match verb {
        Verb::Worker | Verb::InternalWorkflowRunner => worker::run(config).await,
        Verb::Dev(args) => dev::run(args, config).await,
        Verb::Run(args) => run::run(args, config).await,
        Verb::Apply(args) => apply::run(&args, &config),
    };
    process::settled().await;
    exit
}
