//! The command line. Its comments are its help, as people read it on a terminal.

#![allow(clippy::doc_markdown)] // No backticks there.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::apply::ApplyArgs;
use super::dev::DevArgs;
use super::doctor::DoctorArgs;
use super::explain::ExplainArgs;
use super::graph::GraphArgs;
use super::handshake::HandshakeArgs;
use super::history::HistoryArgs;
use super::replay::ReplayArgs;
use super::test::TestArgs;
use super::validate::ValidateArgs;
use crate::config::{AdminSettings, Flag, HttpSettings, RunSettings};

/// Runs Open Workflow (Serverless Workflow) documents, on Temporal or on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "workflow-runner", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_CODES: &str = "\
Exit codes: 0 completed, 1 the workflow faulted, 2 the definition is invalid, 3 cancelled,
64 wrong arguments or settings, 69 a server is not reachable, 130 interrupted";

#[derive(Args, Debug)]
pub struct Global {
    /// YAML file with settings [env: WORKFLOW_RUNNER_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print the settings in effect and where each comes from, then exit
    #[arg(long, global = true)]
    pub dump_config: bool,

    /// off, error, warn, info, debug or trace [env: LOG_LEVEL]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Serve the task queues of a Temporal namespace
    Worker,

    /// The same as the platform's launcher starts it
    #[command(hide = true)]
    InternalWorkflowRunner,

    /// Start a Temporal server, a worker and a control plane on this machine
    Dev(DevArgs),

    /// Run one document to its end and print its output
    Run(RunArgs),

    /// Tell everything that is wrong with definitions
    Validate(ValidateArgs),

    /// Run the cases of test files, with calls mocked and in virtual time
    Test(TestArgs),

    /// Draw a definition, and a run of it
    Graph(GraphArgs),

    /// Show what a run did, task by task
    History(HistoryArgs),

    /// Tell whether this version would go on with runs that another one began
    Replay(ReplayArgs),

    /// Print the JSON Schema of definitions, for editors
    Schema,

    /// Show what the code of a problem means
    Explain(ExplainArgs),

    /// Register documents in `definitions.dir`, where `run: workflow` finds them, or with the platform
    Apply(ApplyArgs),

    /// Look at everything that a worker needs, and say how to put right what is wrong
    Doctor(DoctorArgs),

    /// List, show and end what waits for a workflow or an agent
    Handshake(HandshakeArgs),
}

#[derive(Args, Debug)]
pub struct RunArgs {
    /// The document
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The workflow's input: JSON, a file of it, or `-` for stdin
    #[arg(long, value_name = "JSON|@FILE|-")]
    pub input: Option<String>,

    /// Run on Temporal instead of in this process
    #[arg(long)]
    pub temporal: bool,

    /// Task queue of the worker that is to run it
    #[arg(long, value_name = "Q", requires = "temporal")]
    pub task_queue: Option<String>,

    /// Workflow id; otherwise a new one
    #[arg(long, value_name = "ID", requires = "temporal")]
    pub workflow_id: Option<String>,

    /// Folder or file with agents
    #[arg(long, value_name = "DIR")]
    pub agents: Option<PathBuf>,

    /// How the output is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: one JSON value
    Json,
}

