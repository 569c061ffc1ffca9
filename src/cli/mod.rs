//! The command line: one file per verb. Data goes to stdout, everything else to stderr.

pub mod apply;
pub mod args;
pub mod dev;
pub mod diagnostics;
pub mod document;
pub mod exit;
pub mod explain;
pub mod graph;
pub mod input;
pub mod outcome;
mod outside;
pub mod print;
pub mod real;
pub mod run;
pub mod schema;
pub mod service;
pub mod stop;
pub mod test;
pub mod timeline;
pub mod validate;
pub mod worker;

pub use self::args::{Cli, DevArgs, Format, RunArgs, Verb};
pub use self::exit::Exit;

use crate::config::Config;
use crate::effects::process;

/// Runs the verb.
pub async fn execute(verb: Verb, config: Config) -> Exit {
    let exit = match verb {
        Verb::Worker | Verb::InternalWorkflowRunner => worker::run(config).await,
        Verb::Dev(args) => Box::pin(dev::run(args, config)).await,
        Verb::Run(args) => run::run(args, config).await,
        Verb::Validate(args) => validate::run(&args),
        Verb::Test(args) => test::run(&args, &config).await,
        Verb::Graph(args) => graph::run(&args, config).await,
        Verb::Schema => schema::run(),
        Verb::Explain(args) => explain::run(&args),
        Verb::Apply(args) => apply::run(&args, config).await,
    };
    process::settled().await;
    exit
}
