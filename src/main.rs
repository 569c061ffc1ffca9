//! Arguments, settings, logs, the verb, an exit code: in this order, each once.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use workflow_runner::cli::{self, Cli, Exit};
use workflow_runner::config::{self, Loaded, Sources};
use workflow_runner::{effects, telemetry};

fn main() -> ExitCode {
    match start() {
        Ok(exit) | Err(exit) => exit.into(),
    }
}

/// The error is an end before the verb began; what there is to say about it has been said.
fn start() -> Result<Exit, Exit> {
    let cli = read_arguments()?;
    let settings = read_settings(&cli)?;
    if cli.global.dump_config {
        print!("{}", settings.dump());
        return Ok(Exit::Completed);
    }
    start_logging(&settings);
    effects::http::use_ring();
    run(cli, settings)
}

fn read_arguments() -> Result<Cli, Exit> {
    Cli::read(std::env::args_os()).map_err(|error| {
        // Nobody may be left to read it; then the code alone has to do.
        let _ = error.print();
        if error.use_stderr() { Exit::Usage } else { Exit::Completed }
    })
}

fn read_settings(cli: &Cli) -> Result<Loaded, Exit> {
    let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let sources =
        Sources { file: cli.global.config.clone(), environment: environment.collect(), flags: cli.flags(), defaults: cli.defaults() };
    config::load(&sources).map_err(|mistakes| {
        eprintln!("error: {mistakes}");
        Exit::Usage
    })
}

fn start_logging(settings: &Loaded) {
    telemetry::logging::init(&settings.config.log);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
}

fn run(cli: Cli, settings: Loaded) -> Result<Exit, Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        tracing::error!(%error, "cannot start threads");
        Exit::Unreachable
    })?;
    let exit = runtime.block_on(cli::execute(cli.verb, settings));
    // A call that does not come back must not keep the process: whatever was worth waiting for has been waited for.
    runtime.shutdown_background();
    Ok(exit)
}