impl Cli {
    /// Reads the arguments. The error is clap's; help and the version are "errors" too, that go to stdout.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(arguments)
    }

    /// Settings that stand on the command line.
    pub fn flags(&self) -> Vec<Flag> {
        let flag = |name, path, value: &Option<String>| value.clone().map(|value| Flag { name, path, value });
        let address = match &self.verb {
            Verb::Dev(args) => flag("--address", "temporal.address", &args.address),
            _ => None,
        };
        [flag("--log-level", "log.level", &self.global.log_level), address].into_iter().flatten().collect()
    }

    /// Defaults of this verb where they differ from those of a worker in a cluster.
    pub fn defaults(&self) -> Vec<(&'static str, &'static str)> {
        match self.verb {
            Verb::Worker | Verb::Apply(_) => Vec::new(),
            Verb::InternalWorkflowRunner => vec![AdminSettings::LOCAL],
            // A person watches: the timeline says what happens, the log only what goes wrong.
            // A cancel is passed on while that person still looks. And that person's own machine may be called, and run programs.
            Verb::Dev(_) | Verb::Run(_) => {
                let watched = [("log.level", "warn"), ("handshake.watch_interval", "1s")];
                [AdminSettings::LOCAL, HttpSettings::LOCAL, RunSettings::ENABLED].into_iter().chain(watched).collect()
            }
            Verb::Test(_) => vec![HttpSettings::LOCAL, RunSettings::ENABLED, ("log.level", "warn")],
            // What the SDK says of a replay that diverges is said again, in other words.
            Verb::History(_) | Verb::Replay(_) => vec![("log.level", "off")],
            Verb::Validate(_) | Verb::Graph(_) | Verb::Schema | Verb::Explain(_) | Verb::Doctor(_) | Verb::Handshake(_) => {
                vec![("log.level", "warn")]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, clap::Error> {
        Cli::read(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_definition_holds_together() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn every_flag_is_read() {
        let cli =
            read("workflow-runner run a.yaml --input @in.json --temporal --task-queue q --workflow-id w --agents d --format json").unwrap();
        let Verb::Run(run) = &cli.verb else { panic!("{cli:?}") };
        assert_eq!((run.file.to_str(), run.input.as_deref(), run.temporal), (Some("a.yaml"), Some("@in.json"), true));
        assert_eq!((run.task_queue.as_deref(), run.workflow_id.as_deref(), run.format), (Some("q"), Some("w"), Format::Json));
        assert!(matches!(read("workflow-runner run a.yaml --input -").unwrap().verb, Verb::Run(run) if run.input.as_deref() == Some("-")));

        let cli = read("workflow-runner dev a.yaml b.yaml --address h:7233 --temporal-cli /t --ui-port 8080 --log-level debug").unwrap();
        let flags = cli.flags();
        let shown: Vec<_> = flags.iter().map(|flag| (flag.name, flag.path, flag.value.as_str())).collect();
        assert_eq!(shown, [("--log-level", "log.level", "debug"), ("--address", "temporal.address", "h:7233")]);
        assert!(matches!(&cli.verb, Verb::Dev(dev) if dev.files.len() == 2 && dev.ui_port == Some(8080)));
    }

    #[test]
    fn global_flags_stand_before_or_after_the_verb() {
        for line in ["workflow-runner --config c.yaml worker --dump-config", "workflow-runner worker --dump-config --config c.yaml"] {
            let cli = read(line).unwrap();
            assert!(cli.global.dump_config && cli.global.config.is_some() && matches!(cli.verb, Verb::Worker), "{line}");
            assert!(cli.flags().is_empty() && cli.defaults().is_empty());
        }
    }

    #[test]
    fn the_launchers_name_works_and_is_hidden() {
        let cli = read("workflow-runner internal-workflow-runner").unwrap();
        assert_eq!(cli.defaults(), [AdminSettings::LOCAL]);
        let help = read("workflow-runner --help").unwrap_err();
        assert!(!help.use_stderr() && !help.to_string().contains("internal") && help.to_string().contains("Exit codes: 0 completed"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "workflow-runner",
            "workflow-runner walk",
            "workflow-runner run",
            "workflow-runner run a.yaml --workflow-id w",
            "workflow-runner worker --ui-port 1",
            "workflow-runner replay",
            "workflow-runner history",
            "workflow-runner history w --file f",
            "workflow-runner history --file f --run-id r",
            "workflow-runner history w --run 0",
            "workflow-runner graph a.yaml --run w --history f",
        ] {
            assert!(read(line).is_err_and(|error| error.use_stderr()), "{line}");
        }
    }
}
