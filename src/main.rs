//! Arguments, settings, logs, the verb, an exit code: in this order, each once.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use workflow_runner::cli::{self, Cli, Exit, LogReload};
use workflow_runner::config::{self, Loaded, Sources};
use workflow_runner::telemetry::logging::Logging;
use workflow_runner::{effects, telemetry};

fn main() -> ExitCode {
    match start() {
        Ok(exit) | Err(exit) => exit.into(),
    }
}

/// The error is an end before the verb began; what there is to say about it has been said.
fn start() -> Result<Exit, Exit> {
    let cli = read_arguments()?;
    let sources = sources(&cli);
    let settings = read_settings(&sources)?;
    if cli.global.dump_config {
        print!("{}", settings.dump());
        return Ok(Exit::Completed);
    }
    let logging = start_logging(&settings);
    effects::http::use_ring();
    run(cli, settings, LogReload::new(logging, sources))
}

fn read_arguments() -> Result<Cli, Exit> {
    Cli::read(std::env::args_os()).map_err(|error| {
        // Nobody may be left to read it; then the code alone has to do.
        let _ = error.print();
        if error.use_stderr() { Exit::Usage } else { Exit::Completed }
    })
}

fn sources(cli: &Cli) -> Sources {
    let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Sources { file: cli.global.config.clone(), environment: environment.collect(), flags: cli.flags(), defaults: cli.defaults() }
}

fn read_settings(sources: &Sources) -> Result<Loaded, Exit> {
    config::load(sources).map_err(|mistakes| {
        eprintln!("error: {mistakes}");
        Exit::Usage
    })
}

fn start_logging(settings: &Loaded) -> Logging {
    let logging = telemetry::logging::init(&settings.config.log);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    logging
}

fn run(cli: Cli, settings: Loaded, log: LogReload) -> Result<Exit, Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        tracing::error!(%error, "cannot start threads");
        Exit::Unreachable
    })?;
    let exit = runtime.block_on(cli::execute(cli.verb, settings, log));
    // A call that does not come back must not keep the process: whatever was worth waiting for has been waited for.
    runtime.shutdown_background();
    Ok(exit)
}
